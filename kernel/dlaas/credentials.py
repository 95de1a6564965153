"""Where a token comes from: small callables that answer one, with its expiry.

A credential is asked before every request and keeps what it got in memory, never on disk. When
Rucio refuses a token, `refused` says whether asking again can give another one; it never prompts.
"""

from __future__ import annotations

import base64
import json
import os
import stat
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dlaas.errors import CannotAuthenticate, ConfigurationError, LoginRequired
from dlaas.private import is_own

if TYPE_CHECKING:
    from dlaas.config import Instance

# A token is renewed when less than this many seconds of it are left.
MARGIN = 60.0


@dataclass(frozen=True)
class Token:
    """What Rucio wants to see with each request; `expires_at` in epoch seconds or None."""

    value: str = field(repr=False)
    expires_at: float | None = None
    account: str | None = None

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("A token is not pickled: who reads it should have a login of its own.")

    @property
    def fresh(self) -> bool:
        """Tell whether the token has more than a minute left."""
        return self.expires_at is None or self.expires_at - MARGIN > time.time()

    @property
    def is_jwt(self) -> bool:
        """Tell whether storages may know this token; two dots alone do not make a JWT."""
        return jwt_claims(self.value) is not None


class Credential(Protocol):
    """Something that answers a token; an object of ours or of the caller's."""

    def __call__(self) -> Token:
        """Answer a token; raises `CannotAuthenticate` or `LoginRequired`."""
        ...

    def refused(self, token: Token) -> bool:
        """Hear that Rucio refused `token`; tell whether calling again may give another."""
        ...


def jwt_claims(value: str) -> dict[str, object] | None:
    """Read the claims of a JWT without checking its signature; None where it is not a JWT."""
    parts = value.split(".")
    if len(parts) != 3:
        return None
    try:
        header, claims = (
            json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            for part in parts[:2]
        )
    except ValueError:
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict) or "alg" not in header:
        return None
    return claims


