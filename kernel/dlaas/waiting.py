"""Waiting for data to arrive: with progress, a reason when it is stuck, and never for ever."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dlaas.errors import DlaasError, NotAvailable, RuleStuck, TookTooLong, Unreachable
from dlaas.lifetime import duration, said
from dlaas.model import Status

if TYPE_CHECKING:
    from dlaas.lake import Lake

Progress = Callable[[Status], None]

DEFAULT_TIMEOUT = 3600.0
# Rucio marks a rule as stuck after its last try and may still recover it by itself: this long it
# may.
STUCK_GRACE = 10.0
_FIRST, _LONGEST = 0.5, 15.0
_OUTAGE = 120.0


def wait(
    lake: Lake,
    did: str,
    timeout: str | float | None = None,
    progress: bool | Progress = True,
    *,
    grace: float = STUCK_GRACE,
) -> Status:
    """Wait until a DID is available here; `timeout` in seconds or as "1h", an hour when None.

    `progress` True shows a line that is updated, a callable hears each `Status`. Raises
    `TookTooLong`, `RuleStuck` with Rucio's reason, and `NotAvailable` when no rule brings it. An
    outage of two minutes is sat through.
    """
    limit = DEFAULT_TIMEOUT if timeout is None else duration(timeout)
    shown = _shown(progress)
    started = time.monotonic()
    pause, stuck_since = _FIRST, None
    try:
        while True:
            found = _ask(lake, did, started + limit)
            if shown:
                shown(found)
            if found.state in ("available", "empty"):
                return found
            stuck_since = _stuck(found, stuck_since, grace)
            left = started + limit - time.monotonic()
            if left <= 0:
                raise TookTooLong(
                    f"After {said(limit)}, {found.available_files} of {found.files} files"
                    f" of {did} are here.",
                    blame="storage",
                    remedy="The rule goes on: wait again, or use what has arrived.",
                )
            time.sleep(min(pause, left))
            pause = min(pause * 1.3, _LONGEST)
    finally:
        # Also after Ctrl-C: the next output begins on a line of its own.
        if isinstance(shown, Line):
            shown.end()


def _ask(lake: Lake, did: str, deadline: float) -> Status:
    """Ask for the status, through short outages."""
    since: float | None = None
    while True:
        try:
            return lake.status(did)
        except (Unreachable, TookTooLong):
            now = time.monotonic()
            since = since or now
            if now - since > _OUTAGE or now >= deadline:
                raise
            time.sleep(2.0)


def _stuck(found: Status, since: float | None, grace: float) -> float | None:
    """Raise what ends the wait; else answer since when the rule has been stuck."""
    if found.state in ("absent", "partial"):
        raise NotAvailable(f"{found.did} is not on its way: {found.reason}")
    if found.state in ("suspended",):
        raise NotAvailable(f"{found.did} will not arrive: {found.reason}", blame="rucio")
    if found.state != "stuck":
        return None
    since = since or time.monotonic()
    if time.monotonic() - since >= grace:
        raise stuck_error(found)
    return since


def stuck_error(found: Status) -> DlaasError:
    """Make the error for a stuck rule, with Rucio's reason and what has arrived."""
    rule = next((rule for rule in found.rules if rule.state == "STUCK"), None)
    reason = rule.error if rule and rule.error else "Rucio gives no reason"
    return RuleStuck(
        f"The transfer of {found.did} to {found.rse} is stuck with {found.available_files} of"
        f" {found.files} files there: {reason}.",
        details={"rule_id": rule.id if rule else None, "reason": reason},
    )


def _shown(progress: bool | Progress) -> Progress | None:
    if callable(progress):
        return progress
    return Line() if progress else None


class Line:
    """A progress line: rewritten in a terminal, updated in place in a notebook."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._last = ""

    def __call__(self, found: Status) -> None:
        """Show a status."""
        text = f"{found.did}: {found.state}, {found.available_files} of {found.files} files"
        if text == self._last:
            return
        self._last = text
        if not self._show_in_notebook(text):
            end = "\r" if sys.stdout.isatty() else "\n"
            print(f"\033[K{text}" if end == "\r" else text, end=end, flush=True)

    def _show_in_notebook(self, text: str) -> bool:
        shell = sys.modules.get("IPython")
        if shell is None or getattr(shell.get_ipython(), "kernel", None) is None:
            return False
        from IPython.display import display

        if self._handle is None:
            self._handle = display({"text/plain": text}, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update({"text/plain": text}, raw=True)
        return True

    def end(self) -> None:
        """End the line."""
        if self._last and self._handle is None and sys.stdout.isatty():
            print()
