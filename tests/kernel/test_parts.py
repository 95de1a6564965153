"""Parts of a collection: small in a pickle, made available by rules on their files."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import brought, made

from dlaas import Lake, MultipleItemDID
from dlaas.errors import (
    DuplicateRule,
    InsufficientAccountLimit,
    InvalidInput,
    NotAvailable,
    RuleStuck,
    TookTooLong,
)
from dlaas.model import DID, Entry
from dlaas.variables import parts
from dlaas.variables.part_rules import GrantedPart, make_available
from dlaas.variables.waiting import watch
from jupyter_dlaas.lake import EmbeddedLake

DATA = "ATLAS_OD_EDU:2020_13TeV"


@pytest.fixture
def three(alice: Lake, tmp_path: Path, fresh: Callable[[str], str]) -> MultipleItemDID:
    return made(alice, tmp_path, fresh)


@pytest.fixture
def sent(alice: Lake, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is asked of Rucio during the test."""
    asked: list[tuple[str, str]] = []
    wire = alice.client._wire
    request = wire.request

    def count(method: str, url: str, **options: Any) -> Any:
        asked.append((method, url))
        return request(method, url, **options)

    monkeypatch.setattr(wire, "request", count)
    return asked


def dids(part: MultipleItemDID) -> list[str]:
    return [str(item.did) for item in part]


def test_parts_of_parts_are_those_of_a_list(alice: Lake) -> None:
    data = MultipleItemDID(DATA, lake=alice)
    names = dids(data)
    assert dids(data[2:9][1::2]) == names[2:9][1::2]
    assert dids(data[::-1]) == names[::-1]
    lepton = [name for name in names if name.endswith("4lep.root")]
    assert dids(data.glob("*4lep.root")[:-1]) == lepton[:-1]
    big = data.filter(lambda item: (item.size or 0) > 500_000)
    assert [item.did for item in big] == [i.did for i in data if (i.size or 0) > 500_000]
    assert 0 < len(big) < len(data)
    assert len(data[:0]) == 0


def test_a_part_says_how_it_was_made(alice: Lake) -> None:
    part = MultipleItemDID(DATA, lake=alice).glob("*.root")[1:7:2]
    assert repr(part) == f"MultipleItemDID({DATA!r}, glob '*.root', [1:7:2])"
    assert repr(part.filter(lambda item: item.name)).endswith("filter <lambda>)")


def test_nothing_is_listed_before_a_part_is_looked_into(
    alice: Lake, sent: list[tuple[str, str]]
) -> None:
    part = MultipleItemDID(DATA, lake=alice).glob("*4lep*")[:2]
    assert part
    assert len(pickle.dumps(part)) < 300
    assert not sent


def test_a_choice_of_any_files_pickles_small() -> None:
    rng = random.Random(3)
    entries = [Entry(DID(f"s:{number:06}"), "file") for number in range(6000)]
    chosen = [rng.random() < 0.5 for _ in entries]
    step = parts.picked(chosen, "filter f")
    assert len(pickle.dumps(step)) < 1000
    kept = [entry for entry, is_chosen in zip(entries, chosen, strict=True) if is_chosen]
    assert parts.applied(step, entries) == kept
    assert len(pickle.dumps(parts.picked([True] * 10**6, "available"))) < 1200


