"""The login that configuration and environment offer: tried by itself, and later once more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from dlaas.config import Instance
from dlaas.errors import CannotAuthenticate, DlaasError, LoginRequired, problem
from dlaas.model import Login, LoginState

# Between two attempts at a configured login that was refused: sending a wrong password often locks
# accounts.
_RETRY_REFUSED = 60.0


def after_failure(login: Login, why: DlaasError) -> Login:
    """Answer what becomes of a login when another attempt fails: who is logged in stays so."""
    refused = isinstance(why, CannotAuthenticate) and not isinstance(why, LoginRequired)
    nobody = login.state in ("logged_out", "refused")
    state: LoginState = "refused" if refused and nobody else login.state
    return replace(login, state=state, problem=problem(why))


class ConfiguredLogin:
    """When the configured login of an instance is tried; lives on the event loop.

    It is not where somebody has logged in or out by hand (`automatic` is False then).
    """

    def __init__(
        self,
        instance: Instance,
        retry_after: float,
        attempt: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self.automatic = True
        self._instance = instance
        self._retry_after = retry_after
        self._make_attempt = attempt
        self._attempt: asyncio.Task[None] | None = None
        self._tried_at = 0.0

    @property
    def is_wanted(self) -> bool:
        """Tell whether there is anything to try, and nobody has decided otherwise."""
        instance = self._instance
        by_password = instance.username and (instance.password or instance.password_file)
        return self.automatic and bool(
            instance.auth_type != "userpass" or instance.token or instance.oidc_auth or by_password
        )

    @property
    def is_under_way(self) -> bool:
        """Tell whether it is being tried."""
        return self._attempt is not None and not self._attempt.done()

    def note(self) -> None:
        """Remember that it was tried, or has ended, just now."""
        self._tried_at = time.monotonic()

    async def settle(self, patience: float | None = None) -> None:
        """Try it unless that has been done, waiting `patience` seconds; never raises."""
        if self._attempt is None:
            self._attempt = asyncio.create_task(self._make_attempt())
        # Unlike awaiting it, this does not end the attempt when one request is given up.
        await asyncio.wait([self._attempt], timeout=patience)

    async def settle_again(self, why: DlaasError | None) -> None:
        """Try it once more where it failed long enough ago because of `why`."""
        if why is None or not self.is_wanted:
            return
        refused = isinstance(why, CannotAuthenticate)
        pause = _RETRY_REFUSED if refused else self._retry_after
        if not self.is_under_way and time.monotonic() - self._tried_at > pause:
            self._attempt = None
            await self.settle()

    def stop(self) -> None:
        """Give up an attempt that is under way."""
        if self._attempt is not None:
            self._attempt.cancel()
