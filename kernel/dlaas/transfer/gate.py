"""How much is under way at once: many small files, few large ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dlaas.errors import Cancelled

AT_ONCE = 32
# Where answers come at once, more at a time only get in each other's way.
NEAR_AT_ONCE = 4
# Until the first answer tells.
_FIRST = 8
# Seconds until the first byte of an answer: from here on waiting is what takes the time.
FAR = 0.005
# Large files fill the line by themselves; more of them at once only scatter what is written.
LARGE_AT_ONCE = 4
_BYTES_AT_ONCE = 64 << 20


class Gate:
    """Lets files in while there is room; for threads.

    `latency` answers the seconds until a storage answers, where that is known.
    """

    def __init__(
        self, stopped: threading.Event, latency: Callable[[], float | None] = lambda: None
    ) -> None:
        self.at_once = AT_ONCE
        self._latency = latency
        self._stopped = stopped
        self._changed = threading.Condition()
        self._files = 0
        self._bytes = 0

    @property
    def is_near(self) -> bool:
        """Whether storages are known to answer at once."""
        latency = self._latency()
        return latency is not None and latency < FAR

    def enter(self, size: int) -> None:
        """Wait until a file, or some small ones in turn, may begin; raises `Cancelled`."""
        with self._changed:
            while not self._lets_in(size):
                if self._stopped.is_set():
                    raise Cancelled("The download was cancelled.")
                self._changed.wait(0.1)
            self._files += 1
            self._bytes += size

    def _lets_in(self, size: int) -> bool:
        few = self._files < LARGE_AT_ONCE or self._bytes + size <= _BYTES_AT_ONCE
        if not few or self._files < NEAR_AT_ONCE:
            return few
        latency = self._latency()
        if latency is None:
            return self._files < _FIRST
        return latency >= FAR and self._files < self.at_once

    def leave(self, size: int) -> None:
        """Let a file out."""
        with self._changed:
            self._files -= 1
            self._bytes -= size
            self._changed.notify_all()

    def wait_empty(self, timeout: float | None = None) -> None:
        """Wait until nothing is under way, or the time is over."""
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while self._files and (end is None or time.monotonic() < end):
                if end is None and self._stopped.is_set():
                    raise Cancelled("The download was cancelled.")
                self._changed.wait(0.1)
