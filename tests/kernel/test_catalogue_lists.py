"""Lists of names, looked up many in one question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from datasets import noted

from dlaas import Lake
from dlaas.errors import AccessDenied, InvalidInput
from dlaas.model import Sought

DATA = "ATLAS_OD_EDU:GamGam_data"
CONTAINER = "ATLAS_OD_EDU:GamGam"
MANY = 2000


@pytest.fixture(scope="module")
def many(alice: Lake) -> list[str]:
    """Two thousand files in no order, known to the catalogue alone; their names hold slashes."""
    names = [f"of/a/list/{n * 7919 % MANY:04}.root" for n in range(MANY)]
    for start in range(0, MANY, 500):
        alice.client.add_replicas(
            "NORTH-DISK",
            [
                {"scope": "user.alice", "name": name, "bytes": 10, "adler32": "00000001"}
                for name in names[start : start + 500]
            ],
        )
    return [f"user.alice:{name}" for name in names]


@pytest.fixture
def asked(alice: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of Rucio during the test; the scopes are known."""
    alice.knows_scope("user.alice")
    return noted(alice, monkeypatch)


def missing(found: list[Sought]) -> dict[str, str]:
    return {one.name: one.missing.error for one in found if one.missing}


def dids(found: list[Sought]) -> list[str]:
    return [str(entry.did) for one in found for entry in one.entries]


def test_two_thousand_names_take_four_questions_and_keep_their_order(
    alice: Lake, many: list[str], asked: list[str]
) -> None:
    found = list(alice.look_up(many))
    assert [one.name for one in found] == many
    assert dids(found) == many
    assert {(e.type, e.bytes) for one in found for e in one.entries} == {("file", 10)}
    assert len(asked) == 4


def test_it_reads_no_further_than_it_is_read(alice: Lake, asked: list[str]) -> None:
    taken = 0

    def names() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield f"user.alice:nothing.{taken}"

    found = alice.look_up(names())
    assert taken == 0
    next(found)
    assert taken == 500
    assert len(asked) == 1


def test_each_name_says_what_it_is_or_why_there_is_nothing(alice: Lake, asked: list[str]) -> None:
    names = [DATA, "ATLAS_OD_EDU:nope", "nowhere:a", CONTAINER, "nowhere:b", "rucio://s/x", DATA]
    found = list(alice.look_up(names))
    assert [one.name for one in found] == names
    assert dids(found) == [DATA, CONTAINER, DATA]
    assert missing(found) == {
        "ATLAS_OD_EDU:nope": "DataIdentifierNotFound",
        "nowhere:a": "ScopeNotFound",
        "nowhere:b": "ScopeNotFound",
        "rucio://s/x": "InvalidDID",
    }
    # The scopes were asked for again once, though two names are of the one that is unknown.
    assert len(asked) == 2


@pytest.mark.parametrize("name", [DATA, CONTAINER, "ATLAS_OD_EDU:data_A.GamGam.root"])
def test_it_knows_as_much_of_a_did_as_a_search(alice: Lake, name: str) -> None:
    (found,) = alice.look_up([name])
    # Of a file the checksum, too, which a search leaves out.
    assert [replace(entry, adler32=None) for entry in found.entries] == list(alice.search(name))


@pytest.mark.parametrize(
    "bad", ["user.alice:a+b", "user.alice:ä", f"user.alice:{'a' * 251}", f"{'u' * 26}:x"]
)
def test_a_name_that_rucios_schema_refuses_spoils_no_other(
    alice: Lake, many: list[str], asked: list[str], bad: str
) -> None:
    names = [*many[:123], bad, *many[123:499]]
    found = list(alice.look_up(names))
    assert [one.name for one in found] == names
    assert dids(found) == many[:499]
    assert set(missing(found)) == {bad}
    assert set(missing(found).values()) <= {"DataIdentifierNotFound", "ScopeNotFound"}
    # Halves are asked for, until few are left to be searched for one by one.
    assert len(asked) < 40


