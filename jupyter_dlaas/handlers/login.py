"""Which instances there are, and who is logged in to them."""

from __future__ import annotations

import asyncio

from tornado import web

from dlaas.credentials import x509
from dlaas.errors import NotThere
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
        """Log in, or begin to; without a body, as the server is configured."""
        session = await self.app.sessions.get(instance)
        if not self.request.body:
            self.answer(await session.log_in_as_configured())
            return
        request = self.body(LoginRequest)
        login = await session.log_in(request)
        self.answer(login, 202 if login.pending is not None else 200)

    @web.authenticated
    @authorized("write")
    async def delete(self, instance: str) -> None:
        """Log out; of a login that has only begun, give up that alone."""
        session = await self.app.sessions.get(instance)
        self.answer(await session.log_out())


class RenewHandler(DlaasHandler):
    """A new token for the login of one instance."""

    @web.authenticated
    @authorized("write")
    async def post(self, instance: str) -> None:
        """Renew the login now, where it can be."""
        session = await self.app.sessions.get(instance)
        self.answer(await session.renew())


class PopupHandler(DlaasHandler):
    """Where the popup of a login begins: a page of a person's, not an answer to the panel."""

    # Who may only look must not get the address that fetches the token.
    @web.authenticated
    @authorized("write")
    async def get(self, instance: str, ticket: str) -> None:
        """Lead to the identity provider, once."""
        session = await self.app.sessions.get(instance)
        # The address behind it fetches the token: it stays in no cache, history or log.
        self.set_header("Referrer-Policy", "no-referrer")
        try:
            target = session.redeem(ticket)
        except NotThere as error:
            self.set_status(error.status)
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(_PAGE.format(text=error.message), set_content_type="text/html")
            return
        self.redirect(target)


class CertificatesHandler(DlaasHandler):
    """Certificates and proxies with which one might log in."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """List what was found below the home folder and what the instance names."""
        told = (await self.app.sessions.get(instance)).instance
        self.answer(await asyncio.to_thread(x509.found, None, told.client_cert, told.client_key))


_PAGE = (
    "<!doctype html><html lang='en'><title>Log in</title>"
    "<p>{text} Close this window and log in again in the panel.</p></html>"
)
