"""What the catalogue knows."""

from __future__ import annotations

from itertools import islice
from typing import cast

from tornado import web

from dlaas.catalogue import SearchType
from dlaas.model import DID
from jupyter_dlaas.handlers.base import DlaasHandler, authorized
from jupyter_dlaas.validation import choice, integer, required

_TYPES = ("all", "collection", "file", "dataset", "container")
_MOST = 100_000
_FARTHEST = 100_000_000


class SearchHandler(DlaasHandler):
    """DIDs that match a pattern."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer entries, line by line."""
        arguments = self.arguments
        pattern = required(arguments, "pattern")
        kind = cast("SearchType", choice(arguments, "type", "all", _TYPES))
        where = arguments.get("where") or None
        limit = integer(arguments, "limit", 500, 1, _MOST)
        await self.answer_rows(
            instance, lambda lake: lake.search(pattern, kind, where, limit + 1), limit
        )


class ContentsHandler(DlaasHandler):
    """What a collection holds, one level."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer entries, line by line."""
        arguments = self.arguments
        did = DID(required(arguments, "did"))
        limit = integer(arguments, "limit", 1000, 1, _MOST)
        offset = integer(arguments, "offset", 0, 0, _FARTHEST)
        await self.answer_rows(
            instance, lambda lake: islice(lake.list_contents(did), offset, None), limit
        )


class MetadataHandler(DlaasHandler):
    """What the catalogue knows of a DID."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer its metadata."""
        did = DID(required(self.arguments, "did"))
        self.answer(await self.app.service.ask(instance, lambda lake: lake.get(did)))


class ScopesHandler(DlaasHandler):
    """The scopes that the account may write to."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer their names."""
        self.answer(await self.app.service.ask(instance, lambda lake: lake.list_scopes()))


class RSEsHandler(DlaasHandler):
    """The storage elements of the lake."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer the RSEs that an expression matches, without one all."""
        expression = self.arguments.get("expression", "").strip() or "*"
        self.answer(await self.app.service.ask(instance, lambda lake: lake.list_rses(expression)))


class UsageHandler(DlaasHandler):
    """What the account uses of each RSE, and its quota."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer usage and limit of each RSE."""
        self.answer(await self.app.service.ask(instance, lambda lake: lake.usage()))
