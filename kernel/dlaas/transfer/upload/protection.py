"""The rules that keep what is uploaded: made for a dataset, or for files, many in one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from dlaas import errors
from dlaas.catalogue.rules import covers
from dlaas.lifetime import seconds
from dlaas.model import DID, Rule
from dlaas.transfer.upload.names import chunked
from dlaas.transfer.upload.register import keep

if TYPE_CHECKING:
    from dlaas.lake import Lake

# Rucio makes the locks of all of them before it answers.
_RULES_AT_ONCE = 200
_CLOCKS = timedelta(hours=1)
_OPTIONS = frozenset({"rse_expression", "copies", "lifetime", "until"})


@dataclass(frozen=True)
class Wish:
    """A rule that is wanted; `lifetime` in seconds, None without end."""

    expression: str
    copies: int = 1
    lifetime: int | None = None

    def is_met_by(self, rule: Rule) -> bool:
        """Tell whether a rule is this one, whatever its end."""
        return (rule.rse_expression, rule.copies) == (self.expression, self.copies)


def wishes(
    lake: Lake,
    rses: Sequence[str],
    rules: Iterable[str | Mapping[str, Any]],
    lifetime: int | None,
) -> list[Wish]:
    """Read which rules are wanted: one for each RSE, and others; the first is where files are sent.

    Raises `InvalidInput`, `InvalidRSEExpression`.
    """
    found = [Wish(rse, lifetime=lifetime) for rse in rses]
    for told in rules:
        wish = _read(told, lifetime)
        names = lake.matching_rses(wish.expression)
        if len(names) < wish.copies:
            raise errors.InvalidRSEExpression(
                f"{wish.copies} copies are wanted on {wish.expression}, which means"
                f" {', '.join(sorted(names)) or 'no RSE'}."
            )
        found.append(wish)
    return list(dict.fromkeys(found))


def _read(told: str | Mapping[str, Any], lifetime: int | None) -> Wish:
    if isinstance(told, str):
        return Wish(told, lifetime=lifetime)
    if not isinstance(told, Mapping) or not told.get("rse_expression") or set(told) - _OPTIONS:
        raise errors.InvalidInput(
            f"{told!r} is no rule.",
            remedy=f"Give an RSE expression, or a mapping of {', '.join(sorted(_OPTIONS))}.",
        )
    copies = told.get("copies", 1)
    if isinstance(copies, bool) or not isinstance(copies, int) or copies < 1:
        raise errors.InvalidInput("The number of copies must be at least 1.")
    own = seconds(told.get("lifetime"), told.get("until"))
    return Wish(str(told["rse_expression"]), copies, lifetime if own is None else own)


def rules_of_dataset(lake: Lake, dataset: DID) -> list[Rule]:
    """List this account's rules on a dataset itself."""
    rows = lake.client.list_did_rules(dataset.scope, dataset.name)
    return [rule for rule in map(lake._rule, rows) if rule.account == lake.account]


def covered(wish: Wish, rules: Iterable[Rule]) -> bool:
    """Tell whether one of these rules keeps as a wish wants."""
    return any(wish.is_met_by(rule) and covers(rule, wish.lifetime) for rule in rules)


def keep_files(lake: Lake, dids: Sequence[DID], wish: Wish) -> dict[DID, errors.DlaasError]:
    """Make a rule for each of some files, many in one call; answers those that have none, and why.

    Raises `CannotAuthenticate`.
    """
    failed: dict[DID, errors.DlaasError] = {}
    for chunk in chunked(dids, _RULES_AT_ONCE):
        asked = [{"scope": did.scope, "name": did.name} for did in chunk]
        try:
            lake.client.add_replication_rule(
                asked, wish.copies, wish.expression, lifetime=wish.lifetime
            )
        except errors.CannotAuthenticate:
            raise
        except errors.DlaasError as error:
            # One of them has it already, or all are refused: each is told by itself.
            failed.update(_one_by_one(lake, chunk, wish, error))
    return failed


def _one_by_one(
    lake: Lake, dids: list[DID], wish: Wish, error: errors.DlaasError
) -> dict[DID, errors.DlaasError]:
    if isinstance(error, (errors.Unreachable, errors.TookTooLong)):
        return dict.fromkeys(dids, error)
    failed: dict[DID, errors.DlaasError] = {}
    for did in dids:
        try:
            keep(lake, did, wish.expression, wish.copies, wish.lifetime)
        except errors.CannotAuthenticate:
            raise
        except errors.DlaasError as own:
            failed[did] = own
    return failed


def kept_since(
    lake: Lake, scopes: Iterable[str], wish: Wish, since: datetime | None
) -> dict[DID, Rule]:
    """Answer this account's rules on files of some scopes that are like a wish, by their file.

    `since` leaves out older ones.
    """
    found = {}
    for scope in set(scopes):
        filters = {
            "account": lake.account,
            "scope": scope,
            "rse_expression": wish.expression,
            "did_type": "F",
        }
        if since is not None:
            # Rucio's clock and ours may differ.
            filters["created_after"] = f"{since - _CLOCKS:%a, %d %b %Y %H:%M:%S} UTC"
        for row in lake.client.list_replication_rules(filters):
            rule = lake._rule(row)
            if wish.is_met_by(rule):
                found[rule.did] = rule
    return found


def now() -> datetime:
    """Answer the time."""
    return datetime.now(timezone.utc)
