"""What an account may put where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dlaas.model import DID, Usage
from dlaas.quota import quota_error
from dlaas.subscriptions import Subscriptions


class Quotas(Subscriptions):
    """Whether there is room, before Rucio is asked to put something there."""

    def check_quota(self, expression: str, size_of: Callable[[], int], copies: int = 1) -> None:
        """Refuse with numbers what Rucio would refuse without them.

        `expression` is an RSE, or an expression that must leave as many RSEs with enough room as
        there are to be copies.
        """
        local, everywhere = self._limits()
        if not local and not everywhere:
            return
        names = {expression} if expression in local else self.matching_rses(expression)
        bound = [local[name] for name in names if name in local]
        bound += [usage for usage in everywhere if names <= self.matching_rses(usage.rse)]
        if not bound or not names:
            return
        size = size_of()
        # Rucio wants some of it to be left over.
        full = [usage for usage in bound if size >= _left(usage)]
        if not full:
            return
        full_rses = [usage for usage in full if usage.locality == "local"]
        if len(full) > len(full_rses) or len(names) - len(full_rses) < copies:
            worst = max(full, key=lambda usage: (usage.locality == "global", _left(usage)))
            raise quota_error(self.account, worst.rse, size, _left(worst), worst.limit or 0)

    def _limits(self) -> tuple[dict[str, Usage], list[Usage]]:
        """Answer the quotas that bind this account: by RSE, and for several together."""
        # Rucio also answers 0 where there is no limit; whether that binds, it says itself.
        found = [usage for usage in self.usage() if usage.limit]
        if not found or self.is_admin():
            return {}, []
        local = {usage.rse: usage for usage in found if usage.locality == "local"}
        return local, [usage for usage in found if usage.locality == "global"]

    def limited_usage(self, rse: str) -> Usage | None:
        """Answer what this account uses of an RSE, where it has a limit there that binds it."""
        return self._limits()[0].get(rse)

    def _size_of(self, did: DID, row: Mapping[str, Any]) -> int:
        size = row.get("bytes")
        if size is None:
            size = self.client.get_did(did.scope, did.name, dynamic_depth="FILE").get("bytes")
        return size or 0


def _left(usage: Usage) -> int:
    return max(0, (usage.limit or 0) - usage.bytes)
