"""What is on this machine: the cache, and what may be wrong."""

from __future__ import annotations

from tornado import web

from dlaas.errors import InvalidInput
from jupyter_dlaas.handlers.base import DlaasHandler, authorized, lines

_MOST_CHECKS = 10_000
# As `Here.clean` takes them.
_CONDITIONS = ("older_than", "instance", "did")


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
        asked = self.arguments
        # Whoever means something by it does not mean everything.
        for name, text in asked.items():
            if name not in _CONDITIONS:
                raise InvalidInput(f"{name!r} is no condition: nothing was deleted.")
            if not text.strip():
                raise InvalidInput(f"{name} is empty: nothing was deleted.")
        conditions = [asked.get(name) for name in _CONDITIONS]
        self.answer(await self.app.here.clean(*conditions))


class DoctorHandler(DlaasHandler):
    """What may be wrong between here and the lakes."""

    @web.authenticated
    @authorized("read")
    async def get(self) -> None:
        """Answer checks, line by line, as they are made."""
        about = self.arguments.get("about") or None
        checks = self.app.here.checks(about, lambda found: lines(found, _MOST_CHECKS))
        await self.answer_stream(await checks, _MOST_CHECKS)
