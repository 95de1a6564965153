"""Jobs on disk: what was transferred, and what a server that is gone left to be finished."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any, TypeVar

from dlaas.jobs import FINAL, file_from, job_from
from dlaas.model import Job, JobFile, JobNote, Problem, to_json
from jupyter_dlaas.transfers.orders import Order, read

try:
    import fcntl
except ImportError:  # Not a POSIX system.
    # Windows has none, and mypy takes the name for a module.
    fcntl = None  # type: ignore[assignment]

T = TypeVar("T")

INTERRUPTED = Problem(
    "Interrupted",
    "The server stopped before the transfer was finished.",
    "us",
    "Begin it again: your files are as they were, and repeating a transfer is safe.",
)
# What a job that begins anew says of its progress.
NOTHING_YET: dict[str, Any] = {
    "done_bytes": 0,
    "done_files": 0,
    "failed_files": 0,
    "speed": None,
}
# So many finished jobs are remembered.
REMEMBERED = 200
_TABLES = """
CREATE TABLE IF NOT EXISTS jobs
(
    number INTEGER PRIMARY KEY, id TEXT UNIQUE,
    server TEXT NOT NULL, state TEXT NOT NULL, job TEXT NOT NULL, "order" TEXT
);
CREATE TABLE IF NOT EXISTS notes (number INTEGER PRIMARY KEY, id TEXT, at REAL, text TEXT);
CREATE INDEX IF NOT EXISTS notes_of ON notes (id);
CREATE TABLE IF NOT EXISTS files (id TEXT PRIMARY KEY, files TEXT);
"""
# What somebody has cancelled stays so until it has ended, or is begun anew with its order; and what
# is done needs no order, which may be long.
_SAVE = """
INSERT INTO jobs (id, server, state, job, "order") VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    server = excluded.server, job = excluded.job,
    state = CASE
        WHEN jobs.state = 'cancelling' AND excluded."order" IS NULL
            AND excluded.state NOT IN ('done', 'failed', 'cancelled')
        THEN jobs.state ELSE excluded.state END,
    "order" = CASE
        WHEN excluded.state = 'done' THEN NULL
        ELSE coalesce(excluded."order", jobs."order") END
