"""Processes and ports of this machine, told apart for certain: a recycled pid is never ours."""

from __future__ import annotations

import itertools
import os
import random
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLL = 0.05
# Below the range from which systems take the ports of outgoing connections.
LASTING_PORTS = range(20000, 32000)


@dataclass(frozen=True)
class Process:
    """A process by its pid and its start time, which no later one shares."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The living process of this pid, or None; a zombie does not live."""
        started = _start_time(pid)
        return cls(pid, started) if started else None

    @classmethod
    def read(cls, content: Any) -> Process | None:
        if not isinstance(content, dict) or "pid" not in content:
            return None
        return cls(int(content["pid"]), str(content.get("started")))

    @property
    def alive(self) -> bool:
        return _start_time(self.pid) == self.started

    def signal(self, number: int) -> None:
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self, seconds: float) -> bool:
        """SIGTERM, and SIGKILL when it has not ended in time; whether it ended by itself."""
        self.signal(signal.SIGTERM)
        if self.wait(seconds):
            return True
        self.signal(signal.SIGKILL)
        self.wait(seconds)
        return False

    def wait(self, seconds: float) -> bool:
        """Whether the process ended within so many seconds."""
        until = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > until:
                return False
            time.sleep(POLL)
        return True


def _start_time(pid: int) -> str | None:
    try:
        # The name in parentheses may hold anything: count from the last one.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _start_time_by_ps(pid)
    return None if fields[0] in "ZX" else fields[19]


def _start_time_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    output = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
    state, _, started = output.strip().partition(" ")
    return started.strip() if started and not state.startswith("Z") else None


def port_is_free(port: int) -> bool:
    """Whether a server could listen there on the loopback interface now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(number: int) -> list[int]:
    """So many ports that are free now, and that outgoing connections will not take later."""
    candidates = random.sample(LASTING_PORTS, min(len(LASTING_PORTS), 50 * number))
    found = list(itertools.islice(filter(port_is_free, candidates), number))
    if len(found) < number:
        raise OSError(f"Fewer than {number} ports are free between 20000 and 32000")
    return found
