"""Removing from a basket that can only be replaced whole: nothing else may be lost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dlaas.basket.items import BasketItem, canonical, read_item
from dlaas.basket.reading import write_file
from dlaas.basket.service import Cart, Esap
from dlaas.credentials import Token
from dlaas.errors import CannotAuthenticate, DlaasError, InvalidInput, Unreachable
from dlaas.transfer.disk.place import user_cache

_TRIES = 3


def remove_from(esap: Esap, items: list[BasketItem]) -> None:
    """Remove items from the basket of an ESAP; raises where what stays cannot be made sure of."""
    token = esap.token()
    cart = esap.read(token)
    if not cart.user:
        raise Unreachable(f"{esap.host} does not say whose basket it is; nothing was changed.")
    there, going = [_data(row) for row in cart.rows], {canonical(item.data) for item in items}
    staying = [data for data in there if canonical(data) not in going]
    if len(staying) == len(there):
        # Somebody else has removed them: that is what was wanted.
        return
    _Replacement(esap, token, cart.user, going).make(staying, there)


def _data(row: Any) -> Any:
    return read_item(row).data


class _Replacement:
    """One replacement of a basket, seen through to its end."""

    def __init__(self, esap: Esap, token: Token, user: str, going: set[str]) -> None:
        self._esap = esap
        self._token = token
        self._user = user
        self._going = going

    def make(self, staying: list[Any], before: list[Any]) -> None:
        """Write what stays; what ESAP loses while it writes is written again."""
        kept = _keep(self._esap.host, before)
        wanted, error = staying, None
        for _ in range(_TRIES):
            error = self._write(wanted)
            now = self._now()
            if now is None:
                # It cannot be asked what has become of it: writing again could undo another's act.
                break
            lost = _without(staying, now)
            if not lost:
                kept.unlink(missing_ok=True)
                self._check_gone(now, error)
                return
            if isinstance(error, (CannotAuthenticate, InvalidInput)):
                break
            # Others may have added to it meanwhile.
            wanted = [data for data in now if canonical(data) not in self._going] + lost
        raise Unreachable(
            f"{self._esap.host} did not confirm what is in the basket now"
            f"{f': {error.message}' if error else '.'}",
            remedy=f"Look into it in the browser. All that was in it is kept in {kept}, which"
            " can be read as a saved basket.",
            details={"kept": str(kept)},
        )

    def _write(self, rows: list[Any]) -> DlaasError | None:
        try:
            self._esap.write(Cart(self._user, tuple(rows)), self._token)
        except DlaasError as error:
            return error
        return None

    def _now(self) -> list[Any] | None:
        try:
            return [_data(row) for row in self._esap.read(self._token).rows]
        except DlaasError:
            return None

    def _check_gone(self, now: Iterable[Any], error: DlaasError | None) -> None:
        """Raise where nothing was lost, and nothing removed either."""
        if not self._going & set(map(canonical, now)):
            return
        raise error or Unreachable(
            f"{self._esap.host} still has what was to be removed.",
            remedy="Try again, or remove it in the browser.",
        )


def _without(rows: list[Any], others: list[Any]) -> list[Any]:
    """Answer those rows that are not among the others, each as often as it is missing."""
    there = Counter(map(canonical, others))
    missing = []
    for row in rows:
        if there[canonical(row)]:
            there[canonical(row)] -= 1
        else:
            missing.append(row)
    return missing


def _keep(host: str, rows: list[Any]) -> Path:
    """Keep a copy of a basket, for its owner alone, until it is seen that it is whole."""
    folder = user_cache() / "baskets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"basket-{time.time_ns()}.json"
    write_file(path, [read_item(row, host) for row in rows])
    return path
