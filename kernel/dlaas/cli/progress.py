"""A line on the standard error that says how far a transfer is, where somebody looks at it."""

from __future__ import annotations

import shutil
import sys
import time

from dlaas.cli.output import sized
from dlaas.lifetime import said

_EVERY = 0.2


class Progress:
    """Hears bytes done and bytes in all; rewritten in a terminal, nothing elsewhere."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        self._name = name
        self._shown = sys.stderr.isatty() and not quiet
        self._started = time.monotonic()
        self._begun: int | None = None
        self._next = 0.0
        self._wrote = False

    def __call__(self, done: int, total: int) -> None:
        """Show how far it is, a few times a second."""
        now = time.monotonic()
        if self._begun is None:
            # What an earlier try brought says nothing of the speed.
            self._begun = done
        if self._shown and (now >= self._next or done >= total):
            self._next = now + _EVERY
            self.write(
                progress_said(self._name, done, total, done - self._begun, now - self._started)
            )

    def write(self, text: str) -> None:
        """Rewrite the line."""
        if not self._shown:
            return
        most = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r\033[K{text[:most]}")
        sys.stderr.flush()
        self._wrote = True

    def end(self) -> None:
        """Wipe the line: what follows stands on its own."""
        if self._wrote:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self._wrote = False


def progress_said(name: str, done: int, total: int, fresh: int, seconds: float) -> str:
    """Say how far a transfer is, `fresh` bytes of it having come in so many seconds.

    >>> progress_said("a.root", 50_000_000, 100_000_000, 50_000_000, 5)
    'a.root  50%  50.0 MB of 100.0 MB  10.0 MB/s  5 seconds left'
    """
    share = 100 * done // total if total else 100
    text = f"{name}  {share}%  {sized(done)} of {sized(total)}"
    if seconds < 1 or not fresh:
        return text
    speed = fresh / seconds
    left = f"  {said((total - done) / speed)} left" if done < total else ""
    return f"{text}  {sized(int(speed))}/s{left}"