"""
_CANCEL = """
UPDATE jobs SET state = 'cancelling'
WHERE id = ? AND state NOT IN ('done', 'failed', 'cancelled')
"""
_OLD = """
DELETE FROM jobs WHERE state IN ('done', 'failed', 'cancelled') AND id NOT IN
(SELECT id FROM jobs ORDER BY number DESC LIMIT ?)
"""
_OLD_NOTES = "DELETE FROM notes WHERE id NOT IN (SELECT id FROM jobs)"
_OLD_FILES = "DELETE FROM files WHERE id NOT IN (SELECT id FROM jobs)"


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
        self._complained = ""

    def open(self) -> list[tuple[Job, Order | None]]:
        """Answer what has ended and what dead servers left, oldest first.

        The latter are this server's from now on; those that nobody can go on with have failed.
        """
        return self._careful(self._open) or []

    def save(self, job: Job, order: Order | None = None, note: str = "") -> bool:
        """Write a job, its order when it begins, and a line for its log; False where that fails."""

        def write() -> bool:
            with closing(self._connect()) as db, db:
                _insert(db, self._server, job, order, note)
            return True

        return bool(self._careful(write))

    def cancel(self, job_id: str) -> None:
        """Write that a job that runs is to stop, so that no other server goes on with it."""

        def write() -> None:
            with closing(self._connect()) as db, db:
                db.execute(_CANCEL, [job_id])

        self._careful(write)

    def known(self) -> set[str] | None:
        """Answer the ids of the jobs of all servers; None where they cannot be read."""

        def find() -> set[str]:
            with closing(self._connect()) as db:
                return {row[0] for row in db.execute("SELECT id FROM jobs")}

        return self._careful(find)

    def notes(self, job_id: str) -> list[JobNote]:
        """Answer the log of a job, oldest line first."""

        def find() -> list[JobNote]:
            with closing(self._connect()) as db:
                rows = db.execute(
                    "SELECT at, text FROM notes WHERE id = ? ORDER BY number", [job_id]
                )
                return [
                    JobNote(datetime.fromtimestamp(at, timezone.utc), text) for at, text in rows
                ]

        return self._careful(find) or []

    def files(self, job_id: str) -> list[JobFile]:
        """Answer what became of the files of a job."""

        def find() -> list[JobFile]:
            with closing(self._connect()) as db:
                row = db.execute("SELECT files FROM files WHERE id = ?", [job_id]).fetchone()
                return list(filter(None, map(file_from, json.loads(row[0])))) if row else []

        return self._careful(find) or []

    def save_files(self, job_id: str, files: list[JobFile]) -> None:
        """Write what became of the files of a job."""

        def write() -> None:
            with closing(self._connect()) as db, db:
                row = (job_id, json.dumps(to_json(files)))
                db.execute("INSERT OR REPLACE INTO files (id, files) VALUES (?, ?)", row)

        self._careful(write)

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
            # Once for each reason: an order of a kernel is tried again and again.
            if str(error) != self._complained:
                self._complained = str(error)
                self._log.warning("The list of transfers is not kept: %s: %s", self._path, error)
            return None

    def _open(self) -> list[tuple[Job, Order | None]]:
        (self._folder / "servers").mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        # Made before SQLite opens it, which would heed the umask alone.
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = _take(self._lock_path(self._server))
        try:
            return self._adopt()
        except sqlite3.OperationalError:
            # Locked, or the disk is full: the file itself is good.
            raise
        except sqlite3.DatabaseError:
            self._set_aside()
            return self._adopt()

    def _adopt(self) -> list[tuple[Job, Order | None]]:
        """Read all jobs, and take those of dead servers: in one transaction, for two new servers
        may do so at once.
        """
        found: list[tuple[Job, Order | None]] = []
        with closing(self._connect()) as db, db:
            _prepare(db)
            rows = list(db.execute('SELECT server, state, job, "order" FROM jobs ORDER BY number'))
            for server, state, text, ordered in rows:
                job = _job_of(text)
                if job is None:
                    continue
                order = read(ordered)
                if job.state not in FINAL:
                    if not self.is_dead(server):
                        continue
                    job = _left(job, order, cancelled=state == "cancelling")
                    _insert(db, self._server, job, None, "The server that ran it has stopped.")
                found.append((job, order))
        return found

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10)

    def _set_aside(self) -> None:
        aside = self._path.with_suffix(".broken")
        self._log.warning("%s cannot be read and was renamed to %s.", self._path, aside)
        os.replace(self._path, aside)
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))

    def _lock_path(self, server: str) -> Path:
        return self._folder / "servers" / server

    def is_dead(self, server: str) -> bool:
        """Tell whether a server is gone, by its id."""
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


def _prepare(db: sqlite3.Connection) -> None:
    """Make the tables, also of what an earlier version made; begins to write."""
    db.executescript(_TABLES)
    db.execute("BEGIN IMMEDIATE")
    if "order" not in {row[1] for row in db.execute("PRAGMA table_info(jobs)")}:
        db.execute('ALTER TABLE jobs ADD COLUMN "order" TEXT')
    db.execute(_OLD, (REMEMBERED,))
    db.execute(_OLD_NOTES)
    db.execute(_OLD_FILES)


def _insert(db: sqlite3.Connection, server: str, job: Job, order: Order | None, note: str) -> None:
    text = order.write() if order is not None else None
    db.execute(_SAVE, (job.id, server, job.state, json.dumps(to_json(job)), text))
    if note:
        db.execute("INSERT INTO notes (id, at, text) VALUES (?, ?, ?)", (job.id, time.time(), note))


def _job_of(text: str) -> Job | None:
    try:
        return job_from(json.loads(text))
    except (TypeError, ValueError):
        return None


def _left(job: Job, order: Order | None, *, cancelled: bool) -> Job:
    """Answer what becomes of a job whose server is gone: it goes on where that is known how."""
    now = datetime.now(timezone.utc)
    if cancelled:
        return replace(job, state="cancelled", finished_at=now, speed=None)
    if order is not None:
        return replace(job, state="queued", problem=None, **NOTHING_YET)
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
