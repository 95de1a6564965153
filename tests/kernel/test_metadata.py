"""Metadata are read and set, one by one and in bulk; what cannot be set is told plainly."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timezone
from typing import Any

import numpy as np
import pytest
from standin import Answer, Request, StandIn

from dlaas import Instance, Lake
from dlaas.credentials import Bearer
from dlaas.errors import (
    AccessDenied,
    DataIdentifierNotFound,
    InvalidDID,
    InvalidMetadata,
    ScopeNotFound,
)


@pytest.fixture
def own(alice: Lake, fresh: Callable[[str], str]) -> str:
    """An empty dataset of alice's own."""
    name = fresh("described")
    alice.client.add_dataset("user.alice", name)
    return f"user.alice:{name}"


def test_what_was_set_is_read_with_its_types(alice: Lake, own: str) -> None:
    told = {"energy": 13000, "ratio": 0.5, "kind": "mc", "good": True, "tags": ["a", "b"]}
    alice.set_metadata(own, {**told, "inputs": {"s:n": "ad:0123"}})
    assert alice.get(own).custom.items() >= {**told, "inputs": {"s:n": "ad:0123"}}.items()


def test_setting_one_key_keeps_the_others(alice: Lake, own: str) -> None:
    alice.set_metadata(own, {"energy": 13000, "kind": "mc"})
    alice.set_metadata(own, {"energy": 13600})
    custom = alice.get(own).custom
    assert (custom["energy"], custom["kind"]) == (13600, "mc")


def test_times_are_kept_as_texts_that_sort(alice: Lake, own: str) -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
    alice.set_metadata(own, {"day": date(2026, 1, 31), "noon": noon})
    custom = alice.get(own).custom
    assert (custom["day"], custom["noon"]) == ("2026-01-31", "2026-01-31T12:00:00Z")


def test_numbers_of_numpy_are_numbers(alice: Lake, own: str) -> None:
    alice.set_metadata(own, {"mean": np.float64(1.5), "entries": np.int64(7)})
    custom = alice.get(own).custom
    assert (custom["mean"], custom["entries"]) == (1.5, 7)


def test_rucios_own_columns_are_set_too(alice: Lake, own: str) -> None:
    alice.set_metadata(own, {"campaign": "2026", "run_number": 5})
    custom = alice.get(own).custom
    assert (custom["campaign"], custom["run_number"]) == ("2026", 5)


def test_recursive_sets_what_is_held_too(
    alice: Lake, own: str, fresh: Callable[[str], str]
) -> None:
    above = fresh("above")
    alice.client.add_container("user.alice", above)
    scope, name = own.split(":")
    alice.client.attach_dids("user.alice", above, [{"scope": scope, "name": name}])
    alice.set_metadata(f"user.alice:{above}", {"campaign": "up"})
    assert "campaign" not in alice.get(own).custom
    alice.set_metadata(f"user.alice:{above}", {"campaign": "down"}, recursive=True)
    assert alice.get(own).custom["campaign"] == "down"


def test_recursive_is_refused_where_rucio_would_ignore_it(alice: Lake, own: str) -> None:
    with pytest.raises(InvalidMetadata, match=r"energy on .* alone") as caught:
        alice.set_metadata(own, {"energy": 1}, recursive=True)
    assert "set_metadata_bulk" in caught.value.remedy
    assert "energy" not in alice.get(own).custom


def test_many_dids_are_described_at_once(alice: Lake, fresh: Callable[[str], str]) -> None:
    names = [fresh("many") for _ in range(3)]
    alice.client.add_datasets([{"scope": "user.alice", "name": name} for name in names])
    told = {f"user.alice:{name}": {"number": n} for n, name in enumerate(names)}
    alice.set_metadata_bulk(told)
    assert [alice.get(did).custom["number"] for did in told] == [0, 1, 2]


def test_one_unknown_did_in_a_batch_changes_nothing(alice: Lake, own: str) -> None:
    with pytest.raises(DataIdentifierNotFound, match="no-such-did"):
        alice.set_metadata_bulk({own: {"number": 1}, "user.alice:no-such-did": {"number": 2}})
    assert "number" not in alice.get(own).custom


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({}, "is no metadata"),
        ({"a.b": 1}, "cannot be a metadata key"),
        ({"": 1}, "cannot be a metadata key"),
        ({5: 1}, "cannot be a metadata key"),
        ({" a": 1}, "cannot be a metadata key"),
        ({"bytes": 1}, "keeps bytes itself"),
        ({"type": "dataset"}, "keeps type itself"),
        ({"hidden": True}, "keeps hidden itself"),
        ({"eol_at": date(2020, 1, 1)}, "keeps eol_at itself"),
        ({"a": float("nan")}, "a cannot be nan"),
        ({"a": object()}, "a cannot be"),
        ({"a": {"b": [float("inf")]}}, "a cannot be inf"),
        ({"run_number": "five"}, "whole number"),
        ({"campaign": 5}, "as a text"),
    ],
)
def test_what_is_no_metadata_changes_nothing(
    alice: Lake, own: str, metadata: dict[Any, Any], why: str
) -> None:
    before = alice.get(own)
    with pytest.raises(InvalidMetadata, match=why):
        alice.set_metadata(own, {"ok": 1, **metadata} if metadata else metadata)
    with pytest.raises(InvalidMetadata, match=why):
        alice.set_metadata_bulk({own: metadata})
    assert alice.get(own) == before


