"""fsspec's blocking calls of an asynchronous filesystem: with our errors, and ended by Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent import futures
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from fsspec.asyn import AsyncFileSystem, get_loop

T = TypeVar("T")
_CALLS = (
    "cat", "cat_file", "cat_ranges", "du", "exists", "find", "get", "get_file", "glob", "info",
    "isdir", "isfile", "ls", "put", "put_file",
)  # fmt: skip


class Closing(Protocol):
    """What holds connections; `abandon` leaves them to the process that opened them."""

    async def close(self) -> None: ...

    def abandon(self) -> None: ...


# fsspec publishes no types.
class BlockingFileSystem(AsyncFileSystem):  # type: ignore[misc]
    """fsspec makes of every TimeoutError one of its own without a word: here ours is raised.

    It also lets what nobody waits for any more run on, and the process cannot end meanwhile; and it
    does not work in a process that was forked off.
    """

    _loop: Any
    _pid: int

    @property
    def loop(self) -> Any:
        """The event loop; a process that was forked off gets one, and connections, of its own."""
        if self._pid != os.getpid():
            self._pid, self._loop = os.getpid(), get_loop()
            self._begin()
        return self._loop

    def _begin(self) -> None:
        raise NotImplementedError

    def _close_with_me(self, reader: Closing) -> None:
        if not self.asynchronous:
            weakref.finalize(self, _close, self._loop, reader, os.getpid())


def _close(loop: Any, reader: Closing, owner: int) -> None:
    if os.getpid() != owner:
        reader.abandon()
        return
    if loop is None or not loop.is_running():
        return
    closing = asyncio.run_coroutine_threadsafe(reader.close(), loop)
    # The garbage collector comes on any thread: on the loop's own, waiting would be for ever.
    if asyncio._get_running_loop() is not loop:
        with suppress(Exception):
            closing.result(0.5)


async def cancellable(act: Callable[[Callable[[], bool]], T]) -> T:
    """Run what blocks on a thread; it is told when nobody waits for it any more."""
    given_up = threading.Event()
    try:
        return await asyncio.to_thread(act, given_up.is_set)
    except asyncio.CancelledError:
        given_up.set()
        raise


def finish(loop: asyncio.AbstractEventLoop, act: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the loop of another thread; who stops waiting for it cancels it."""
    if asyncio._get_running_loop() is loop:
        act.close()
        raise RuntimeError("What blocks was called on the event loop itself.")
    future = asyncio.run_coroutine_threadsafe(act, loop)
    try:
        # Now and then, for a signal that comes just before a wait without end does not end it.
        while not futures.wait([future], 1).done:
            pass
        return future.result()
    finally:
        future.cancel()


def _blocking(name: str) -> Callable[..., Any]:
    def call(self: AsyncFileSystem, *args: Any, **options: Any) -> Any:
        # The loop first: it is another one in a process that was forked off.
        loop = self.loop
        return finish(loop, getattr(self, f"_{name}")(*args, **options))

    call.__name__ = name
    call.__doc__ = getattr(AsyncFileSystem, f"_{name}").__doc__
    return call


for _name in _CALLS:
    setattr(BlockingFileSystem, _name, _blocking(_name))
