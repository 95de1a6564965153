"""What a notebook holds: each failure of the incumbent is a test."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from datasets import brought, made, noted, shown

import dlaas
from dlaas import Instance, Lake, MultipleItemDID, SingleItemDID
from dlaas.access import expected_paths
from dlaas.credentials import Bearer
from dlaas.errors import InvalidDID, InvalidInput, NotAvailable
from dlaas.model import DID

DATA = "ATLAS_OD_EDU:2020_13TeV"
FILE = "ATLAS_OD_EDU:mc_341947.ZH125_ZZ4lep.4lep.root"


@pytest.fixture
def down() -> Lake:
    """A lake that does not answer."""
    return Lake(
        Instance("down", "https://localhost:9", destination_rse="R"),
        credentials=Bearer("t", "alice"),
    )


@pytest.fixture
def half(
    alice: Lake, tmp_path: Path, fresh: Callable[[str], str], eventually: Callable[..., Any]
) -> MultipleItemDID:
    """A dataset of two files, of which the first is here."""
    name = f"user.alice:{fresh('half')}"
    for letter in "ab":
        path = tmp_path / letter
        path.write_text(letter * 100)
        alice.upload(path, f"user.alice:{fresh(letter)}.txt", dataset=name, lifetime="1d")
    first = min(entry.did for entry in alice.list_files(name))
    alice.make_available(first, "1d")
    eventually(lambda: alice.status(first).path)
    found = dlaas.did(name, lake=alice)
    assert isinstance(found, MultipleItemDID)
    return found


def test_what_is_not_here_is_never_the_word_none(alice: Lake) -> None:
    item = SingleItemDID(FILE, lake=alice)
    assert item == f"rucio://lake@{FILE.replace(':', '/', 1)}"
    with pytest.raises(FileNotFoundError):
        Path(item).read_bytes()
    with pytest.raises(FileNotFoundError):
        np.fromfile(item)
    with pytest.raises(FileNotFoundError, match=r"make_available\(\)"):
        _ = item.path


def test_part_of_a_dataset_can_be_used(half: MultipleItemDID) -> None:
    assert len(half) == 2
    assert len(half.available) == 1
    here, there = half
    assert Path(here).read_text() == "a" * 100
    assert there.startswith("rucio://")
    with there.open("rb") as file:
        assert file.read() == b"b" * 100
    with pytest.raises(NotAvailable):
        _ = half.path


def test_the_current_path_is_found_when_the_string_is_old(half: MultipleItemDID) -> None:
    there = half[1]
    there.make_available("1d")
    renewed = there.wait("1min", False)
    assert there.startswith("rucio://")
    assert renewed == there.path
    assert Path(renewed).is_file()


def test_a_variable_knows_what_the_catalogue_knows(alice: Lake) -> None:
    item = dlaas.did(FILE, lake=alice)
    assert isinstance(item, SingleItemDID)
    assert (item.did, item.instance, item.name) == (FILE, "lake", FILE.split(":")[1])
    assert item.size == item.metadata.bytes
    assert item.checksum == item.metadata.adler32
    assert next(iter(item.replicas)).pfn == item.pfn
    assert item.rules
    assert item.state in ("absent", "available")


def test_data_of_the_lake_is_never_opened_for_writing(half: MultipleItemDID) -> None:
    for item in half:
        for mode in ("w", "wb", "ab", "r+b", "xb"):
            with pytest.raises(InvalidInput, match="upload"):
                item.open(mode)
    assert Path(half[0]).read_text() == "a" * 100


def test_a_part_stays_that_part(alice: Lake) -> None:
    part = MultipleItemDID(DATA, lake=alice)[1:3]
    assert [item.did for item in part.refresh()] == [item.did for item in part]


def test_a_part_never_fetches_the_whole(half: MultipleItemDID) -> None:
    rules = half.lake.list_rules(half.did)
    half[1:].make_available("1d")
    half[1:].wait("2min", progress=False)
    assert half.lake.list_rules(half.did) == rules


def test_an_instance_may_have_any_name(alice: Lake) -> None:
    named = Lake(replace(alice.instance, name="Our lake @ home/2"), credentials=alice.credential)
    item = SingleItemDID(FILE, lake=named)
    assert dlaas.did(item.reference).instance == named.instance.name
    with fsspec.open(item.reference) as file:
        assert file.read(4) == b"root"


def test_slicing_and_glob_give_a_sequence_again(alice: Lake) -> None:
    data = MultipleItemDID(DATA, lake=alice)
    assert isinstance(data[1:4], MultipleItemDID)
    assert [item.did for item in data[1:4]] == [data[i].did for i in (1, 2, 3)]
    found = data.glob("*4lep.root")
    assert 0 < len(found) < len(data)
    assert all(item.name.endswith("4lep.root") for item in found)
    assert data[-1].did == list(data)[-1].did
    with pytest.raises(IndexError):
        _ = data[10_000]


def test_the_order_is_that_of_the_names(alice: Lake) -> None:
    names = [str(item.did) for item in MultipleItemDID(DATA, lake=alice)]
    assert names == sorted(names)
    assert len(names) == len(set(names))


def test_membership_is_by_did(alice: Lake) -> None:
    data = MultipleItemDID("ATLAS_OD_EDU:GamGam_data", lake=alice)
    assert "ATLAS_OD_EDU:data_A.GamGam.root" in data
    assert data[0] in data
    assert FILE not in data


def test_a_variable_can_be_made_and_shown_with_the_lake_down(down: Lake) -> None:
    item, data = SingleItemDID("s:n", lake=down), MultipleItemDID("s:d", lake=down)
    assert repr(item) == "SingleItemDID('rucio://down@s/n', did='s:n')"
    assert repr(data) == "MultipleItemDID('s:d')"
    assert "Nothing answers" in item._repr_html_()
    assert "Nothing answers" in data._repr_html_()
    assert not item.available
    assert bool(data)


def test_the_card_escapes_what_it_shows(down: Lake) -> None:
    assert "<script>" not in SingleItemDID("s:<script>alert(1)</script>", lake=down)._repr_html_()


def test_the_card_tells_state_and_size(alice: Lake) -> None:
    card = MultipleItemDID("ATLAS_OD_EDU:GamGam_data", lake=alice)._repr_html_()
    assert "ATLAS_OD_EDU:GamGam_data" in card
    assert "of 4 here" in card
    assert "MB" in card


def test_pickles_hold_the_reference_and_nothing_of_this_machine(
    alice: Lake, half: MultipleItemDID
) -> None:
    for thing in (half[0], half, half[:1]):
        data = pickle.dumps(thing)
        assert len(data) < 1000
        assert str(alice.instance.rse_mount_path).encode() not in data
    again = pickle.loads(pickle.dumps(half[0]))
    assert again == half[0]
    assert pickle.loads(pickle.dumps(half)) == half
    assert pickle.loads(pickle.dumps(half[:1]))[0].did == half[0].did


@pytest.mark.parametrize("text", ["", "x", "a b:c", "rucio://"])
def test_nonsense_is_refused(alice: Lake, text: str) -> None:
    with pytest.raises(InvalidDID):
        dlaas.did(text, lake=alice)


def test_a_file_that_is_still_being_written_is_not_taken_for_here(
    alice: Lake, tmp_path: Path
) -> None:
    mount = tmp_path / "mount"
    here = replace(
        alice.instance,
        name="growing",
        rse_mount_path=str(mount),
        path_begins_at=0,
        destination_rse="SOUTH-DISK",
    )
    lake = Lake(here, credentials=alice.credential)
    path = Path(next(expected_paths(lake, DID(FILE))))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 100)
    item = SingleItemDID(FILE, lake=lake)
    assert item.startswith("rucio://")
    assert not item.available
    path.write_bytes(b"x" * (item.size or 0))
    assert item.refresh() == str(path)
    assert item.path == str(path)


def test_what_has_a_did_can_be_given_for_one(alice: Lake) -> None:
    data = MultipleItemDID("ATLAS_OD_EDU:GamGam_data", lake=alice)
    entry = next(alice.search("ATLAS_OD_EDU:GamGam_data"))
    for thing in (data, data[0], entry):
        assert alice.get(thing).did == thing.did  # type: ignore[arg-type]
        assert dlaas.did(thing, lake=alice).did == thing.did  # type: ignore[arg-type]


def test_did_asks_nothing_when_the_type_is_told(down: Lake) -> None:
    assert isinstance(dlaas.did("s:n", "collection", lake=down), MultipleItemDID)
    assert isinstance(dlaas.did("s:n", "file", lake=down), SingleItemDID)


def test_a_reference_finds_the_lake_of_this_process(alice: Lake) -> None:
    assert dlaas.did(f"lake@{FILE}").lake.instance == alice.instance


@pytest.fixture
def sent(alice: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of Rucio during the test."""
    return noted(alice, monkeypatch)


