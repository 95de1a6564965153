"""Rules as this account sees them, with the subscriptions that made some of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from dlaas.catalogue.suggestions import Suggestions
from dlaas.errors import NotThere, Refused
from dlaas.model import Rule
from dlaas.rucio.rows import rule_from


class Subscriptions(Suggestions):
    """What Rucio makes rules for by itself; nothing here changes anything."""

    def list_subscription_rules(
        self, name: str | None = None, account: str | None = None
    ) -> Iterator[Rule]:
        """Yield the rules that come from subscriptions: all, those of a name, or of an account.

        Raises `NotThere` where there is no such subscription.
        """
        found = [
            told
            for told in self._subscriptions().values()
            if name in (None, told["name"]) and account in (None, told["account"])
        ]
        if not found and (name or account):
            whose = f" of {account!r}" if account else ""
            raise NotThere(f"{self.instance.title} has no subscription {name or ''!r}{whose}.")
        return self._rules_of_subscriptions(found)

    def _rules_of_subscriptions(self, found: list[dict[str, Any]]) -> Iterator[Rule]:
        for told in found:
            rows = self.client.list_subscription_rules(told["account"], told["name"])
            with closing(rows):
                for row in rows:
                    yield rule_from(row, told["name"])

    def _rule(self, row: Mapping[str, Any]) -> Rule:
        """Read a rule, with the name of the subscription that made it."""
        made_by = row.get("subscription_id")
        if not made_by:
            return rule_from(row)
        told = self._subscriptions().get(str(made_by))
        # Rucio deletes a subscription, and its rules stay.
        return rule_from(row, told["name"] if told else str(made_by))

    def _subscriptions(self) -> dict[str, dict[str, Any]]:
        def ask() -> dict[str, dict[str, Any]]:
            try:
                return {str(row["id"]): row for row in self.client.list_subscriptions()}
            except (NotThere, Refused):
                return {}

        return self._remember("subscriptions", ask)
