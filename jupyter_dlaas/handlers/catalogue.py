"""What the catalogue knows."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import cast

from tornado import web

from dlaas.catalogue import SearchType
from dlaas.errors import InvalidInput
from dlaas.lake import Lake
from dlaas.model import DID, DatesRequest, LookUpRequest, Metadata, MetadataRequest
from jupyter_dlaas.handlers.base import DlaasHandler, authorized
from jupyter_dlaas.validation import choice, integer, required

_TYPES = ("all", "collection", "file", "dataset", "container")
_MOST = 100_000
_MOST_DATES = 100
_MOST_NAMES = 1000
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


class LookUpHandler(DlaasHandler):
    """What became of each of a list of names and patterns."""

    @web.authenticated
    @authorized("read")
    async def post(self, instance: str) -> None:
        """Answer a line for each name, in their order; for a pattern of many DIDs several."""
        request = self.body(LookUpRequest)
        if len(request.names) > _MOST_NAMES:
            raise InvalidInput(f"Look up {_MOST_NAMES} names at most.")
        if not 1 <= request.limit <= _MOST:
            raise InvalidInput(f"limit must be between 1 and {_MOST}.")
        kind = cast("SearchType", choice({"type": request.type}, "type", "all", _TYPES))
        where = request.where or None
        await self.answer_rows(
            instance,
            lambda lake: lake.look_up(request.names, kind, where, request.limit),
            _FARTHEST,
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


class ReplicasHandler(DlaasHandler):
    """The copies of a DID."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer them by RSE, line by line."""
        did = DID(required(self.arguments, "did"))
        await self.answer_rows(instance, lambda lake: iter(lake.list_copies(did)), _MOST)


class PathsHandler(DlaasHandler):
    """Where the files of a DID lie on this machine."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer paths, line by line; files that are not here are left out."""
        arguments = self.arguments
        did = DID(required(arguments, "did"))
        limit = integer(arguments, "limit", 10_000, 1, _MOST)
        await self.answer_rows(instance, lambda lake: lake.list_paths(did), limit)


class ParentsHandler(DlaasHandler):
    """The collections that hold a DID."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer entries, line by line, the nearest first."""
        arguments = self.arguments
        did = DID(required(arguments, "did"))
        limit = integer(arguments, "limit", 1000, 1, _MOST)
        await self.answer_rows(instance, lambda lake: lake.list_collections(did), limit)


class MetadataHandler(DlaasHandler):
    """What the catalogue knows of a DID."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer its metadata."""
        did = DID(required(self.arguments, "did"))
        self.answer(await self.app.service.ask(instance, lambda lake: _metadata(lake, did)))

    @web.authenticated
    @authorized("write")
    async def patch(self, instance: str) -> None:
        """Set some of it; answers its metadata then."""
        request = self.body(MetadataRequest)
        did = DID(request.did)

        def change(lake: Lake) -> Metadata:
            lake.set_metadata(did, request.values)
            return _metadata(lake, did)

        self.answer(await self.app.service.change(instance, change))


def _metadata(lake: Lake, did: DID) -> Metadata:
    return replace(lake.get(did), editable=lake.may("set_metadata", did))


class DatesHandler(DlaasHandler):
    """When DIDs were made."""

    @web.authenticated
    @authorized("read")
    async def post(self, instance: str) -> None:
        """Answer a time for each that is there."""
        dids = self.body(DatesRequest).dids
        if len(dids) > _MOST_DATES:
            raise InvalidInput(f"Ask for {_MOST_DATES} dates at most.")
        self.answer(await self.app.service.ask(instance, lambda lake: lake.created_at(dids)))


class ScopesHandler(DlaasHandler):
    """The scopes that the account may write to, or all."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer their names."""
        every = choice(self.arguments, "all", "0", ("0", "1")) == "1"
        self.answer(
            await self.app.service.ask(
                instance, lambda lake: lake.list_all_scopes() if every else lake.list_scopes()
            )
        )


class RSEsHandler(DlaasHandler):
    """The storage elements of the lake."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer the RSEs that an expression matches, without one all."""
        expression = self.arguments.get("expression", "").strip() or "*"
        self.answer(await self.app.service.ask(instance, lambda lake: lake.list_rses(expression)))


class QoSHandler(DlaasHandler):
    """The qualities of service of the lake."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer their labels, with the RSEs that have them."""
        self.answer(await self.app.service.ask(instance, lambda lake: lake.list_qos()))


class ActivitiesHandler(DlaasHandler):
    """What data can be made available for."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer the activities that are configured; none means any."""
        session = await self.app.sessions.get(instance)
        self.answer(session.instance.activities)


class UsageHandler(DlaasHandler):
    """What the account uses of each RSE, and its quota."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer usage and limit of each RSE."""
        self.answer(await self.app.service.ask(instance, lambda lake: lake.usage()))
