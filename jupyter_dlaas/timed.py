"""Blocking calls to one instance, off the event loop and with an end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from dlaas.errors import DlaasError, TookTooLong
from jupyter_dlaas.workers import Workers, carry_out

T = TypeVar("T")


class TimedCalls:
    """A few threads that call one instance; `title` is what people call it."""

    def __init__(self, name: str, threads: int, title: str) -> None:
        self._workers = Workers(name, threads)
        self._title = title

    async def run(self, timeout: float, function: Callable[..., T], *args: Any) -> T:
        """Carry out a blocking call.

        Raises `TookTooLong` after `timeout` seconds, while the call itself goes on.
        """
        try:
            return await carry_out(self._workers, timeout, function, *args)
        except asyncio.TimeoutError as error:
            # Until Python 3.11 the builtin, from which ours comes, was another class.
            if isinstance(error, DlaasError):
                raise
            raise TookTooLong(f"{self._title} did not answer within {timeout:g} s.") from None

    def forsake(self, function: Callable[[], Any]) -> None:
        """Carry out a blocking call for whose end nobody waits."""
        self._workers.submit(function)

    def stop(self) -> None:
        """Let the threads end when all that was queued is done; waits for nothing."""
        self._workers.stop()
