"""Uploads and downloads, and the jobs that carry them out."""

from __future__ import annotations

from jupyter_server.services.contents.fileio import FileManagerMixin
from tornado import web

from dlaas.errors import InvalidInput
from dlaas.model import DownloadRequest, PublishRequest, UploadRequest
from jupyter_dlaas.handlers.base import DlaasHandler, authorized
from jupyter_dlaas.transfers.download_orders import DownloadOrder
from jupyter_dlaas.transfers.orders import Order
from jupyter_dlaas.transfers.publish_orders import PublishOrder
from jupyter_dlaas.transfers.upload_orders import FilesOrder, UploadOrder


class OrdersHandler(DlaasHandler):
    """Begins transfers between the lake and the content folder."""

    @property
    def root(self) -> str | None:
        """The content folder; others keep their files elsewhere, and their root_dir means nothing
        on this machine.
        """
        manager = self.contents_manager
        return manager.root_dir if isinstance(manager, FileManagerMixin) else None

    @property
    def hidden(self) -> bool:
        """Whether hidden files may be touched."""
        return bool(self.contents_manager.allow_hidden)

    async def begin(self, instance: str, order: Order) -> None:
        """Check an order and begin it; answers its job."""
        self.answer(await self.app.jobs.add(instance, order), 202)


class UploadsHandler(OrdersHandler):
    """Files on their way into the lake."""

    @web.authenticated
    @authorized("write")
    async def post(self, instance: str) -> None:
        """Check an upload of one or of several files and begin it; answers its job."""
        request = self.body(UploadRequest)
        several = bool(request.paths)
        if several == bool(request.path or request.did):
            raise InvalidInput("Give path and did, or paths and scope.")
        kind = FilesOrder if several else UploadOrder
        await self.begin(instance, kind(request, self.root, self.hidden))


class DownloadsHandler(OrdersHandler):
    """Data on its way from the lake."""

    @web.authenticated
    @authorized("write")
    async def post(self, instance: str) -> None:
        """Check a download and begin it; answers its job."""
        request = self.body(DownloadRequest)
        await self.begin(instance, DownloadOrder(request, self.root, self.hidden))


class PublicationsHandler(OrdersHandler):
    """Notebooks on their way into the lake, with all that it takes to repeat them."""

    @web.authenticated
    @authorized("write")
    async def post(self, instance: str) -> None:
        """Check a publication and begin it; answers its job."""
        request = self.body(PublishRequest)
        await self.begin(instance, PublishOrder(request, self.root, self.hidden))


class JobsHandler(DlaasHandler):
    """All jobs."""

    @web.authenticated
    @authorized("read")
    async def get(self) -> None:
        """Answer them, the newest first."""
        self.answer(await self.app.jobs.list_jobs())


class JobHandler(DlaasHandler):
    """One job."""

    @web.authenticated
    @authorized("read")
    async def get(self, job_id: str) -> None:
        """Answer it."""
        self.answer(await self.app.jobs.get(job_id))

    @web.authenticated
    @authorized("write")
    async def delete(self, job_id: str) -> None:
        """Cancel it."""
        self.answer(await self.app.jobs.cancel(job_id))


class RetryHandler(DlaasHandler):
    """One job, once more."""

    @web.authenticated
    @authorized("write")
    async def post(self, job_id: str) -> None:
        """Try it again; answers the job."""
        self.answer(await self.app.jobs.retry(job_id), 202)


class JobLogHandler(DlaasHandler):
    """What happened to one job."""

    @web.authenticated
    @authorized("read")
    async def get(self, job_id: str) -> None:
        """Answer the lines of its log, oldest first."""
        self.answer(await self.app.jobs.notes(job_id))


class JobFilesHandler(DlaasHandler):
    """The files of one job."""

    @web.authenticated
    @authorized("read")
    async def get(self, job_id: str) -> None:
        """Answer what became of them, those that failed first."""
        self.answer(await self.app.jobs.files(job_id))
