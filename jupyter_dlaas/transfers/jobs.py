"""Transfers that the server runs: a few at a time, each with its progress, log and end.

They survive the server: what it leaves unfinished, killed or not, the next one goes on with, and
what its login outlives waits for the next login.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from traitlets import Float, Integer
from traitlets.config import LoggingConfigurable

from dlaas.errors import InvalidInput, NotThere
from dlaas.jobs import FINAL
from dlaas.model import Job, JobFile, JobKind, JobNote
from jupyter_dlaas.redaction import Redactor
from jupyter_dlaas.service import LakeService
from jupyter_dlaas.transfers.active import Active
from jupyter_dlaas.transfers.handed_over import Intake
from jupyter_dlaas.transfers.inbox import Inbox
from jupyter_dlaas.transfers.job_list import JobList
from jupyter_dlaas.transfers.job_store import JobStore
from jupyter_dlaas.transfers.orders import Order, Size
from jupyter_dlaas.transfers.runner import PATIENCE, Runner
from jupyter_dlaas.workers import Workers


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
        self._list = JobList(store, inbox, changed, self.progress_interval)
        self._workers: dict[JobKind, Workers] = {
            "upload": Workers("dlaas-upload", self.parallel_uploads),
            "download": Workers("dlaas-job-download", self.parallel_downloads),
            # It has the processor and the memory of this server: one at a time.
            "publish": Workers("dlaas-publish", 1),
        }
        # traitlets types `log` as any of two loggers; a server has the standard one.
        log: Any = self.log
        self._runner = Runner(service, self._list, self._workers, redactor, log)
        self._intake = Intake(inbox, self._list, self._runner, redactor, log)
        self._opening: asyncio.Task[None] | None = None
        self._listens = False

    @property
    def active(self) -> list[str]:
        """The ids of the jobs that go on by themselves."""
        jobs = self._list.jobs
        return [
            job_id
            for job_id in list(self._runner.active)
            if job_id in jobs and jobs[job_id].state in ("queued", "running")
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
            self._runner.spawn(self._intake.listen(handover, self.inbox_interval))

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
        self._runner.occupy(active)
        try:
            size, account = await active.order.checked(self._service, instance)
        except BaseException:
            self._runner.release(active)
            raise
        active.order = replace(active.order, account=account)
        job = active.order.job(instance, size)
        await self._runner.begin(job, active)
        return self._list.jobs[job.id]

    async def retry(self, job_id: str) -> Job:
        """Try again what failed or was cancelled; the files may have changed meanwhile.

        Raises `NotThere`, and `InvalidInput` for what cannot be tried again.
        """
        job = await self.get(job_id)
        order = self._list.orders.get(job_id)
        if job.state not in ("failed", "cancelled") or order is None:
            raise InvalidInput("Only a transfer that failed or was cancelled can be tried again.")
        before = self._runner.active.get(job_id)
        if before is not None and before.future is not None:
            # Cancelled, and its worker is about to hear of it.
            await asyncio.wait([asyncio.wrap_future(before.future)], timeout=PATIENCE)
        active = Active(job.instance, await asyncio.to_thread(order.renewed))
        self._runner.occupy(active)
        again = active.order.job(job.instance, active.order.size or Size(job.bytes, job.files))
        again = replace(again, id=job_id, origin=job.origin, attempt=job.attempt + 1)
        await self._runner.begin(again, active, "Tried again.")
        return self._list.jobs[job_id]

    async def cancel(self, job_id: str) -> Job:
        """Ask a job to stop; one that has ended stays as it is. Raises `NotThere`."""
        await self.get(job_id)
        await self._runner.cancel(job_id)
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
        self._runner.login_changed(instance)

    async def stop(self) -> None:
        """Stop all jobs; the next server goes on with them."""
        self._runner.stop()
        if self._opening is not None:
            await asyncio.to_thread(self._runner.clean_up)
            await asyncio.to_thread(self._list.close)

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        for job, order in await asyncio.to_thread(self._list.open, loop):
            if order is not None and job.state not in FINAL:
                self._runner.go_on(job, Active(job.instance, order))
