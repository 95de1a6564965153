"""Making available: what is granted, what is refused, and with which numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from standin import Answer, Request, StandIn

from dlaas import Instance, Lake
from dlaas.catalogue.stuck import explain
from dlaas.credentials import Bearer
from dlaas.errors import (
    AccessDenied,
    DataIdentifierNotFound,
    DuplicateRule,
    InsufficientAccountLimit,
    InvalidDID,
    InvalidInput,
    InvalidLifetime,
    InvalidRSEExpression,
    NotThere,
    RuleNotFound,
    ScopeNotFound,
)
from dlaas.model import DID, Rule
from jupyter_dlaas.lake import EmbeddedLake

DATA = "ATLAS_OD_EDU:4lep_data"
SMALL = "ATLAS_OD_EDU:GamGam_mc_ZH125J_Zincl"


def _days(rule: Any) -> float:
    return float((rule.expires_at - datetime.now(timezone.utc)) / timedelta(days=1))


@pytest.fixture(scope="module")
def root(lake: EmbeddedLake) -> Lake:
    """The lake as its administrator."""
    return Lake(Instance.from_mapping({**lake.instance("root"), "name": "roots"}))


@pytest.fixture
def own(alice: Lake, a_file: Path, fresh: Callable[[str], str]) -> str:
    """A file of alice's own on NORTH-DISK, which no other test makes rules for."""
    return str(alice.upload(a_file, f"user.alice:{fresh('rules')}", lifetime="1d").did)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"lifetime": 0}, InvalidLifetime),
        ({"lifetime": "-1d"}, InvalidLifetime),
        ({"until": "2020-01-01"}, InvalidLifetime),
        ({"lifetime": "1d", "until": "2030-01-01"}, InvalidInput),
        ({"copies": 0}, InvalidInput),
        ({"copies": True}, InvalidInput),
        ({"lifetime": "1d", "rse_expression": "NOWHERE"}, InvalidRSEExpression),
        ({"lifetime": "1d", "rse_expression": "((("}, InvalidRSEExpression),
        ({"lifetime": "1d", "qos": "NOPE"}, InvalidInput),
        ({"lifetime": "1d", "qos": ""}, InvalidInput),
        ({"lifetime": "1d", "qos": "FAST", "rse_expression": "NORTH-DISK"}, InvalidRSEExpression),
        (
            {"lifetime": "1d", "rse_expression": "NORTH-DISK|SOUTH-DISK", "copies": 3},
            InvalidRSEExpression,
        ),
    ],
)
def test_bad_input_makes_no_rule(
    alice: Lake, own: str, options: dict[str, Any], error: type[Exception]
) -> None:
    before = alice.list_rules(own)
    with pytest.raises(error):
        alice.make_available(own, **options)
    assert alice.list_rules(own) == before