def test_files_of_a_mistyped_rse_are_not_looked_for_one_by_one(
    alice: Lake, sent: list[str]
) -> None:
    lake = Lake(replace(alice.instance, destination_rse="TYPO"), credentials=alice.credential)
    lake._client = alice.client
    data = MultipleItemDID(DATA, lake=lake)
    assert len(data) > 3
    sent.clear()
    assert all(str(item) == item.reference for item in data)
    assert len(data.available) == 0
    with pytest.raises(NotAvailable, match="files are not here"):
        dlaas.workspace("never-made", data, download=False)
    asked = [url for url in sent if url.endswith("/rses/TYPO")]
    assert len(asked) <= 6, asked


def test_an_rse_that_names_paths_itself_is_asked_for_hundreds_at_a_time(
    alice: Lake, tmp_path: Path, fresh: Callable[[str], str], monkeypatch: pytest.MonkeyPatch,
    sent: list[str],
) -> None:  # fmt: skip
    data = shown(brought(made(alice, tmp_path, fresh, 3)))
    computed = [str(item) for item in data]
    info = alice.rse_info("NOTEBOOK-MOUNT")
    for unknown in ({"deterministic": False}, {"lfn2pfn_algorithm": "theirs"}):
        monkeypatch.setattr("dlaas.lake.Lake.rse_info", lambda *_, u=unknown: {**info, **u})
        for ask in (
            lambda: [str(item) for item in data],
            lambda: data.path,
            lambda: [str(item) for item in data.available],
            lambda: [str(item) for item in data.as_available("1min")],
        ):
            sent.clear()
            assert sorted(ask()) == sorted(computed)
            assert len([url for url in sent if "/replicas/list" in url]) <= 2


