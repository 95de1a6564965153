"""A job that has not ended: what it needs, and in whose name it is carried out."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

from dlaas.errors import LoginRequired
from dlaas.lake import Lake
from jupyter_dlaas.transfers.orders import Key, Order

# In seconds; the next ones are longer.
FIRST_PAUSE = 5.0


@dataclass
class Active:
    """What a job needs until it ends; `future` is None while it waits.

    After `pause` seconds of waiting it is tried again.
    """

    instance: str
    order: Order
    future: Future[None] | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    pause: float = field(default_factory=lambda: FIRST_PAUSE)
    looks_again: bool = False

    @property
    def keys(self) -> set[Key]:
        """What no other job may touch meanwhile."""
        return {(self.instance, *key) for key in self.order.keys}


class OtherAccount(LoginRequired):
    """The login is another one than that for which the transfer was asked for."""


def refuse_other(account: str | None, lake: Lake) -> None:
    """Raise `OtherAccount` unless a lake is that of the account that asked; None asks nothing."""
    if account is not None and lake.account != account:
        raise OtherAccount(
            f"It was asked for as {account}, and you are logged in as {lake.account}.",
            remedy=f"Log in as {account}, or cancel it.",
        )