@pytest.mark.parametrize(
    ("did", "error"),
    [
        ("nonsense", InvalidDID),
        ("NOPE:x", ScopeNotFound),
        ("ATLAS_OD_EDU:nope", DataIdentifierNotFound),
    ],
)
def test_what_is_not_there_cannot_be_made_available(
    alice: Lake, did: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        alice.make_available(did, "1d")


def test_the_answer_is_what_rucio_granted(alice: Lake, own: str) -> None:
    granted = alice.make_available(own, "2w", comment="for the thesis")
    assert granted.new
    assert granted.rule == replace(
        alice.get_rule(granted.rule.id),
        state=granted.rule.state,
        locks_ok=granted.rule.locks_ok,
        locks_replicating=granted.rule.locks_replicating,
        updated_at=granted.rule.updated_at,
    )
    assert _days(granted.rule) == pytest.approx(14, abs=0.01)
    assert (granted.rule.comment, granted.rule.account) == ("for the thesis", "alice")
    assert f"{granted.rule.expires_at:%Y-%m-%d}" in granted.note


def test_a_date_means_its_end(alice: Lake, own: str) -> None:
    day = (datetime.now(timezone.utc) + timedelta(days=20)).date()
    granted = alice.make_available(own, until=day)
    assert granted.rule.expires_at is not None
    assert granted.rule.expires_at.date() == day
    assert granted.rule.expires_at.hour == 23


def test_without_a_lifetime_it_is_the_instances(alice: Lake, own: str) -> None:
    assert _days(alice.make_available(own).rule) == pytest.approx(14, abs=0.01)


def test_the_same_again_is_the_rule_that_is_there(alice: Lake, own: str) -> None:
    first = alice.make_available(own, "5d")
    again = alice.make_available(own, "4d")
    assert not again.new
    assert again.rule.id == first.rule.id
    assert _days(again.rule) == pytest.approx(5, abs=0.01)


def test_a_longer_wish_offers_to_extend(alice: Lake, own: str) -> None:
    first = alice.make_available(own, "5d")
    with pytest.raises(DuplicateRule) as caught:
        alice.make_available(own, "10d")
    assert caught.value.details["rule_id"] == first.rule.id
    assert caught.value.details["expires_at"].startswith(f"{first.rule.expires_at:%Y-%m-%dT%H}")
    assert "xtend" in caught.value.remedy
    longer = alice.make_available(own, "10d", extend=True)
    assert longer.rule.id == first.rule.id
    assert _days(longer.rule) == pytest.approx(10, abs=0.01)


def test_extending_to_no_end_makes_the_rule_endless(alice: Lake, own: str) -> None:
    endless = replace(alice.instance, name="endless", replication_rule_lifetime_days=None)
    there = Lake(endless, credentials=alice.credential)
    first = there.make_available(own, "5d")
    with pytest.raises(DuplicateRule):
        there.make_available(own)
    longer = there.make_available(own, extend=True)
    assert longer.rule.id == first.rule.id
    assert longer.rule.expires_at is None
    assert "without end" in longer.note


def test_a_quota_that_does_not_suffice_is_told_with_numbers(bob: Lake) -> None:
    with pytest.raises(InsufficientAccountLimit) as caught:
        bob.make_available("ATLAS_OD_EDU:GamGam_data", "1d", rse_expression="SOUTH-DISK")
    assert caught.value.details["needed"] > caught.value.details["left"]
    assert "MB are needed on SOUTH-DISK" in str(caught.value)
    assert not [r for r in bob.list_rules("ATLAS_OD_EDU:GamGam_data") if r.account == "bob"]


def test_a_rule_by_expression_counts_where_it_can_only_be_here(
    alice: Lake, own: str, eventually: Callable[..., Any]
) -> None:
    rule = alice.make_available(own, "3d", rse_expression="site=CAMPUS").rule
    found = eventually(lambda: (s := alice.status(own)).state == "available" and s)
    assert found.expires_at == rule.expires_at
    assert not alice.aims_at(replace(rule, rse_expression="*"), "NOTEBOOK-MOUNT")


def test_rucios_own_refusal_of_a_quota_is_told_as_such(bob: Lake) -> None:
    with pytest.raises(InsufficientAccountLimit):
        bob.make_available("ATLAS_OD_EDU:GamGam_data", "1d", rse_expression="site=SOUTH")


def test_an_expression_is_refused_when_too_few_of_its_rses_have_room(bob: Lake) -> None:
    """SOUTH-DISK has no room for bob: of two RSEs one remains, for two copies too few."""
    data, both = "ATLAS_OD_EDU:GamGam_data", "NORTH-DISK|SOUTH-DISK"
    with pytest.raises(InsufficientAccountLimit, match="are needed on SOUTH-DISK"):
        bob.make_available(data, "1d", rse_expression=both, copies=2)
    granted = bob.make_available(data, "1h", rse_expression=both)
    bob.delete_rule(granted.rule.id)


def test_a_quota_for_several_rses_together_is_checked_too(
    bob: Lake, root: Lake, eventually: Callable[..., Any]
) -> None:
    """Nothing else in these tests needs room of bob's on NORTH-DISK."""
    data, together = "ATLAS_OD_EDU:GamGam_data", "site=NORTH"
    root.client.set_global_account_limit("bob", together, 1_000_000)
    try:
        limits = {usage.rse: usage for usage in bob.usage() if usage.locality == "global"}
        assert limits[together].limit == 1_000_000
        with pytest.raises(InsufficientAccountLimit, match="are needed on site=NORTH") as caught:
            bob.make_available(data, "1d", rse_expression="NORTH-DISK")
        assert caught.value.details["limit"] == 1_000_000
    finally:
        root.client.delete_global_account_limit("bob", together)


def test_a_quality_of_service_is_turned_into_rses(alice: Lake, own: str) -> None:
    known = {qos.label: qos for qos in alice.list_qos()}
    assert known["FAST"].rses == ("NOTEBOOK-MOUNT",)
    granted = alice.make_available(own, "1d", qos="fast", activity="User Subscriptions")
    assert granted.rule.rse_expression == known["FAST"].expression == "QOS=FAST"
    assert "QOS=FAST (NOTEBOOK-MOUNT) until" in granted.note
    assert granted.rule.activity == "User Subscriptions"


def test_a_quality_of_service_narrows_an_expression(alice: Lake, own: str) -> None:
    rule = alice.make_available(own, "1d", qos="SAFE", rse_expression="site=NORTH").rule
    assert rule.rse_expression == "(site=NORTH)&(QOS=SAFE)"


def test_an_unknown_quality_of_service_names_those_there_are(alice: Lake, own: str) -> None:
    with pytest.raises(InvalidInput, match="no quality of service 'GOLD'") as caught:
        alice.make_available(own, "1d", qos="GOLD")
    assert {"CHEAP-ANALYSIS", "FAST", "SAFE"} <= set(caught.value.details["labels"])
    assert "CHEAP-ANALYSIS" in caught.value.remedy


def test_a_rule_of_another_account_cannot_be_changed(alice: Lake, bob: Lake, own: str) -> None:
    rule = alice.list_rules(own)[0]
    for act in (lambda: bob.update_rule(rule.id, "9d"), lambda: bob.delete_rule(rule.id)):
        with pytest.raises(AccessDenied, match="does not let this account"):
            act()
    with pytest.raises(AccessDenied, match="a rule of 'alice'"):
        bob.delete_rule(rule.id)
    assert alice.get_rule(rule.id).expires_at == rule.expires_at
    assert bob.may("delete_rule") is None


def test_whether_one_may_is_known_before(alice: Lake, bob: Lake, root: Lake, own: str) -> None:
    rule = alice.list_rules(own)[0]
    assert alice.may("update_rule", rule.id) is True
    assert bob.may("update_rule", rule.id) is False
    assert alice.may("update_rule") is None
    assert alice.may("add_replicas", "NORTH-DISK") is True
    assert alice.may("add_replicas", "NO-SUCH-RSE") is None
    alice.make_available(own, "1d")
    assert alice.may("add_rule") is True
    assert all(
        root.may(action) is True for action in ("update_rule", "delete_rule", "add_replicas")
    )
    assert alice.get_rule(rule.id) == rule


def test_a_rule_that_is_refused_at_one_place_says_nothing_of_others(
    standin: Callable[..., StandIn],
) -> None:
    def answer(request: Request) -> Answer:
        if request.method == "POST":
            told = {"ExceptionClass": "RSEWriteBlocked", "ExceptionMessage": "R is blocked."}
            return Answer(401, headers=told)
        if "usage/local" in request.path:
            endless = {"rse": "R", "bytes": 0, "files": 0, "bytes_limit": -1}
            kind = {"Content-Type": "application/x-json-stream"}
            return Answer(200, json.dumps(endless).encode(), kind)
        if "usage" in request.path or "/attr" in request.path:
            return Answer(200, b"", {"Content-Type": "application/x-json-stream"})
        row = {"type": "DATASET", "bytes": 1, "rse": "R"}
        return Answer(200, json.dumps(row).encode(), {"Content-Type": "application/json"})

    there = Lake(
        Instance("x", standin(answer).url, account="alice", destination_rse="D"),
        credentials=Bearer("the-token", "alice"),
    )
    with pytest.raises(AccessDenied):
        there.make_available("s:n", "1d", rse_expression="R")
    assert there.may("add_rule", "R") is False
    assert there.may("add_rule", "D") is None
    assert there.may("add_rule") is None


def test_a_server_that_asks_its_policy_for_the_rse_alone_is_understood(
    standin: Callable[..., StandIn],
) -> None:
    def answer(request: Request) -> Answer:
        if request.method == "POST":
            told = {"ExceptionClass": "ScopeNotFound", "ExceptionMessage": "Scope not found!"}
            return Answer(404, headers=told)
        return Answer(200, b"", {"Content-Type": "application/x-json-stream"})

    there = Lake(
        Instance("x", standin(answer).url, account="alice"),
        credentials=Bearer("the-token", "alice"),
    )
    assert there.may("add_replicas", "R") is True


def test_an_unknown_act_is_told_as_such(alice: Lake) -> None:
    with pytest.raises(InvalidInput, match="add_rule, delete_rule"):
        alice.may("fly")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="not the id of a rule"):
        alice.may("update_rule", "../../accounts")


