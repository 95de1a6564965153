"""What helps a person who types, and cells that are ready to be run."""

from __future__ import annotations

import asyncio

from tornado import web

from dlaas import snippets
from dlaas.lake import Lake
from dlaas.model import DID, Snippet, VariableRecord
from jupyter_dlaas.handlers.base import DlaasHandler, authorized
from jupyter_dlaas.validation import integer, required


class CompleteHandler(DlaasHandler):
    """Scopes and DIDs that begin with a text."""

    _asked: asyncio.Future[list[str]] | None = None

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer some of them."""
        arguments = self.arguments
        text = arguments.get("text", "")
        limit = integer(arguments, "limit", 20, 1, 100)
        call = self.app.service.suggest(instance, lambda lake: lake.complete(text, limit))
        self._asked = asyncio.ensure_future(call)
        await asyncio.wait([self._asked])
        if not self._asked.cancelled():
            self.answer(self._asked.result())

    def on_connection_close(self) -> None:
        """Let Rucio not be asked for what somebody has typed on from."""
        if self._asked is not None:
            self._asked.cancel()
        super().on_connection_close()


class KeysHandler(DlaasHandler):
    """Metadata to search by."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer names of keys."""
        self.answer(await self.app.service.ask(instance, lambda lake: lake.list_keys()))


class SnippetsHandler(DlaasHandler):
    """Cells for a DID."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer cells in the language of a kernel, the plainest first."""
        arguments = self.arguments
        did = DID(required(arguments, "did"))
        name = arguments.get("name") or snippets.suggest_name(did)
        language = arguments.get("language") or "python"
        session = await self.app.sessions.get(instance)
        # A notebook without the name of the default instance is understood elsewhere, too.
        said = None if session.default else instance

        def write(lake: Lake) -> list[Snippet]:
            is_file = lake.get(did).type == "file"
            record = VariableRecord(name, did, "file" if is_file else "collection", said)
            return snippets.cells(record, language, lake)

        self.answer(await self.app.service.ask(instance, write))
