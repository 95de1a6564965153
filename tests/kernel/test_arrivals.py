"""Files as they arrive: each once, what has arrived before any error, and never for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from datasets import brought, made, noted

from dlaas import Lake, MultipleItemDID, SingleItemDID
from dlaas.errors import InvalidLifetime, NotAvailable, RuleStuck, TookTooLong
from dlaas.variables.arrivals import as_available
from jupyter_dlaas.lake import EmbeddedLake


@pytest.fixture
def four(alice: Lake, tmp_path: Path, fresh: Callable[[str], str]) -> MultipleItemDID:
    return made(alice, tmp_path, fresh, 4)


def test_each_file_comes_once_as_it_arrives(four: MultipleItemDID) -> None:
    brought(four[2:3])
    four.filter(lambda item: item.did != four[2].did).make_available("1d")
    files = four.as_available("2min")
    first = next(files)
    assert first.did == four[2].did
    every = [first, *files]
    assert sorted(item.did for item in every) == [item.did for item in four]
    assert all(Path(item).read_text() == item.name[-5] * 100 for item in every)


def test_what_has_arrived_is_yielded_before_the_error(four: MultipleItemDID) -> None:
    brought(four[:2])
    came: list[SingleItemDID] = []
    with pytest.raises(NotAvailable, match="not on its way"):
        came.extend(four.as_available("1min"))
    assert sorted(item.did for item in came) == [item.did for item in four[:2]]


def test_a_stuck_rule_ends_it_after_what_has_arrived(
    alice: Lake, lake: EmbeddedLake, four: MultipleItemDID, eventually: Callable[..., Any]
) -> None:
    brought(four[:1])
    lake.hold("notebook")
    came: list[SingleItemDID] = []
    try:
        rule = four.make_available("1d").rule
        with pytest.raises(RuleStuck, match="1 of 4 files") as caught:
            came.extend(as_available(four, "2min", grace=0.5))
        assert caught.value.details["rule_id"] == rule.id
        assert [item.did for item in came] == [four[0].did]
    finally:
        lake.release("notebook")
    alice.update_rule(rule.id, boost=True)
    eventually(lambda: alice.status(four.did).state == "available")


def test_it_ends_at_its_timeout(
    lake: EmbeddedLake, four: MultipleItemDID, eventually: Callable[..., Any]
) -> None:
    lake.hold("daemons")
    try:
        four.make_available("1d")
        with pytest.raises(TookTooLong, match="0 of 4 files"):
            list(four.as_available(0.5))
    finally:
        lake.release("daemons")
    assert len(list(four.as_available("2min"))) == 4


@pytest.mark.parametrize("timeout", [float("inf"), float("nan"), -1, "nonsense"])
def test_no_timeout_means_for_ever(four: MultipleItemDID, timeout: Any) -> None:
    with pytest.raises(InvalidLifetime):
        four.as_available(timeout)
    with pytest.raises(InvalidLifetime):
        four.wait(timeout)


def test_looking_costs_the_same_for_any_number_of_files(
    alice: Lake, four: MultipleItemDID, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought(four)
    asked = noted(alice, monkeypatch)
    costs = []
    for part in (four[:1], four):
        len(part)
        asked.clear()
        assert len(list(part.as_available("1min"))) == len(part)
        costs.append(len(asked))
    assert costs[1] <= costs[0] + 3


def test_without_a_mount_they_come_as_references(alice: Lake, four: MultipleItemDID) -> None:
    far = Lake(
        replace(alice.instance, name="far", destination_rse="NORTH-DISK", rse_mount_path=None),
        credentials=alice.credential,
    )
    for part in (MultipleItemDID(four.did, lake=far), MultipleItemDID(four.did, lake=far)[1:]):
        came = list(part.as_available("1min"))
        assert [item.did for item in came] == [item.did for item in part]
        assert all(item.startswith("rucio://far@") for item in came)
        with came[0].open() as file:
            assert file.read(1) == came[0].name[-5].encode()


def test_a_mount_that_does_not_show_them_does_not_hold_them_back(
    alice: Lake, four: MultipleItemDID, tmp_path: Path
) -> None:
    blind = Lake(
        replace(
            alice.instance,
            name="blind",
            destination_rse="NORTH-DISK",
            rse_mount_path=str(tmp_path),
        ),
        credentials=alice.credential,
    )
    came = list(as_available(MultipleItemDID(four.did, lake=blind), "1min", grace=0))
    assert len(came) == 4
    assert all(item.startswith("rucio://blind@") for item in came)


def test_an_empty_dataset_yields_nothing(alice: Lake, fresh: Callable[[str], str]) -> None:
    name = fresh("empty")
    alice.client.add_dataset("user.alice", name)
    assert list(MultipleItemDID(f"user.alice:{name}", lake=alice).as_available("1min")) == []
