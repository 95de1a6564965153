"""A line that shows how far a wait is: rewritten in a terminal, updated in place in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from dlaas.lifetime import said
from dlaas.model import Status
from dlaas.sizes import size_said
from dlaas.variables.waiting import Pace, Progress, said_locks


@contextmanager
def shown(progress: bool | Progress) -> Generator[Progress, None, None]:
    """Answer what hears each status: a callable itself, a line for True, nothing for False.

    One that has an `end()` is told when it is over.
    """
    hears = progress if callable(progress) else Line() if progress else _unheard
    try:
        yield hears
    finally:
        # Also after Ctrl-C: the next output begins on a line of its own.
        getattr(hears, "end", _ended)()


def _unheard(_found: Status) -> None:
    """Show nothing."""


def _ended() -> None:
    """Clean up nothing."""


class Line:
    """A progress line, with lock counts and the time that is left."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._last: object = None
        self._pace = Pace()

    def __call__(self, found: Status) -> None:
        """Show a status."""
        text = said_progress(found, self._pace.left(found))
        if self._show_in_notebook(text):
            return
        in_place = sys.stdout.isatty()
        # A log gets a line when something has changed; the time that is left always has.
        key = text if in_place else said_progress(found)
        if key != self._last:
            print(f"\033[K{text}" if in_place else text, end="\r" if in_place else "\n", flush=True)
        self._last = key

    def _show_in_notebook(self, text: str) -> bool:
        shell = sys.modules.get("IPython")
        if shell is None or getattr(shell.get_ipython(), "kernel", None) is None:
            return False
        from IPython.display import display

        if self._handle is None:
            # IPython publishes types, but none of this function.
            self._handle = display({"text/plain": text}, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        elif text != self._last:
            self._handle.update({"text/plain": text}, raw=True)
        self._last = text
        return True

    def end(self) -> None:
        """End the line."""
        if self._last and self._handle is None and sys.stdout.isatty():
            print()


def said_progress(found: Status, left: float | None = None) -> str:
    """Say how far it is: files, bytes, locks, what is stuck and why, and the time that is left."""
    parts = [f"{found.did}: {found.state}, {found.available_files} of {found.files} files"]
    if found.state in ("available", "empty"):
        return parts[0]
    if found.bytes:
        parts.append(f"{size_said(found.available_bytes)} of {size_said(found.bytes)}")
    if locks := said_locks(found.rules):
        parts.append(locks)
    if left is not None:
        parts.append(f"about {said(left)} left")
    if found.state == "stuck":
        error = next((rule.error for rule in found.rules if rule.error), None)
        parts.append(error or "Rucio gives no reason")
    return ", ".join(parts)
