"""Jobs on disk: what was transferred, and what a server that is gone had not finished."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any, TypeVar

from dlaas.model import DID, Job, Problem, Rule, Uploaded, to_json

try:
    import fcntl
except ImportError:  # Not a POSIX system.
    # Windows has none, and mypy takes the name for a module.
    fcntl = None  # type: ignore[assignment]

T = TypeVar("T")

INTERRUPTED = Problem(
    "Interrupted",
    "The server stopped before the upload was finished.",
    "us",
    "Upload it again: your file is as it was, and repeating an upload is safe.",
)
# So many finished jobs are remembered.
REMEMBERED = 200
FINAL = ("done", "failed", "cancelled")
_TABLE = """
CREATE TABLE IF NOT EXISTS jobs
(
    number INTEGER PRIMARY KEY, id TEXT UNIQUE,
    server TEXT NOT NULL, state TEXT NOT NULL, job TEXT NOT NULL
)
"""
_SAVE = """
INSERT INTO jobs (id, server, state, job) VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, job = excluded.job
"""
_OLD = """
DELETE FROM jobs WHERE state IN ('done', 'failed', 'cancelled') AND id NOT IN
(SELECT id FROM jobs ORDER BY number DESC LIMIT ?)
"""


class JobStore:
    """The jobs of a user's servers in one SQLite file, 0600; every method may block.

    A server holds a lock as long as it lives, so that another one never takes its running jobs for
    dead. Not in WAL mode: that does not work on the network folders in which homes are kept. A
    store that cannot be written is told in the log and is no reason to stop a transfer.
    """

    def __init__(self, folder: Path, server: str, log: logging.Logger) -> None:
        self._folder = folder
        self._path = folder / "jobs.sqlite"
        self._server = server
        self._log = log
        self._lock: IO[str] | None = None

    def open(self) -> list[Job]:
        """Answer the jobs that have ended, oldest first; those of dead servers ended just now."""
        return self._careful(self._open) or []

    def save(self, job: Job) -> None:
        """Write a job."""
        self._careful(lambda: self._write([(self._server, job)]))

    def close(self) -> None:
        """Say that this server ends."""
        if self._lock is not None:
            self._lock_path(self._server).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def _careful(self, act: Callable[[], T]) -> T | None:
        try:
            return act()
        except (sqlite3.Error, OSError) as error:
            self._log.warning("The list of transfers is not kept: %s: %s", self._path, error)
            return None

    def _open(self) -> list[Job]:
        (self._folder / "servers").mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        # Made before SQLite opens it, which would heed the umask alone.
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = _take(self._lock_path(self._server))
        try:
            rows = self._read()
        except sqlite3.OperationalError:
            # Locked, or the disk is full: the file itself is good.
            raise
        except sqlite3.DatabaseError:
            self._set_aside()
            rows = self._read()
        jobs = [(server, job) for server, text in rows if (job := job_from(text)) is not None]
        dead = {server for server, job in jobs if job.state not in FINAL and self._dead(server)}
        lost = {job.id: (server, _interrupted(job)) for server, job in jobs if server in dead}
        self._write(list(lost.values()))
        found = [lost.get(job.id, (server, job))[1] for server, job in jobs]
        return [job for job in found if job.state in FINAL]

    def _read(self) -> list[tuple[str, str]]:
        with closing(self._connect()) as db, db:
            db.execute(_TABLE)
            db.execute(_OLD, (REMEMBERED,))
            return list(db.execute("SELECT server, job FROM jobs ORDER BY number"))

    def _write(self, jobs: list[tuple[str, Job]]) -> None:
        rows = [(job.id, server, job.state, json.dumps(to_json(job))) for server, job in jobs]
        with closing(self._connect()) as db, db:
            db.executemany(_SAVE, rows)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10)

    def _set_aside(self) -> None:
        aside = self._path.with_suffix(".broken")
        self._log.warning("%s cannot be read and was renamed to %s.", self._path, aside)
        os.replace(self._path, aside)
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))

    def _lock_path(self, server: str) -> Path:
        return self._folder / "servers" / server

    def _dead(self, server: str) -> bool:
        path = self._lock_path(server)
        if server == self._server:
            return False
        if not path.exists():
            return True
        lock = _take(path)
        if lock is None:
            return False
        path.unlink(missing_ok=True)
        lock.close()
        return True


def job_from(text: str) -> Job | None:
    """Read what `to_json` made of a job; None for what another version wrote and we cannot read."""
    try:
        values = json.loads(text)
        values["did"] = DID(values["did"])
        _times(values, "created_at", "finished_at")
        if values["result"] is not None:
            values["result"] = _uploaded(values["result"])
        if values["problem"] is not None:
            values["problem"] = Problem(**values["problem"])
        return Job(**values)
    except (TypeError, KeyError, ValueError):
        return None


def _uploaded(values: dict[str, Any]) -> Uploaded:
    values["did"] = DID(values["did"])
    if values["dataset"] is not None:
        values["dataset"] = DID(values["dataset"])
    if values["rule"] is not None:
        rule = values["rule"]
        rule["did"] = DID(rule["did"])
        _times(rule, "expires_at", "created_at", "updated_at")
        values["rule"] = Rule(**rule)
    return Uploaded(**values)


def _times(values: dict[str, Any], *names: str) -> None:
    for name in names:
        if values[name] is not None:
            moment = datetime.strptime(values[name], "%Y-%m-%dT%H:%M:%SZ")
            values[name] = moment.replace(tzinfo=timezone.utc)


def _interrupted(job: Job) -> Job:
    if job.state in FINAL:
        return job
    now = datetime.now(timezone.utc)
    return replace(job, state="failed", finished_at=now, problem=INTERRUPTED)


def _take(path: Path) -> IO[str] | None:
    """Lock a file until it is closed; None when another process holds it."""
    file = open(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "w")  # noqa: SIM115
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
    return file
