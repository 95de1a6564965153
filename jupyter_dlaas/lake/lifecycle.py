"""Starting a lake's supervisor, waiting until everything answers, and ending all of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from .environment import Log
from .errors import LakeError
from .probe import answers
from .rucio_side.lakeside.layout import HOST, Layout, State
from .services import Status, last_lines, open_log

POLL = 0.05
START_SECONDS = 180.0
STOP_SECONDS = 60.0
PACKAGE_ROOT = Path(__file__).parents[2]

# Supervisors outlive us; they are kept here so that Python does not warn of them.
_started: list[subprocess.Popen[bytes]] = []


class Start:
    """One attempt to bring a lake up, and what it tells of its progress."""

    def __init__(self, layout: Layout, state: State, log: Log) -> None:
        self.layout, self.state, self.log = layout, state, log
        self.since = time.monotonic()
        self.told: set[str] = set()
        self.supervisor: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start the supervisor, in a session of its own."""
        self.layout.log_file("bootstrap").unlink(missing_ok=True)
        Status.path(self.layout).unlink(missing_ok=True)
        path = [str(PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        command = [sys.executable, "-m", f"{__package__}.supervisor", str(self.layout.directory)]
        with open_log(self.layout.log_file("supervisor")) as output:
            self.supervisor = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
                cwd="/",
                start_new_session=True,
            )
        _started.append(self.supervisor)

    def finish(self) -> None:
        """Return when every service answers; raises LakeError with what went wrong."""
        until = self.since + START_SECONDS
        while True:
            status = Status.read(self.layout)
            if status:
                self._report(status)
            self._check(status)
            if status and status.alive and status.settled and self._serves(status):
                return
            if time.monotonic() > until:
                raise LakeError(f"The lake is not up after {START_SECONDS:.0f} s. {self._logs()}")
            time.sleep(POLL)

    def give_up(self) -> None:
        """End what was begun."""
        if self.supervisor:
            self.supervisor.terminate()
        stop(self.layout)

    def _serves(self, status: Status) -> bool:
        """Whether a person could log in now."""
        if status.services["rucio"]["state"] == "held":
            return True
        url = f"https://{HOST}:{self.state.ports['rucio']}"
        return answers(url, self.layout.ca, "alice", self.layout.password("alice"))

    def _check(self, status: Status | None) -> None:
        if status and status.phase == "failed":
            raise LakeError(f"{status.error}\n{self._logs()}")
        for name, service in status.services.items() if status else ():
            if service["restarts"] > 2 and service["state"] == "waiting":
                raise LakeError(f"{name} does not start:\n{self._end_of(name)}\n{self._logs()}")
        ended = self.supervisor.poll() is not None if self.supervisor else not status
        if ended or (status and not status.alive):
            end = self._end_of("supervisor")
            raise LakeError(f"The lake's supervisor has ended:\n{end}\n{self._logs()}")

    def _end_of(self, name: str) -> str:
        return last_lines(self.layout.log_file(name))

    def _logs(self) -> str:
        return f"See the logs in {self.layout.logs}."

    def _report(self, status: Status) -> None:
        bootstrap = self.layout.log_file("bootstrap")
        lines = bootstrap.read_text(errors="replace").splitlines() if bootstrap.exists() else []
        for line in lines:
            if line.endswith(" s)"):
                self._tell(line)
        for name, service in status.services.items():
            if service["state"] == "ready":
                self._tell(f"{name} ready", f" ({time.monotonic() - self.since:.1f} s)")
            elif service["state"] == "held":
                self._tell(f"{name} is held and stays stopped")

    def _tell(self, what: str, more: str = "") -> None:
        if what not in self.told:
            self.told.add(what)
            self.log(what + more)


def stop(layout: Layout) -> None:
    """End the supervisor, which ends its services, and whatever outlived an earlier one."""
    status = Status.read(layout)
    if status and status.supervisor:
        status.supervisor.end(STOP_SECONDS)
    end_leftovers(layout, status)
    Status.path(layout).unlink(missing_ok=True)


def end_leftovers(layout: Layout, status: Status | None = None) -> None:
    """End services that outlived their supervisor; they do so by themselves, mostly."""
    status = status or Status.read(layout)
    for process in status.processes() if status else []:
        if not process.wait(2.0):
            process.end(10.0)
