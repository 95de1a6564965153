"""Orders of kernels: what they name lies anywhere on this machine, as for the kernel itself."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

from dlaas.background import HandedOver
from dlaas.errors import DlaasError, problem
from dlaas.model import DownloadRequest, UploadRequest
from jupyter_dlaas.redaction import Redactor
from jupyter_dlaas.transfers.active import Active
from jupyter_dlaas.transfers.download_orders import DownloadOrder
from jupyter_dlaas.transfers.inbox import Inbox
from jupyter_dlaas.transfers.job_list import JobList
from jupyter_dlaas.transfers.orders import Order, Size
from jupyter_dlaas.transfers.runner import Runner
from jupyter_dlaas.transfers.upload_orders import FilesOrder, UploadOrder, Wanted

# A kernel may read and write what its user may.
_ROOT = "/"
_NOTE = "Handed over by a kernel."


class Intake:
    """Begins what kernels hand over, and cancels what they ask to."""

    def __init__(
        self, inbox: Inbox, jobs: JobList, runner: Runner, redactor: Redactor, log: logging.Logger
    ) -> None:
        self._inbox = inbox
        self._list = jobs
        self._runner = runner
        self._redactor = redactor
        self._log = log

    async def listen(self, handover: Path, interval: float) -> None:
        """Look into the inbox every `interval` seconds, for ever."""
        while True:
            await asyncio.to_thread(self._inbox.offer, handover)
            orders, cancelled = await asyncio.to_thread(self._inbox.take)
            for handed in orders:
                if await self._try_to_accept(handed):
                    await asyncio.to_thread(self._inbox.settle, handed.id)
            for job_id in cancelled:
                await self._runner.cancel(job_id)
            await asyncio.sleep(interval)

    async def _try_to_accept(self, handed: HandedOver) -> bool:
        """Tell whether an order may be forgotten: it is in the list on disk, or means nothing."""
        if handed.id in self._list.jobs:
            return await asyncio.to_thread(self._list.keep, handed.id)
        try:
            order = await asyncio.to_thread(order_of, handed)
            size = Size(handed.bytes, handed.files)
            job = replace(order.job(handed.instance, size, handed.id), origin="kernel")
        except Exception as error:
            # Of another version, perhaps: the next one may be better.
            self._log.error("An order cannot be read:\n%s", self._redactor.explain(error))
            return True
        active = Active(handed.instance, order)
        try:
            active.order = await asyncio.to_thread(order.renewed)
            self._runner.occupy(active)
        except Exception as error:
            if not isinstance(error, DlaasError):
                self._log.error("An order failed:\n%s", self._redactor.explain(error))
            why = problem(error)
            note = f"{_NOTE} {why.message} {why.remedy}"
            failed = replace(job, state="failed", problem=why, finished_at=job.created_at)
            return await asyncio.to_thread(self._list.add, failed, order, note)
        job = replace(job, bytes=(active.order.size or size).bytes)
        return await self._runner.begin(job, active, _NOTE)


def order_of(handed: HandedOver) -> Order:
    """Make an order of what a kernel has handed over; raises `TypeError` for another version's."""
    account = handed.account
    if handed.kind == "download":
        download = DownloadRequest(handed.did or "", handed.path, **handed.options)
        return DownloadOrder(download, _ROOT, hidden=True, account=account)
    if handed.kind == "uploads":
        wanted = tuple(Wanted(path, did, 0, 0) for path, did in handed.uploads)
        return FilesOrder(
            UploadRequest(**handed.options),
            _ROOT,
            hidden=True,
            files=wanted,
            rules=handed.rules,
            account=account,
        )
    upload = UploadRequest(handed.path, handed.did, **handed.options)
    return UploadOrder(upload, _ROOT, hidden=True, account=account)
