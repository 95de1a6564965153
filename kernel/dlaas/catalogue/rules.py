"""Rules: what is kept where, for how long; making available, extending, retrying, releasing."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from dlaas.catalogue.lasting import covers as covers
from dlaas.catalogue.lasting import duplicate, how_long, until_said
from dlaas.catalogue.rights import checked_rule_id
from dlaas.catalogue.subscriptions import Subscriptions
from dlaas.errors import (
    AccessDenied,
    DuplicateRule,
    InsufficientAccountLimit,
    InvalidInput,
    InvalidRSEExpression,
    NotThere,
    RucioFailed,
)
from dlaas.lifetime import Lifetime, Until, seconds
from dlaas.model import DID, Explanation, Granted, Rule

# A file may be in any number of datasets: the rules of so many are asked for.
_MOST_PARENTS = 10


class Rules(Subscriptions):
    """What changes the lake's rules."""

    def list_rules(self, did: str) -> list[Rule]:
        """List the rules of any account on a DID and on the datasets that hold it, newest first."""
        did = DID(did)
        row = self._did(did)
        return self.rules_of(did, str(row["type"]).upper() == "FILE")

    def rules_of(self, did: DID, is_file: bool) -> list[Rule]:
        """List the rules of a DID that is known to exist."""
        rows = list(self.client.list_did_rules(did.scope, did.name))
        known = {found["id"] for found in rows}
        if is_file:
            above = self.client.list_associated_rules_for_file(did.scope, did.name)
            rows += [found for found in above if found["id"] not in known]
        if is_file and not rows:
            # Rucio carries the rules of a dataset down to a new file seconds after it is attached.
            for parent in islice(self.list_parents(did), _MOST_PARENTS):
                rows += self.client.list_did_rules(parent.scope, parent.name)
        rules = [self._rule(found) for found in rows]
        return sorted(rules, key=lambda rule: str(rule.created_at), reverse=True)

    def get_rule(self, rule_id: str) -> Rule:
        """Answer a rule; raises `RuleNotFound`, also when it has expired."""
        return self._rule(self.client.get_replication_rule(checked_rule_id(rule_id)))

    def make_available(
        self,
        did: str,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        *,
        rse_expression: str | None = None,
        qos: str | None = None,
        copies: int = 1,
        activity: str | None = None,
        comment: str | None = None,
        extend: bool = False,
    ) -> Granted:
        """Have a DID put where the notebook can read it, for a lifetime or until a date.

        With neither it is the instance's default; so it is without an RSE expression or `qos`, a
        label of `list_qos`. Answers what Rucio granted. Where this account has such a rule already
        that lasts long enough, that rule is answered with `new` False; one that ends earlier is
        extended with `extend=True`, else `DuplicateRule` tells its `rule_id` and `expires_at`.
        Raises `InvalidLifetime`, `InvalidInput`, `ScopeNotFound`, `DataIdentifierNotFound`,
        `InsufficientAccountLimit`, `InvalidRSEExpression`, `AccessDenied`.
        """
        did = DID(did)
        wanted = seconds(lifetime, until)
        asked = wanted if wanted is not None else self.instance.default_lifetime
        if isinstance(copies, bool) or not isinstance(copies, int) or copies < 1:
            raise InvalidInput("The number of copies must be at least 1.")
        expression = self._target(rse_expression, qos)
        row = self._did(did)
        try:
            self.check_quota(expression, lambda: self._size_of(did, row), copies)
        except InsufficientAccountLimit:
            # A rule that is there already has been counted: Rucio says so itself.
            if self._own_rule(did, expression, copies) is None:
                raise
        options = {"activity": activity, "comment": comment}
        return self._grant(did, expression, copies, asked, options, extend)

    def _grant(
        self,
        did: DID,
        expression: str,
        copies: int,
        asked: int | None,
        options: Mapping[str, Any],
        extend: bool,
    ) -> Granted:
        try:
            rule_id = self._add_rule(did, copies, expression, asked, options)
        except DuplicateRule as error:
            return self._again(did, expression, copies, asked, extend, error)
        return self._granted(self.get_rule(rule_id), asked)

    def _granted(self, rule: Rule, asked: int | None) -> Granted:
        place = self._said_place(rule.rse_expression)
        return Granted(rule, True, f"Granted on {place} {how_long(rule, asked)}")

    def _size_of(self, did: DID, row: Mapping[str, Any]) -> int:
        size = row.get("bytes")
        if size is None:
            size = self.client.get_did(did.scope, did.name, dynamic_depth="FILE").get("bytes")
        return size or 0

    def _target(self, rse_expression: str | None, qos: str | None) -> str:
        if qos is not None:
            chosen = self.qos_expression(qos)
            return f"({rse_expression})&({chosen})" if rse_expression else chosen
        expression = rse_expression or self.instance.destination_rse
        if not expression:
            raise InvalidRSEExpression(
                f"{self.instance.title} has no destination_rse: say which RSE the data is to go to."
            )
        return expression

    def _said_place(self, expression: str) -> str:
        """Name the RSEs that an expression means, where it is one and they are few."""
        if not set(expression) & set("=&|\\()<>*"):
            return expression
        names = self.matching_rses(expression)
        return f"{expression} ({', '.join(sorted(names))})" if 0 < len(names) <= 3 else expression

    def _add_rule(
        self,
        did: DID,
        copies: int,
        expression: str,
        lifetime: int | None,
        options: Mapping[str, Any] | None = None,
    ) -> str:
        given = {key: value for key, value in (options or {}).items() if value is not None}
        asked = [{"scope": did.scope, "name": did.name}]
        try:
            answered = self.client.add_replication_rule(
                asked, copies, expression, lifetime=lifetime, **given
            )
        except AccessDenied:
            self._note(f"add_rule {expression}", False)
            raise
        self._note(f"add_rule {expression}", True)
        if not answered:
            raise RucioFailed("Rucio made no rule and did not say why.")
        return str(answered[0])

    def aims_at(self, rule: Rule, rse: str) -> bool:
        """Tell whether a rule can be fulfilled on no other RSEs than with `rse`."""
        if rule.rse_expression == rse:
            return True
        names = self.matching_rses(rule.rse_expression)
        return rse in names and rule.copies >= len(names)

    def _own_rule(self, did: DID, expression: str, copies: int) -> Rule | None:
        """Find this account's rule that is as described; None where it has none."""
        for row in self.client.list_did_rules(did.scope, did.name):
            rule = self._rule(row)
            if (
                rule.account == self.account
                and rule.rse_expression == expression
                and rule.copies == copies
            ):
                return rule
        return None

    def _again(
        self,
        did: DID,
        expression: str,
        copies: int,
        asked: int | None,
        extend: bool,
        error: DuplicateRule,
    ) -> Granted:
        rule = self._own_rule(did, expression, copies)
        if rule is None:
            raise error
        if covers(rule, asked):
            return Granted(rule, False, f"You already have this rule; it lasts {until_said(rule)}.")
        if extend:
            longer = self._set_lifetime(rule.id, asked)
            return Granted(longer, False, f"Your rule was extended; it lasts {until_said(longer)}.")
        raise duplicate(rule) from error

    def update_rule(
        self,
        rule_id: str,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        *,
        boost: bool = False,
    ) -> Rule:
        """Let a rule last for `lifetime` from now or until a date; `boost` a stuck one.

        Answers the rule as Rucio has it then. Raises `AccessDenied` where Rucio lets only
        administrators do that.
        """
        options: dict[str, Any] = {}
        asked = seconds(lifetime, until)
        if asked is not None:
            options["lifetime"] = asked
        if boost:
            options["boost_rule"] = True
        if not options:
            raise InvalidInput("Say what is to change: a lifetime, a date, or boost.")
        return self._change(rule_id, options)

    def _set_lifetime(self, rule_id: str, lifetime: int | None) -> Rule:
        """Let a rule last for so many seconds from now; None means without end."""
        return self._change(rule_id, {"lifetime": lifetime})

    def _change(self, rule_id: str, options: dict[str, Any]) -> Rule:
        checked = checked_rule_id(rule_id)
        try:
            self.client.update_replication_rule(checked, options)
        except AccessDenied as error:
            raise self._refused(f"update_rule {checked}", "change", checked, error) from error
        self._note(f"update_rule {checked}", True)
        return self.get_rule(checked)

    def delete_rule(self, rule_id: str) -> None:
        """Release a rule; an hour later its data may be deleted where no other rule keeps it.

        Raises `RuleNotFound`, `AccessDenied`.
        """
        checked = checked_rule_id(rule_id)
        try:
            self.client.delete_replication_rule(checked)
        except AccessDenied as error:
            raise self._refused("delete_rule", "delete", checked, error) from error

    def _refused(self, action: str, act: str, rule_id: str, error: AccessDenied) -> AccessDenied:
        """Make the error for a refused change, which says whether it can ever be allowed."""
        try:
            owner = self.get_rule(rule_id).account
        except NotThere:
            owner = self.account
        if owner == self.account:
            why = "Rucio's policy here leaves that to administrators, even for your own: ask them."
            self._note(action, False)
        else:
            why = f"It is a rule of {owner!r}: ask its owner, or an administrator."
        return AccessDenied(
            f"Rucio does not let this account {act} the rule {rule_id}.",
            remedy=f"{why} Logging in again will not help.",
            details={**error.details, "rule_id": rule_id, "owner": owner},
        )

    def explain_rule(self, rule_id: str) -> Explanation:
        """Explain why a rule is not OK: per missing file its state and Rucio's error, a page."""
        from dlaas.catalogue.stuck import explain

        return explain(self, self.get_rule(rule_id))
