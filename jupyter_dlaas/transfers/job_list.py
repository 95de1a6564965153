"""The jobs of a server: as they are now in memory, as they were last written on disk."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dlaas.jobs import FINAL
from dlaas.model import Job, JobFile, JobNote
from jupyter_dlaas.transfers.hearing import Hearing
from jupyter_dlaas.transfers.inbox import Inbox
from jupyter_dlaas.transfers.job_store import REMEMBERED, JobStore
from jupyter_dlaas.transfers.orders import Order


class JobList:
    """All jobs, each with its order; may be used from several threads.

    `changed` is called on the event loop. What kernels have handed over is told to them, too.
    """

    def __init__(
        self,
        store: JobStore,
        inbox: Inbox,
        changed: Callable[[Job], None],
        interval: float,
    ) -> None:
        self.orders: dict[str, Order] = {}
        self.jobs: dict[str, Job] = {}
        self._store = store
        self._inbox = inbox
        self._changed = changed
        self._interval = interval
        self._told: dict[str, float] = {}
        self._running: dict[str, Hearing] = {}
        self._lock = threading.Lock()
        # What is written is in the order in which it came about.
        self._writing = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, loop: asyncio.AbstractEventLoop) -> list[tuple[Job, Order | None]]:
        """Read what was written, take over what dead servers left; answers it."""
        self._loop = loop
        found = self._store.open()
        self._inbox.open(self._store.is_dead)
        for job, order in found:
            self.jobs[job.id] = job
            if order is not None:
                self.orders[job.id] = order
                if job.state in FINAL:
                    order.tidy()
            if job.origin == "kernel" and job.state not in FINAL:
                # Its kernel cancels it here from now on.
                self._inbox.tell(job, [])
        known = self._store.known()
        if known is not None:
            self._inbox.forget(known)
        return found

    def add(self, job: Job, order: Order, note: str) -> bool:
        """Add a job, or begin it anew; False where it is not on disk when this returns."""
        with self._writing:
            with self._lock:
                self.jobs[job.id] = job
                self.orders[job.id] = order
            kept = self._store.save(job, order, note)
            self._tell(job)
        self._forget_old()
        return kept

    def advance(self, job_id: str, note: str, **changes: Any) -> None:
        """Change a job, write it, and tell of it."""
        with self._writing:
            self._advance(job_id, note, changes)

    def advance_unless_ended(self, job_id: str, note: str, **changes: Any) -> None:
        """Do as `advance`, but leave a job that has ended as it is."""
        with self._writing:
            if self.jobs[job_id].state not in FINAL:
                self._advance(job_id, note, changes)

    def keep(self, job_id: str) -> bool:
        """Write a job that is known, with its order, once more; False where that fails."""
        with self._writing:
            return self._store.save(self.jobs[job_id], self.orders.get(job_id))

    def ask_to_stop(self, job_id: str) -> None:
        """Write that a job that runs has been cancelled; may block."""
        self._store.cancel(job_id)

    def progress(self, job_id: str, **changes: Any) -> None:
        """Change what is not worth writing, and tell of it now and then."""
        with self._lock:
            job = self.jobs[job_id] = replace(self.jobs[job_id], **changes)
        if time.monotonic() - self._told.get(job_id, 0) >= self._interval:
            self._tell(job)

    def keep_files(self, job_id: str, files: list[JobFile]) -> None:
        """Write what became of a job's files."""
        self._running.pop(job_id, None)
        self._store.save_files(job_id, files)

    def watch_files(self, job_id: str, hearing: Hearing) -> None:
        """Answer the files that this one hears of, as long as the job runs."""
        self._running[job_id] = hearing

    def files(self, job_id: str) -> list[JobFile]:
        """Answer what became of a job's files so far; may block."""
        running = self._running.get(job_id)
        return running.files if running is not None else self._store.files(job_id)

    def notes(self, job_id: str) -> list[JobNote]:
        """Answer the log of a job, oldest line first; may block."""
        return self._store.notes(job_id)

    def call(self, act: Callable[[], None]) -> None:
        """Do something on the event loop."""
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(act)
            except RuntimeError:
                # Closed in between: the server is gone, and its panel with it.
                return

    def close(self) -> None:
        """Say that this server ends."""
        self._inbox.close()
        self._store.close()

    def _advance(self, job_id: str, note: str, changes: dict[str, Any]) -> None:
        with self._lock:
            job = self.jobs[job_id] = replace(self.jobs[job_id], **changes)
            if job.state == "done":
                self.orders.pop(job_id, None)
        self._store.save(job, note=note)
        self._tell(job)

    def _tell(self, job: Job) -> None:
        self._told[job.id] = time.monotonic()
        if job.origin == "kernel":
            self._inbox.tell(job, self.files(job.id) if job.state in FINAL else [])
        self.call(lambda: self._changed(job))

    def _forget_old(self) -> None:
        jobs = list(self.jobs.values())
        # A worker may still have one that was cancelled.
        ended = [job.id for job in jobs if job.state in FINAL and job.id not in self._running]
        for job_id in ended[:-REMEMBERED]:
            del self.jobs[job_id]
            self.orders.pop(job_id, None)
            self._told.pop(job_id, None)
