"""Keeps one lake's processes running until it is told to end: `python -m
jupyter_dlaas.lake.supervisor D`.

A service that dies is started again; one whose hold file exists is kept stopped. When the
supervisor dies, however it dies, its services see the end of their standard input and end too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from .environment import PrivateEnvironment, cache_directory, locked
from .node_packages import NodePackages
from .processes import Process
from .rucio_side.lakeside.layout import PROVIDER, Layout, State
from .services import POSTGRESQL, Child, Status, last_lines, modules, open_log, shorten_log

POLL = 0.1
LOG_CHECK_SECONDS = 60.0
BOOTSTRAP = "bootstrap"


class Ended(Exception):
    """Somebody told the supervisor to end."""


class Supervisor:
    """The life of one lake's processes."""

    def __init__(self, layout: Layout, state: State) -> None:
        self.layout, self.state = layout, state
        self.environment = PrivateEnvironment(state.db)
        self.variables = self.environment.variables(layout.config)
        self.children: list[Child] = []
        self.status = Status("starting", Process.of(os.getpid()))
        self.preparing: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Start everything and tend it; returns when ended by SIGTERM, after all has stopped."""
        try:
            self._say("starting")
            if self.state.db == POSTGRESQL:
                self._start(POSTGRESQL, "postgres")
                self._await_ready()
            if self.state.prepared != self.state.wanted():
                self._prepare()
            if self.state.oidc:
                self._add(PROVIDER, NodePackages().command(self.layout.directory))
            for name, (module, *arguments) in modules(self.state).items():
                self._start(name, module, *arguments)
            self._tend_for_ever()
        except Ended:
            self._stop()
            Status.path(self.layout).unlink(missing_ok=True)
        except Exception as error:
            self._stop()
            self._say("failed", str(error) or repr(error))

    def _start(self, name: str, module: str, *arguments: str) -> None:
        self._add(name, self.environment.command(module, self.layout.directory, *arguments))

    def _add(self, name: str, command: list[str]) -> None:
        self.children.append(Child(name, self.layout, command, self.variables))

    def _await_ready(self) -> None:
        while not all(child.state in ("ready", "held") for child in self.children):
            self._tend()
            failing = [child.name for child in self.children if child.restarts > 2]
            if failing:
                raise RuntimeError(f"{failing[0]} does not start:\n{self._log_of(failing[0])}")
            time.sleep(POLL)

    def _prepare(self) -> None:
        """Bring the catalogue to what the state wants; raises RuntimeError with the log's end."""
        self._say("preparing")
        command = self.environment.command(BOOTSTRAP, self.layout.directory, cache_directory())
        with open_log(self.layout.log_file(BOOTSTRAP)) as log:
            self.preparing = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.variables,
                cwd=self.layout.run,
            )
        while (code := self.preparing.poll()) is None:
            self._tend()
            time.sleep(POLL)
        self.preparing = None
        if code:
            raise RuntimeError(f"The lake could not be prepared:\n{self._log_of(BOOTSTRAP)}")

    def _tend_for_ever(self) -> None:
        checked = time.monotonic()
        while True:
            self._tend("running")
            if time.monotonic() - checked > LOG_CHECK_SECONDS:
                checked = time.monotonic()
                for child in self.children:
                    shorten_log(self.layout.log_file(child.name))
            time.sleep(POLL)

    def _tend(self, phase: str | None = None) -> None:
        for child in self.children:
            child.tend()
        self._say(phase or self.status.phase)

    def _say(self, phase: str, error: str = "") -> None:
        services = {child.name: child.described() for child in self.children}
        news = Status(phase, self.status.supervisor, services, error)
        if news != self.status or not Status.path(self.layout).exists():
            self.status = news
            news.write(self.layout)

    def _stop(self) -> None:
        """End all services at once, the database last."""
        if self.preparing:
            self.preparing.terminate()
            self.preparing.wait()
        users = [child for child in self.children if child.name != POSTGRESQL]
        for child in users:
            child.signal_end()
        for child in users:
            child.stop()
        for child in self.children:
            child.stop(seconds=30)

    def _log_of(self, name: str) -> str:
        return last_lines(self.layout.log_file(name))


def _end(number: int, frame: FrameType | None) -> None:
    # Only once: what follows must not be interrupted by an impatient second signal.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Ended


def main() -> None:
    layout = Layout(Path(sys.argv[1]))
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with locked(layout.run / "supervisor.lock", wait=False):
        state = layout.load()
        if state is None:
            raise SystemExit(f"There is no lake in {layout.directory}")
        Supervisor(layout, state).run()


if __name__ == "__main__":
    main()