@pytest.mark.parametrize("lifetime", [1.5, None, "1"])
def test_a_lifetime_as_metadata_would_delete_the_did_and_is_refused(
    alice: Lake, own: str, lifetime: Any
) -> None:
    with pytest.raises(InvalidMetadata, match="delete the DID") as caught:
        alice.set_metadata(own, {"lifetime": lifetime})
    assert "another name" in caught.value.remedy
    scope, name = own.split(":")
    assert alice.client.get_metadata(scope, name)["expired_at"] is None


def test_what_is_not_there_cannot_be_described(alice: Lake) -> None:
    for did, error in (
        ("user.alice:nope", DataIdentifierNotFound),
        ("NOPE:x", ScopeNotFound),
        ("nonsense", InvalidDID),
    ):
        with pytest.raises(error):
            alice.set_metadata(did, {"a": 1})


def test_what_is_not_ours_cannot_be_described_and_that_is_said(alice: Lake, own: str) -> None:
    foreign = "ATLAS_OD_EDU:GamGam_data"
    for act in (
        lambda: alice.set_metadata(foreign, {"energy": 1}),
        lambda: alice.set_metadata_bulk({own: {"energy": 1}, foreign: {"energy": 1}}),
    ):
        with pytest.raises(AccessDenied, match="set metadata in ATLAS_OD_EDU") as caught:
            act()
        assert "Logging in again will not help" in caught.value.remedy
    assert alice.get(foreign).custom["energy"] == 13000
    assert "energy" not in alice.get(own).custom


def test_whether_one_may_describe_is_known_before(alice: Lake, bob: Lake, own: str) -> None:
    assert alice.may("set_metadata", own) is True
    assert alice.may("set_metadata", "ATLAS_OD_EDU") is False
    assert bob.may("set_metadata", own) is False
    assert alice.may("set_metadata") is None
    with pytest.raises(InvalidDID, match="is a reference"):
        alice.may("set_metadata", f"rucio://{own.replace(':', '/')}")


def test_where_only_trying_tells_it_is_known_then(standin: Callable[..., StandIn]) -> None:
    def answer(request: Request) -> Answer:
        told = {"Content-Type": "application/json"}
        if request.path.startswith("/scopes/") or request.path.startswith("/accounts/"):
            return Answer(200, b"[]", told)
        if "bulk" in request.path:
            return Answer(500, b"{}", {"ExceptionClass": "RucioException"})
        if request.method == "POST" and "/meta" in request.path:
            status = 401 if "/mine/" not in request.path else 201
            return Answer(status, b"Created", {"ExceptionClass": "AccessDenied"})
        return Answer(200, json.dumps({"type": "DATASET", "bytes": 1}).encode(), told)

    there = Lake(
        Instance("x", standin(answer).url, account="alice"),
        credentials=Bearer("the-token", "alice"),
    )
    assert there.may("set_metadata", "s:n") is None
    with pytest.raises(AccessDenied):
        there.set_metadata("s:n", {"energy": 1})
    assert there.may("set_metadata", "s:n") is False
    there.set_metadata("mine:n", {"energy": 1})
    assert there.may("set_metadata", "mine:n") is True
    assert there.may("set_metadata", "t:n") is None


def _without_plugin(request: Request) -> Answer:
    """Answer as a Rucio on a database without JSON does."""
    kind = {"Content-Type": "application/json"}
    if "/meta" in request.path and request.method == "POST":
        text = "No plugin manages metadata keys ['energy'] on DID s:n"
        return Answer(
            400, b"{}", {**kind, "ExceptionClass": "InvalidMetadata", "ExceptionMessage": text}
        )
    if "plugin=ALL" in request.path:
        return Answer(500, b"{}", kind)
    row = {"scope": "s", "name": "n", "type": "DATASET", "did_type": "DATASET", "account": "alice"}
    return Answer(200, json.dumps(row | {"campaign": "2026"}).encode(), kind)


def test_a_server_without_custom_metadata_is_told_as_such(
    standin: Callable[..., StandIn],
) -> None:
    service = standin(_without_plugin)
    plain = Lake(
        Instance("plain", service.url, account="alice"), credentials=Bearer("the-token", "alice")
    )
    assert plain.get("s:n").custom == {"campaign": "2026", "type": "DATASET"}
    with pytest.raises(InvalidMetadata, match="keeps no metadata of one's own: energy") as caught:
        plain.set_metadata("s:n", {"energy": 1})
    assert "campaign" in caught.value.remedy
