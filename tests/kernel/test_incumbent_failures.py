"""What rucio-jupyterlab does to whoever analyses, and what happens here instead."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
import uproot
from datasets import brought, made, noted, shown

import dlaas
from dlaas import Instance, Lake, MultipleItemDID, SingleItemDID, errors
from dlaas.credentials import Bearer
from dlaas.errors import (
    CannotAuthenticate,
    DataIdentifierNotFound,
    DuplicateRule,
    InsufficientAccountLimit,
    NotAvailable,
    RuleStuck,
    ScopeNotFound,
)
from jupyter_dlaas.lake import EmbeddedLake

FILE = "ATLAS_OD_EDU:mc_341947.ZH125_ZZ4lep.4lep.root"
MANY = 2000


@pytest.fixture
def away(alice: Lake, tmp_path: Path, fresh: Callable[[str], str]) -> SingleItemDID:
    """A file that is not here."""
    return made(alice, tmp_path, fresh, 1)[0]


@pytest.fixture(scope="module")
def root(lake: EmbeddedLake) -> Lake:
    """The lake as its administrator."""
    return Lake(Instance.from_mapping({**lake.instance("root"), "name": "roots"}))


@pytest.fixture
def sent(alice: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of Rucio during the test."""
    return noted(alice, monkeypatch)


# 1: the variable


def test_an_unavailable_file_is_its_reference_and_not_the_word_none(
    away: SingleItemDID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("None").write_text("of somebody else")
    assert "None" not in (str(away), f"{away}", repr(away))
    assert len(away) == len(f"rucio://lake@user.alice/{away.name}")
    for use in (
        lambda: os.open(away, os.O_RDONLY),
        lambda: open(away),  # noqa: SIM115
        lambda: Path(away).read_bytes(),
        lambda: np.fromfile(away),
        lambda: (tmp_path / away).stat(),
    ):
        with pytest.raises(FileNotFoundError):
            use()


def test_what_is_not_here_raises_what_except_exception_catches(away: SingleItemDID) -> None:
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, BaseException):
            assert issubclass(error, Exception), error
    for use in (lambda: away.path, lambda: away.link("/tmp/nowhere-at-all")):
        with pytest.raises(NotAvailable, match="make_available") as caught:
            use()
        assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(Exception, match="not on its way"):
        away.wait("1s", progress=False)


