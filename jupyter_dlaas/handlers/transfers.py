"""Uploads, and the jobs that carry them out."""

from __future__ import annotations

from jupyter_server.services.contents.fileio import FileManagerMixin
from tornado import web

from dlaas.model import UploadRequest
from jupyter_dlaas.handlers.base import DlaasHandler, authorized


class UploadsHandler(DlaasHandler):
    """Files on their way into the lake."""

    @web.authenticated
    @authorized("write")
    async def post(self, instance: str) -> None:
        """Check an upload and begin it; answers its job."""
        request = self.body(UploadRequest)
        manager = self.contents_manager
        # Others keep their files elsewhere, and their root_dir means nothing on this machine.
        root = manager.root_dir if isinstance(manager, FileManagerMixin) else None
        job = await self.app.jobs.upload(instance, request, root, hidden=manager.allow_hidden)
        self.answer(job, 202)


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