def test_a_rule_is_extended_shortened_and_released(alice: Lake, own: str) -> None:
    rule = alice.make_available(own, "5d").rule
    assert _days(alice.update_rule(rule.id, "30d")) == pytest.approx(30, abs=0.01)
    assert _days(alice.update_rule(rule.id, "1d")) == pytest.approx(1, abs=0.01)
    alice.delete_rule(rule.id)
    assert _days(alice.get_rule(rule.id)) < 0.05


@pytest.mark.parametrize("rule_id", ["", "x", "../../accounts", "0" * 31])
def test_what_is_no_rule_id_is_not_sent(alice: Lake, rule_id: str) -> None:
    with pytest.raises(InvalidInput):
        alice.get_rule(rule_id)


def test_an_unknown_rule_is_told_as_such(alice: Lake) -> None:
    with pytest.raises(RuleNotFound):
        alice.get_rule("0" * 32)


def test_a_rule_ends_with_its_lifetime_and_its_file_with_it(
    alice: Lake, own: str, eventually: Callable[..., Any]
) -> None:
    rule = alice.make_available(own, "1h").rule
    path = Path(eventually(lambda: alice.status(own).path))
    alice.update_rule(rule.id, "1s")
    eventually(lambda: not any(r.id == rule.id for r in alice.list_rules(own)))
    eventually(lambda: not path.exists())
    assert alice.status(own).state == "absent"