def test_parts_resolve_in_another_process_with_its_own_login(
    alice: Lake, alice_env: dict[str, str], tmp_path: Path
) -> None:
    data = MultipleItemDID(DATA, lake=alice)
    len(data)
    made_of = [data, data[1:4], data.glob("*4lep*")[2:], data.filter(lambda i: "mc_" in i.name)]
    for part in made_of:
        assert len(pickle.dumps(part)) < 1000
    (tmp_path / "parts").write_bytes(pickle.dumps(made_of))
    code = (
        "import pickle, sys\nfor part in pickle.load(open(sys.argv[1], 'rb')):"
        " print(*[item.did for item in part])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "parts")],
        env=alice_env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.stdout.splitlines() == [" ".join(dids(part)) for part in made_of], ran.stderr


def test_places_that_have_moved_are_not_taken_for_the_old_ones(
    alice: Lake, three: MultipleItemDID, tmp_path: Path
) -> None:
    names = dids(three)
    pickled = [pickle.dumps(part) for part in (three[1:], three.filter(lambda i: True))]
    by_name = pickle.dumps(three.glob("*.txt"))
    (tmp_path / "new").write_text("new")
    # Its name comes first: each place is another file's now.
    alice.upload(tmp_path / "new", f"{three.did}-0.txt", dataset=three.did, lifetime="1d")
    for data in pickled:
        with pytest.raises(NotAvailable, match="holds other files"):
            len(pickle.loads(data))
    assert dids(pickle.loads(by_name)) == [f"{three.did}-0.txt", *names]
    assert dids(three[1:]) == names[1:]
    assert len(three.refresh()) == 4


def test_parts_of_one_dataset_are_listed_once_by_a_worker(
    alice: Lake, sent: list[tuple[str, str]]
) -> None:
    data = MultipleItemDID(DATA, lake=alice)
    len(data)
    pickled = [pickle.dumps(data[i : i + 3]) for i in range(0, 12, 3)]
    sent.clear()
    tasks = [pickle.loads(one) for one in pickled]
    assert [dids(task) for task in tasks] == [dids(data[i : i + 3]) for i in range(0, 12, 3)]
    assert len([url for _, url in sent if "/files" in url]) <= 1


def test_a_part_is_made_available_by_rules_on_its_files(
    alice: Lake, three: MultipleItemDID, sent: list[tuple[str, str]]
) -> None:
    part = three[:2]
    len(part)
    sent.clear()
    granted = part.make_available("2d", comment="a test")
    assert [method for method, _ in sent].count("POST") == 1
    assert len(sent) <= 8
    assert isinstance(granted, GrantedPart)
    assert granted.new
    assert sorted(str(rule.did) for rule in granted.rules) == dids(part)
    assert {rule.comment for rule in granted.rules} == {"a test"}
    assert "2 rules made" in granted.note
    there = part.wait("2min", progress=False)
    assert all(Path(item).is_file() for item in there)
    assert part.state == "available"
    assert part.status.expires_at == granted.rule.expires_at
    assert dids(three.available) == dids(part)
    assert {rule.rse_expression for rule in alice.list_rules(three.did)} == {"NORTH-DISK"}


def test_rules_that_are_there_are_kept_or_extended(three: MultipleItemDID) -> None:
    three[:1].make_available("2d")
    granted = three[:2].make_available("1d")
    assert "1 rules made" in granted.note
    assert "1 there already" in granted.note
    with pytest.raises(DuplicateRule, match="extend=True") as caught:
        three.glob("*.txt").make_available("9d")
    assert caught.value.details["rule_id"] == granted.rule.id
    # Nothing was made for the third file, whose rule would have been allowed.
    assert "NOTEBOOK-MOUNT" not in {rule.rse_expression for rule in three[2].rules}
    longer = three.glob("*.txt").make_available("9d", extend=True)
    assert "2 extended" in longer.note
    assert isinstance(longer, GrantedPart)
    ends = {rule.expires_at for rule in longer.rules}
    assert len(longer.rules) == 3
    assert granted.rule.expires_at
    assert all(end and end > granted.rule.expires_at for end in ends)


def test_a_part_of_too_many_files_is_refused_before_anything_is_asked(
    alice: Lake, sent: list[tuple[str, str]]
) -> None:
    many = [Entry(DID(f"user.alice:{n}"), "file", 1) for n in range(1001)]
    for entries in (many, []):
        with pytest.raises(InvalidInput, match=r"1,000 at most|no files"):
            make_available(alice, DID("user.alice:set"), entries)
    assert not sent


def test_a_quota_that_does_not_suffice_for_a_part_changes_nothing(bob: Lake) -> None:
    part = MultipleItemDID(DATA, lake=bob).filter(lambda item: (item.size or 0) > 900_000)[:2]
    with pytest.raises(InsufficientAccountLimit, match="SOUTH-DISK"):
        part.make_available("1d", rse_expression="SOUTH-DISK")
    assert not [rule for rule in part.rules if rule.account == "bob"]


def test_a_part_that_nobody_asked_for_is_not_waited_for(three: MultipleItemDID) -> None:
    part = three[:2]
    assert (part.state, part.status.files, part.status.access) == ("absent", 2, "https")
    with pytest.raises(NotAvailable, match="not on its way"):
        part.wait("1h", progress=False)
    brought(three[:1])
    assert part.state == "partial"
    assert "1 of 2" in part.status.reason
    with pytest.raises(NotAvailable, match="no rule brings the rest"):
        part.wait("1h", progress=False)


def test_a_part_knows_the_rule_on_the_whole(three: MultipleItemDID) -> None:
    rule = three.make_available("1d").rule
    part = three.wait("2min", progress=False)[1:]
    assert part.state == "available"
    assert part.status.expires_at == rule.expires_at
    assert rule.id in {r.id for r in part.rules}


def test_the_whole_is_waited_for_by_rules_on_all_its_files(three: MultipleItemDID) -> None:
    brought(three[:1])
    three[1:].make_available("1d")
    assert len(three.wait("2min", progress=False).available) == 3


def test_a_stuck_part_shows_its_error(
    alice: Lake, lake: EmbeddedLake, three: MultipleItemDID, eventually: Callable[..., Any]
) -> None:
    part = three[1:]
    lake.hold("notebook")
    try:
        granted = part.make_available("1d")
        assert part.state == "replicating"
        with pytest.raises(TookTooLong, match="0 of 2 files"):
            part.wait(0.2, progress=False)
        with pytest.raises(RuleStuck, match="0 of 2 files") as caught:
            watch(lambda: part.status, "2min", False, grace=0.5)
        assert caught.value.details["reason"] in part.status.reason
        assert "stuck" in str(caught.value)
    finally:
        lake.release("notebook")
    assert isinstance(granted, GrantedPart)
    for rule in granted.rules:
        alice.update_rule(rule.id, boost=True)
    eventually(lambda: part.state == "available")


def test_urls_are_those_of_the_files_in_their_order(alice: Lake, three: MultipleItemDID) -> None:
    urls = three.urls()
    assert [url.rpartition("/")[2] for url in urls] == [item.name for item in three]
    assert urls == [item.url() for item in three]
    assert three[1:].urls("https") == urls[1:]
    with pytest.raises(NotAvailable, match="by gsiftp"):
        three.urls("gsiftp")
    assert three[0].urls("gsiftp") == []
