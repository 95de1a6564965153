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
NEAR_SEVERAL = 1
# Until the first answer tells, and where it does not come soon.
_FIRST = 8
# Seconds until the first byte of an answer: from here on waiting is what takes the time.
FAR = 0.002
# Large files fill the line by themselves; more of them at once only scatter what is written.
LARGE_AT_ONCE = 4
_BYTES_AT_ONCE = 64 << 20
# Small files go to a thread together where handing over each would take the most time: so many,
# of so many bytes.
_TOGETHER = (8, 1 << 20)
# Where one thread has several of them on their way, it has all, and others only while it makes no
# headway for so many seconds.
_SEVERAL, _STALLED = (256, 1 << 25), 0.1
# What comes in one piece.
SMALL = 1 << 18
Work = TypeVar("Work")


class Gate(Generic[Work]):
    """Work that waits, each with its bytes, and begins by `start` while there is room.

    `start` answers False where nothing begins any more.

    Whoever ends some is handed the next, so that no thread has to be woken for it. `latency`
    answers the seconds until a storage answers, where that is known. `several` tells that a thread
    has more than one small file on its way.
    """

    def __init__(
        self,
        stopped: threading.Event,
        start: Callable[[list[Work], int], bool],
        latency: Callable[[], float | None] = lambda: None,
        several: bool = False,
    ) -> None:
        self._latency = latency
        self._several = several
        self._moved_last = time.monotonic()
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
            # Where others wait already, there is no room until one is done, or nothing moves.
            if len(self._waiting) == 1 or self._is_stalled:
                self._let_in()

    def done(self, size: int) -> tuple[list[Work], int]:
        """End work of so many bytes, and answer what whoever did it does next, if anything."""
        with self._changed:
            self._running -= 1
            self._bytes -= size
            self.moved()
            following = self._next()
            self._let_in()
            self._changed.notify_all()
            return following

    def moved(self) -> None:
        """Take note that some of the work is done."""
        self._moved_last = time.monotonic()

    def look(self) -> None:
        """Begin what there is room for, now that more is known."""
        with self._changed:
            self._let_in()

    def _let_in(self) -> None:
        while (found := self._next())[0]:
            if not self._start(*found):
                self._running -= 1

    def _next(self) -> tuple[list[Work], int]:
        found: list[Work] = []
        size = 0
        latency = self._latency()
        is_near = latency is not None and latency < FAR
        if self._waiting and not self._stopped.is_set() and self._has_room(latency):
            several = self._several and self._waiting[0][1] <= SMALL
            files, most = (_SEVERAL if several else _TOGETHER) if is_near else (1, 0)
            while self._waiting and len(found) < files:
                following = self._waiting[0][1]
                if found and (size + following > most or (several and following > SMALL)):
                    break
                found.append(self._waiting.popleft()[0])
                size += following
            self._running += 1
            self._bytes += size
        return found, size

    def _has_room(self, latency: float | None) -> bool:
        size = self._waiting[0][1]
        few = self._running < LARGE_AT_ONCE or self._bytes + size <= _BYTES_AT_ONCE
        if not few:
            return False
        if latency is None:
            # One connection tells as much as many, if it is made.
            return self._running < (_FIRST if self._is_stalled else 1)
        if latency >= FAR:
            return self._running < AT_ONCE
        has_one = self._several and size <= SMALL and not self._is_stalled
        return self._running < (NEAR_SEVERAL if has_one else NEAR_AT_ONCE)

    @property
    def _is_stalled(self) -> bool:
        return time.monotonic() - self._moved_last > _STALLED

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
                self._changed.wait(_STALLED)
                self._let_in()

    def wait_ended(self, seconds: float) -> None:
        """Wait so long at most until what has begun is done."""
        end = time.monotonic() + seconds
        with self._changed:
            while self._running and time.monotonic() < end:
                self._changed.wait(0.1)
