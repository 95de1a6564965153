"""A login with an identity provider through Rucio: a page in a browser, no code to copy."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from dlaas.credentials.renewing import Renewing
from dlaas.credentials.tokens import Credential, Token, token_from
from dlaas.credentials.wrong import require_clock
from dlaas.errors import CannotAuthenticate, LoginRequired, RucioFailed

if TYPE_CHECKING:
    import requests

    from dlaas.config import Instance

# Rucio forgets a login that was begun after this many seconds.
_LIFETIME = 300.0
_INTERVAL = 2.0


class OidcLogin:
    """A login that has been begun: `url` is for the person's browser, `poll` is for us.

    Whoever knows `url` can fetch the token that comes of it. `expires_at` is in epoch seconds,
    `interval` the seconds between two polls. Raises `CannotAuthenticate` where Rucio offers no such
    login, `Unreachable`.
    """

    kind: Literal["popup", "device"] = "popup"
    code: str | None = None
    interval = _INTERVAL

    def __init__(
        self, instance: Instance, issuer: str | None = None, account: str | None = None
    ) -> None:
        self._instance = instance
        self.expires_at = time.time() + _LIFETIME
        answer = self._begin(issuer or instance.oidc_issuer, account)
        self.url = answer.headers.get("X-Rucio-OIDC-Auth-URL", "")
        parts = urlsplit(self.url)
        if parts.scheme != "https" or not parts.query:
            raise RucioFailed(f"{instance.title} did not say where one logs in.")
        self._query = parts.query
        _hide_queries()

    @property
    def secret(self) -> str:
        """What must be in no log."""
        return self._query

    def poll(self) -> Credential | None:
        """Ask whether the person is done; None while not, also where Rucio refused: it tells only
        the person.

        Raises `Unreachable` and `TookTooLong`, after which one may ask again, and
        `CannotAuthenticate` for a clock that is wrong.
        """
        # Of the address that Rucio gave only the query: the host is the one that is configured.
        path = f"auth/oidc_redirect?{self._query}"
        try:
            answer = _ask(self._instance, path, {"X-Rucio-Client-Fetch-Token": "True"})
        except CannotAuthenticate:
            return None
        value = answer.headers.get("X-Rucio-Auth-Token")
        if not value:
            return None
        token = token_from(value, account_of(self._instance, value))
        require_clock(token)
        return RucioToken(self._instance, token)

    def _begin(self, issuer: str | None, account: str | None) -> requests.Response:
        instance = self._instance
        headers = {
            "X-Rucio-Client-Authorize-Polling": "True",
            "X-Rucio-Client-Authorize-Scope": instance.oidc_scope,
            "X-Rucio-Client-Authorize-Audience": instance.oidc_audience,
        }
        if instance.oidc_refresh_lifetime:
            headers["X-Rucio-Client-Authorize-Refresh-Lifetime"] = str(
                instance.oidc_refresh_lifetime
            )
        if issuer:
            headers["X-Rucio-Client-Authorize-Issuer"] = issuer
        if account:
            headers["X-Rucio-Account"] = account
        try:
            return _ask(instance, "auth/oidc", headers)
        except CannotAuthenticate as error:
            raise _no_login(instance, issuer, account, error) from error


class RucioToken(Renewing):
    """A token that Rucio renews for us, with the refresh token that it keeps to itself."""

    def __init__(self, instance: Instance, token: Token) -> None:
        super().__init__(token)
        self._instance = instance
        self._renewable = "offline_access" in instance.oidc_scope.split()

    @property
    def renewable(self) -> bool:
        """Tell whether Rucio may renew it."""
        return self._renewable

    def _get(self) -> Token:
        token = self._token
        if token is None or not self._renewable:
            raise LoginRequired("Rucio does not renew this login.", remedy="Log in again.")
        headers = {"X-Rucio-Account": token.account or "", "X-Rucio-Auth-Token": token.value}
        answer = _ask(self._instance, "auth/oidc_refresh", headers)
        value = answer.headers.get("X-Rucio-Auth-Token")
        if not value:
            # Without a refresh token it says nothing at all.
            self._renewable = False
            raise LoginRequired("Rucio does not renew this login.", remedy="Log in again.")
        return token_from(value, token.account)


def account_of(instance: Instance, value: str) -> str:
    """Ask Rucio whose token it is; raises `CannotAuthenticate`, `Unreachable`."""
    headers = {"X-Rucio-Auth-Token": value}
    told = _ask(instance, "accounts/whoami", headers, instance.rucio_base_url).json()
    return str(told["account"])


def _ask(
    instance: Instance, path: str, headers: dict[str, str], base: str | None = None
) -> requests.Response:
    from dlaas.rucio.wire import Wire

    wire = Wire(instance)
    sent = {"X-Rucio-VO": instance.vo or "def", "X-Rucio-AppID": instance.app_id or "dlaas"}
    try:
        return wire.request("GET", f"{base or instance.auth_url}/{path}", headers=sent | headers)
    finally:
        wire.close()


def _no_login(
    instance: Instance, issuer: str | None, account: str | None, error: CannotAuthenticate
) -> CannotAuthenticate:
    at = f" at the provider {issuer!r}" if issuer else ""
    whose = f" for the account {account!r}" if account else ""
    if account:
        remedy = "Check the account's name, or log in without one: then it is your usual account."
    else:
        remedy = "Its provider may be down: try again later, or log in in another way."
    return CannotAuthenticate(
        f"{instance.title} cannot begin a login{at}{whose}.", remedy=remedy, details=error.details
    )


class _WithoutQuery(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(_without_query, record.args))
        return True


def _without_query(value: Any) -> Any:
    if isinstance(value, str) and "oidc_redirect?" in value:
        return value.partition("?")[0]
    return value


_filter = _WithoutQuery()


def _hide_queries() -> None:
    # urllib3 writes each address to its log, and whoever reads this one has the token.
    logging.getLogger("urllib3.connectionpool").addFilter(_filter)
