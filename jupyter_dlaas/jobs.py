"""Transfers that the server runs: a few at a time, each with its progress, end and record."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from traitlets import Float, Integer
from traitlets.config import LoggingConfigurable

from dlaas.errors import AlreadyThere, Cancelled, CannotAuthenticate, DlaasError, NotThere, problem
from dlaas.lake import Lake
from dlaas.model import DID, Job, UploadRequest
from dlaas.transfer.upload import check
from jupyter_dlaas.job_store import FINAL, INTERRUPTED, REMEMBERED, JobStore
from jupyter_dlaas.redaction import Redactor
from jupyter_dlaas.service import LakeService
from jupyter_dlaas.session import Session
from jupyter_dlaas.sources import source
from jupyter_dlaas.workers import Workers

# How long a server that stops waits for uploads to clean up behind themselves, in seconds.
_PATIENCE = 5.0


@dataclass
class _Active:
    """What a job needs until it ends."""

    key: tuple[str, DID]
    session: Session
    lake: Lake
    # Looks for the file anew: it may have become another one while the job waited.
    locate: Callable[[], Path]
    request: UploadRequest
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
        self._active: dict[str, _Active] = {}
        self._busy: set[tuple[str, DID]] = set()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def active(self) -> list[str]:
        """The ids of the jobs that have not ended."""
        return list(self._active)

    async def start(self) -> None:
        """Read the jobs of earlier servers."""
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
        locate = partial(source, root, request.path, hidden=hidden)
        path = await asyncio.to_thread(locate)
        key = (instance, DID(request.did))
        if key in self._busy:
            raise AlreadyThere(f"{key[1]} is being uploaded already.", remedy="Wait for its end.")
        self._busy.add(key)
        try:
            session, lake = await self._service.open(instance)
            size = await self._service.ask(instance, lambda lake: _check(lake, path, request))
            job = _new(instance, key[1], request.path, size)
            await self._begin(job, _Active(key, session, lake, locate, request))
        except BaseException:
            self._busy.discard(key)
            raise
        return self._jobs[job.id]

    async def cancel(self, job_id: str) -> Job:
        """Ask a job to stop; one that has ended stays as it is. Raises `NotThere`."""
        await self.get(job_id)
        active = self._active.get(job_id)
        if active is not None:
            active.cancel.set()
            if active.future is not None and active.future.cancel():
                await asyncio.to_thread(self._end, job_id, state="cancelled")
        return self._jobs[job_id]

    async def stop(self) -> None:
        """Stop all jobs; each is recorded as interrupted."""
        self._stopping = True
        if self._opening is not None:
            await asyncio.to_thread(self._stop)

    async def _open(self) -> None:
        for job in await asyncio.to_thread(self._store.open):
            self._jobs[job.id] = job

    async def _begin(self, job: Job, active: _Active) -> None:
        self._forget_old()
        with self._lock:
            self._jobs[job.id] = job
        self._active[job.id] = active
        await asyncio.to_thread(self._store.save, job)
        self._changed(job)
        # Else the server stopped meanwhile, and with it this job.
        if not self._stopping:
            active.future = self._workers.submit(self._carry_out, job.id, active)

    def _forget_old(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.state in FINAL]
        for job_id in ended[:-REMEMBERED]:
            del self._jobs[job_id]

    def _stop(self) -> None:
        waited: list[Future[None]] = []
        for job_id, active in list(self._active.items()):
            active.cancel.set()
            if active.future is None or active.future.cancel():
                self._end(job_id, state="failed", problem=INTERRUPTED)
            else:
                waited.append(active.future)
        wait(waited, _PATIENCE)
        self._store.close()
        self._workers.stop()

    def _carry_out(self, job_id: str, active: _Active) -> None:
        """Upload; on a worker."""
        self._advance(job_id, state="running")
        request = active.request
        try:
            result = active.lake.upload(
                active.locate(),
                request.did,
                dataset=request.dataset,
                lifetime=request.lifetime,
                until=request.until,
                rse=request.rse,
                progress=self._progress(job_id),
                cancelled=active.cancel.is_set,
            )
        except Cancelled:
            if self._stopping:
                self._end(job_id, state="failed", problem=INTERRUPTED)
            else:
                self._end(job_id, state="cancelled")
        except BaseException as error:
            self._fail(job_id, active, error)
        else:
            self._end(job_id, state="done", result=result, done_bytes=result.bytes)

    def _fail(self, job_id: str, active: _Active, error: BaseException) -> None:
        if isinstance(error, CannotAuthenticate):
            self._call(lambda: active.session.expire(active.lake, error))
        elif not isinstance(error, DlaasError):
            self.log.error("An upload failed:\n%s", self._redactor.explain(error))
        self._end(job_id, state="failed", problem=problem(error))

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
        self._advance(job_id, finished_at=datetime.now(timezone.utc), **changes)

    def _advance(self, job_id: str, **changes: Any) -> None:
        with self._lock:
            job = replace(self._jobs[job_id], **changes)
            self._jobs[job_id] = job
        self._store.save(job)
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


def _new(instance: str, did: DID, path: str, size: int) -> Job:
    return Job(
        id=secrets.token_hex(16),
        kind="upload",
        instance=instance,
        did=did,
        source=path,
        state="queued",
        bytes=size,
        created_at=datetime.now(timezone.utc),
    )


def _check(lake: Lake, path: Path, request: UploadRequest) -> int:
    plan = check(
        lake,
        path,
        request.did,
        dataset=request.dataset,
        lifetime=request.lifetime,
        until=request.until,
        rse=request.rse,
    )
    return plan.bytes
