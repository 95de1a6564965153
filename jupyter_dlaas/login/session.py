"""One login for one instance: logging in, staying logged in, logging out."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from dlaas.config import Instance
from dlaas.credentials import Credential, for_instance
from dlaas.errors import CannotAuthenticate, DlaasError, InternalError, LoginRequired, problem
from dlaas.lake import Lake
from dlaas.model import Login, LoginMethod, LoginRequest
from jupyter_dlaas.login.browser import BrowserLogin, BrowserLogins, begin
from jupyter_dlaas.login.configured import ConfiguredLogin, after_failure
from jupyter_dlaas.login.live import LiveLogin
from jupyter_dlaas.login.methods import Make, prepare
from jupyter_dlaas.login.renewal import keep_fresh
from jupyter_dlaas.login.settings import SessionSettings
from jupyter_dlaas.timed import TimedCalls

T = TypeVar("T")


class Session:
    """The login of one instance, at most one at a time; lives on the event loop."""

    def __init__(self, instance: Instance, default: bool, settings: SessionSettings) -> None:
        self.instance = instance
        self.default = default
        # Who is logged in, whatever a login that has only begun will change.
        self._login = Login("logged_out")
        self._settings = settings
        title = instance.title
        self._calls = TimedCalls(f"dlaas-{instance.name}", settings.threads, title)
        # Their own, for one must be able to log in while all others wait for an answer.
        self._login_calls = TimedCalls(f"dlaas-{instance.name}-login", 4, title)
        # Somebody who types asks again and again: a slow lake must not keep all else waiting.
        self._typing_calls = TimedCalls(f"dlaas-{instance.name}-typing", 2, title)
        self._live: LiveLogin | None = None
        self._why: DlaasError | None = None
        self._lock = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._renewal: asyncio.Task[None] | None = None
        self._ending: asyncio.Future[None] | None = None
        self._configured = ConfiguredLogin(instance, settings.retry_after, self._try_configured)
        self._browser = BrowserLogins(instance, settings, self._in_time, self._finish, self._ended)
        self._stopped = False

    @property
    def login(self) -> Login:
        """Who is logged in, and what somebody has to do in a browser where a login has begun."""
        begun = self._browser.current
        if begun is None:
            return self._login
        if self._login.state not in ("logged_out", "refused"):
            return replace(self._login, pending=begun.shown)
        return Login("pending", method=begun.method, pending=begun.shown)

    async def set_default(self, default: bool) -> None:
        """Say whether this instance is meant where none is named; kernels are told, too."""
        if default != self.default:
            self.default = default
            if self._live is not None:
                await asyncio.to_thread(self._live.hand_over, self._settings.handover, default)

    async def settle(self, patience: float | None = None) -> None:
        """Log in as configured unless that was tried, waiting `patience` seconds; never raises."""
        # One that is in, but not told yet, would be shown as none.
        if self._configured.automatic and (self._live is None or self._configured.is_under_way):
            await self._configured.settle(patience)

    async def lake(self) -> Lake:
        """Answer the lake of whoever is logged in.

        Raises `LoginRequired`, or why the configured login failed.
        """
        await self.settle()
        if self._live is None:
            await self._configured.settle_again(self._why)
        if self._live is not None and self._live.lake is not None:
            return self._live.lake
        if self._why is not None:
            # A copy: an exception collects the tracebacks of all who raise it.
            raise copy.copy(self._why)
        raise LoginRequired(f"You are not logged in to {self.instance.title}.")

    async def log_in(self, request: LoginRequest) -> Login:
        """Log in, or begin to, where a person has to go on in a browser.

        An earlier login stays when this one fails, and while it is not finished.
        """
        if request.method in ("oidc", "device"):
            return await self._begin(request)

        make = partial(prepare, self.instance, request)
        with self._settings.redactor.hiding(request.passphrase or ""):
            async with self._lock:
                await self._enter(make, request.method, request.account, request.password)
                self._configured.automatic = False
        self._browser.give_up()
        return self.login

    def redeem(self, ticket: str) -> str:
        """Answer where the popup of a login goes, once; raises `NotThere`."""
        return self._browser.redeem(ticket)

    async def renew(self) -> Login:
        """Get a new token now; raises why there is none, and then the old one stays."""
        live = self._live
        if live is None:
            raise LoginRequired(f"You are not logged in to {self.instance.title}.")
        await self._in_time(live.renew)
        self._renewed(live)
        return self.login

    async def log_in_as_configured(self) -> Login:
        """Log in with what configuration and environment offer.

        Raises `LoginRequired` where that is nothing.
        """
        async with self._lock:
            await self._enter_as_configured()
            self._configured.automatic = True
        return self.login

    async def log_out(self) -> Login:
        """Forget everything about the login; of one that has only begun, forget that alone."""
        if self._browser.give_up():
            self._changed()
            return self.login
        self._configured.automatic = False
        async with self._lock:
            await self._leave()
            self._set(Login("logged_out"))
        return self.login

    async def stop(self) -> None:
        """Log out because the server stops; waits for nobody."""
        self._stopped = True
        self._configured.stop()
        self._browser.give_up()
        await self._leave()
        for calls in (self._calls, self._login_calls, self._typing_calls):
            calls.stop()

    async def run(self, timeout: float, function: Callable[..., T], *args: Any) -> T:
        """Carry out a blocking call.

        Raises `TookTooLong` after `timeout` seconds, while the call itself goes on.
        """
        return await self._calls.run(timeout, function, *args)

    async def suggest(self, timeout: float, function: Callable[..., T], *args: Any) -> T:
        """Do as `run` for somebody who types, on threads of their own."""
        return await self._typing_calls.run(timeout, function, *args)

    def forsake(self, function: Callable[[], Any]) -> None:
        """Carry out a blocking call for whose end nobody waits."""
        if not self._stopped:
            self._calls.forsake(function)

    def expire(self, lake: Lake, error: CannotAuthenticate) -> None:
        """Note that Rucio no longer accepts the login of this lake."""
        live = self._live
        if live is None or live.lake is not lake:
            return
        self._live, self._why = None, error
        self._configured.note()
        if self._renewal is not None:
            self._renewal.cancel()
        self._ending = asyncio.ensure_future(self._end(live))
        self._set(replace(live.login(), state="expired", problem=problem(error)))

    async def _try_configured(self) -> None:
        try:
            async with self._lock:
                if self._live is None and self._configured.is_wanted:
                    await self._enter_as_configured()
        except Exception as error:
            self._why = self._told(error)
            by_click = self.instance.auth_type == "oidc" and self.instance.oidc_auth is None
            # That no token lies around is no problem where one can log in by a click.
            if not (isinstance(error, LoginRequired) and by_click):
                self._set(after_failure(self._login, self._why))

    async def _begin(self, request: LoginRequest) -> Login:
        begun = await self._in_time(begin, self.instance, request)
        if self._stopped:
            raise LoginRequired("The server stops.")
        self._browser.start(begun, request)
        self._changed()
        return self.login

    async def _finish(self, credential: Credential, begun: BrowserLogin) -> None:
        wanted = partial(self._browser.claim, begun)
        async with self._lock:
            await self._enter(
                lambda: lambda: credential, begun.method, begun.account, wanted=wanted
            )
            self._configured.automatic = False

    def _ended(self, why: Exception | None) -> None:
        if why is not None:
            self._login = after_failure(self._login, self._told(why))
        self._changed()

    def _told(self, error: Exception) -> DlaasError:
        if isinstance(error, DlaasError):
            return error
        self._settings.log.error("%s", self._settings.redactor.explain(error))
        return InternalError(problem(error).message)

    async def _enter_as_configured(self) -> None:
        self._configured.note()
        method = "oidc" if self.instance.oidc_auth else self.instance.auth_type
        await self._enter(lambda: partial(for_instance, self.instance), method)

    async def _enter(
        self,
        make: Callable[[], Make],
        method: LoginMethod,
        account: str | None = None,
        secret: str = "",
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        live = await self._open(make, method, account, secret)
        if self._stopped or not wanted():
            live.end()
            raise LoginRequired("This login was given up, or the server stops.")
        await self._leave(live)
        await asyncio.to_thread(live.hand_over, self._settings.handover, self.default)
        # It may have been refused, or the server have stopped, meanwhile.
        if self._live is live:
            # Also one that looks like the last: what waits for a login hears of it.
            self._login = live.login()
            self._changed()
            before, log = self._settings.renew_before, self._settings.log
            self._renewal = asyncio.create_task(
                keep_fresh(live, before, self._in_time, self._renewed, self.expire, log)
            )

    async def _open(
        self,
        make: Callable[[], Make],
        method: LoginMethod,
        account: str | None,
        secret: str,
    ) -> LiveLogin:
        given_up = threading.Event()

        def open_it() -> LiveLogin:
            redactor = self._settings.redactor
            live = LiveLogin(self.instance, make(), method, redactor, self._heard, secret)
            live.open(account)
            if given_up.is_set():
                live.end()
            return live

        try:
            return await self._in_time(open_it)
        except BaseException:
            given_up.set()
            raise

    async def _leave(self, successor: LiveLogin | None = None) -> None:
        # The successor takes over at once: no request finds nobody logged in.
        live, self._live, self._why = self._live, successor, None
        ending, self._ending = self._ending, None
        if ending is not None:
            # It takes back what was handed over: not after the next login has handed over its own.
            await ending
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None
        if live is not None:
            await self._end(live)

    async def _end(self, live: LiveLogin) -> None:
        await asyncio.to_thread(live.end)
        if isinstance(live.trouble, OSError):
            self._settings.log.warning("%s could not be removed", live.trouble.filename)

    def _heard(self, live: LiveLogin) -> None:
        # On a worker; at the server's end the loop may be closed.
        try:
            self._loop.call_soon_threadsafe(self._renewed, live)
        except RuntimeError:
            return

    def _renewed(self, live: LiveLogin) -> None:
        if live is self._live and self._login.state in ("logged_in", "expiring"):
            self._set(live.login())

    def _set(self, login: Login) -> None:
        if login != self._login:
            self._login = login
            self._changed()

    def _changed(self) -> None:
        self._settings.changed(self.instance.name)

    async def _in_time(self, function: Callable[..., T], *args: Any) -> T:
        return await self._login_calls.run(self._settings.login_timeout, function, *args)
