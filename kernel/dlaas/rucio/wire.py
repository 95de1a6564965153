"""Every byte to a Rucio server goes through here: timeouts, TLS, redirects and errors."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter

from dlaas.credentials import Token, token_from
from dlaas.credentials.wrong import SET_CLOCK, SKEW, why_refused
from dlaas.errors import (
    CannotAuthenticate,
    ConfigurationError,
    DlaasError,
    InvalidInput,
    RucioFailed,
    StorageRefused,
)
from dlaas.lifetime import said
from dlaas.rucio.translate import from_name, from_network, origin

if TYPE_CHECKING:
    from dlaas.config import Instance

CONNECT_TIMEOUT = 10.0
_RETRY_STATUS = (502, 503, 504)
_REDIRECTS = 3
_log = logging.getLogger("dlaas")


class Wire:
    """The HTTP connections of one instance; shared by threads.

    Answers that are not 2xx are raised as our errors; a redirect is followed only to where the
    request went in the first place, because the login travels in a header that requests would carry
    anywhere.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._session = requests.Session()
        # requests would send what ~/.netrc has for the host.
        self._session.auth = _no_auth
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=16, pool_block=False)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._closed = threading.Event()

    def close(self) -> None:
        """Close the connections; waiting retries end."""
        self._closed.set()
        self._session.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Any = None,
        data: Any = None,
        stream: bool = False,
        cert: tuple[str | None, str | None] | None = None,
        timeout: float | None = None,
    ) -> requests.Response:
        """Send one request; raises `Unreachable`, `TookTooLong` or what Rucio answered.

        Only a GET is sent again when a front-end answers 502, 503 or 504: anything else may have
        been done.
        """
        attempts = 3 if method == "GET" else 1
        for attempt in range(1, attempts + 1):
            answer = self._send(
                method,
                url,
                headers=headers,
                params=params,
                data=data,
                stream=stream,
                cert=cert,
                timeout=timeout,
            )
            if answer.status_code not in _RETRY_STATUS or attempt == attempts:
                break
            answer.close()
            self._closed.wait(0.25 * 2**attempt)
        if answer.status_code // 100 == 2:
            return answer
        raise from_answer(answer)

    def _send(
        self, method: str, url: str, *, timeout: float | None, **options: Any
    ) -> requests.Response:
        limit = (CONNECT_TIMEOUT, timeout or self._instance.request_timeout)
        target = url
        for _ in range(_REDIRECTS + 1):
            started = time.monotonic()
            try:
                answer = self._session.request(
                    method,
                    target,
                    verify=self._instance.rucio_ca_cert or True,
                    timeout=limit,
                    allow_redirects=False,
                    **options,
                )
            except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
                # The error quotes the header.
                raise InvalidInput(
                    "The account or the name of the login holds characters that cannot be sent."
                ) from None
            except requests.RequestException as error:
                # The request, and so the login, hangs on the exception: a traceback must not carry
                # it.
                found = from_network(error, origin(target))
                raise _of_rucio(found, str(error), options.get("cert")) from None
            except OSError as error:
                raise self._bad_file(error) from None
            _log.debug(
                "%s %s: %d in %.3f s",
                method,
                origin(target),
                answer.status_code,
                time.monotonic() - started,
            )
            if not answer.is_redirect:
                return answer
            target = self._redirected(method, target, answer)
            options["params"] = None
        raise RucioFailed(f"{origin(url)} sends from one address to the next.")

    def _redirected(self, method: str, url: str, answer: requests.Response) -> str:
        target = urljoin(url, answer.headers["Location"])
        answer.close()
        if origin(target) != origin(url) or method != "GET":
            raise RucioFailed(
                f"{origin(url)} sends on to {origin(target)}, which is not configured:"
                " nothing was sent there.",
                remedy="Ask whoever runs this instance for the right rucio_base_url.",
            )
        return target

    def _bad_file(self, error: OSError) -> DlaasError:
        # requests raises a bare OSError, with the path, when a CA or certificate file is missing.
        return ConfigurationError(
            f"A certificate file of {self._instance.title} is missing or unreadable: {error}."
        )


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def from_answer(answer: requests.Response) -> DlaasError:
    """Turn an answer that is not 2xx into one of our errors, by Rucio's own names."""
    try:
        body = answer.json() if len(answer.content) < 100_000 else {}
    except (ValueError, requests.RequestException):
        body = {}
    told = body if isinstance(body, dict) else {}
    name = told.get("ExceptionClass") or answer.headers.get("ExceptionClass") or ""
    message = told.get("ExceptionMessage") or answer.headers.get("ExceptionMessage") or ""
    answer.close()
    if not name and answer.status_code >= 500:
        return RucioFailed(f"{origin(answer.url)} answered {answer.status_code} {answer.reason}.")
    found = from_name(str(name) or f"HTTP {answer.status_code}", str(message), answer.status_code)
    return _by_clock(found, answer) if isinstance(found, CannotAuthenticate) else found


