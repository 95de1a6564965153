"""One thing that was looked at; and how to look so that nothing can hang or hide the rest."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from dlaas.errors import ConfigurationError, TookTooLong, problem
from dlaas.lifetime import said
from dlaas.model import Problem

Verdict = Literal["ok", "warning", "problem"]
MACHINE = "this machine"


@dataclass(frozen=True)
class Check:
    """What was found, and for all but `ok` how to mend it.

    `about` is the instance, or this machine; `problem` is there for a problem, as the HTTP API
    tells it.
    """

    about: str
    name: str
    state: Verdict
    message: str
    remedy: str = ""
    problem: Problem | None = None


@dataclass(frozen=True)
class Looker:
    """Makes the checks about one thing, each within `timeout` seconds."""

    about: str
    timeout: float

    def ok(self, name: str, message: str) -> Check:
        """It is as it should be."""
        return Check(self.about, name, "ok", message)

    def warning(self, name: str, message: str, remedy: str = "") -> Check:
        """It works, but not for all or not for long."""
        return Check(self.about, name, "warning", message, remedy)

    def problem(self, name: str, found: Problem | BaseException) -> Check:
        """It does not work."""
        told = found if isinstance(found, Problem) else problem(found)
        return Check(self.about, name, "problem", told.message, told.remedy, told)

    def wrong(self, name: str, message: str, remedy: str) -> Check:
        """It is configured so that it cannot work."""
        return self.problem(name, ConfigurationError(message, remedy=remedy))

    def look(self, name: str, ask: Callable[[], Check | Iterable[Check]]) -> list[Check]:
        """Run one check; what it raises, or that it takes too long, is a problem of its own."""
        answers: queue.Queue[list[Check]] = queue.Queue()

        def run() -> None:
            try:
                found = ask()
                answers.put([found] if isinstance(found, Check) else list(found))
            except Exception as error:
                answers.put([self.problem(name, error)])

        # A daemon: a mount that hangs cannot be interrupted, and must not keep the process alive.
        threading.Thread(target=run, name=f"dlaas-doctor-{name}", daemon=True).start()
        try:
            return answers.get(timeout=self.timeout)
        except queue.Empty:
            late = TookTooLong(f"It was not known after {said(self.timeout)}.")
            return [self.problem(name, late)]
