"""Where data can be: RSEs, their quality of service, and what an account may put there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dlaas.errors import (
    AccessDenied,
    InsufficientAccountLimit,
    InvalidInput,
    InvalidRSEExpression,
    ScopeNotFound,
)
from dlaas.model import RSE, Account, QoS, Usage
from dlaas.rucio.connection import Connection
from dlaas.rucio.rows import global_usage_from, usage_from
from dlaas.sizes import size_said


class Places(Connection):
    """Questions about RSEs and about the account."""

    def whoami(self) -> Account:
        """Answer the account that Rucio takes this login for."""
        found = self.client.whoami()
        return Account(found["account"], found.get("email"))

    def list_scopes(self) -> list[str]:
        """List the scopes of this account."""
        try:
            return sorted(self.client.list_scopes_for_account(self.account))
        except ScopeNotFound:
            return []

    def list_all_scopes(self) -> list[str]:
        """List the scopes that this account can see."""
        return sorted(self.client.list_scopes())

    def list_rses(self, expression: str = "*") -> list[RSE]:
        """List the RSEs that an expression matches; raises `InvalidRSEExpression`."""
        rows = list(self.client.list_rses(None if expression == "*" else expression))
        # Rucio answers the attributes of one RSE at a time, and a lake may have hundreds.
        with ThreadPoolExecutor(8) as pool:
            return sorted(pool.map(self._rse, rows), key=lambda rse: rse.name)

    def _rse(self, row: Mapping[str, Any]) -> RSE:
        name = str(row["rse"])
        attributes = self.rse_attributes(name)
        qos = attributes.get("QOS") or row.get("qos_class")
        site, writable = attributes.get("site"), row.get("availability_write") is not False
        return RSE(name, site, str(qos) if qos else None, writable, dict(attributes))

    def list_qos(self) -> list[QoS]:
        """List the qualities of service that the RSEs of this lake have."""
        found: dict[str, list[RSE]] = {}
        for rse in self.list_rses():
            if rse.qos:
                found.setdefault(rse.qos, []).append(rse)
        return [_quality(label, rses) for label, rses in sorted(found.items())]

    def qos_expression(self, label: str) -> str:
        """Turn a QoS label, in capitals or not, into an RSE expression; raises `InvalidInput`."""
        known = self.list_qos()
        for qos in known:
            if qos.label.casefold() == str(label).strip().casefold():
                return qos.expression
        labels = ", ".join(qos.label for qos in known)
        raise InvalidInput(
            f"{self.instance.title} has no quality of service {label!r}.",
            remedy=f"It has {labels}." if labels else "Its RSEs have none: name an RSE instead.",
            details={"labels": [qos.label for qos in known]},
        )

    def rse_info(self, name: str) -> dict[str, Any]:
        """Answer what Rucio knows of an RSE, with its protocols; raises `RSENotFound`."""
        return self._remember(f"rse {name}", lambda: dict(self.client.get_rse(name)))

    def rse_attributes(self, name: str) -> dict[str, Any]:
        """Answer the attributes of an RSE; raises `RSENotFound`."""
        return self._remember(
            f"attributes {name}", lambda: dict(self.client.list_rse_attributes(name))
        )

    def matching_rses(self, expression: str) -> frozenset[str]:
        """Name the RSEs that an expression means; none where it means nothing."""

        def ask() -> frozenset[str]:
            try:
                return frozenset(row["rse"] for row in self.client.list_rses(expression))
            except InvalidRSEExpression:
                return frozenset()

        return self._remember(f"expression {expression}", ask)

    def usage(self) -> list[Usage]:
        """List what this account uses, and its quotas: per RSE, and per expression where it has
        such.
        """
        local = [usage_from(row) for row in self.client.get_local_account_usage(self.account)]
        return sorted(local + self._global_usage(), key=lambda usage: (usage.locality, usage.rse))

    def _global_usage(self) -> list[Usage]:
        try:
            rows = list(self.client.get_global_account_usage(self.account))
        except AccessDenied:
            return []
        return [global_usage_from(row) for row in rows]

    def check_quota(self, expression: str, size_of: Callable[[], int], copies: int = 1) -> None:
        """Refuse with numbers what Rucio would refuse without them.

        `expression` is an RSE, or an expression that must leave as many RSEs with enough room as
        there are to be copies.
        """
        names, local, together = self._quotas(expression)
        if not local and not together:
            return
        size = size_of()
        # Rucio wants some of it to be left over.
        full = [usage for usage in (*local, *together) if size >= _left(usage)]
        if not full:
            return
        full_rses = [usage for usage in full if usage.locality == "local"]
        if len(full) > len(full_rses) or len(names) - len(full_rses) < copies:
            worst = max(full, key=lambda usage: (usage.locality == "global", _left(usage)))
            raise _too_much(self.account, worst, size)

    def quota_left(self, expression: str, copies: int = 1) -> int | None:
        """Answer how many bytes this account may still put on each of as many RSEs as there are to
        be copies; None without a limit.
        """
        names, local, together = self._quotas(expression)
        left = sorted(map(_left, local), reverse=True)
        short = copies - (len(names) - len(left))
        bound = left[short - 1 : short] if short > 0 else []
        return min([*bound, *map(_left, together)], default=None)

    def _quotas(self, expression: str) -> tuple[frozenset[str], list[Usage], list[Usage]]:
        """Answer the RSEs that are meant, and the quotas that bind this account there: on single
        ones, and for several together.
        """
        if self.is_admin():
            return frozenset(), [], []
        told = self.usage()
        local = {usage.rse: usage for usage in told if usage.locality == "local"}
        names = frozenset({expression}) if expression in local else self.matching_rses(expression)
        on_each = (local.get(name) or Usage(name, 0, 0, 0) for name in sorted(names))
        bound = [usage for usage in on_each if usage.limit is not None and not self._is_free(usage)]
        together = [
            usage
            for usage in told
            if usage.locality == "global"
            and usage.limit is not None
            and names
            and names <= self.matching_rses(usage.rse)
        ]
        return names, bound, together

    def _is_free(self, usage: Usage) -> bool:
        """Tell whether an RSE is one for tests, where Rucio asks for no quota; elsewhere it lets
        nobody put anything without one.
        """
        return not usage.limit and "mock" in self.rse_attributes(usage.rse)

    def is_admin(self) -> bool:
        """Tell whether neither ownership nor quota binds this account."""
        return self.account == "root" or bool(self._attributes().get("admin"))

    def _attributes(self) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            groups = self.client.list_account_attributes(self.account)
            return {item["key"]: item["value"] for group in groups for item in group}

        return self._remember("account attributes", ask)


def _quality(label: str, rses: list[RSE]) -> QoS:
    names = tuple(rse.name for rse in rses)
    # Rucio has a class of its own for it too, which no expression can name.
    by_attribute = all(rse.attributes.get("QOS") == label for rse in rses)
    return QoS(label, f"QOS={label}" if by_attribute else "|".join(names), names)


def _left(usage: Usage) -> int:
    return max(0, (usage.limit or 0) - usage.bytes)


def _too_much(account: str, usage: Usage, size: int) -> InsufficientAccountLimit:
    left, limit = _left(usage), usage.limit or 0
    has = f"{size_said(left)} left of {size_said(limit)}" if limit else "no quota there"
    return InsufficientAccountLimit(
        f"{size_said(size)} are needed on {usage.rse}, and the account {account!r} has {has}.",
        details={"rse": usage.rse, "needed": size, "left": left, "limit": limit},
    )
