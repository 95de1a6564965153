"""Conditions on metadata: how they are written, what is sent, and that it finds the right ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from standin import Answer, StandIn

from dlaas import Instance, Lake
from dlaas.credentials import Bearer
from dlaas.errors import InvalidInput, InvalidMetadata, ScopeNotFound, WildcardRefused
from dlaas.query import key
from dlaas.query.conditions import where_from
from dlaas.query.filters import rucio_filters

NOON = datetime(2020, 1, 2, 12, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def described(alice: Lake) -> str:
    """Four datasets a, b, c, d; all but d have metadata of their own. Answers their pattern."""
    stem = f"described-{datetime.now(timezone.utc).timestamp():.6f}-"
    told: dict[str, dict[str, Any]] = {
        "a": {"energy": 10, "ratio": 0.0, "kind": "mc", "good": False, "code": "5"},
        "b": {"energy": 11, "ratio": 0.5, "kind": "data", "good": True, "code": "6"},
        "c": {"energy": 12, "ratio": 1.0, "kind": "mc16", "good": True, "code": "x_y"},
        "d": {},
    }
    for day, (letter, meta) in enumerate(told.items(), 1):
        alice.client.add_dataset("user.alice", stem + letter)
        if meta:
            meta |= {"taken": date(2020, 1, day), "at": NOON + timedelta(days=day - 2)}
            alice.set_metadata(f"user.alice:{stem}{letter}", meta)
    return f"user.alice:{stem}*"


def _found(lake: Lake, pattern: str, where: Any) -> str:
    return "".join(sorted(entry.did.name[-1] for entry in lake.search(pattern, where=where)))


@pytest.mark.parametrize(
    ("where", "letters"),
    [
        ("energy = 11", "b"),
        ("energy == 11.0", "b"),
        ("energy != 11", "ac"),
        ("energy < 11", "a"),
        ("energy <= 11", "ab"),
        ("energy > 11", "c"),
        ("energy >= 11", "bc"),
        ("10 < energy <= 12", "bc"),
        ("ratio > 0.4", "bc"),
        ("kind = mc", "a"),
        ("kind != mc", "bc"),
        ("kind like mc*", "ac"),
        ("kind = mc*", "ac"),
        ("kind != mc*", "b"),
        ("kind >= mc", "ac"),
        ("good = true", "bc"),
        ("good != true", "a"),
        ('code = "5"', "a"),
        ('code > "5"', "bc"),
        ("code like x_y*", "c"),
        ("taken = 2020-01-02", "b"),
        ("taken > 2020-01-01", "bc"),
        ("taken <= 2020-01-02", "ab"),
        ("at = 2020-01-02", "b"),
        ("at != 2020-01-02", "ac"),
        ("at <= 2020-01-02", "ab"),
        ("at > 2020-01-02", "c"),
        ("at >= 2020-01-02T12:00:00", "bc"),
        ("at > 2020-01-02 12:00:00", "c"),
        ("energy >= 11, kind = data", "b"),
        ("kind = mc; kind = data", "ab"),
        ("energy > 10 and (kind = mc or kind = data)", "b"),
        ("nobody_has_this = 3", ""),
        ({"energy.gte": 11, "kind": "data"}, "b"),
        ({"kind.like": "mc*"}, "ac"),
        (key("energy") >= 11, "bc"),
        (11 <= key("energy"), "bc"),  # noqa: SIM300
        ((key("kind").like("mc*")) & (key("energy") < 12), "a"),
        ((key("kind") == "mc") | (key("kind") == "data"), "ab"),
        ((key("energy") > 10) & ((key("good") == True) | (key("kind") == "mc")), "bc"),  # noqa: E712
        (key("at") >= NOON, "bc"),
        (key("at") < NOON.astimezone(timezone(timedelta(hours=9))), "a"),
        (key("taken") == date(2020, 1, 3), "c"),
    ],
)
def test_a_condition_on_custom_metadata_finds_the_right_ones(
    alice: Lake, described: str, where: Any, letters: str
) -> None:
    assert _found(alice, described, where) == letters


def test_a_number_is_no_text_even_where_texts_are(alice: Lake, described: str, db: str) -> None:
    if db == "sqlite":
        assert _found(alice, described, "code = 5") == ""
        return
    with pytest.raises(InvalidMetadata, match="cannot compare code = 5") as caught:
        _found(alice, described, "code = 5")
    assert "in quotes" in caught.value.remedy
    assert "SELECT" not in str(caught.value)


TODAY, YESTERDAY = (f"{datetime.now(timezone.utc) - timedelta(days=n):%Y-%m-%d}" for n in (0, 1))


@pytest.mark.parametrize(
    ("where", "letters"),
    [
        (f"created_at >= {YESTERDAY}", "abcd"),
        (f"created_at > {TODAY}", ""),
        (f"created_at < {YESTERDAY}", ""),
        ("created_at > 2020-01-01 00:00:00", "abcd"),
        ("created_at = 2020-01-01", ""),
        ("length != 1", "abcd"),
        ("length > 0", ""),
        ("bytes != 1", "abcd"),
        ("project = user", "abcd"),
        ("project != user", ""),
        ("project like us*", "abcd"),
        ("project != us*", ""),
        ("hidden = false", "abcd"),
        ("hidden = true", ""),
        ("hidden != false", ""),
        ("is_archive = false", "abcd"),
        ("is_archive != true", "abcd"),
        ("is_archive = true", ""),
        ("run_number = 5", ""),
        ("run_number != 5", "abcd"),
        ('version >= "1"', ""),
        ("guid = 01234567-89ab-cdef-0123-456789abcdef", ""),
        (key("created_at") <= datetime.now(timezone.utc) + timedelta(days=1), "abcd"),
        (key("created_at") > datetime.now(timezone.utc) + timedelta(days=1), ""),
    ],
)
def test_a_condition_on_rucios_own_columns_finds_the_right_ones(
    alice: Lake, described: str, where: Any, letters: str
) -> None:
    assert _found(alice, described, where) == letters


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("length = 4", {"4lep_data", "GamGam_data"}),
        ("3 < length < 5, bytes > 1000000", {"GamGam_data"}),
        ("bytes >= 8000000; length = 4", {"4lep_data", "GamGam_data"}),
    ],
)
def test_sizes_are_compared_as_numbers(alice: Lake, where: str, names: set[str]) -> None:
    found = alice.search("ATLAS_OD_EDU:*_data", "dataset", where)
    assert {entry.did.name for entry in found} == names


@pytest.mark.parametrize(
    ("where", "position"),
    [
        ("energy >", 8),
        ("><", 0),
        ("energy 13000", 12),
        ("energy >= 13000 kind = mc", 21),
        ("energy >= 13000,", 16),
        ("a > b > c > d", 10),
        ("1 = a = 2", 6),
        ("(a = 1", 6),
        ("a = 1)", 5),
        ("a = ; b = 1", 4),
        ("a = 1 or", 8),
        ("a.b = 1", 0),
        ("a > mc*", 0),
        ("ok = 1, 5 = 7", 8),
        ('a = "b', 4),
        ("not kind = mc", 0),
        ("ok = 1, a b > 5", 8),
        ("energy > 13 TeV", 0),
    ],
)
def test_a_text_that_makes_no_sense_is_refused_at_its_place(where: str, position: int) -> None:
    with pytest.raises(InvalidInput, match=f"at character {position + 1} ") as caught:
        where_from(where)
    assert caught.value.details["position"] == position


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("energy = 1, length = 0", "at once"),
        ("energy = 1; length = 0", "at once"),
        ("account = alice", "cannot search by account"),
        ("is_open = true", "cannot search by is_open"),
        ("name like x*", "no metadata key"),
        ("type = dataset", "no metadata key"),
        ("created_after = 2020-01-01", "no metadata key"),
        ("bytes = many", "a number"),
        ("bytes like 1*", "a number"),
        ("created_at > soon", "a date or time"),
        ("created_at != 2020-01-01", "write it as"),
        ("hidden = 1", "true or false"),
        ("hidden > true", "says nothing"),
        ({"version": 5}, "as a text"),
        ("values = 5", "cannot search by values"),
        ({"True": 1}, "cannot be a metadata key"),
        (key("energy"), "is no condition"),
        ("guid = abc", "whole guid"),
        ("kind like *", "says nothing"),
        ('kind = "50%"', "something else"),
        ('kind = "is-true"', "true and false"),
        ('kind = "2020-01-01 12:00:00"', "for a time"),
        ("kind = a, kind = b", "only once"),
        ("kind like a*, kind = b", "only once"),
        ({"energy.near": 5}, "unknown operator"),
        ({"energy": float("inf")}, "no finite number"),
        ({"energy": None}, "cannot be compared"),
        ({"energy": [1]}, "cannot be compared"),
        (["energy"], "is no condition"),
        (13, "is no condition"),
    ],
)
def test_what_rucio_would_get_wrong_is_refused(where: Any, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        rucio_filters("*", where_from(where))


@pytest.mark.parametrize(
    "make",
    [
        lambda: 1 <= key("a") < 5,
        lambda: key("a") >= 1 and key("b") < 2,
        lambda: not key("a") == 1,  # noqa: SIM201
    ],
)
def test_python_words_between_conditions_are_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(InvalidInput, match="neither true nor false"):
        make()


def test_a_condition_with_something_else_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is no condition"):
        (key("a") == 1) & "b = 2"  # type: ignore[operator]


@pytest.mark.parametrize(
    ("where", "sent"),
    [
        ("adler32 = 01234567", "01234567"),
        ("md5 = 1e5", "'1e5'"),
        ("version = 5", "'5'"),
        ("period = 007", "007"),
        ("a = -7", -7),
        ("a = 0", 0),
        ("a = .5", 0.5),
        ("a = 1.e3", 1000.0),
        ("a = 1.2.3", "1.2.3"),
        ("a = 5abc", "5abc"),
        ("a = '13 TeV'", "13 TeV"),
        (key("a") == np.int64(7), 7),
        (key("a") == np.bool_(True), True),
    ],
)
def test_a_value_is_sent_as_what_it_is(where: Any, sent: object) -> None:
    (group,) = rucio_filters("*", where_from(where))
    (value,) = (value for name, value in group.items() if name != "name")
    assert (type(value), value) == (type(sent), sent)


@pytest.mark.parametrize("limit", [0, -1, 2.5, "3"])
def test_a_limit_that_is_no_number_is_refused(alice: Lake, limit: Any) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        alice.query("s:x*", limit=limit)


def test_too_many_alternatives_are_refused() -> None:
    one = (key("a") == 1) | (key("b") == 2)
    many = one & one & one & one & one & one & one
    with pytest.raises(InvalidInput, match="more than 100"):
        rucio_filters("*", many)


def test_a_query_shows_itself_and_sends_nothing(alice: Lake) -> None:
    nowhere = Lake(alice.instance, credentials=_no_login)
    query = nowhere.query("s:x*", "dataset", "a >= 1 and (kind = mc or b = 2020-01-31)", limit=5)
    assert str(query) == (
        "s:x* of type dataset where a >= 1 and (kind = 'mc' or b = 2020-01-31), at most 5"
    )
    assert repr(query).startswith("<Query s:x* of type dataset")
    assert query.filters == [
        {"a.gte": 1, "kind": "mc", "name": "x*"},
        {"a.gte": 1, "b": "2020-01-31*", "name": "x*"},
    ]
    assert (query.scope, query.name, query.type, query.limit) == ("s", "x*", "dataset", 5)
    with pytest.raises(AssertionError, match="asked for a login"):
        iter(query)


def _no_login() -> Any:
    raise AssertionError("asked for a login")


def test_what_a_query_shows_can_be_asked_again() -> None:
    where = where_from("a >= 1.5 and (kind like mc* or b < 2020-01-31) or 'c d' = 'x, y'")
    assert where_from(str(where)) == where


def test_a_query_may_be_sent_twice(alice: Lake, described: str) -> None:
    query = alice.query(described, where="energy >= 11")
    assert list(query) == list(query) != []


def test_a_malformed_query_is_refused_before_it_is_sent(alice: Lake) -> None:
    nowhere = Lake(alice.instance, credentials=_no_login)
    for bad in ({"type": "folder"}, {"limit": 0}, {"where": "a >"}):
        with pytest.raises(InvalidInput):
            nowhere.query("s:x*", **bad)  # type: ignore[arg-type]
    with pytest.raises(WildcardRefused):
        nowhere.query("*:x")


def test_an_unknown_scope_is_told_with_conditions_too(alice: Lake) -> None:
    with pytest.raises(ScopeNotFound):
        list(alice.query("NOPE:x*", where="energy > 1"))


@pytest.mark.parametrize("name", ["mc_true_info", "FALSE.alarm", "12345", "None", "1e5", "0x10"])
def test_a_name_that_rucio_would_take_for_something_else_is_found(
    alice: Lake, fresh: Callable[[str], str], name: str
) -> None:
    if not name[-1].isdigit() and name != "None":
        name = fresh(name)
    if not list(alice.search(f"user.alice:{name}")):
        alice.client.add_dataset("user.alice", name)
    alice.client.add_dataset("user.alice", fresh(name))
    assert [entry.did.name for entry in alice.search(f"user.alice:{name}")] == [name]


def test_a_server_without_custom_metadata_is_told_as_such(standin: Callable[..., StandIn]) -> None:
    told = {"ExceptionClass": "InvalidMetadata", "Content-Type": "application/json"}
    told["ExceptionMessage"] = "There is no metadata plugin that manages the filter key(s)."
    service = standin(lambda _: Answer(400, b"{}", told))
    plain = Lake(
        Instance("plain", service.url, account="alice"), credentials=Bearer("the-token", "alice")
    )
    with pytest.raises(InvalidMetadata, match="cannot search by energy > 1") as caught:
        list(plain.search("s:x*", where="energy > 1"))
    assert "created_at" in caught.value.remedy
