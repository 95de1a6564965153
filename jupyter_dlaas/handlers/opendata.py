"""Open data, which nobody has to be logged in to see."""

from __future__ import annotations

from collections.abc import Iterator

from tornado import web

from dlaas.model import DownloadRequest, OpenItem
from dlaas.opendata import OpenData
from jupyter_dlaas.handlers.base import DlaasHandler, authorized, lines
from jupyter_dlaas.handlers.transfers import OrdersHandler
from jupyter_dlaas.transfers.free_orders import OpenOrder
from jupyter_dlaas.validation import integer, required

_MOST = 10_000


class OpenDataHandler(DlaasHandler):
    """The public open data of an instance."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer items, line by line: all, or those that a text fits."""
        text = self.arguments.get("text", "").strip()
        limit = integer(self.arguments, "limit", 500, 1, _MOST)

        def find(opened: OpenData) -> Iterator[OpenItem]:
            return opened.search(text, limit + 1) if text else opened.list(limit + 1)

        stream = await self.app.service.open_rows(
            instance, lambda opened: lines(find(opened), limit + 1)
        )
        await self.answer_stream(stream, limit)


class OpenItemHandler(DlaasHandler):
    """One item of open data."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer its DOI, metadata and files; a DOI may stand in the place of its DID."""
        did = required(self.arguments, "did")
        self.answer(await self.app.service.ask_open(instance, lambda opened: opened.get(did)))


class OpenDownloadsHandler(OrdersHandler):
    """Open data on its way from the storages."""

    @web.authenticated
    @authorized("write")
    async def post(self, instance: str) -> None:
        """Check a download and begin it; answers its job."""
        request = self.body(DownloadRequest)
        await self.begin(instance, OpenOrder(request, self.root, self.hidden))
