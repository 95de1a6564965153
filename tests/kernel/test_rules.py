"""Making available: what is granted, what is refused, and with which numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from dlaas import Lake
from dlaas.errors import (
    AccessDenied,
    DataIdentifierNotFound,
    DuplicateRule,
    InsufficientAccountLimit,
    InvalidDID,
    InvalidInput,
    InvalidLifetime,
    InvalidRSEExpression,
    RuleNotFound,
    ScopeNotFound,
)

DATA = "ATLAS_OD_EDU:4lep_data"
SMALL = "ATLAS_OD_EDU:GamGam_mc_ZH125J_Zincl"


def _days(rule: Any) -> float:
    return float((rule.expires_at - datetime.now(timezone.utc)) / timedelta(days=1))


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


def test_a_rule_of_another_account_cannot_be_changed(alice: Lake, bob: Lake, own: str) -> None:
    rule = alice.list_rules(own)[0]
    for act in (lambda: bob.update_rule(rule.id, "9d"), lambda: bob.delete_rule(rule.id)):
        with pytest.raises(AccessDenied, match="does not let this account"):
            act()
    assert alice.get_rule(rule.id).expires_at == rule.expires_at


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