def test_patterns_stand_among_names_and_are_cut_at_the_limit(alice: Lake, many: list[str]) -> None:
    names = [many[0], "user.alice:of/a/list/*", "user.alice:no/such*", DATA]
    found = list(alice.look_up(names, limit=3))
    assert [(one.name, len(one.entries), one.truncated) for one in found] == [
        (names[0], 1, False),
        (names[1], 3, True),
        (names[2], 0, False),
        (names[3], 1, False),
    ]
    assert missing(found) == {names[2]: "NotThere"}


def test_a_pattern_of_many_comes_in_parts(alice: Lake, many: list[str]) -> None:
    found = list(alice.look_up(["user.alice:of/a/list/*", DATA]))
    assert [one.done for one in found] == [False, False, False, True, True]
    assert max(len(one.entries) for one in found) == 500
    assert sorted(dids(found)[:-1]) == sorted(many)


def test_a_type_is_kept_to(alice: Lake, asked: list[str]) -> None:
    found = list(alice.look_up([DATA, CONTAINER], type="container"))
    assert dids(found) == [CONTAINER]
    assert missing(found) == {DATA: "NotThere"}
    assert len(asked) == 1


def test_metadata_are_kept_to(alice: Lake) -> None:
    names = [DATA, "ATLAS_OD_EDU:4lep_data", CONTAINER, "ATLAS_OD_EDU:nope"]
    found = list(alice.look_up(names, where="kind = data"))
    assert dids(found) == [DATA, "ATLAS_OD_EDU:4lep_data"]
    assert set(missing(found)) == {CONTAINER, "ATLAS_OD_EDU:nope"}


@pytest.mark.parametrize(
    "options", [{"where": "energy >"}, {"where": "name = x"}, {"type": "folder"}]
)
def test_what_makes_no_sense_for_any_name_is_refused_before_anything_is_asked(
    alice: Lake, asked: list[str], options: Any
) -> None:
    with pytest.raises(InvalidInput):
        alice.look_up([DATA], **options)
    assert asked == []


def test_one_text_is_no_list(alice: Lake) -> None:
    with pytest.raises(InvalidInput, match="list"):
        alice.look_up(DATA)


def test_what_one_may_not_see_is_told_of_it_alone(
    alice: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rucio as it comes refuses nobody a look; policies of one's own, and proxies, may."""
    search, bulk = alice.client.list_dids, alice.client.get_metadata_bulk

    def denied(scope: str, *args: Any, **options: Any) -> Any:
        if scope == "user.bob":
            raise AccessDenied("Not for alice.")
        return search(scope, *args, **options)

    def refused(dids: list[dict[str, str]], **options: Any) -> Any:
        for did in dids:
            denied(did["scope"], [{"name": did["name"]}])
        return bulk(dids, **options)

    monkeypatch.setattr(alice.client, "list_dids", denied)
    monkeypatch.setattr(alice.client, "get_metadata_bulk", refused)
    found = list(alice.look_up([DATA, "user.bob:secret", CONTAINER, "user.alice:nope"]))
    assert dids(found) == [DATA, CONTAINER]
    assert missing(found) == {
        "user.bob:secret": "AccessDenied",
        "user.alice:nope": "DataIdentifierNotFound",
    }


def test_what_is_suppressed_is_not_there_as_for_a_search(
    alice: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk = alice.client.get_metadata_bulk

    def suppressed(dids: list[dict[str, str]], **options: Any) -> Any:
        return [{**row, "suppressed": row["name"] == "GamGam"} for row in bulk(dids, **options)]

    monkeypatch.setattr(alice.client, "get_metadata_bulk", suppressed)
    found = list(alice.look_up([DATA, CONTAINER]))
    assert dids(found) == [DATA]
    assert missing(found) == {CONTAINER: "DataIdentifierNotFound"}


def test_nothing_is_asked_for_an_empty_list(alice: Lake, asked: list[str]) -> None:
    assert list(alice.look_up([])) == []
    assert asked == []
