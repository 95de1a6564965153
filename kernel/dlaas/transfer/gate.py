"""How much is under way at once: many small files, few large ones."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from dlaas.errors import Cancelled

AT_ONCE = 32
# Where answers come at once, more threads only take Python's lock from each other.
NEAR_AT_ONCE = 3
# Until the first answer tells.
_FIRST = 8
# Seconds until the first byte of an answer: from here on waiting is what takes the time.
FAR = 0.002
# Large files fill the line by themselves; more of them at once only scatter what is written.
LARGE_AT_ONCE = 4
_BYTES_AT_ONCE = 64 << 20
# Small files go to a thread together where handing over each would take the most time.
_TOGETHER, _SMALL = 8, 1 << 20
Work = TypeVar("Work")


class Gate(Generic[Work]):
    """Work that waits, each with its bytes, and begins by `start` while there is room.

    `start` answers False where nothing begins any more.

    Whoever ends some is handed the next, so that no thread has to be woken for it. `latency`
    answers the seconds until a storage answers, where that is known.
    """

    def __init__(
        self,
        stopped: threading.Event,
        start: Callable[[list[Work], int], bool],
        latency: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._latency = latency
        self._stopped = stopped
        self._start = start
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Work, int]] = deque()
        self._running = 0
        self._bytes = 0

    def put(self, work: Work, size: int) -> None:
        """Add work of so many bytes."""
        with self._changed:
            self._waiting.append((work, size))
            self._let_in()

    def done(self, size: int) -> tuple[list[Work], int]:
        """End work of so many bytes, and answer what whoever did it does next, if anything."""
        with self._changed:
            self._running -= 1
            self._bytes -= size
            following = self._next()
            self._let_in()
            self._changed.notify_all()
            return following

    def _let_in(self) -> None:
        while (found := self._next())[0]:
            if not self._start(*found):
                self._running -= 1

    def _next(self) -> tuple[list[Work], int]:
        found: list[Work] = []
        size = 0
        latency = self._latency()
        most = _TOGETHER if latency is not None and latency < FAR else 1
        if self._waiting and not self._stopped.is_set() and self._has_room(latency):
            while self._waiting and len(found) < most:
                following = self._waiting[0][1]
                if found and size + following > _SMALL:
                    break
                found.append(self._waiting.popleft()[0])
                size += following
            self._running += 1
            self._bytes += size
        return found, size

    def _has_room(self, latency: float | None) -> bool:
        size = self._waiting[0][1]
        few = self._running < LARGE_AT_ONCE or self._bytes + size <= _BYTES_AT_ONCE
        if not few or self._running < NEAR_AT_ONCE:
            return few
        if latency is None:
            return self._running < _FIRST
        return latency >= FAR and self._running < AT_ONCE

    def wait_short(self, most: int) -> None:
        """Wait until no more than so much waits to begin; raises `Cancelled`."""
        self._wait(lambda: len(self._waiting) <= most)

    def wait_empty(self) -> None:
        """Wait until all is done; raises `Cancelled`."""
        self._wait(lambda: not self._running and not self._waiting)

    def _wait(self, reached: Callable[[], bool]) -> None:
        with self._changed:
            while not reached():
                if self._stopped.is_set():
                    raise Cancelled("The download was cancelled.")
                self._changed.wait(0.1)

    def wait_ended(self, seconds: float) -> None:
        """Wait so long at most until what has begun is done."""
        end = time.monotonic() + seconds
        with self._changed:
            while self._running and time.monotonic() < end:
                self._changed.wait(0.1)
