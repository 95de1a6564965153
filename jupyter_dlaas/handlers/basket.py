"""The shopping baskets of ESAP."""

from __future__ import annotations

import asyncio

from tornado import web

from dlaas.basket import reading
from dlaas.basket.items import BasketItem
from dlaas.errors import InvalidInput
from dlaas.model import (
    BasketDownloadRequest,
    BasketImportRequest,
    BasketReadRequest,
    BasketRemoveRequest,
    BasketUseRequest,
)
from jupyter_dlaas.basket_acts import download
from jupyter_dlaas.handlers.base import DlaasHandler, authorized
from jupyter_dlaas.handlers.transfers import OrdersHandler
from jupyter_dlaas.transfers.sources import source


class BasketHandler(DlaasHandler):
    """All baskets together."""

    @web.authenticated
    @authorized("read")
    async def get(self) -> None:
        """Answer what is in them."""
        self.answer(await self.app.baskets.info())


class BasketReadHandler(DlaasHandler):
    """The baskets, anew."""

    @web.authenticated
    @authorized("write")
    async def post(self) -> None:
        """Read them, by a token that was typed where one was; answers what is in them."""
        request = self.body(BasketReadRequest)
        self.answer(await self.app.baskets.read(request.host, request.token))


class BasketImportHandler(OrdersHandler):
    """Baskets that were saved, or written by hand."""

    @web.authenticated
    @authorized("write")
    async def post(self) -> None:
        """Add what is in a file or a text; answers what is in all baskets then."""
        request = self.body(BasketImportRequest)
        if (request.path is None) == (request.text is None):
            raise InvalidInput("Give a path or a text.")
        items, warnings = await asyncio.to_thread(self._read, request)
        self.answer(await self.app.baskets.add(items, warnings))

    def _read(self, request: BasketImportRequest) -> tuple[list[BasketItem], list[str]]:
        if request.path is None:
            return reading.read_text(request.text or ""), []
        file = source(self.root, request.path, hidden=self.hidden)
        items = reading.read_file(file)
        secret = reading.holds_secrets(file)
        return items, [f"{request.path} holds your logins to ESAP: delete it."] if secret else []


class BasketUseHandler(DlaasHandler):
    """The lakes that items are of."""

    @web.authenticated
    @authorized("write")
    async def post(self) -> None:
        """Choose the lake of some items; answers what is in all baskets then."""
        request = self.body(BasketUseRequest)
        self.answer(await self.app.baskets.use(request.ids, request.instance))


class BasketRemoveHandler(DlaasHandler):
    """Items that are in the way."""

    @web.authenticated
    @authorized("write")
    async def post(self) -> None:
        """Remove some items; answers what is in all baskets then."""
        self.answer(await self.app.baskets.remove(self.body(BasketRemoveRequest).ids))


class BasketDownloadHandler(OrdersHandler):
    """Items on their way into a folder."""

    @web.authenticated
    @authorized("write")
    async def post(self) -> None:
        """Begin to download some items; answers what became of each."""
        request = self.body(BasketDownloadRequest)
        found = await download(self.app.baskets, self.app.jobs, request, self.root, self.hidden)
        self.answer(found, 202)
