"""The token itself, and the callables that find one where somebody else keeps it fresh."""

from __future__ import annotations

import base64
import json
import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dlaas.errors import LoginRequired
from dlaas.private import is_own

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

    @property
    def identity(self) -> str | None:
        """Who the provider says one is, as far as the token tells."""
        claims = jwt_claims(self.value) or {}
        names = (claims.get(name) for name in ("preferred_username", "email", "name", "sub"))
        return next((name for name in names if isinstance(name, str) and name), None)


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

    renewable = False

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
        self._seen: str | None = None
        # Until it changes for the first time nobody knows whether somebody keeps it fresh.
        self.renewable = False

    def __call__(self) -> Token:
        """Read the token; raises `LoginRequired` when the file is not there or holds none."""
        token = self._read()
        if self._seen not in (None, token.value):
            self.renewable = True
        self._seen = token.value
        return token

    def _read(self) -> Token:
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

    def renew(self) -> Token:
        """Read the file again, for somebody may have written it anew."""
        return self()


class TokenVariable:
    """A token in an environment variable."""

    renewable = False

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
