"""The jobs of the mini-FTS: the states of FTS3, kept in memory.

A job that is lost with the process is answered 404; Rucio then calls it LOST and submits it anew.
"""

from __future__ import annotations

import datetime
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

FORGET_AFTER = 3600.0
FINAL = frozenset({"FINISHED", "FAILED", "CANCELED", "NOT_USED"})


@dataclass
class Attempt:
    """One source of one file: what FTS calls a file of the job."""

    source: str
    destination: str
    size: int | None
    checksum: str | None
    metadata: dict[str, Any]
    state: str = "SUBMITTED"
    reason: str | None = None
    started: str | None = None
    finished: str | None = None

    def begin(self) -> None:
        self.state, self.started = "ACTIVE", _now()

    def end(self, state: str, reason: str | None = None) -> None:
        self.state, self.reason, self.finished = state, reason, _now()

    def described(self) -> dict[str, Any]:
        """As the conveyor's poller reads it."""
        return {
            "file_state": self.state,
            "source_surl": self.source,
            "dest_surl": self.destination,
            "reason": self.reason,
            "start_time": self.started,
            "finish_time": self.finished,
            "staging_start": None,
            "staging_finished": None,
            "file_metadata": self.metadata,
        }


@dataclass
class Job:
    """What was submitted at once: transfers, each with one attempt for every source."""

    metadata: dict[str, Any]
    transfers: list[list[Attempt]]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    canceled: bool = False
    touched: float = field(default_factory=time.monotonic)

    @property
    def attempts(self) -> Iterator[Attempt]:
        return (attempt for transfer in self.transfers for attempt in transfer)

    @property
    def state(self) -> str:
        states = {attempt.state for attempt in self.attempts}
        if states <= FINAL:
            return self._final_state()
        return "SUBMITTED" if states == {"SUBMITTED"} else "ACTIVE"

    def _final_state(self) -> str:
        if self.canceled:
            return "CANCELED"
        arrived = [any(a.state == "FINISHED" for a in transfer) for transfer in self.transfers]
        if all(arrived):
            return "FINISHED"
        return "FINISHEDDIRTY" if any(arrived) else "FAILED"

    def described(self) -> dict[str, Any]:
        return {
            "job_id": self.id,
            "http_status": "200 Ok",
            "job_state": self.state,
            "job_type": "N",
            "job_metadata": self.metadata,
            "files": [attempt.described() for attempt in self.attempts],
        }


def parse(submission: dict[str, Any]) -> Job:
    """A job from what FTS3Transfertool.submit sends; raises KeyError or ValueError when it is not
    that.
    """
    transfers = []
    for file in submission["files"]:
        (destination,) = file["destinations"]
        if not file["sources"]:
            raise ValueError("A file without sources")
        transfers.append(
            [
                Attempt(
                    source,
                    destination,
                    file.get("filesize"),
                    file.get("checksum"),
                    file["metadata"],
                )
                for source in file["sources"]
            ]
        )
    return Job(submission["params"].get("job_metadata") or {}, transfers)


class Jobs:
    """All jobs of this process; finished ones are forgotten after an hour."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def add(self, job: Job) -> None:
        with self._lock:
            now = time.monotonic()
            old = [
                known.id
                for known in self._jobs.values()
                if known.touched < now - FORGET_AFTER and known.state in {*FINAL, "FINISHEDDIRTY"}
            ]
            for job_id in old:
                del self._jobs[job_id]
            self._jobs[job.id] = job

    def get(self, job_id: str) -> Job | None:
        with self._lock:
            return self._jobs.get(job_id)


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
