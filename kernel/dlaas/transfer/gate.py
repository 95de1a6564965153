"""How much is under way at once: many small files, few large ones."""

from __future__ import annotations

import threading
import time

from dlaas.errors import Cancelled

AT_ONCE = 24
# Large files fill the line by themselves; more of them at once only scatter what is written.
LARGE_AT_ONCE = 4
_BYTES_AT_ONCE = 64 << 20


class Gate:
    """Lets files in while there is room; for threads."""

    def __init__(self, stopped: threading.Event) -> None:
        self.at_once = AT_ONCE
        self._stopped = stopped
        self._changed = threading.Condition()
        self._files = 0
        self._bytes = 0

    def enter(self, size: int) -> None:
        """Wait until a file may begin; raises `Cancelled`."""
        with self._changed:
            while not self._lets_in(size):
                if self._stopped.is_set():
                    raise Cancelled("The download was cancelled.")
                self._changed.wait(0.1)
            self._files += 1
            self._bytes += size

    def _lets_in(self, size: int) -> bool:
        few = self._files < LARGE_AT_ONCE or self._bytes + size <= _BYTES_AT_ONCE
        return few and self._files < self.at_once

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
