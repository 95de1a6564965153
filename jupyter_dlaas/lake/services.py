"""Which processes a lake is made of, and what the supervisor tells the world about them."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from .processes import Process
from .rucio_side.lakeside.layout import PROVIDER, XCACHE, Layout, State, write_private

LOG_LIMIT = 10_000_000
BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
HEALTHY_SECONDS = 60.0

POSTGRESQL = "postgresql"


def modules(state: State) -> dict[str, list[str]]:
    """Which module of Rucio's side runs each service, and its arguments.

    The database and the identity provider are not among them.
    """
    sites = {site.service: [site.server, site.service] for site in state.sites}
    caches = {XCACHE: ["xrootd", XCACHE]} if state.xrootd else {}
    return {"rucio": ["serve"], "fts": ["fts"], **sites, **caches, "daemons": ["daemons"]}


def names(state: State) -> list[str]:
    """The services of a lake, in the order in which they start."""
    database = [POSTGRESQL] if state.db == POSTGRESQL else []
    return [*database, *([PROVIDER] if state.oidc else []), *modules(state)]


@dataclass
class Child:
    """One service as the supervisor sees it."""

    name: str
    layout: Layout
    command: list[str]
    variables: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    identity: Process | None = None
    restarts: int = 0
    next_start: float = 0.0
    started: float = 0.0

    @property
    def held(self) -> bool:
        return self.layout.hold_file(self.name).exists()

    @property
    def state(self) -> str:
        if self.process is None:
            return "held" if self.held else "waiting"
        return "ready" if self._says_ready() else "starting"

    def _says_ready(self) -> bool:
        try:
            text = self.layout.ready_file(self.name).read_text()
        except FileNotFoundError:
            return False
        return self.process is not None and text == str(self.process.pid)

    def tend(self) -> None:
        """Start, stop or bury the process, as is due."""
        if self.process and self.process.poll() is not None:
            self._bury()
        if self.process and self.held:
            self.stop()
        elif not self.process and not self.held and time.monotonic() >= self.next_start:
            self.start()

    def start(self) -> None:
        self.layout.ready_file(self.name).unlink(missing_ok=True)
        with open_log(self.layout.log_file(self.name)) as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.variables,
                cwd=self.layout.run,
            )
        self.started = time.monotonic()
        self.identity = Process.of(self.process.pid)

    def _bury(self) -> None:
        """The process ended by itself: start it again, later each time."""
        assert self.process is not None
        if self.process.stdin:
            self.process.stdin.close()
        now = time.monotonic()
        self.restarts = 1 if now - self.started > HEALTHY_SECONDS else self.restarts + 1
        self.next_start = now + BACKOFF[min(self.restarts, len(BACKOFF)) - 1]
        self.process = self.identity = None

    def signal_end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def stop(self, seconds: float = 10.0) -> None:
        """End the process; by force when it does not end in time."""
        if not self.process:
            return
        self.signal_end()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        self.process = self.identity = None
        self.restarts, self.next_start = 0, 0.0
        self.layout.ready_file(self.name).unlink(missing_ok=True)

    def described(self) -> dict[str, Any]:
        process = self.identity
        return {
            "state": self.state,
            "pid": process.pid if process else None,
            "started": process.started if process else None,
            "restarts": self.restarts,
        }


@dataclass
class Status:
    """What the supervisor last said: `phase` is starting, preparing, running or failed."""

    phase: str
    supervisor: Process | None
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: str = ""

    @classmethod
    def path(cls, layout: Layout) -> Path:
        return layout.run / "status.json"

    @classmethod
    def read(cls, layout: Layout) -> Status | None:
        try:
            content = json.loads(cls.path(layout).read_text())
        except (OSError, ValueError):
            return None
        supervisor = Process.read(content["supervisor"])
        return cls(content["phase"], supervisor, content["services"], content["error"])

    def write(self, layout: Layout) -> None:
        process = self.supervisor
        content = {
            "phase": self.phase,
            "supervisor": {"pid": process.pid, "started": process.started} if process else None,
            "services": self.services,
            "error": self.error,
        }
        write_private(self.path(layout), json.dumps(content, indent=2) + "\n")

    @property
    def alive(self) -> bool:
        return self.supervisor is not None and self.supervisor.alive

    @property
    def settled(self) -> bool:
        """Whether every service is ready, or stopped because it is held."""
        states = {service["state"] for service in self.services.values()}
        return self.phase == "running" and states <= {"ready", "held"}

    def processes(self) -> list[Process]:
        """Those of the services that still live."""
        known = (Process.read(service) for service in self.services.values() if service["pid"])
        return [process for process in known if process and process.alive]


def open_log(path: Path) -> IO[bytes]:
    """A log file to append to; the one before is kept as `.1` when it has grown long."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def shorten_log(path: Path) -> None:
    """Keep a log that is being written from growing without end: its writers append."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.with_suffix(".log.1").write_bytes(path.read_bytes())
        with path.open("r+b") as log:
            log.truncate(0)


def last_lines(path: Path, number: int = 15) -> str:
    """The end of a log, for an error message."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 20_000))
            lines = log.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(lines[-number:])
