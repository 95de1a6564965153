"""What is on this machine: the cache, and what may be wrong."""

from __future__ import annotations

from tornado import web

from dlaas.errors import InvalidInput
from jupyter_dlaas.handlers.base import DlaasHandler, authorized, lines

_MOST_CHECKS = 10_000


class CacheHandler(DlaasHandler):
    """The caches of this machine."""

    @web.authenticated
    @authorized("read")
    async def get(self) -> None:
        """Answer what they hold."""
        self.answer(await self.app.here.cache())

    @web.authenticated
    @authorized("write")
    async def delete(self) -> None:
        """Clean them; answers what was deleted."""
        asked = {name: self.arguments.get(name) for name in ("older_than", "instance", "did")}
        for name, text in asked.items():
            # Whoever means something by it does not mean everything.
            if text is not None and not text.strip():
                raise InvalidInput(f"{name} is empty: nothing was deleted.")
        self.answer(await self.app.here.clean(**asked))


class DoctorHandler(DlaasHandler):
    """What may be wrong between here and the lakes."""

    @web.authenticated
    @authorized("read")
    async def get(self) -> None:
        """Answer checks, line by line, as they are made."""
        about = self.arguments.get("about") or None
        checks = self.app.here.checks(about, lambda found: lines(found, _MOST_CHECKS))
        await self.answer_stream(await checks, _MOST_CHECKS)
