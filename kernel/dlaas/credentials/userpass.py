"""A login that can be repeated; by name and password."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dlaas.credentials.tokens import Token
from dlaas.errors import CannotAuthenticate, LoginRequired

if TYPE_CHECKING:
    from dlaas.config import Instance


class Repeatable:
    """A login that can be repeated: keeps one token, shared by threads."""

    def __init__(self, instance: Instance, account: str | None) -> None:
        self._instance = instance
        self._account = account or instance.account
        self._token: Token | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Token:
        """Answer the token, logging in when there is none or it is about to end."""
        with self._lock:
            if self._token is None or not self._token.fresh:
                self._token = self._login()
            return self._token

    def refused(self, token: Token) -> bool:
        """Forget the token; a new login gives another."""
        with self._lock:
            if self._token is token:
                self._token = None
        return True

    def _login(self) -> Token:
        raise NotImplementedError


class Userpass(Repeatable):
    """A login by name and password; the password stays in this object."""

    def __init__(
        self, instance: Instance, username: str, password: str, account: str | None = None
    ) -> None:
        # The configured account goes with the configured name, not with another's.
        configured = instance.account if username == (instance.username or username) else None
        super().__init__(instance, account or configured or username)
        if not username or not password:
            raise LoginRequired("Name and password are needed.")
        if not (username + password).isprintable() or not _is_latin(username + password):
            raise CannotAuthenticate("Name or password hold characters that cannot be sent.")
        self._username = username
        self._password = password

    def __repr__(self) -> str:
        return f"Userpass({self._instance.name!r}, {self._username!r})"

    def _login(self) -> Token:
        from dlaas.rucio.wire import login

        headers = {"X-Rucio-Username": self._username, "X-Rucio-Password": self._password}
        try:
            return login(self._instance, "userpass", self._account, headers=headers)
        except CannotAuthenticate as error:
            raise CannotAuthenticate(
                f"{self._instance.title} does not accept the name {self._username!r} and the"
                f" password that you gave for the account {self._account!r}.",
                remedy="Check both, and the account, then log in again.",
            ) from error


def _is_latin(text: str) -> bool:
    """Tell whether a header can carry a text."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
