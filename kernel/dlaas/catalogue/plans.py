"""What a rule would mean before it is made, and what a rule keeps put elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from dlaas import access
from dlaas.catalogue.copies import counted, held, list_copies, list_paths
from dlaas.catalogue.lasting import covers, duplicate, until_said
from dlaas.catalogue.rules import Rules
from dlaas.errors import (
    AccessDenied,
    AlreadyThere,
    DlaasError,
    DuplicateRule,
    InsufficientTargetRSEs,
    InvalidInput,
    InvalidRSEExpression,
    problem,
)
from dlaas.lifetime import Lifetime, Until, seconds
from dlaas.model import DID, Copies, Granted, Rule, RulePreview
from dlaas.rucio.rows import type_of

# Of so many RSEs it is looked up whether they take data now.
_MOST_RSES = 10


class Plans(Rules):
    """What helps to decide about rules, and what takes more than one step."""

    def list_copies(self, did: str) -> list[Copies]:
        """List the copies of a DID by RSE, with how each is read from here, in a few calls.

        Raises `DataIdentifierNotFound`, `ScopeNotFound`; `InvalidInput` for a container of too many
        datasets.
        """
        did = DID(did)
        row = self._did(did)
        return list_copies(self, did, row, type_of(row["type"]))

    def list_paths(self, did: str) -> Iterator[str]:
        """List the paths of the files below a DID that lie on this machine; others are left out.

        Raises `DataIdentifierNotFound`, `ScopeNotFound`.
        """
        return list_paths(self, self.list_files(did))

    def preview_rule(
        self,
        did: str,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        *,
        rse_expression: str | None = None,
        qos: str | None = None,
        copies: int = 1,
        extend: bool = False,
    ) -> RulePreview:
        """Answer what `make_available` would do, and what stands in its way; changes nothing.

        What it would raise is the answer's `problem`; only for a DID that is none, or is not there,
        it is raised: `InvalidDID`, `ScopeNotFound`, `DataIdentifierNotFound`.
        """
        did = DID(did)
        row = self._did(did)
        preview = self._sized(did, row, rse_expression)
        try:
            asked = seconds(lifetime, until)
            asked = asked if asked is not None else self.instance.default_lifetime
            preview = replace(preview, lifetime=asked, expires_at=_end(asked))
            expression = self._target(rse_expression, qos)
            names = self.matching_rses(expression)
            preview = replace(preview, rse_expression=expression, rses=tuple(sorted(names)))
            preview = self._present(preview, row)
            _check_copies(self.instance.title, expression, names, copies)
            rule = self._own_rule(did, expression, copies)
            quota_left = self.quota_left(expression, copies)
            preview = replace(preview, rule=rule, quota_left=quota_left)
            if rule is not None:
                return self._instead(preview, rule, asked, extend)
            self._check(preview, expression, copies)
        except DlaasError as error:
            return replace(preview, problem=problem(error))
        return preview

    def _sized(self, did: DID, row: Mapping[str, Any], expression: str | None) -> RulePreview:
        files, size = row.get("length"), row.get("bytes")
        if type_of(row["type"]) == "file":
            files = 1
        elif files is None or size is None:
            files, size = counted(self, did)
        return RulePreview(did, expression, files=files, bytes=size)

    def _present(self, preview: RulePreview, row: Mapping[str, Any]) -> RulePreview:
        """Add what is there already."""
        try:
            found = held(self, preview.did, row, type_of(row["type"]))
        except InvalidInput:
            # Too many datasets to ask for.
            return preview
        here = [found[name] for name in preview.rses if name in found]
        files = max((one.available_files for one in here), default=0)
        sources = [rse for rse, one in found.items() if one.available_files]
        facts = access.facts(self, sources)
        return replace(
            preview,
            present_files=files,
            present_bytes=max((one.available_bytes for one in here), default=0),
            tape=files < (preview.files or 0)
            and bool(facts)
            and all(access.on_tape(*f) for f in facts.values()),
        )

    def _instead(
        self, preview: RulePreview, rule: Rule, asked: int | None, extend: bool
    ) -> RulePreview:
        """Say what becomes of the rule that is there already."""
        if covers(rule, asked):
            return replace(preview, expires_at=rule.expires_at)
        if not extend:
            raise duplicate(rule)
        if self.may("update_rule", rule.id) is False:
            raise AccessDenied(
                f"Rucio does not let {self.account!r} lengthen a rule.",
                remedy="Choose another place, or ask an administrator.",
                details={"rule_id": rule.id},
            )
        return preview

    def _check(self, preview: RulePreview, expression: str, copies: int) -> None:
        if self.may("add_rule", expression) is False:
            raise AccessDenied(
                f"Rucio does not let {self.account!r} make a rule for {expression}.",
                remedy="Choose another place, or ask an administrator.",
            )
        facts = access.facts(self, preview.rses) if len(preview.rses) <= _MOST_RSES else {}
        blocked = [n for n, (info, _) in facts.items() if info.get("availability_write") is False]
        if len(preview.rses) - len(blocked) < copies:
            raise AccessDenied(
                f"Rucio has writing to {', '.join(sorted(blocked))} switched off.",
                remedy="Choose another place, or wait until it is back.",
            )
        self.check_quota(expression, lambda: preview.bytes or 0, copies)

    def move_rule(
        self, rule_id: str, rse_expression: str | None = None, qos: str | None = None
    ) -> Granted:
        """Have what a rule keeps put elsewhere instead, for as long as the rule lasts.

        Rucio releases the old rule when the new one is fulfilled. Where it does not let this
        account move the rule, the account gets a rule of its own, and the old one ends by itself.
        Raises `RuleNotFound`, `InvalidInput` for the place where it is, `AlreadyThere` for a rule
        that is being moved, and what `make_available` raises.
        """
        rule = self.get_rule(rule_id)
        if rse_expression is None and qos is None:
            raise InvalidInput("Say where to: an RSE expression, or a quality of service.")
        expression = self._target(rse_expression, qos)
        if expression == rule.rse_expression:
            raise InvalidInput(f"The rule says {expression} already: choose another place.")
        left = _left(rule)
        if left == 0:
            raise AlreadyThere(
                f"The rule on {rule.rse_expression} has ended, or is being moved.",
                remedy="Look at the rules of the data.",
            )
        try:
            moved = self.client.move_replication_rule(rule.id, expression, {})
        except (AccessDenied, DuplicateRule):
            return self._beside(rule, expression, left)
        granted = self._granted(self.get_rule(str(moved)), left)
        note = f"The rule on {rule.rse_expression} is released when all has arrived."
        return replace(granted, note=f"{granted.note} {note}")

    def _beside(self, rule: Rule, expression: str, left: int | None) -> Granted:
        """Make a rule of one's own beside another."""
        options = {"activity": rule.activity, "comment": rule.comment}
        self.check_quota(expression, lambda: self._size_of(rule.did, {}), rule.copies)
        granted = self._grant(rule.did, expression, rule.copies, left, options, extend=True)
        note = f"The rule on {rule.rse_expression} stays, it lasts {until_said(rule)}."
        return replace(granted, note=f"{granted.note} {note}")


def _end(lifetime: int | None) -> datetime | None:
    if lifetime is None:
        return None
    try:
        return datetime.now(timezone.utc) + timedelta(seconds=lifetime)
    except OverflowError:
        return None


def _left(rule: Rule) -> int | None:
    """Answer how many seconds a rule still lasts; None without end."""
    if rule.expires_at is None:
        return None
    return max(0, int((rule.expires_at - datetime.now(timezone.utc)).total_seconds()))


def _check_copies(instance: str, expression: str, names: frozenset[str], copies: int) -> None:
    if isinstance(copies, bool) or not isinstance(copies, int) or copies < 1:
        raise InvalidInput("The number of copies must be at least 1.")
    if not names:
        raise InvalidRSEExpression(f"No RSE of {instance} is meant by {expression!r}.")
    if len(names) < copies:
        raise InsufficientTargetRSEs(
            f"{copies} copies are asked for, and {expression} means {len(names)} RSE"
            f"{'' if len(names) == 1 else 's'}.",
            details={"rses": sorted(names)},
        )