def _by_clock(error: CannotAuthenticate, answer: requests.Response) -> CannotAuthenticate:
    """Say that our clock is wrong, where it is, for then no token is in force as we think."""
    try:
        there = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return error
    ahead = time.time() - there
    if abs(ahead) <= SKEW:
        return error
    side = "ahead of" if ahead > 0 else "behind"
    return type(error)(
        f"{error.message} This machine's clock is {said(abs(ahead))} {side} Rucio's.",
        remedy=SET_CLOCK,
        details={**error.details, "why": "clock_skew"},
    )


def send_with_token(
    instance: Instance,
    credential: Callable[[], Token],
    send: Callable[[Token], requests.Response],
) -> requests.Response:
    """Send a request with a login; once more, and no more, when Rucio refuses the first.

    Of a provider's token the error says what is wrong with it: Rucio does not.
    """
    token = credential()
    try:
        return send(token)
    except CannotAuthenticate as error:
        refused = getattr(credential, "refused", None)
        if refused is None or not refused(token):
            raise _explained(instance, token, error) from None
    token = credential()
    try:
        return send(token)
    except CannotAuthenticate as error:
        raise _explained(instance, token, error) from None


def _explained(instance: Instance, token: Token, error: CannotAuthenticate) -> CannotAuthenticate:
    known = "why" in error.details or not token.is_jwt
    return error if known else why_refused(instance, token, error)


def _of_rucio(error: DlaasError, text: str, cert: object) -> DlaasError:
    # The translation knows only hosts: here the one that refuses a certificate is no storage. Who
    # refuses it may close before the alert is read: an end of file, or a connection cut.
    cut = any(word in text for word in ("EOF", "aborted", "reset", "Broken pipe"))
    if not isinstance(error, StorageRefused) and not (cert and cut):
        return error
    return CannotAuthenticate(
        error.message,
        remedy="Check your certificate or proxy: it may have expired, or nobody there knows its"
        " authority.",
    )


def login(
    instance: Instance,
    method: str,
    account: str | None,
    *,
    headers: Mapping[str, str] | None = None,
    cert: tuple[str | None, str | None] | None = None,
) -> Token:
    """Get a token from `auth/<method>`; raises `CannotAuthenticate`, `Unreachable`."""
    sent = {
        "X-Rucio-VO": instance.vo or "def",
        "X-Rucio-AppID": instance.app_id or "dlaas",
        **(headers or {}),
    }
    if account:
        sent["X-Rucio-Account"] = account
    wire = Wire(instance)
    try:
        answer = wire.request("GET", f"{instance.auth_url}/auth/{method}", headers=sent, cert=cert)
        value = answer.headers.get("X-Rucio-Auth-Token")
        if not value:
            raise CannotAuthenticate(
                f"{instance.title} did not choose an account for this login.",
                remedy="Name the account.",
            )
        expiry = _expiry(answer.headers.get("X-Rucio-Auth-Token-Expires"))
        return token_from(value, answer.headers.get("X-Rucio-Auth-Account") or account, expiry)
    finally:
        wire.close()


def _expiry(text: str | None) -> float | None:
    for form in ("%a, %d %b %Y %H:%M:%S %Z", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(text or "", form).replace(tzinfo=timezone.utc).timestamp()
        except ValueError:
            continue
    return None


def plain_get(url: str) -> bytes:
    """Fetch a public document of at most a megabyte in at most ten seconds per byte."""
    try:
        with requests.get(url, timeout=(CONNECT_TIMEOUT, 10.0), stream=True) as answer:
            if answer.status_code != 200:
                raise ConfigurationError(f"{origin(url)} answered {answer.status_code} for {url}.")
            content = bytearray()
            for chunk in answer.iter_content(1 << 16):
                content += chunk
                if len(content) > 1_000_000:
                    raise ConfigurationError(f"What {url} answers is longer than a megabyte.")
            return bytes(content)
    except (requests.RequestException, ValueError) as error:
        if isinstance(error, DlaasError):
            raise
        raise from_network(error, origin(url)) from None
