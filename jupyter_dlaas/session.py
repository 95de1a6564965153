"""One login for one instance: logging in, staying logged in, logging out."""

from __future__ import annotations

import asyncio
import copy
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from dlaas.config import Instance
from dlaas.credentials import Credential, Userpass, for_instance
from dlaas.errors import (
    CannotAuthenticate,
    DlaasError,
    InternalError,
    LoginRequired,
    TookTooLong,
    problem,
)
from dlaas.lake import Lake
from dlaas.model import InstanceInfo, Login, LoginMethod, LoginRequest
from jupyter_dlaas.live_login import LiveLogin
from jupyter_dlaas.redaction import Redactor
from jupyter_dlaas.renewal import keep_fresh
from jupyter_dlaas.workers import Workers, carry_out

T = TypeVar("T")

# Between two attempts at a configured login that was refused: sending a wrong password often locks
# accounts.
_RETRY_REFUSED = 60.0


@dataclass(frozen=True)
class SessionSettings:
    """What the sessions of a server share; times in seconds."""

    handover: Path
    redactor: Redactor
    log: logging.Logger
    changed: Callable[[str], None]
    threads: int = 8
    login_timeout: float = 60.0
    renew_before: float = 600.0
    retry_after: float = 5.0


class Session:
    """The login of one instance, at most one at a time; lives on the event loop."""

    def __init__(self, instance: Instance, default: bool, settings: SessionSettings) -> None:
        self.instance = instance
        self.default = default
        self.login = Login("logged_out")
        self._settings = settings
        self._workers = Workers(f"dlaas-{instance.name}", settings.threads)
        # Their own, for one must be able to log in while all others wait for an answer.
        self._login_workers = Workers(f"dlaas-{instance.name}-login", 4)
        self._live: LiveLogin | None = None
        self._why: DlaasError | None = None
        self._lock = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._renewal: asyncio.Task[None] | None = None
        self._ending: asyncio.Future[None] | None = None
        self._configured: asyncio.Task[None] | None = None
        # Whether to log in as configured: not where somebody has logged in or out by hand.
        self._automatic = True
        self._tried_at = 0.0
        self._stopped = False

    def info(self) -> InstanceInfo:
        """Answer what the panel may know."""
        instance = self.instance
        return InstanceInfo(
            name=instance.name,
            display_name=instance.title,
            default=self.default,
            login=self.login,
            methods=instance.methods,
            destination_rse=instance.destination_rse,
            upload_rse=instance.upload_rse,
            default_lifetime=instance.default_lifetime,
            wildcard_enabled=instance.wildcard_enabled,
        )

    async def set_default(self, default: bool) -> None:
        """Say whether this instance is meant where none is named; kernels are told, too."""
        if default != self.default:
            self.default = default
            if self._live is not None:
                await asyncio.to_thread(self._live.hand_over, self._settings.handover, default)

    async def settle(self, patience: float | None = None) -> None:
        """Log in as configured unless that was tried, waiting `patience` seconds; never raises."""
        if not self._automatic or self._live is not None:
            return
        if self._configured is None:
            self._configured = asyncio.create_task(self._try_configured())
        # Unlike awaiting it, this does not end the attempt when one request is given up.
        await asyncio.wait([self._configured], timeout=patience)

    async def lake(self) -> Lake:
        """Answer the lake of whoever is logged in.

        Raises `LoginRequired`, or why the configured login failed.
        """
        await self.settle()
        if self._may_retry():
            self._configured = None
            await self.settle()
        if self._live is not None and self._live.lake is not None:
            return self._live.lake
        if self._why is not None:
            # A copy: an exception collects the tracebacks of all who raise it.
            raise copy.copy(self._why)
        raise LoginRequired(f"You are not logged in to {self.instance.title}.")

    async def log_in(self, request: LoginRequest) -> Login:
        """Log in by name and password; an earlier login stays when this one fails."""

        def make() -> Credential:
            return Userpass(self.instance, request.username, request.password, request.account)

        async with self._lock:
            await self._enter(make, "userpass", request.account, request.password)
            self._automatic = False
        return self.login

    async def log_in_as_configured(self) -> Login:
        """Log in with what configuration and environment offer.

        Raises `LoginRequired` where that is nothing.
        """
        async with self._lock:
            await self._enter_as_configured()
            self._automatic = True
        return self.login

    async def log_out(self) -> Login:
        """Forget everything about the login."""
        self._automatic = False
        async with self._lock:
            await self._leave()
            self._set(Login("logged_out"))
        return self.login

    async def stop(self) -> None:
        """Log out because the server stops; waits for nobody."""
        self._stopped = True
        if self._configured is not None:
            self._configured.cancel()
        await self._leave()
        self._workers.stop()
        self._login_workers.stop()

    async def run(self, timeout: float, function: Callable[..., T], *args: Any) -> T:
        """Carry out a blocking call.

        Raises `TookTooLong` after `timeout` seconds, while the call itself goes on.
        """
        return await self._carry_out(self._workers, timeout, function, *args)

    def forsake(self, function: Callable[[], Any]) -> None:
        """Carry out a blocking call for whose end nobody waits."""
        if not self._stopped:
            self._workers.submit(function)

    def expire(self, lake: Lake, error: CannotAuthenticate) -> None:
        """Note that Rucio no longer accepts the login of this lake."""
        live = self._live
        if live is None or live.lake is not lake:
            return
        self._live, self._why = None, error
        self._tried_at = time.monotonic()
        if self._renewal is not None:
            self._renewal.cancel()
        self._ending = asyncio.ensure_future(self._end(live))
        self._set(replace(live.login(), state="expired", problem=problem(error)))

    async def _try_configured(self) -> None:
        try:
            async with self._lock:
                if self._automatic and self._live is None and self._offers_login():
                    await self._enter_as_configured()
        except Exception as error:
            if isinstance(error, DlaasError):
                self._why = error
            else:
                self._settings.log.error("%s", self._settings.redactor.explain(error))
                self._why = InternalError(problem(error).message)
            self._set(replace(self.login, problem=problem(error)))

    def _offers_login(self) -> bool:
        instance = self.instance
        by_password = instance.username and (instance.password or instance.password_file)
        return bool(instance.auth_type != "userpass" or instance.token or by_password)

    def _may_retry(self) -> bool:
        if self._live is not None or self._why is None or not self._automatic:
            return False
        refused = isinstance(self._why, CannotAuthenticate)
        pause = _RETRY_REFUSED if refused else self._settings.retry_after
        idle = self._configured is None or self._configured.done()
        return idle and self._offers_login() and time.monotonic() - self._tried_at > pause

    async def _enter_as_configured(self) -> None:
        self._tried_at = time.monotonic()
        await self._enter(lambda: for_instance(self.instance), self.instance.auth_type)

    async def _enter(
        self,
        make: Callable[[], Credential],
        method: LoginMethod,
        account: str | None = None,
        secret: str = "",
    ) -> None:
        live = await self._open(make, method, account, secret)
        if self._stopped:
            live.end()
            raise LoginRequired("The server stops.")
        await self._leave(live)
        await asyncio.to_thread(live.hand_over, self._settings.handover, self.default)
        # It may have been refused, or the server have stopped, meanwhile.
        if self._live is live:
            self._set(live.login())
            self._renewal = asyncio.create_task(self._keep_fresh(live))

    async def _open(
        self,
        make: Callable[[], Credential],
        method: LoginMethod,
        account: str | None,
        secret: str,
    ) -> LiveLogin:
        given_up = threading.Event()

        def open_it() -> LiveLogin:
            redactor = self._settings.redactor
            live = LiveLogin(self.instance, make, method, redactor, self._heard, secret)
            live.open(account)
            if given_up.is_set():
                live.end()
            return live

        try:
            return await self._carry_out(self._login_workers, self._settings.login_timeout, open_it)
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
        if live.trouble is not None:
            self._settings.log.warning("%s could not be removed", live.trouble.filename)

    async def _keep_fresh(self, live: LiveLogin) -> None:
        settings = self._settings

        async def renew() -> None:
            await self._carry_out(self._login_workers, settings.login_timeout, live.renew)

        await keep_fresh(live, settings.renew_before, renew, self.expire, settings.log)

    def _heard(self, live: LiveLogin) -> None:
        # On a worker; at the server's end the loop may be closed.
        try:
            self._loop.call_soon_threadsafe(self._renewed, live)
        except RuntimeError:
            return

    def _renewed(self, live: LiveLogin) -> None:
        if live is self._live and self.login.state == "logged_in":
            self._set(live.login())

    def _set(self, login: Login) -> None:
        if login != self.login:
            self.login = login
            self._settings.changed(self.instance.name)

    async def _carry_out(
        self, workers: Workers, timeout: float, function: Callable[..., T], *args: Any
    ) -> T:
        try:
            return await carry_out(workers, timeout, function, *args)
        except asyncio.TimeoutError as error:
            # Until Python 3.11 the builtin, from which ours comes, was another class.
            if isinstance(error, DlaasError):
                raise
            title = self.instance.title
            raise TookTooLong(f"{title} did not answer within {timeout:g} s.") from None
