"""ESAP over HTTP: the basket is read and written, and what its answers carry besides is dropped."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import requests

from dlaas.basket.reading import without_secrets
from dlaas.basket.tokens import Tokens
from dlaas.config.settings import checked_url
from dlaas.config.sources import jupyter_config
from dlaas.credentials import Token
from dlaas.errors import (
    CannotAuthenticate,
    DlaasError,
    InvalidInput,
    NotThere,
    Refused,
    Unreachable,
)
from dlaas.rucio.translate import from_network, origin

T = TypeVar("T")
# The variable that names them, with spaces or commas between.
HOSTS = "DLAAS_ESAP_HOSTS"
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
# Seconds for a whole answer, and its size in bytes.
LONGEST = 120.0
_LARGEST = 64_000_000
_REDIRECTS = 3
_PROFILES = "esap-api/accounts/user-profiles/"
_UNKNOWN = (
    "The token was not accepted, or no profile belongs to it: log in to ESAP in the browser once,"
    " and take a fresh token."
)


@dataclass(frozen=True)
class Cart:
    """Whose basket it is, and the rows of it as ESAP keeps them."""

    user: str
    rows: tuple[Any, ...]


def hosts_from(told: str | Iterable[str] | None) -> tuple[str, ...]:
    """Answer the addresses of ESAPs: the given ones, else those of `DLAAS_ESAP_HOSTS`, else of
    `RucioConfig.esap_hosts` as a Jupyter server on this machine would read it.

    Raises `InvalidInput` for what a token must not be sent to.

    >>> hosts_from("https://esap.example/esap-gui/, https://other.example:5555")
    ('https://esap.example/', 'https://other.example:5555/')
    """
    found = _configured() if told is None else told
    texts = found.replace(",", " ").split() if isinstance(found, str) else list(found)
    return tuple(dict.fromkeys(map(_host, texts)))


def _configured() -> str | list[str]:
    named = os.environ.get(HOSTS)
    if named:
        return named
    found = jupyter_config().get("esap_hosts") or []
    return [str(host) for host in found] if isinstance(found, list) else []


def _host(text: str) -> str:
    url = checked_url("An ESAP host", text.strip())
    parts = urlsplit(url)
    if parts.username is not None:
        raise InvalidInput("The address of an ESAP holds no login.")
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise InvalidInput(f"{origin(url)} is not https: a token is not sent there.")
    path = parts.path
    for known in ("/esap-api", "/esap-gui"):
        path = path.partition(known)[0]
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}/"


class Esap:
    """One ESAP; each call asks for the token and forgets it."""

    def __init__(self, host: str, tokens: Tokens) -> None:
        self.host = host
        self._tokens = tokens

    def token(self) -> Token:
        """Answer a token for one act, which may take several requests; raises `LoginRequired`."""
        return self._tokens()

    def read(self, token: Token | None = None) -> Cart:
        """Read the basket; raises `CannotAuthenticate` where ESAP does not know the user."""
        found = ask_json(urljoin(self.host, _PROFILES), token or self.token(), _cart)
        if isinstance(found, Cart):
            return found
        if found == "nobody":
            raise CannotAuthenticate(f"ESAP at {self.host} does not know you.", remedy=_UNKNOWN)
        raise Unreachable(
            f"What {self.host} answers is no basket of ESAP.",
            remedy="Check the address: it is that of the page in the browser.",
        )

    def write(self, cart: Cart, token: Token) -> None:
        """Replace the whole basket by these rows; raises what ESAP or the network says."""
        url = urljoin(self.host, f"{_PROFILES}{quote(cart.user, safe='@')}/")
        try:
            body = json.dumps({"shopping_cart": list(cart.rows)}, allow_nan=False).encode()
        except (TypeError, ValueError):
            raise InvalidInput(
                "An item of the basket cannot be sent back as it is; nothing was changed.",
                remedy="Remove items in the browser.",
            ) from None
        ask_json(url, token, lambda _: None, method="PATCH", body=body)


def _cart(answer: Any) -> Cart | str | None:
    """Keep of a profile whose it is and the cart; the tokens in it are dropped here."""
    rows = answer.get("results") if isinstance(answer, Mapping) else None
    if rows == []:
        return "nobody"
    profile = rows[0] if isinstance(rows, list) else None
    if not isinstance(profile, Mapping) or not isinstance(profile.get("shopping_cart"), list):
        return None
    return Cart(str(profile.get("user_name") or ""), tuple(profile["shopping_cart"]))


def ask_json(
    url: str,
    token: Token,
    keep: Callable[[Any], T],
    *,
    kind: str = "Bearer",
    method: str = "GET",
    body: bytes | None = None,
) -> T:
    """Send a request and answer what `keep` keeps of the JSON that comes back.

    The answer itself may hold logins: it is neither logged, nor part of an error. The token goes
    to the origin of `url` alone, and is text only where nothing is raised. Raises
    `CannotAuthenticate`, `Refused`, `NotThere`, `Unreachable`, `TookTooLong`.
    """
    found = _exchange(method, url, token, kind, body)
    # Raised here, where no frame and no exception holds the answer.
    if isinstance(found, DlaasError):
        raise found
    kept = _kept(found, keep)
    del found
    if kept is None:
        raise Unreachable(
            f"What {origin(url)} answers is no JSON.", remedy="Check the address of the service."
        )
    return kept[0]


def _kept(content: bytes, keep: Callable[[Any], T]) -> tuple[T] | None:
    if not content.strip():
        return (keep(None),)
    try:
        return (keep(json.loads(content, object_hook=without_secrets)),)
    except (ValueError, RecursionError):
        return None


def _exchange(
    method: str, url: str, token: Token, kind: str, body: bytes | None
) -> bytes | DlaasError:
    """Answer the body, or the error: an exception of requests holds the request and its token."""
    headers = {"Accept": "application/json", "Authorization": f"{kind} {token.value}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    with requests.Session() as session:
        # requests would send what ~/.netrc has for the host.
        session.auth = lambda request: request
        try:
            for _ in range(_REDIRECTS + 1):
                with session.request(
                    method,
                    url,
                    headers=headers,
                    data=body,
                    stream=True,
                    allow_redirects=False,
                    timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                ) as answer:
                    if not answer.is_redirect:
                        return _body(answer, origin(url))
                    target = urljoin(url, answer.headers["Location"])
                if origin(target) != origin(url) or method != "GET":
                    return _sent_on(url, target)
                url = target
        except (requests.exceptions.InvalidHeader, UnicodeError):
            return CannotAuthenticate("The token holds characters that cannot be sent.")
        except (requests.RequestException, OSError) as error:
            return from_network(error, origin(url))
    return Unreachable(f"{origin(url)} sends from one address to the next.")


def _sent_on(url: str, target: str) -> DlaasError:
    return Unreachable(
        f"{origin(url)} sends on to {origin(target)}: nothing was sent there.",
        remedy="It may want a login in the browser, or have moved: check the address.",
    )


def _body(answer: requests.Response, where: str) -> bytes | DlaasError:
    if answer.status_code // 100 != 2:
        return _refusal(answer.status_code, str(answer.reason or ""), where)
    content, end = bytearray(), time.monotonic() + LONGEST
    for chunk in answer.iter_content(1 << 16):
        content += chunk
        if len(content) > _LARGEST or time.monotonic() > end:
            return Unreachable(f"What {where} answers is too long, or comes too slowly.")
    return bytes(content)


def _refusal(status: int, reason: str, where: str) -> DlaasError:
    """Make the error of a status; the text of the answer is not for people, and may hold logins."""
    told = f"{where} answered {status} {reason}".strip()
    details = {"status": status}
    if status == 401:
        return CannotAuthenticate(
            f"{told}: it does not accept the token.", remedy=_UNKNOWN, details=details
        )
    if status == 403:
        return Refused(f"{told}: it does not allow that.", blame="credential", details=details)
    if status == 404:
        return NotThere(f"{told}.", remedy="Check the address of ESAP.", details=details)
    if status < 500:
        return InvalidInput(f"{told}: it does not take what was sent.", details=details)
    return Unreachable(
        f"{told}: the failure is its own.", remedy="Try again later.", details=details
    )
