"""Renewing a login before its token ends, and asking less and less often where that fails."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from dlaas.errors import CannotAuthenticate, LoginRequired, problem
from dlaas.lake import Lake
from jupyter_dlaas.login.live import LiveLogin

# The longest sleep between two looks at the clock: a laptop may have been asleep.
_LOOK = 60.0


async def keep_fresh(
    live: LiveLogin,
    before: float,
    in_time: Callable[[Callable[[], None]], Awaitable[None]],
    told: Callable[[LiveLogin], None],
    expire: Callable[[Lake, CannotAuthenticate], None],
    log: logging.Logger,
) -> None:
    """Renew a login `before` seconds before its token ends, at most a third of the token's life.

    Goes on until it is cancelled, and looks once a minute at what changed without us. `in_time`
    carries out a blocking call, after which `told` hears of it; `expire` hears that a token has
    ended and there is no new one; other failures are logged.
    """
    pause = 1.0
    while True:
        await asyncio.sleep(min(max(_renew_in(live, before), pause), _LOOK))
        due = _renew_in(live, before) <= 0
        # Until there is a new token, ask less and less often, and still in time for a last try.
        left = _left(live)
        last = left / 3 if left > 0 else _LOOK
        pause = max(1.0, min(pause * 2, _LOOK, last)) if due else 1.0
        try:
            try:
                await in_time(live.renew if due else live.look)
            finally:
                # Also without a new token: it may be time to tell that the end is near.
                told(live)
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
