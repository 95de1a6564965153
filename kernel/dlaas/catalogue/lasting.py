"""How long a rule lasts: long enough or not, and in words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from dlaas.errors import DuplicateRule
from dlaas.lifetime import said
from dlaas.model import Rule

# Rucio's clock and ours may differ, and a rule is not worth extending by less.
_SLACK = timedelta(minutes=5)


def covers(rule: Rule, asked: int | None) -> bool:
    """Tell whether a rule lasts as long as asked, in seconds from now; None means without end."""
    if rule.expires_at is None:
        return True
    if asked is None:
        return False
    return rule.expires_at + _SLACK >= datetime.now(timezone.utc) + timedelta(seconds=asked)


def duplicate(rule: Rule) -> DuplicateRule:
    """Make the error for a second rule of the kind, which says until when the first one lasts."""
    place = rule.rse_expression
    return DuplicateRule(
        f"You already have a rule that keeps {rule.did} on {place} {until_said(rule)}.",
        remedy="Extend that rule: make_available(…, extend=True).",
        details={
            "rule_id": rule.id,
            "expires_at": rule.expires_at.isoformat() if rule.expires_at else None,
        },
    )


def until_said(rule: Rule) -> str:
    """Say until when a rule lasts."""
    if rule.expires_at is None:
        return "without end"
    return f"until {rule.expires_at:%Y-%m-%d %H:%M} UTC"


def how_long(rule: Rule, asked: int | None) -> str:
    """Say until when a rule lasts, and where that is not what was asked for, in seconds."""
    text = f"{until_said(rule)}."
    if asked is None or rule.expires_at is None:
        return text
    left = (rule.expires_at - datetime.now(timezone.utc)).total_seconds()
    if abs(left - asked) > max(_SLACK.total_seconds(), asked * 0.01):
        return f"{text} Rucio granted {said(max(0, left))} where {said(asked)} were asked for."
    return text
