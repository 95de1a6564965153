"""Transfers that the server runs: a few at a time, each with its progress, log and end.

They survive the server: what it leaves unfinished, killed or not, the next one goes on with, and
what its login outlives waits for the next login.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from typing import Any

from traitlets import Float, Integer
from traitlets.config import LoggingConfigurable

from dlaas.errors import (
    AlreadyThere,
    Cancelled,
    CannotAuthenticate,
    DlaasError,
    InvalidInput,
    NotThere,
    problem,
)
from dlaas.lake import Lake
from dlaas.model import DID, Job, JobNote, UploadRequest
from jupyter_dlaas.job_store import FINAL, REMEMBERED, JobStore
from jupyter_dlaas.orders import Order
from jupyter_dlaas.redaction import Redactor
from jupyter_dlaas.service import LakeService
from jupyter_dlaas.session import Session
from jupyter_dlaas.workers import Workers

# How long a server that stops waits for uploads to clean up behind themselves, in seconds.
_PATIENCE = 5.0


@dataclass
class _Active:
    """What a job needs until it ends; `future` is None while it waits."""

    key: tuple[str, DID]
    order: Order
    future: Future[None] | None = None
    cancel: threading.Event = field(default_factory=threading.Event)


class Jobs(LoggingConfigurable):
    """The uploads of this server.

    `changed` is called on the event loop with each transition and, now and then, with progress.
    """

    parallel_uploads = Integer(2, min=1, help="How many uploads run at once; the others wait.").tag(
        config=True
    )
    progress_interval = Float(
        0.5,
        min=0.1,
        help="The least time between two hints about the progress of an upload, in seconds.",
    ).tag(config=True)

    def __init__(
        self,
        service: LakeService,
        store: JobStore,
        redactor: Redactor,
        changed: Callable[[Job], None],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._service = service
        self._store = store
        self._redactor = redactor
        self._changed = changed
        self._workers = Workers("dlaas-upload", self.parallel_uploads)
        self._jobs: dict[str, Job] = {}
        self._orders: dict[str, Order] = {}
        self._active: dict[str, _Active] = {}
        self._busy: set[tuple[str, DID]] = set()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def active(self) -> list[str]:
        """The ids of the jobs that go on by themselves."""
        return [job_id for job_id in list(self._active) if self._jobs[job_id].state != "waiting"]

    async def start(self) -> None:
        """Read the jobs of earlier servers, and go on with those that had not ended."""
        if self._opening is None:
            self._loop = asyncio.get_running_loop()
            self._opening = asyncio.create_task(self._open())
        await asyncio.shield(self._opening)

    async def list_jobs(self) -> list[Job]:
        """List all jobs, the newest first."""
        await self.start()
        return list(self._jobs.values())[::-1]

    async def get(self, job_id: str) -> Job:
        """Answer one job; raises `NotThere`."""
        await self.start()
        if job_id not in self._jobs:
            raise NotThere("There is no such transfer.", remedy="Look at the list of transfers.")
        return self._jobs[job_id]

    async def upload(
        self, instance: str, request: UploadRequest, root: str | None, *, hidden: bool = False
    ) -> Job:
        """Check all that can be checked, then upload in the background.

        `request.path` is below `root`; `hidden` allows hidden files. Raises what `Lake.upload`
        does, and `AlreadyThere` while the same DID is being uploaded.
        """
        await self.start()
        order = await asyncio.to_thread(Order(request, root, hidden).renewed)
        key = (instance, DID(request.did))
        self._occupy(key)
        try:
            size = await self._service.ask(instance, order.check)
            job = order.job(instance, size)
            await self._begin(job, _Active(key, order))
        except BaseException:
            self._busy.discard(key)
            raise
        return self._jobs[job.id]

    async def retry(self, job_id: str) -> Job:
        """Try again what failed or was cancelled; the file may have changed meanwhile.

        Raises `NotThere`, and `InvalidInput` for what cannot be tried again.
        """
        job = await self.get(job_id)
        order = self._orders.get(job_id)
        if job.state not in ("failed", "cancelled") or order is None:
            raise InvalidInput("Only a transfer that failed or was cancelled can be tried again.")
        order = await asyncio.to_thread(order.renewed)
        key = (job.instance, job.did)
        self._occupy(key)
        again = replace(order.job(job.instance, order.bytes), id=job_id, attempt=job.attempt + 1)
        await self._begin(again, _Active(key, order), "Tried again.")
        return self._jobs[job_id]

    async def cancel(self, job_id: str) -> Job:
        """Ask a job to stop; one that has ended stays as it is. Raises `NotThere`."""
        await self.get(job_id)
        active = self._active.get(job_id)
        if active is not None:
            active.cancel.set()
            if active.future is None or active.future.cancel():
                await asyncio.to_thread(self._end, job_id, state="cancelled")
        return self._jobs[job_id]

    async def notes(self, job_id: str) -> list[JobNote]:
        """Answer the log of a job, oldest line first; raises `NotThere`."""
        await self.get(job_id)
        return await asyncio.to_thread(self._store.notes, job_id)

    def login_changed(self, instance: str) -> None:
        """Go on with what waited for a login to an instance; on the event loop."""
        for job_id, active in list(self._active.items()):
            if active.key[0] == instance and self._jobs[job_id].state == "waiting":
                self._spawn(self._launch(job_id, active))

    async def stop(self) -> None:
        """Stop all jobs; the next server goes on with them."""
        self._stopping = True
        for task in list(self._tasks):
            task.cancel()
        if self._opening is not None:
            await asyncio.to_thread(self._stop)

    async def _open(self) -> None:
        for job, order in await asyncio.to_thread(self._store.open):
            self._jobs[job.id] = job
            if order is not None:
                self._orders[job.id] = order
            if order is not None and job.state not in FINAL:
                active = self._active[job.id] = _Active((job.instance, job.did), order)
                self._busy.add(active.key)
                self._spawn(self._launch(job.id, active))

    def _occupy(self, key: tuple[str, DID]) -> None:
        if key in self._busy:
            raise AlreadyThere(f"{key[1]} is being uploaded already.", remedy="Wait for its end.")
        self._busy.add(key)

    def _spawn(self, act: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(act)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _begin(self, job: Job, active: _Active, note: str = "Queued.") -> None:
        self._forget_old()
        with self._lock:
            self._jobs[job.id] = job
        self._orders[job.id] = active.order
        self._active[job.id] = active
        await asyncio.to_thread(self._store.save, job, active.order, note)
        self._changed(job)
        await self._launch(job.id, active)

    async def _launch(self, job_id: str, active: _Active) -> None:
        """Queue a job for the workers, or let it wait for a login."""
        try:
            session, lake = await self._service.open(active.key[0])
        except DlaasError as error:
            await asyncio.to_thread(self._set_back, job_id, error)
            return
        # It may have been cancelled meanwhile, or the server stop: then the next one goes on.
        if job_id in self._active and active.future is None and not self._stopping:
            active.future = self._workers.submit(self._carry_out, job_id, active, session, lake)

    def _set_back(self, job_id: str, error: DlaasError) -> None:
        """Let a job wait for a login, or fail where none will help."""
        if isinstance(error, CannotAuthenticate) or error.blame in ("network", "rucio"):
            self._wait(job_id, error)
        else:
            self._end(job_id, state="failed", problem=problem(error))

    def _wait(self, job_id: str, error: DlaasError) -> None:
        active = self._active.get(job_id)
        if active is not None:
            active.future = None
            note = f"Waits for a login: {error.message}"
            self._advance(job_id, note, state="waiting", done_bytes=0, problem=problem(error))

    def _forget_old(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.state in FINAL]
        for job_id in ended[:-REMEMBERED]:
            del self._jobs[job_id]
            self._orders.pop(job_id, None)

    def _stop(self) -> None:
        running: list[Future[None]] = []
        for active in list(self._active.values()):
            active.cancel.set()
            if active.future is not None and not active.future.cancel():
                running.append(active.future)
        wait(running, _PATIENCE)
        self._store.close()
        self._workers.stop()

    def _carry_out(self, job_id: str, active: _Active, session: Session, lake: Lake) -> None:
        """Upload; on a worker."""
        self._advance(job_id, "Begun.", state="running", problem=None)
        try:
            result = active.order.carry_out(lake, self._progress(job_id), active.cancel.is_set)
        except Cancelled:
            if self._stopping:
                # Nothing of it is left on the storage; the next server begins anew.
                self._advance(job_id, "The server stops.", state="queued", done_bytes=0)
            else:
                self._end(job_id, state="cancelled")
        except CannotAuthenticate as error:
            self._call(partial(session.expire, lake, error))
            self._wait(job_id, error)
        except BaseException as error:
            if not isinstance(error, DlaasError):
                self.log.error("An upload failed:\n%s", self._redactor.explain(error))
            self._end(job_id, state="failed", problem=problem(error))
        else:
            self._end(job_id, state="done", result=result, done_bytes=result.bytes)

    def _progress(self, job_id: str) -> Callable[[int, int], None]:
        told = time.monotonic()

        def hear(done: int, total: int) -> None:
            nonlocal told
            with self._lock:
                job = replace(self._jobs[job_id], done_bytes=done, bytes=total)
                self._jobs[job_id] = job
            if time.monotonic() - told >= self.progress_interval:
                told = time.monotonic()
                self._tell(job)

        return hear

    def _end(self, job_id: str, **changes: Any) -> None:
        active = self._active.pop(job_id, None)
        if active is not None:
            self._busy.discard(active.key)
        why = changes.get("problem")
        note = f"Ended: {changes['state']}." + (f" {why.message} {why.remedy}" if why else "")
        self._advance(job_id, note, finished_at=datetime.now(timezone.utc), **changes)

    def _advance(self, job_id: str, note: str, **changes: Any) -> None:
        with self._lock:
            job = replace(self._jobs[job_id], **changes)
            self._jobs[job_id] = job
        self._store.save(job, note=note)
        self._tell(job)

    def _tell(self, job: Job) -> None:
        self._call(lambda: self._changed(job))

    def _call(self, act: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(act)
            except RuntimeError:
                # Closed in between: the server is gone, and its panel with it.
                return