def test_a_rule_that_is_done_or_on_its_way_is_explained(
    alice: Lake, own: str, eventually: Callable[..., Any]
) -> None:
    rule = alice.make_available(own, "1d").rule
    found = alice.explain_rule(rule.id)
    assert found.rule.state in ("OK", "REPLICATING")
    done = eventually(lambda: (e := alice.explain_rule(rule.id)).rule.state == "OK" and e)
    assert done.reason == "All 1 files are on NOTEBOOK-MOUNT."
    assert (done.locks, done.complete) == ((), True)


def test_a_stuck_rule_shows_its_files_and_its_error(
    alice: Lake, lake: EmbeddedLake, own: str, eventually: Callable[..., Any]
) -> None:
    lake.hold("south")
    try:
        rule = alice.make_available(own, "1d", qos="CHEAP-ANALYSIS").rule
        eventually(lambda: alice.get_rule(rule.id).state == "STUCK", 120)
        found = alice.explain_rule(rule.id)
    finally:
        lake.release("south")
    assert "1 of 1 files could not be brought to QOS=CHEAP-ANALYSIS" in found.reason
    assert "Rucio's error: TRANSFER [" in found.reason
    assert f"update_rule('{rule.id}', boost=True)" in found.remedy
    (lock,) = found.locks
    assert (lock.did, lock.rse, lock.state, lock.error) == (own, "SOUTH-DISK", "STUCK", "FAILED")
    assert lock.attempts
    assert lock.attempts > 1
    assert lock.sources == ("NORTH-DISK",)
    assert f"{own} on SOUTH-DISK: STUCK: FAILED" in str(found)
    alice.update_rule(rule.id, boost=True)
    eventually(lambda: alice.get_rule(rule.id).state == "OK", 120)


def test_a_rule_shows_the_subscription_that_made_it(
    alice: Lake, root: Lake, fresh: Callable[[str], str], eventually: Callable[..., Any]
) -> None:
    name, pattern = fresh("keep"), fresh("kept")
    root.client.add_subscription(
        name, "root", {"scope": ["user.alice"], "pattern": f"{pattern}.*"},
        [{"copies": 1, "rse_expression": "NORTH-DISK", "activity": "User Subscriptions"}],
        "", False, False, False,
    )  # fmt: skip
    did = f"user.alice:{pattern}-1"
    alice.client.add_dataset("user.alice", f"{pattern}-1")
    there = Lake(alice.instance, credentials=alice.credential)
    (rule,) = eventually(lambda: there.list_rules(did), 120)
    assert (rule.subscription, rule.account) == (name, "root")
    assert [r.id for r in there.list_subscription_rules(name)] == [rule.id]
    assert rule.id in {r.id for r in there.list_subscription_rules(account="root")}
    with pytest.raises(NotThere, match="no subscription"):
        there.list_subscription_rules(fresh("nobody"))


def test_a_rule_of_ones_own_has_no_subscription(alice: Lake, own: str) -> None:
    assert alice.list_rules(own)[0].subscription is None


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("SUSPENDED", "is suspended"),
        ("WAITING_APPROVAL", "waits for the approval"),
        ("INJECT", "has not looked at it yet"),
    ],
)
def test_a_rule_that_waits_for_somebody_says_for_whom(
    alice: Lake, own: str, state: Any, why: str
) -> None:
    found = explain(alice, replace(alice.list_rules(own)[0], state=state))
    assert why in found.reason
    assert found.remedy


def test_a_stuck_file_without_any_source_is_told_as_such(
    standin: Callable[..., StandIn],
) -> None:
    told = {"scope": "s", "name": "n", "rse": "N", "attempts": 2, "last_error": "RequestState.LOST"}
    row = {"rule_error": "x", "transfers": [{**told, "sources": [["GONE", False]]}]}
    answer = Answer(200, json.dumps(row).encode(), {"Content-Type": "application/json"})
    there = Lake(
        Instance("x", standin(lambda _: answer).url, account="alice"),
        credentials=Bearer("the-token", "alice"),
    )
    rule = Rule("0" * 32, DID("s:n"), "alice", "N", "STUCK", locks_stuck=1)
    found = explain(there, rule)
    assert "No copy of them can be read anywhere" in found.reason
    assert [(lock.error, lock.sources) for lock in found.locks] == [("LOST", ())]
