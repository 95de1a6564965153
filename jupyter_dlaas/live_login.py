"""A login that is kept alive: its credential, its lake, and what kernels are handed of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from dlaas import handover
from dlaas.config import Instance
from dlaas.credentials import Credential, Token
from dlaas.errors import LoginRequired
from dlaas.lake import Lake
from dlaas.model import Login, LoginMethod, Problem
from jupyter_dlaas.redaction import Redactor


class LiveLogin:
    """A credential, shared by the threads of one instance, that is renewed before its token ends.

    Every new token is handed to kernels and terminals until `end`. `expires_at` and `obtained_at`
    are epoch seconds; `trouble` is why the hand-over cannot be written or removed. `secret` is kept
    out of the log. All methods may block and belong on a worker.
    """

    def __init__(
        self,
        instance: Instance,
        make: Callable[[], Credential],
        method: LoginMethod,
        redactor: Redactor,
        renewed: Callable[[LiveLogin], None],
        secret: str = "",
    ) -> None:
        self.instance = instance
        self.account = ""
        self.expires_at: float | None = None
        self.obtained_at = 0.0
        self.trouble: OSError | None = None
        self.lake: Lake | None = None
        self._method = method
        self._make = make
        self._credential = make()
        self._redactor = redactor
        self._renewed = renewed
        self._secret = secret
        redactor.add(secret)
        self._token: Token | None = None
        self._place: tuple[Path, bool] | None = None
        self._ended = False
        # Re-entrant, for what `renewed` calls may ask for the token.
        self._lock = threading.RLock()

    def __call__(self) -> Token:
        """Answer the token in force; raises `CannotAuthenticate` or `Unreachable`."""
        token = self._credential()
        self._take(token)
        return token

    def refused(self, token: Token) -> bool:
        """Hear that Rucio refused the token; tell whether there may be another."""
        return self._credential.refused(token)

    def open(self, account: str | None) -> Lake:
        """Prove the login by asking Rucio who it is; raises what calling it does."""
        self.lake = Lake(self.instance, account=account, credentials=self)
        try:
            self.account = self.lake.whoami().name
        except BaseException:
            self.end()
            raise
        return self.lake

    def login(self) -> Login:
        """Answer what may be told of it."""
        end = self.expires_at
        return Login(
            "logged_in",
            self.account,
            self._method,
            None if end is None else datetime.fromtimestamp(end, timezone.utc),
            None if self.trouble is None else _problem(self.trouble),
        )

    def hand_over(self, folder: Path, default: bool) -> None:
        """Give the token to kernels and terminals, now and whenever there is a new one."""
        with self._lock:
            self._place = folder, default
            self._publish()

    def renew(self) -> None:
        """Get a new token; raises what calling it does, and then the old one stays in force."""
        credential = self._make()
        token = credential()
        with self._lock:
            if not self._ended:
                self._credential = credential
                self._take(token)

    def end(self) -> None:
        """Forget the secrets, take back what was handed over, close the connections."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            self._redactor.forget(self._secret)
            if self._token is not None:
                self._redactor.forget(self._token.value)
            self._token, self._secret = None, ""
            self._make, self._credential = _Ended, _Ended()
            self.trouble = None
            if self._place is not None:
                self._take_back(self._place[0])
        if self.lake is not None:
            self.lake.close()

    def _take(self, token: Token) -> None:
        with self._lock:
            if self._ended or (self._token is not None and self._token.value == token.value):
                return
            self._redactor.add(token.value)
            if self._token is not None:
                self._redactor.forget(self._token.value)
            self._token = token
            self.expires_at, self.obtained_at = token.expires_at, time.time()
            self._publish()
        self._renewed(self)

    def _take_back(self, folder: Path) -> None:
        try:
            handover.remove(folder, self.instance.name)
        except OSError as error:
            self.trouble = error

    def _publish(self) -> None:
        if self._ended or self._place is None or self._token is None:
            return
        folder, default = self._place
        token = self._token
        self.trouble = None
        try:
            handover.write(
                folder, self.instance, self.account, token.value, token.expires_at, default
            )
        except OSError as error:
            # The login works all the same; only kernels do not hear of it.
            self.trouble = error


def _problem(trouble: OSError) -> Problem:
    return Problem(
        "HandOverFailed",
        f"Notebooks cannot be told of this login: {trouble.strerror or 'writing failed'}.",
        "us",
        "See that Jupyter's runtime folder can be written, then log in again.",
    )


class _Ended:
    """The credential of nobody."""

    def __call__(self) -> Token:
        raise LoginRequired("You have logged out.")

    def refused(self, token: Token) -> bool:
        return False
