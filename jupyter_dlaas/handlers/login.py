"""Which instances there are, and who is logged in to them."""

from __future__ import annotations

from tornado import web

from dlaas.model import LoginRequest
from jupyter_dlaas.handlers.base import DlaasHandler, authorized


class InstancesHandler(DlaasHandler):
    """The configured instances, also those whose configuration is wrong."""

    @web.authenticated
    @authorized("read")
    async def get(self) -> None:
        """Answer the instances with their logins."""
        self.answer(await self.app.instances())


class LoginHandler(DlaasHandler):
    """The login of one instance."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer who is logged in."""
        session = await self.app.sessions.get(instance)
        await session.settle(self.app.login_patience)
        self.answer(session.login)

    @web.authenticated
    @authorized("write")
    async def post(self, instance: str) -> None:
        """Log in by name and password; without a body, as the server is configured."""
        session = await self.app.sessions.get(instance)
        if self.request.body:
            self.answer(await session.log_in(self.body(LoginRequest)))
        else:
            self.answer(await session.log_in_as_configured())

    @web.authenticated
    @authorized("write")
    async def delete(self, instance: str) -> None:
        """Log out."""
        session = await self.app.sessions.get(instance)
        self.answer(await session.log_out())
