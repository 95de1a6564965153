"""Rules on the files of a part, where a rule on the collection would fetch all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dlaas.catalogue.rules import covers
from dlaas.errors import DuplicateRule, InvalidInput, InvalidRSEExpression
from dlaas.lifetime import Lifetime, Until, seconds
from dlaas.model import DID, Entry, Granted, Rule
from dlaas.variables.part_status import rules_on

if TYPE_CHECKING:
    from dlaas.lake import Lake

# More rules than this are a burden for any Rucio: a rule on the whole is one.
MOST_RULES = 1000


@dataclass(frozen=True)
class GrantedPart(Granted):
    """What was granted for a part: `rule` is that of the `rules` on its files which ends first."""

    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class _Wish:
    """What rules are wanted; `lifetime` in seconds, None without end."""

    expression: str
    copies: int
    lifetime: int | None
    activity: str | None
    comment: str | None


def make_available(
    lake: Lake,
    did: DID,
    entries: Sequence[Entry],
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    *,
    rse_expression: str | None = None,
    qos: str | None = None,
    copies: int = 1,
    activity: str | None = None,
    comment: str | None = None,
    extend: bool = False,
) -> GrantedPart:
    """Have some files of a collection put where the notebook can read them.

    Rules of this account that last long enough stay as they are; all new ones are made in one call,
    all or none. Raises as `Lake.make_available`, and `InvalidInput` for more than 1,000 files.
    """
    if not entries:
        raise InvalidInput(f"This part of {did} holds no files.")
    if len(entries) > MOST_RULES:
        raise InvalidInput(
            f"This part of {did} has {len(entries):,} files, and each would get a rule of its own:"
            f" {MOST_RULES:,} at most.",
            remedy="Make the whole collection available, or a smaller part.",
        )
    if isinstance(copies, bool) or not isinstance(copies, int) or copies < 1:
        raise InvalidInput("The number of copies must be at least 1.")
    wanted = seconds(lifetime, until)
    asked = wanted if wanted is not None else lake.instance.default_lifetime
    expression = _expression(lake, rse_expression, qos)
    wish = _Wish(expression, copies, asked, activity, comment)
    try:
        added, extended = _grant(lake, entries, wish, extend)
    except DuplicateRule as error:
        if error.details.get("rule_id"):
            raise
        # Another process was as quick: now its rules are seen.
        added, extended = _grant(lake, entries, wish, extend)
    rules = _own(lake, entries, wish)
    first = min(rules, key=lambda rule: rule.expires_at or _ENDLESS)
    return GrantedPart(
        first, bool(added), _note(first, len(entries), added, extended), tuple(rules)
    )


_ENDLESS = datetime.max.replace(tzinfo=timezone.utc)


def _expression(lake: Lake, rse_expression: str | None, qos: str | None) -> str:
    if rse_expression and qos:
        raise InvalidInput("Give an RSE expression or a quality of service, not both.")
    expression = lake.qos_expression(qos) if qos else rse_expression
    expression = expression or lake.instance.destination_rse
    if not expression:
        raise InvalidRSEExpression(
            f"{lake.instance.title} has no destination_rse: say which RSE the data is to go to."
        )
    return expression


def _own(lake: Lake, entries: Sequence[Entry], wish: _Wish) -> list[Rule]:
    found = rules_on(lake, entries, wish.expression)
    return [rule for rule in found if rule.copies == wish.copies]


def _grant(lake: Lake, entries: Sequence[Entry], wish: _Wish, extend: bool) -> tuple[int, int]:
    """Make what rules are missing and lengthen what is short; answer how many of each."""
    own = _own(lake, entries, wish)
    short = [rule for rule in own if not covers(rule, wish.lifetime)]
    if short and not extend:
        raise _ends_earlier(short)
    ruled = {rule.did for rule in own}
    new = [entry for entry in entries if entry.did not in ruled]
    if new:
        lake.check_quota(wish.expression, lambda: sum(entry.bytes or 0 for entry in new))
    # Where Rucio lets nobody lengthen a rule, that is heard before anything has changed.
    for rule in short:
        lake._set_lifetime(rule.id, wish.lifetime)
    if new:
        told = {"activity": wish.activity, "comment": wish.comment}
        lake.client.add_replication_rule(
            [{"scope": entry.did.scope, "name": entry.did.name} for entry in new],
            wish.copies,
            wish.expression,
            lifetime=wish.lifetime,
            **{key: value for key, value in told.items() if value is not None},
        )
    return len(new), len(short)


def _ends_earlier(short: Sequence[Rule]) -> DuplicateRule:
    first = min(short, key=lambda rule: rule.expires_at or _ENDLESS)
    return DuplicateRule(
        f"{len(short)} of these files have a rule of yours that ends earlier, the first"
        f" {_until(first)}.",
        remedy="Extend them: make_available(…, extend=True).",
        details={
            "rule_id": first.id,
            "expires_at": first.expires_at.isoformat() if first.expires_at else None,
        },
    )


def _note(first: Rule, files: int, added: int, extended: int) -> str:
    there = files - added - extended
    parts = [f"{added} rules made" if added else "", f"{extended} extended" if extended else ""]
    parts.append(f"{there} there already" if there else "")
    told = ", ".join(part for part in parts if part)
    return f"{files} files are granted on {first.rse_expression} {_until(first)}: {told}."


def _until(rule: Rule) -> str:
    if rule.expires_at is None:
        return "without end"
    return f"until {rule.expires_at:%Y-%m-%d %H:%M} UTC"