def test_a_part_is_downloaded_by_questions_for_all_of_it(
    alice: Lake, tmp_path: Path, fresh: Callable[[str], str], sent: list[str]
) -> None:
    lake = Lake(
        replace(alice.instance, rse_mount_path=None, cache_folder=str(tmp_path / "cache")),
        credentials=alice.credential,
    )
    lake._client = alice.client
    names = made(alice, tmp_path, fresh, 8)
    data = MultipleItemDID(names.did, lake=lake)
    assert len(data) == 8
    for part in (data[:6], data):
        sent.clear()
        assert [Path(path).read_text()[0] for path in part.local()] == list("abcdefgh")[: len(part)]
        assert len(sent) <= 8, sent
    into = tmp_path / "mine"
    sent.clear()
    assert [Path(path).parent for path in data[1:].local(into)] == [into] * 7
    assert len(sent) <= 4, sent


def test_a_lake_that_is_down_is_named_where_a_path_is_missing(alice: Lake) -> None:
    gone = replace(
        alice.instance, name="gone", rucio_base_url="https://localhost:1", rucio_auth_url=None
    )
    item = SingleItemDID(FILE, lake=Lake(gone, credentials=alice.credential))
    with pytest.raises(NotAvailable, match="Check the network") as caught:
        _ = item.path
    assert caught.value.blame == "network"


def test_a_mount_below_the_home_folder_is_there(
    alice: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "eos").mkdir()
    lake = Lake(replace(alice.instance, rse_mount_path="~/eos"), credentials=alice.credential)
    with pytest.raises(NotAvailable) as caught:
        _ = SingleItemDID(FILE, lake=lake).path
    assert "not mounted" not in str(caught.value)


def test_an_empty_collection_has_nothing_to_explain(
    alice: Lake, fresh: Callable[[str], str]
) -> None:
    name = fresh("void")
    alice.client.add_dataset("user.alice", name)
    with pytest.raises(NotAvailable, match="holds no files"):
        dlaas.did(f"user.alice:{name}", lake=alice).explain()
