"""Waiting for data to arrive: with progress, a reason when it is stuck, and never for ever."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from dlaas.errors import (
    DlaasError,
    InvalidLifetime,
    NotAvailable,
    RuleStuck,
    TookTooLong,
    Unreachable,
)
from dlaas.lifetime import duration, said
from dlaas.model import Rule, Status

if TYPE_CHECKING:
    from dlaas.lake import Lake

Progress = Callable[[Status], None]

DEFAULT_TIMEOUT = 3600.0
# Rucio marks a rule as stuck after its last try and may still recover it by itself: this long it
# may.
STUCK_GRACE = 10.0
_FIRST, _LONGEST = 0.5, 15.0
_OUTAGE = 120.0
_MOST_WAITED = 366 * 86400.0


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
    return watch(lambda: lake.status(did), timeout, progress, grace=grace)


def watch(
    ask: Callable[[], Status],
    timeout: str | float | None = None,
    progress: bool | Progress = True,
    *,
    grace: float = STUCK_GRACE,
) -> Status:
    """Wait until what `ask` answers is available; all else as `wait`."""
    from dlaas.variables.progress import shown

    # A progress that can be cancelled sleeps by itself.
    patience = Patience(timeout, grace, getattr(progress, "sleep", time.sleep))
    with shown(progress) as show:
        while True:
            found = patience.ask(ask)
            show(found)
            if found.state in ("available", "empty"):
                return found
            patience.check(found)
            patience.rest()


class Patience:
    """How long one waits: until the time is over, no rule brings it, or a rule stays stuck."""

    def __init__(
        self,
        timeout: str | float | None = None,
        grace: float = STUCK_GRACE,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._limit = DEFAULT_TIMEOUT if timeout is None else duration(timeout)
        if not 0 <= self._limit <= _MOST_WAITED:
            # Neither endless nor NaN: nothing here waits for ever.
            raise InvalidLifetime(
                f"The timeout {timeout!r} is not a time to wait.",
                remedy="Give seconds or a text such as '1h', a year at most.",
            )
        self._ends = time.monotonic() + self._limit
        self._grace = grace
        self._pause = _FIRST
        self._stuck_since: float | None = None
        self._most_here = -1

    def ask(self, question: Callable[[], Status]) -> Status:
        """Ask for the status, through short outages."""
        since: float | None = None
        while True:
            try:
                return question()
            except (Unreachable, TookTooLong):
                now = time.monotonic()
                since = since or now
                if now - since > _OUTAGE or now >= self._ends:
                    raise
                self._sleep(2.0)

    def check(self, found: Status) -> None:
        """Raise what ends the wait, after a look that did not bring all of it."""
        if found.state in ("absent", "partial"):
            raise NotAvailable(f"{found.did} is not on its way: {found.reason}")
        if found.state == "suspended":
            raise NotAvailable(f"{found.did} will not arrive: {found.reason}", blame="rucio")
        now = time.monotonic()
        if found.state != "stuck" or found.available_files > self._most_here >= 0:
            # What still arrives is not given up.
            self._stuck_since = None
        self._most_here = max(self._most_here, found.available_files)
        if found.state == "stuck":
            self._stuck_since = self._stuck_since or now
            if now - self._stuck_since >= self._grace:
                raise stuck_error(found)
        if now >= self._ends:
            raise TookTooLong(
                f"After {said(self._limit)}, {found.available_files} of {found.files} files"
                f" of {found.did} are here. {found.reason}",
                blame="storage",
                remedy="The rule goes on: wait again, or use what has arrived.",
            )

    def rest(self) -> None:
        """Sleep until the next look: longer each time, but not beyond the end."""
        left = max(0.0, self._ends - time.monotonic())
        self._sleep(min(self._pause, left) if left else _FIRST)
        self._pause = min(self._pause * 1.3, _LONGEST)

    def begin_anew(self) -> None:
        """Look more often again: something has arrived."""
        self._pause = _FIRST


def stuck_error(found: Status) -> DlaasError:
    """Make the error for a stuck rule, with Rucio's reason, its locks and what has arrived."""
    stuck = [rule for rule in found.rules if rule.state == "STUCK"]
    rule = next((rule for rule in stuck if rule.error), stuck[0] if stuck else None)
    reason = rule.error if rule and rule.error else "Rucio gives no reason"
    locks = said_locks(found.rules)
    return RuleStuck(
        f"The transfer of {found.did} to {found.rse} is stuck with {found.available_files} of"
        f" {found.files} files there{f' ({locks})' if locks else ''}: {reason}.",
        details={"rule_id": rule.id if rule else None, "reason": reason},
    )


def said_locks(rules: tuple[Rule, ...]) -> str:
    """Say how far the locks of some rules are, such as `locks: 2 ok, 1 stuck`."""
    counts = {
        "ok": sum(rule.locks_ok for rule in rules),
        "replicating": sum(rule.locks_replicating for rule in rules),
        "stuck": sum(rule.locks_stuck for rule in rules),
    }
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return f"locks: {told}" if told else ""


class Pace:
    """How fast data arrives, of the last looks."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque(maxlen=20)

    def left(self, found: Status, now: float | None = None) -> float | None:
        """Answer in how many seconds the rest will be here; None while nobody can tell."""
        by_bytes = bool(found.bytes)
        done = found.available_bytes if by_bytes else found.available_files
        whole = (found.bytes if by_bytes else found.files) or 0
        now = time.monotonic() if now is None else now
        self._looks.append((now, done))
        began, had = self._looks[0]
        if done <= had or now <= began or done >= whole:
            return None
        return (whole - done) * (now - began) / (done - had)
