"""A login that somebody finishes in a browser, while the server asks whether it is done."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from urllib.parse import quote

from dlaas.config import Instance
from dlaas.credentials import Credential
from dlaas.credentials.device import DeviceLogin
from dlaas.credentials.oidc import OidcLogin
from dlaas.credentials.storage import with_storage_token
from dlaas.errors import InvalidInput, NotThere, TookTooLong, Unreachable
from dlaas.model import LoginMethod, LoginRequest, PendingLogin
from jupyter_dlaas.login.settings import SessionSettings
from jupyter_dlaas.redaction import Redactor

Begun = OidcLogin | DeviceLogin
Poll = Callable[[Callable[[], Credential | None]], Awaitable[Credential | None]]


class BrowserLogin:
    """One login that waits for a person; lives on the event loop.

    The address where a popup begins goes to the browser once, through a ticket, for whoever has it
    can fetch the token.
    """

    def __init__(self, instance: Instance, begun: Begun, request: LoginRequest) -> None:
        self.method: LoginMethod = request.method
        self.account = request.account
        self.entering = False
        self._begun = begun
        self._title = instance.title
        ticket = secrets.token_urlsafe(32)
        self._tickets = {ticket} if begun.kind == "popup" else set()
        self.shown = PendingLogin(
            begun.kind,
            f"dlaas/{quote(instance.name, safe='')}/login/go/{ticket}"
            if self._tickets
            else begun.url,
            begun.code,
            datetime.fromtimestamp(begun.expires_at, timezone.utc),
        )

    def redeem(self, ticket: str) -> str:
        """Answer where a popup goes, once; raises `NotThere`."""
        if ticket not in self._tickets:
            raise NotThere("This address has been used already, or is too old.")
        self._tickets.clear()
        return self._begun.url

    async def credential(
        self,
        poll: Poll,
        log: logging.Logger,
    ) -> Credential:
        """Wait until the person is done.

        Raises `CannotAuthenticate` where it is refused, `TookTooLong` where nobody finishes it.
        """
        while time.time() < self._begun.expires_at:
            await asyncio.sleep(self._begun.interval)
            try:
                found = await poll(self._begun.poll)
            except (Unreachable, TookTooLong) as error:
                # It may come back before the time is over.
                log.info("%s", error.message)
                continue
            if found is not None:
                return found
        raise TookTooLong(
            f"The login to {self._title} was not finished in the browser in time.",
            remedy="Log in again. Did the page refuse you? Then the lake may not know an account"
            " of yours: ask its administrators.",
            blame="you",
        )

    def watch(self, redactor: Redactor) -> None:
        """Keep what must be in no log out of it."""
        redactor.add(self._begun.secret)

    def forget(self, redactor: Redactor) -> None:
        """Undo `watch`, and let the address go."""
        redactor.forget(self._begun.secret)
        self._tickets.clear()


class BrowserLogins:
    """The browser logins of one session, at most one at a time; lives on the event loop.

    `poll` asks on a worker; `enter` logs in with what came of it; `ended` hears of the end of each
    that was not given up, and why where it was no login.
    """

    def __init__(
        self,
        instance: Instance,
        settings: SessionSettings,
        poll: Poll,
        enter: Callable[[Credential, BrowserLogin], Awaitable[None]],
        ended: Callable[[Exception | None], None],
    ) -> None:
        self.current: BrowserLogin | None = None
        self._instance = instance
        self._settings = settings
        self._poll = poll
        self._enter = enter
        self._ended = ended
        self._task: asyncio.Task[None] | None = None

    def start(self, begun: Begun, request: LoginRequest) -> None:
        """Wait for a login that has been begun, instead of an earlier one."""
        self.give_up()
        self.current = BrowserLogin(self._instance, begun, request)
        self.current.watch(self._settings.redactor)
        self._task = asyncio.create_task(self._finish(self.current))

    def redeem(self, ticket: str) -> str:
        """Answer where the popup of the login goes, once; raises `NotThere`."""
        if self.current is None:
            raise NotThere("This login has ended already.")
        return self.current.redeem(ticket)

    def give_up(self) -> bool:
        """Wait no longer; tell whether a person was waited for."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        waiting = self.current is not None and not self.current.entering
        return self._forget(self.current) and waiting

    def claim(self, login: BrowserLogin) -> bool:
        """Tell whether a login is still wanted; one that is can no longer be given up."""
        login.entering = login is self.current
        return login.entering

    async def _finish(self, login: BrowserLogin) -> None:
        why: Exception | None = None
        try:
            found = await login.credential(self._poll, self._settings.log)
            # From here on it is not cancelled, but has to be claimed.
            self._task = None
            await self._enter(with_storage_token(self._instance, found), login)
        except Exception as error:
            why = error
        # Meanwhile it may have been given up, or another one have begun.
        if self._forget(login):
            self._ended(why)

    def _forget(self, login: BrowserLogin | None) -> bool:
        if login is None or login is not self.current:
            return False
        login.forget(self._settings.redactor)
        self.current = None
        return True


def begin(instance: Instance, request: LoginRequest) -> Begun:
    """Begin a login at Rucio or at the provider; blocks.

    Raises `CannotAuthenticate`, `ConfigurationError`, `Unreachable`, and `InvalidInput` for an
    issuer that is not configured.
    """
    if request.method == "device":
        return DeviceLogin(instance)
    if request.issuer and instance.issuers and request.issuer not in instance.issuers:
        raise InvalidInput(
            f"{instance.title} offers no provider {request.issuer!r}.",
            remedy=f"Choose one of {', '.join(instance.issuers)}.",
        )
    return OidcLogin(instance, request.issuer, request.account)
