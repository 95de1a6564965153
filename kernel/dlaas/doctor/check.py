"""One thing that was looked at; and how to look so that nothing can hang or hide the rest."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Concatenate, ParamSpec

from dlaas.errors import ConfigurationError, TookTooLong, problem
from dlaas.lifetime import said
from dlaas.model import Check as Check
from dlaas.model import Problem
from dlaas.model import Verdict as Verdict

MACHINE = "this machine"
More = ParamSpec("More")


@dataclass(frozen=True)
class Looker:
    """Makes the checks of a name about one thing, each within `timeout` seconds."""

    about: str
    timeout: float
    name: str = ""

    def called(self, name: str) -> Looker:
        """Make checks of another name."""
        return replace(self, name=name)

    def ok(self, message: str) -> Check:
        """It is as it should be."""
        return Check(self.about, self.name, "ok", message)

    def warning(self, message: str, remedy: str = "") -> Check:
        """It works, but not for all or not for long."""
        return Check(self.about, self.name, "warning", message, remedy)

    def problem(self, found: Problem | BaseException) -> Check:
        """It does not work."""
        told = found if isinstance(found, Problem) else problem(found)
        return Check(self.about, self.name, "problem", told.message, told.remedy, told)

    def wrong(self, message: str, remedy: str) -> Check:
        """It is configured so that it cannot work."""
        return self.problem(ConfigurationError(message, remedy=remedy))

    def look(
        self,
        name: str,
        ask: Callable[Concatenate[Looker, More], Check | Iterable[Check]],
        *args: More.args,
        **more: More.kwargs,
    ) -> list[Check]:
        """Run one check; what it raises, or that it takes too long, is a problem of its own."""
        looker = self.called(name)
        answers: queue.Queue[list[Check]] = queue.Queue()

        def run() -> None:
            try:
                found = ask(looker, *args, **more)
                answers.put([found] if isinstance(found, Check) else list(found))
            except Exception as error:
                answers.put([looker.problem(error)])

        # A daemon: a mount that hangs cannot be interrupted, and must not keep the process alive.
        threading.Thread(target=run, name=f"dlaas-doctor-{name}", daemon=True).start()
        try:
            return answers.get(timeout=self.timeout)
        except queue.Empty:
            late = TookTooLong(f"It was not known after {said(self.timeout)}.")
            return [looker.problem(late)]
