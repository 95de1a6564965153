"""The token that ESAP wants: given, from the hub, from a file, from the login here, or typed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dlaas.credentials import Token, token_from
from dlaas.errors import DlaasError, LoginRequired

# Seconds that a token must still last, as the real client has it.
_MARGIN = 10.0
_REMEDY = (
    "Put one into a file (token_file, --token-file) or type it (ask=getpass.getpass, --ask): ESAP"
    " shows it behind its button «show token»."
)
Ask = Callable[[str], str]


class Tokens:
    """Answers the token for ESAP; a typed one is asked for each time, and kept nowhere.

    `login` answers that of the login to the lake, where one can be had.
    """

    def __init__(
        self,
        token: str | None = None,
        token_file: str | os.PathLike[str] | None = None,
        ask: Ask | None = None,
        login: Callable[[], Token | None] | None = None,
    ) -> None:
        self._token = None if token is None else token_from(token)
        self._file = None if token_file is None else os.fspath(token_file)
        self._ask = ask
        self._login = login or _from_login

    def __repr__(self) -> str:
        return "Tokens()"

    def __reduce__(self) -> tuple[Any, ...]:
        # Elsewhere it finds what is there: no token travels.
        return (Tokens, (None, self._file))

    def __call__(self) -> Token:
        """Answer a token that has not expired; raises `LoginRequired`."""
        expired = None
        for place, find in self._places():
            found = find()
            if found is not None and _lasts(found):
                return found
            if found is not None:
                expired = expired or place
        if expired is not None:
            raise LoginRequired(f"The token for ESAP ({expired}) has expired.", remedy=_REMEDY)
        raise LoginRequired("No token for ESAP was found.", remedy=_REMEDY)

    def _places(self) -> Iterator[tuple[str, Callable[[], Token | None]]]:
        if self._token is not None:
            yield "the given one", lambda: self._token
            return
        if self._file is not None:
            path = self._file
            yield f"of {path}", lambda: _first_line(path)
            return
        yield "of the hub", lambda: _quietly(_from_hub)
        named = os.environ.get("RUCIO_OIDC_FILE_NAME")
        if named:
            yield f"of {named}", lambda: _quietly(lambda: _first_line(named))
        yield "of the login to the lake", lambda: _quietly(self._login)
        if self._ask is not None:
            ask = self._ask
            yield "the typed one", lambda: _typed(ask)


def _lasts(token: Token) -> bool:
    return token.expires_at is None or token.expires_at > time.time() + _MARGIN


def _quietly(find: Callable[[], Token | None]) -> Token | None:
    # There are other places.
    try:
        return find()
    except DlaasError:
        return None


def _first_line(path: str) -> Token:
    file = Path(path).expanduser()
    try:
        lines = file.read_text(encoding="ascii").strip().splitlines()
    except (OSError, ValueError):
        lines = None
    if not lines:
        raise LoginRequired(f"No token can be read from {file}.", remedy=_REMEDY)
    return token_from(lines[0])


def _from_hub() -> Token | None:
    """Ask the hub above this process for the token that it exchanged for Rucio and ESAP."""
    url, key = os.environ.get("JUPYTERHUB_API_URL"), os.environ.get("JUPYTERHUB_API_TOKEN")
    if not url or not key:
        return None
    from dlaas.basket.service import ask_json

    answer = ask_json(f"{url.rstrip('/')}/user", Token(key), _exchanged, kind="token")
    return None if answer is None else token_from(answer)


def _exchanged(answer: Any) -> str | None:
    for key in ("auth_state", "exchanged_tokens", "rucio"):
        answer = answer.get(key) if isinstance(answer, Mapping) else None
    return answer if isinstance(answer, str) and answer else None


def _from_login() -> Token | None:
    """Answer the login to the default lake where it is a JWT: ESAP's has the same audience."""
    from dlaas.rucio.connection import lake_for

    found = lake_for().credential()
    return Token(found.value, found.expires_at) if found.is_jwt else None


def _typed(ask: Ask) -> Token:
    return token_from(ask("Token for ESAP (nothing is shown): "))
