"""Renewing a login before its token ends, and asking less and less often where that fails."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from dlaas.errors import CannotAuthenticate, DlaasError, LoginRequired, problem
from dlaas.lake import Lake
from jupyter_dlaas.login.live import LiveLogin

# The longest sleep between two looks at the clock: a laptop may have been asleep.
_LOOK = 60.0


async def keep_fresh(
    live: LiveLogin,
    before: float,
    renew: Callable[[], Awaitable[None]],
    look: Callable[[], Awaitable[None]],
    expire: Callable[[Lake, CannotAuthenticate], None],
    log: logging.Logger,
) -> None:
    """Renew a login `before` seconds before its token ends, at most a third of the token's life.

    Goes on until it is cancelled. `look` sees once a minute what changed without us; `expire` hears
    that a token has ended and there is no new one; other failures are logged.
    """
    pause = 1.0
    while True:
        await asyncio.sleep(min(max(_renew_in(live, before), pause), _LOOK))
        if _renew_in(live, before) > 0:
            pause = 1.0
            with suppress(DlaasError):
                await look()
            continue
        # Until there is a new token, ask less and less often, and still in time for a last try.
        pause = max(1.0, min(pause * 2, _LOOK, _left(live) / 3))
        try:
            await renew()
            if _left(live) < 0:
                raise LoginRequired("Your token has expired, and there is no new one.")
        except CannotAuthenticate as error:
            if _left(live) < 0 and live.lake is not None:
                expire(live.lake, error)
        except Exception as error:
            # The old token is still there, and the lake may come back.
            log.warning("%s", problem(error).message)


def _left(live: LiveLogin) -> float:
    return _LOOK if live.expires_at is None else live.expires_at - time.time()


def _renew_in(live: LiveLogin, before: float) -> float:
    """Answer in how many seconds the login is due for renewal."""
    if live.expires_at is None:
        return _LOOK
    lifetime = live.expires_at - live.obtained_at
    return live.expires_at - min(before, lifetime / 3) - time.time()