def _is_latin(text: str) -> bool:
    """Tell whether a header can carry a text."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def token_from(value: str, account: str | None = None, expires_at: float | None = None) -> Token:
    """Make a token of its text, with the expiry of a JWT; raises `LoginRequired` for nonsense."""
    text = value.strip()
    if not text or not text.isprintable() or not text.isascii():
        raise LoginRequired("The token is empty or is no token.")
    claims = jwt_claims(text)
    expiry = claims.get("exp") if claims else None
    if expires_at is None and isinstance(expiry, (int, float)):
        expires_at = float(expiry)
    return Token(text, expires_at, account)


class Bearer:
    """A token that someone else got; it cannot be renewed."""

    def __init__(
        self, value: str, account: str | None = None, expires_at: float | None = None
    ) -> None:
        self._token = token_from(value, account, expires_at)

    def __call__(self) -> Token:
        """Answer the token; raises `LoginRequired` when it has expired."""
        expires_at = self._token.expires_at
        if expires_at is not None and expires_at < time.time():
            raise LoginRequired("The login has expired.", remedy="Log in again.")
        return self._token

    def refused(self, token: Token) -> bool:
        """There is no other."""
        return False


class TokenFile:
    """A token that someone keeps fresh in a file; read for each request, without its newline."""

    def __init__(self, path: str | os.PathLike[str], account: str | None = None) -> None:
        self._path = Path(path)
        self._account = account

    def __call__(self) -> Token:
        """Read the token; raises `LoginRequired` when the file is not there or holds none."""
        try:
            text = self._path.read_text(encoding="ascii")
        except (OSError, ValueError) as error:
            # The path may have been mistyped to a file with other secrets: its content is never
            # told.
            raise LoginRequired(f"No token can be read from {self._path}.") from error
        return token_from(text, self._account)

    def refused(self, token: Token) -> bool:
        """The file may have been renewed since."""
        return self().value != token.value


class TokenVariable:
    """A token in an environment variable."""

    def __init__(self, name: str, account: str | None = None) -> None:
        self._name = name
        self._account = account

    def __call__(self) -> Token:
        """Read the token; raises `LoginRequired` when the variable is not set."""
        value = os.environ.get(self._name)
        if not value:
            raise LoginRequired(f"The environment variable {self._name} holds no token.")
        return token_from(value, self._account)

    def refused(self, token: Token) -> bool:
        """There is no other."""
        return False


class _Login:
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


class Userpass(_Login):
    """A login by name and password; the password stays in this object."""

    def __init__(
        self, instance: Instance, username: str, password: str, account: str | None = None
    ) -> None:
        super().__init__(instance, account or instance.account or username)
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


class Certificate(_Login):
    """A login by X.509 certificate or proxy; for a proxy certificate and key are one file."""

    def __init__(self, instance: Instance, account: str | None = None) -> None:
        super().__init__(instance, account)
        if not instance.client_cert:
            raise LoginRequired(f"No certificate is configured for {instance.title}.")
        for path in filter(None, (instance.client_cert, instance.client_key)):
            if not Path(path).is_file():
                raise ConfigurationError(f"The certificate file {path} is not there.")

    def _login(self) -> Token:
        from dlaas.rucio.wire import login

        method = "x509_proxy" if self._instance.auth_type == "x509_proxy" else "x509"
        cert = (self._instance.client_cert, self._instance.client_key or self._instance.client_cert)
        try:
            return login(self._instance, method, self._account, cert=cert)
        except CannotAuthenticate as error:
            raise CannotAuthenticate(
                f"{self._instance.title} does not accept the certificate"
                f" {self._instance.client_cert} for the account {self._account!r}.",
                remedy="Check that the certificate is valid and registered with the account.",
            ) from error


def for_instance(instance: Instance, account: str | None = None) -> Credential:
    """Choose the credential that a configuration names; raises `LoginRequired` for none."""
    account = account or instance.account
    if instance.handover is not None:
        from dlaas.handover import HandoverCredential

        return HandoverCredential(Path(instance.handover), instance.name)
    if instance.token:
        return Bearer(instance.token, account)
    if instance.auth_type == "oidc" or instance.oidc_auth:
        return _ambient(instance, account)
    if instance.auth_type in ("x509", "x509_proxy"):
        return Certificate(instance, account)
    password = instance.read_password()
    if instance.username and password:
        return Userpass(instance, instance.username, password, account)
    raise LoginRequired(f"There is no login for {instance.title} here.")


def _ambient(instance: Instance, account: str | None) -> Credential:
    if instance.oidc_auth == "file" and instance.oidc_file_name:
        return TokenFile(instance.oidc_file_name, account)
    if instance.oidc_auth == "env" and instance.oidc_env_name:
        return TokenVariable(instance.oidc_env_name, account)
    return discovered(account)


def discovered(account: str | None = None) -> Credential:
    """Find a token as WLCG's bearer token discovery says; raises `LoginRequired` for none."""
    if os.environ.get("BEARER_TOKEN"):
        return TokenVariable("BEARER_TOKEN", account)
    told = os.environ.get("BEARER_TOKEN_FILE")
    if told:
        # Whoever set it vouches for the file, which may be mounted and root's.
        return TokenFile(told, account)
    name = f"bt_u{os.geteuid()}" if hasattr(os, "geteuid") else "bt"
    for folder in filter(None, (os.environ.get("XDG_RUNTIME_DIR"), "/tmp")):
        place = Path(folder) / name
        if _is_own_file(place):
            return TokenFile(place, account)
    raise LoginRequired("No token was found where tokens are kept.")


def _is_own_file(path: Path) -> bool:
    """Tell whether a file is there and this user's: in /tmp anybody may have put one."""
    try:
        found = path.stat()
    except OSError:
        return False
    return is_own(found) and stat.S_ISREG(found.st_mode)