def test_a_list_of_which_a_part_is_here_can_be_used(
    alice: Lake, tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    data = made(alice, tmp_path, fresh, 4)
    shown(brought(data[:3]))
    assert len(data) == 4
    assert [Path(item).read_text()[0] for item in data.available] == ["a", "b", "c"]
    assert [item.available for item in data] == [True, True, True, False]
    assert repr(data)
    with data[3].open() as file:
        assert file.read() == b"d" * 100


def test_the_object_knows_what_it_is(alice: Lake) -> None:
    item = dlaas.did(f"lake@{FILE}", lake=alice)
    assert isinstance(item, SingleItemDID)
    assert (item.did, item.instance) == (FILE, "lake")
    assert item.size == item.metadata.bytes > 0  # type: ignore[operator]
    assert item.checksum == item.metadata.adler32
    assert item.metadata.custom["energy"] == 13000
    assert item.parents[0] == "ATLAS_OD_EDU:4lep_mc_ZH125"
    assert item.rules
    assert {replica.rse for replica in item.replicas} >= {"SOUTH-DISK"} or item.urls()
    assert item.explain().best
    assert item.state in ("absent", "available")
    assert item.expires is None or item.expires.tzinfo


def test_libraries_open_it_wherever_it_is(
    alice: Lake, tmp_path: Path, fresh: Callable[[str], str], eventually: Callable[..., Any]
) -> None:
    item = dlaas.did("ATLAS_OD_EDU:data_A.4lep.root", lake=alice)
    with uproot.open(f"{item}:mini") as tree:
        assert tree.num_entries > 0
    frame = pd.DataFrame({"n": range(100)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    did = f"user.alice:{fresh('t')}.csv"
    alice.upload(tmp_path / "t.csv", did, lifetime="1d")
    far = dlaas.did(did, lake=alice)
    assert pd.read_csv(far)["n"].sum() == 4950
    far.make_available("1d")
    near = far.wait("2min", progress=False)
    eventually(lambda: near.available)
    near = near.refresh()
    assert isinstance(near, SingleItemDID)
    assert near == near.path
    assert pd.read_csv(near)["n"].sum() == 4950


def test_a_script_without_a_browser_has_the_same_variables(
    away: SingleItemDID, alice_env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(pickle.dumps(away))
    code = (
        "import dlaas, pickle, sys\n"
        "x = dlaas.did(sys.argv[1])\n"
        "y = pickle.load(open(sys.argv[2], 'rb'))\n"
        "print(x.did == y.did, x.state, y.size, y.open().read(3))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(away.did), str(tmp_path / "x")],
        env=alice_env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.stdout.strip() == "True absent 100 b'aaa'", ran.stderr


# 2: what is refused, and what the state says


def test_a_refused_rule_is_not_taken_for_a_made_one(
    alice: Lake, bob: Lake, away: SingleItemDID
) -> None:
    away.make_available("2d")
    assert not away.make_available("1d").new
    with pytest.raises(DuplicateRule, match="extend=True"):
        away.make_available("9d")
    before = bob.list_rules("ATLAS_OD_EDU:GamGam_data")
    with pytest.raises(InsufficientAccountLimit, match="left of"):
        bob.make_available("ATLAS_OD_EDU:GamGam_data", "1d", rse_expression="SOUTH-DISK")
    assert bob.list_rules("ATLAS_OD_EDU:GamGam_data") == before


def test_an_expired_login_is_not_data_that_is_still_coming(alice: Lake) -> None:
    late = Lake(alice.instance, credentials=Bearer("of-yesterday", "alice"))
    item = SingleItemDID(FILE, lake=late)
    for ask in (lambda: item.state, lambda: item.wait("1h", progress=False)):
        with pytest.raises(CannotAuthenticate):
            ask()
    assert "unknown" in item.card()


def test_what_does_not_exist_is_not_what_is_empty(alice: Lake, fresh: Callable[[str], str]) -> None:
    name = fresh("empty")
    alice.client.add_dataset("user.alice", name)
    empty = MultipleItemDID(f"user.alice:{name}", lake=alice)
    assert (empty.state, len(empty), list(empty.wait("5s", progress=False))) == ("empty", 0, [])
    with pytest.raises(DataIdentifierNotFound):
        _ = MultipleItemDID(f"user.alice:{fresh('missing')}", lake=alice).state
    with pytest.raises(ScopeNotFound):
        len(MultipleItemDID("no.such.scope:x", lake=alice))


def test_each_state_of_a_rule_is_called_by_its_name(
    alice: Lake,
    root: Lake,
    lake: EmbeddedLake,
    away: SingleItemDID,
    eventually: Callable[..., Any],
) -> None:
    lake.hold("notebook")
    try:
        rule = away.make_available("1d").rule
        assert away.state == "replicating"
        eventually(lambda: away.state == "stuck")
        with pytest.raises(RuleStuck) as caught:
            away.wait("2min", progress=False)
        error = alice.get_rule(rule.id).error
        assert error
        assert error in str(caught.value)
        assert escape(error) in away._repr_html_()
        root.client.update_replication_rule(rule.id, {"state": "SUSPENDED"})
        assert away.state == "suspended"
        with pytest.raises(NotAvailable, match="suspended"):
            away.wait("1h", progress=False)
    finally:
        lake.release("notebook")


# 3: what it costs


@pytest.fixture(scope="module")
def many(alice: Lake) -> MultipleItemDID:
    """A dataset of two thousand files, known to the catalogue alone."""
    name = "many-files-of-the-incumbent"
    files = [
        {"scope": "user.alice", "name": f"{name}-{n:05}", "bytes": 10, "adler32": "00000001"}
        for n in range(MANY)
    ]
    alice.client.add_dataset("user.alice", name)
    for start in range(0, MANY, 500):
        chunk = files[start : start + 500]
        alice.client.add_replicas("NORTH-DISK", chunk)
        bare = [{"scope": file["scope"], "name": file["name"]} for file in chunk]
        alice.client.attach_dids("user.alice", name, bare)
    return MultipleItemDID(f"user.alice:{name}", lake=alice)


def test_a_status_costs_the_same_for_three_files_and_for_thousands(
    alice: Lake,
    many: MultipleItemDID,
    sent: list[str],
    tmp_path: Path,
    fresh: Callable[[str], str],
) -> None:
    few = made(alice, tmp_path, fresh)
    costs = []
    for data in (few, few, many):
        sent.clear()
        assert data.state == "absent"
        costs.append(len(sent))
        # Neither the files nor their replicas are listed.
        assert not [url for url in sent if "/files" in url or "/replicas/list" in url]
    assert costs[2] <= costs[1] <= 8
    assert many.status.files == MANY
    sent.clear()
    many.card()
    assert len(sent) <= 15


def test_looking_into_thousands_of_files_costs_no_call_for_each(
    many: MultipleItemDID, sent: list[str]
) -> None:
    again = MultipleItemDID(many.did, lake=many.lake)
    sent.clear()
    assert sum(1 for item in again if item.startswith("rucio://")) == MANY
    assert len(again.available) == 0
    assert again.size == MANY * 10
    assert again[17].checksum == "00000001"
    assert len(sent) <= 6


def test_the_first_answer_does_not_wait_for_a_timer(away: SingleItemDID) -> None:
    away.make_available("1d")
    heard: list[str] = []
    away.wait("2min", lambda status: heard.append(status.state))
    assert heard[0] in ("replicating", "available")


# 9: names


@pytest.mark.parametrize("stem", ["a:b:c", "/store/data/x.root", "/store/with:colon", "a/b"])
def test_names_are_kept_whole(alice: Lake, stem: str) -> None:
    did = f"cms:{stem}"
    item = SingleItemDID(did, lake=alice, look=False)
    assert item.did == did
    assert item.name == stem
    assert dlaas.did(item.reference, "file", lake=alice).did == did
    assert pickle.loads(pickle.dumps(item)).did == did
