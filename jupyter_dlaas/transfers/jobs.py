"""Transfers that the server runs: a few at a time, each with its progress, log and end.

They survive the server: what it leaves unfinished, killed or not, the next one goes on with, and
what its login outlives waits for the next login.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from traitlets import Float, Integer
from traitlets.config import LoggingConfigurable

from dlaas.background import HandedOver
from dlaas.errors import (
    AlreadyThere,
    Cancelled,
    CannotAuthenticate,
    DlaasError,
    InvalidInput,
    NotThere,
    problem,
)
from dlaas.jobs import FINAL
from dlaas.lake import Lake
from dlaas.model import Job, JobFile, JobNote
from jupyter_dlaas.login.session import Session
from jupyter_dlaas.redaction import Redactor
from jupyter_dlaas.service import LakeService
from jupyter_dlaas.transfers.active import Active, OtherAccount, refuse_other
from jupyter_dlaas.transfers.handed_over import order_of
from jupyter_dlaas.transfers.hearing import Hearing
from jupyter_dlaas.transfers.inbox import Inbox
from jupyter_dlaas.transfers.job_list import JobList
from jupyter_dlaas.transfers.job_store import NOTHING_YET, JobStore
from jupyter_dlaas.transfers.orders import Key, Order, Size
from jupyter_dlaas.workers import Workers

# How long a server that stops waits for transfers to clean up behind themselves, in seconds.
_PATIENCE = 5.0
# A cancelled job has ended for its owner after this time, though its storage may not answer yet.
_LETS_GO = 0.7


class Jobs(LoggingConfigurable):
    """The transfers of this server.

    `changed` is called on the event loop with each transition and, now and then, with progress.
    """

    parallel_uploads = Integer(2, min=1, help="How many uploads run at once; the others wait.").tag(
        config=True
    )
    parallel_downloads = Integer(
        2, min=1, help="How many downloads run at once; the others wait."
    ).tag(config=True)
    progress_interval = Float(
        0.5,
        min=0.1,
        help="The least time between two hints about the progress of a transfer, in seconds.",
    ).tag(config=True)
    inbox_interval = Float(
        0.3,
        min=0.05,
        help="How often the server looks for transfers that kernels hand over, in seconds.",
    ).tag(config=True)

    def __init__(
        self,
        service: LakeService,
        store: JobStore,
        inbox: Inbox,
        redactor: Redactor,
        changed: Callable[[Job], None],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._service = service
        self._redactor = redactor
        self._inbox = inbox
        self._list = JobList(store, inbox, changed, self.progress_interval)
        self._workers = {
            "upload": Workers("dlaas-upload", self.parallel_uploads),
            "download": Workers("dlaas-job-download", self.parallel_downloads),
        }
        self._active: dict[str, Active] = {}
        self._busy: set[Key] = set()
        self._opening: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._listens = False
        self._stopping = False

    @property
    def active(self) -> list[str]:
        """The ids of the jobs that go on by themselves."""
        jobs = self._list.jobs
        return [
            job_id for job_id in list(self._active) if jobs[job_id].state in ("queued", "running")
        ]

    async def start(self) -> None:
        """Read the jobs of earlier servers, and go on with those that had not ended."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        await asyncio.shield(self._opening)

    async def listen(self, handover: Path) -> None:
        """Take what kernels hand over, from now on."""
        await self.start()
        if not self._listens:
            self._listens = True
            self._spawn(self._listen(handover))

    async def list_jobs(self) -> list[Job]:
        """List all jobs, the newest first."""
        await self.start()
        return list(self._list.jobs.values())[::-1]

    async def get(self, job_id: str) -> Job:
        """Answer one job; raises `NotThere`."""
        await self.start()
        if job_id not in self._list.jobs:
            raise NotThere("There is no such transfer.", remedy="Look at the list of transfers.")
        return self._list.jobs[job_id]

    async def add(self, instance: str, order: Order) -> Job:
        """Check all that can be checked, then carry an order out in the background.

        Raises what `Lake.upload` and `Lake.download` do, and `AlreadyThere` while what it would
        touch is under way.
        """
        await self.start()
        active = Active(instance, await asyncio.to_thread(order.renewed))
        self._occupy(active)
        try:
            size, account = await self._service.ask(
                instance, lambda lake: (active.order.check(lake), lake.account)
            )
            active.order = replace(active.order, account=account)
            job = active.order.job(instance, size)
            await self._begin(job, active)
        except BaseException:
            self._busy -= active.keys
            raise
        return self._list.jobs[job.id]

    async def retry(self, job_id: str) -> Job:
        """Try again what failed or was cancelled; the files may have changed meanwhile.

        Raises `NotThere`, and `InvalidInput` for what cannot be tried again.
        """
        job = await self.get(job_id)
        order = self._list.orders.get(job_id)
        if job.state not in ("failed", "cancelled") or order is None:
            raise InvalidInput("Only a transfer that failed or was cancelled can be tried again.")
        before = self._active.get(job_id)
        if before is not None and before.future is not None:
            # Cancelled, and its worker is about to hear of it.
            await asyncio.wait([asyncio.wrap_future(before.future)], timeout=_PATIENCE)
        active = Active(job.instance, await asyncio.to_thread(order.renewed))
        self._occupy(active)
        again = active.order.job(job.instance, active.order.size or Size(job.bytes, job.files))
        again = replace(again, id=job_id, origin=job.origin, attempt=job.attempt + 1)
        await self._begin(again, active, "Tried again.")
        return self._list.jobs[job_id]

    async def cancel(self, job_id: str) -> Job:
        """Ask a job to stop; one that has ended stays as it is. Raises `NotThere`."""
        await self.get(job_id)
        active = self._active.get(job_id)
        if active is not None and not active.cancel.is_set():
            active.cancel.set()
            if active.future is None or active.future.cancel():
                await asyncio.to_thread(self._end, job_id, active, state="cancelled")
            else:
                self._spawn(self._let_go(job_id, active))
        return self._list.jobs[job_id]

    async def notes(self, job_id: str) -> list[JobNote]:
        """Answer the log of a job, oldest line first; raises `NotThere`."""
        await self.get(job_id)
        return await asyncio.to_thread(self._list.notes, job_id)

    async def files(self, job_id: str) -> list[JobFile]:
        """Answer what became of a job's files, those that failed first; raises `NotThere`."""
        await self.get(job_id)
        return await asyncio.to_thread(self._list.files, job_id)

    def login_changed(self, instance: str) -> None:
        """Go on with what waited for a login to an instance; on the event loop."""
        for job_id, active in list(self._active.items()):
            if active.instance == instance and self._list.jobs[job_id].state == "waiting":
                self._spawn(self._launch(job_id, active))

    async def stop(self) -> None:
        """Stop all jobs; the next server goes on with them."""
        self._stopping = True
        for task in list(self._tasks):
            task.cancel()
        if self._opening is not None:
            await asyncio.to_thread(self._stop)

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        for job, order in await asyncio.to_thread(self._list.open, loop):
            if order is not None and job.state not in FINAL:
                active = self._active[job.id] = Active(job.instance, order)
                self._busy |= active.keys
                self._spawn(self._launch(job.id, active))

    async def _listen(self, handover: Path) -> None:
        while True:
            await asyncio.to_thread(self._inbox.offer, handover)
            orders, cancelled = await asyncio.to_thread(self._inbox.take)
            for handed in orders:
                await self._try_to_accept(handed)
            for job_id in cancelled:
                if job_id in self._list.jobs:
                    await self.cancel(job_id)
            await asyncio.sleep(self.inbox_interval)

    async def _try_to_accept(self, handed: HandedOver) -> None:
        try:
            await self._accept(handed)
        except Exception as error:
            # Of another version, perhaps: the next one may be better.
            self.log.error("An order cannot be read:\n%s", self._redactor.explain(error))
        await asyncio.to_thread(self._inbox.settle, handed.id)

    async def _accept(self, handed: HandedOver) -> None:
        """Take an order over: once it is in the list it may be forgotten in the inbox."""
        if handed.id not in self._list.jobs:
            order = order_of(handed)
            size = Size(handed.bytes, handed.files)
            job = replace(order.job(handed.instance, size, handed.id), origin="kernel")
            active = Active(handed.instance, order)
            try:
                active.order = await asyncio.to_thread(order.renewed)
                self._occupy(active)
            except DlaasError as error:
                await asyncio.to_thread(self._list.add, job, order, "Handed over by a kernel.")
                await asyncio.to_thread(
                    self._end, job.id, None, state="failed", problem=problem(error)
                )
            else:
                await self._begin(
                    replace(job, bytes=(active.order.size or size).bytes),
                    active,
                    "Handed over by a kernel.",
                )

    def _occupy(self, active: Active) -> None:
        taken = self._busy & active.keys
        if taken:
            raise AlreadyThere(
                f"{sorted(taken)[0][2]} is being transferred already.", remedy="Wait for its end."
            )
        self._busy |= active.keys

    def _spawn(self, act: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(act)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _begin(self, job: Job, active: Active, note: str = "Queued.") -> None:
        self._active[job.id] = active
        await asyncio.to_thread(self._list.add, job, active.order, note)
        await self._launch(job.id, active)

    async def _launch(self, job_id: str, active: Active) -> None:
        """Queue a job for the workers, or let it wait for a login."""
        try:
            session, lake = await self._service.open(active.instance)
        except DlaasError as error:
            await asyncio.to_thread(self._set_back, job_id, active, error)
            return
        # It may have been cancelled meanwhile, or the server stop: then the next one goes on.
        if self._active.get(job_id) is active and active.future is None and not self._stopping:
            workers = self._workers[active.order.kind]
            active.future = workers.submit(self._carry_out, job_id, active, session, lake)

    async def _let_go(self, job_id: str, active: Active) -> None:
        """End a cancelled job for its owner, though its worker still waits for the storage."""
        await asyncio.sleep(_LETS_GO)
        if self._active.get(job_id) is active:
            note = "Cancelled; the storage has not answered yet."
            changes = {"state": "cancelled", "finished_at": datetime.now(timezone.utc)}
            await asyncio.to_thread(self._list.advance, job_id, note, **changes)

    def _set_back(self, job_id: str, active: Active, error: DlaasError) -> None:
        """Let a job wait for a login, or fail where none will help."""
        if isinstance(error, CannotAuthenticate) or error.blame in ("network", "rucio"):
            self._wait(job_id, active, error)
        else:
            self._end(job_id, active, state="failed", problem=problem(error))

    def _wait(self, job_id: str, active: Active, error: DlaasError) -> None:
        if self._active.get(job_id) is active:
            active.future = None
            note = f"Waits for a login: {error.message}"
            self._list.advance(job_id, note, state="waiting", problem=problem(error), **NOTHING_YET)

    def _stop(self) -> None:
        running: list[Future[None]] = []
        for active in list(self._active.values()):
            active.cancel.set()
            if active.future is not None and not active.future.cancel():
                running.append(active.future)
        wait(running, _PATIENCE)
        self._list.close()
        for workers in self._workers.values():
            workers.stop()

    def _carry_out(self, job_id: str, active: Active, session: Session, lake: Lake) -> None:
        """Do what was asked for; on a worker."""
        hearing = Hearing(active.cancel.is_set, partial(self._list.progress, job_id))
        self._list.watch_files(job_id, hearing)
        self._list.advance(job_id, "Begun.", state="running", problem=None)
        try:
            refuse_other(active.order.account, lake)
            ending = active.order.carry_out(lake, hearing)
        except Cancelled:
            if self._stopping:
                # The next server begins anew, and goes on where something has come.
                self._list.advance(job_id, "The server stops.", state="queued", **NOTHING_YET)
            else:
                self._end(job_id, active, state="cancelled", speed=None)
        except CannotAuthenticate as error:
            if not isinstance(error, OtherAccount):
                self._list.call(partial(session.expire, lake, error))
            self._wait(job_id, active, error)
        except BaseException as error:
            if not isinstance(error, DlaasError):
                self.log.error("A transfer failed:\n%s", self._redactor.explain(error))
            self._list.keep_files(job_id, hearing.files)
            self._end(job_id, active, state="failed", problem=problem(error), speed=None)
        else:
            self._list.keep_files(job_id, hearing.files)
            self._end(
                job_id,
                active,
                state="failed" if ending.problem else "done",
                problem=ending.problem,
                result=ending.result,
                done_bytes=ending.bytes,
                speed=None,
                **hearing.counts,
            )

    def _end(self, job_id: str, active: Active | None, **changes: Any) -> None:
        if active is not None and self._active.pop(job_id, None) is not None:
            self._busy -= active.keys
        why = changes.get("problem")
        note = f"Ended: {changes['state']}." + (f" {why.message} {why.remedy}" if why else "")
        self._list.advance(job_id, note, finished_at=datetime.now(timezone.utc), **changes)
