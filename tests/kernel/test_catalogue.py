"""Searching and asking, on the seeded lake."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dlaas import Lake, SingleItemDID
from dlaas.errors import (
    DataIdentifierNotFound,
    InvalidDID,
    InvalidInput,
    InvalidRSEExpression,
    ScopeNotFound,
    WildcardRefused,
)

DATA = "ATLAS_OD_EDU:GamGam_data"


def test_whoami_is_the_account(alice: Lake) -> None:
    assert alice.whoami().name == "alice"
    assert alice.account == "alice"


def test_a_search_finds_each_type(alice: Lake) -> None:
    kinds = {str(e.did): e.type for e in alice.search("ATLAS_OD_EDU:*GamGam*")}
    assert kinds["ATLAS_OD_EDU:GamGam"] == "container"
    assert kinds[DATA] == "dataset"
    assert kinds["ATLAS_OD_EDU:data_A.GamGam.root"] == "file"


@pytest.mark.parametrize("type_", ["file", "dataset", "container"])
def test_a_search_for_a_type_finds_only_that(alice: Lake, type_: Any) -> None:
    found = list(alice.search("ATLAS_OD_EDU:*GamGam*", type_))
    assert found
    assert {e.type for e in found} == {type_}


def test_a_search_tells_sizes(alice: Lake) -> None:
    found = next(alice.search(DATA, "dataset"))
    assert found.files == 4
    assert found.bytes
    assert found.bytes > 1_000_000


def test_a_search_stops_at_its_limit(alice: Lake) -> None:
    assert len(list(alice.search("ATLAS_OD_EDU:*GamGam*", limit=2))) == 2


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("energy >= 13000", True),
        ("energy > 13000", False),
        ("kind = data", True),
        ({"kind": "data"}, True),
        ("energy >= 13000, kind = nothing", False),
    ],
)
def test_metadata_narrow_a_search(alice: Lake, where: Any, found: bool) -> None:
    names = [str(e.did) for e in alice.search("ATLAS_OD_EDU:GamGam*", "dataset", where=where)]
    assert (DATA in names) is found


def test_a_search_by_metadata_answers_types_and_sizes_too(alice: Lake) -> None:
    found = {
        e.did: e for e in alice.search("ATLAS_OD_EDU:GamGam*", "dataset", where="energy = 13000")
    }
    assert {e.type for e in found.values()} == {"dataset"}
    assert found[alice.get(DATA).did].files == 4


@pytest.mark.parametrize(("type_", "limit"), [("dataset", 1), ("dataset", 3), ("file", 2)])
def test_the_limit_counts_what_is_found(alice: Lake, type_: Any, limit: int) -> None:
    """By metadata Rucio answers other types too; they must not use the limit up."""
    rows = alice.search("ATLAS_OD_EDU:*GamGam*", type_, where="energy = 13000", limit=limit)
    assert [e.type for e in rows] == [type_] * limit


@pytest.mark.parametrize(
    "did", ["user.alice:..", "user.alice:.", "..:accounts", "s:a\0b", "s:\u200bn"]
)
def test_what_a_request_would_bend_is_no_did(alice: Lake, did: str) -> None:
    for ask in (alice.get, alice.status, lambda text: SingleItemDID(text, lake=alice)):
        with pytest.raises(InvalidDID):
            ask(did)


def test_a_reference_where_a_did_is_wanted_is_told_as_such(alice: Lake) -> None:
    with pytest.raises(InvalidDID, match="is a reference"):
        alice.get(f"rucio://lake@{DATA.replace(':', '/')}")


@pytest.mark.parametrize("name", ["a%b", "a%41b", "a#b", "a?b", "a+b", "a&b=c", "a;b,c", "a:b"])
def test_odd_letters_of_a_name_reach_rucio_as_they_are(alice: Lake, name: str) -> None:
    with pytest.raises(DataIdentifierNotFound) as caught:
        alice.get(f"user.alice:odd-{name}")
    assert f"'user.alice:odd-{name}' not found" in str(caught.value.__cause__)
    assert list(alice.search(f"user.alice:odd-{name}*")) == []


@pytest.mark.parametrize("where", ["energy >", "><", "a > b > c < d"])
def test_a_condition_that_makes_no_sense_is_refused(alice: Lake, where: str) -> None:
    with pytest.raises(InvalidInput):
        list(alice.search("ATLAS_OD_EDU:*GamGam*", where=where))


def test_a_search_that_finds_nothing_is_empty(alice: Lake) -> None:
    assert list(alice.search("ATLAS_OD_EDU:no-such-*")) == []


def test_an_unknown_scope_is_not_an_empty_search(alice: Lake) -> None:
    with pytest.raises(ScopeNotFound, match="NOPE"):
        list(alice.search("NOPE:*x*"))


def test_who_writes_a_word_alone_learns_how_to_look_for_it(alice: Lake) -> None:
    with pytest.raises(ScopeNotFound, match="no scope 'higgs'") as told:
        list(alice.search("higgs"))
    assert "scope:*higgs*" in told.value.remedy


@pytest.mark.parametrize(
    "pattern",
    ["*", "*:*", "ATL*:x", "ATLAS_OD_EDU", "ATLAS_OD_EDU:", "ATLAS_OD_EDU:*", "ATLAS_OD_EDU:**"],
)
def test_a_wildcard_alone_is_refused_before_anything_is_sent(alice: Lake, pattern: str) -> None:
    narrow = Lake(
        replace(
            alice.instance,
            name="narrow",
            wildcard_enabled=False,
            rucio_base_url="https://localhost:9",
        )
    )
    with pytest.raises(WildcardRefused):
        narrow.search(pattern)


def test_a_whole_scope_is_listed_where_that_is_allowed(alice: Lake) -> None:
    assert len(list(alice.search("ATLAS_OD_EDU:*"))) > 30


@pytest.mark.parametrize("pattern", ["", " ", ":x", "a b:x", "a/b:c"])
def test_a_malformed_pattern_is_refused(alice: Lake, pattern: str) -> None:
    with pytest.raises(InvalidDID):
        alice.search(pattern)


def test_metadata_hold_what_the_experiment_added(alice: Lake) -> None:
    found = alice.get(DATA)
    assert (found.type, found.files, found.custom["energy"]) == ("dataset", 4, 13000)
    assert found.created_at is not None
    assert found.created_at.tzinfo is not None


def test_a_file_knows_its_checksums(alice: Lake) -> None:
    found = alice.get("ATLAS_OD_EDU:data_A.GamGam.root")
    assert found.adler32
    assert len(found.adler32) == 8
    assert found.md5
    assert found.files is None


@pytest.mark.parametrize(
    "ask", ["get", "list_contents", "list_files", "list_replicas", "list_rules", "status"]
)
def test_an_unknown_name_is_told_from_an_unknown_scope(alice: Lake, ask: str) -> None:
    with pytest.raises(DataIdentifierNotFound, match="knows no ATLAS_OD_EDU:nope"):
        getattr(alice, ask)("ATLAS_OD_EDU:nope")
    with pytest.raises(ScopeNotFound, match="NOPE"):
        getattr(alice, ask)("NOPE:nope")
    with pytest.raises(InvalidDID):
        getattr(alice, ask)("nonsense")


def test_a_container_lists_its_datasets_with_their_sizes(alice: Lake) -> None:
    found = {str(e.did): e for e in alice.list_contents("ATLAS_OD_EDU:GamGam")}
    assert found[DATA].files == 4
    assert all(e.type == "dataset" and e.bytes for e in found.values())


def test_files_are_listed_at_any_depth(alice: Lake) -> None:
    found = list(alice.list_files("ATLAS_OD_EDU:2020_13TeV"))
    assert len(found) > 10
    assert all(e.type == "file" and e.bytes and e.adler32 for e in found)


def test_contents_are_listed_at_any_depth(alice: Lake) -> None:
    direct = [str(e.did) for e in alice.list_contents("ATLAS_OD_EDU:2020_13TeV")]
    assert sorted(direct) == ["ATLAS_OD_EDU:4lep", "ATLAS_OD_EDU:GamGam"]
    deep = list(alice.list_contents("ATLAS_OD_EDU:2020_13TeV", recursive=True))
    kinds = {str(e.did): e.type for e in deep}
    assert len(kinds) == len(deep)
    assert kinds["ATLAS_OD_EDU:GamGam"] == "container"
    assert kinds[DATA] == "dataset"
    files = {str(e.did) for e in alice.list_files("ATLAS_OD_EDU:2020_13TeV")}
    assert {did for did, kind in kinds.items() if kind == "file"} == files


def test_parents_are_listed_to_the_top_or_only_the_nearest(alice: Lake) -> None:
    file = "ATLAS_OD_EDU:data_A.GamGam.root"
    above = [DATA, "ATLAS_OD_EDU:GamGam", "ATLAS_OD_EDU:2020_13TeV"]
    assert list(alice.list_parents(file)) == above
    assert list(alice.list_parents(file, recursive=False)) == [DATA]
    assert list(alice.list_parents("ATLAS_OD_EDU:2020_13TeV")) == []


def test_more_than_ten_parents_are_listed(alice: Lake, fresh: Callable[[str], str]) -> None:
    child, above = fresh("child"), [fresh("parent") for _ in range(12)]
    alice.client.add_dataset("user.alice", child)
    alice.client.add_containers([{"scope": "user.alice", "name": name} for name in above])
    for name in above:
        alice.client.attach_dids("user.alice", name, [{"scope": "user.alice", "name": child}])
    found = [did.name for did in alice.list_parents(f"user.alice:{child}")]
    assert sorted(found) == sorted(above)


def test_a_file_lists_itself_and_holds_nothing(alice: Lake) -> None:
    did = "ATLAS_OD_EDU:data_A.GamGam.root"
    assert [e.did for e in alice.list_files(did)] == [did]
    assert list(alice.list_contents(did)) == []


def test_replicas_name_rse_and_pfn(alice: Lake) -> None:
    found = [r for r in alice.list_replicas(DATA) if r.rse == "NORTH-DISK"]
    assert len(found) == 4
    assert all(r.pfn.startswith("https://") and r.state == "AVAILABLE" for r in found)


def test_scopes_are_the_accounts_own(alice: Lake, bob: Lake) -> None:
    assert alice.list_scopes() == ["user.alice"]
    assert bob.list_scopes() == ["user.bob"]


def test_rses_have_site_and_quality(alice: Lake) -> None:
    found = {rse.name: rse for rse in alice.list_rses()}
    assert (found["NOTEBOOK-MOUNT"].site, found["NOTEBOOK-MOUNT"].qos) == ("CAMPUS", "FAST")
    assert found["NOTEBOOK-MOUNT"].attributes["QOS"] == "FAST"
    assert [rse.name for rse in alice.list_rses("site=NORTH")] == ["NORTH-DISK"]
    with pytest.raises(InvalidRSEExpression):
        alice.list_rses("site=NOWHERE")


def test_usage_has_a_limit_per_rse(bob: Lake) -> None:
    found = {usage.rse: usage for usage in bob.usage()}
    assert found["SOUTH-DISK"].limit
    assert found["SOUTH-DISK"].limit < 10_000_000


def test_a_list_that_is_left_early_lets_the_connection_go(alice: Lake) -> None:
    rows = alice.search("ATLAS_OD_EDU:*")
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert list(rows) == []
    assert alice.whoami().name == "alice"


def test_eight_threads_may_ask_one_lake(alice: Lake) -> None:
    found: list[int] = []

    def ask() -> None:
        found.extend(len(list(alice.list_files("ATLAS_OD_EDU:GamGam"))) for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    assert len(set(found)) == 1
