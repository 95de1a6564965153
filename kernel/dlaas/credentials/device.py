"""A login by a code that one types at the provider's page, on whatever machine (RFC 8628)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from dlaas.credentials.provider import Provider
from dlaas.credentials.renewing import Renewing
from dlaas.credentials.tokens import Credential, Token
from dlaas.credentials.wrong import require_clock
from dlaas.errors import CannotAuthenticate, LoginRequired, RucioFailed, TookTooLong

if TYPE_CHECKING:
    from dlaas.config import Instance

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL = 5.0
_LIFETIME = 600.0
# Whatever the provider says.
_LONGEST = 3600.0


class DeviceLogin:
    """A login that has been begun; `url` and `code` are for the person, `poll` is for us.

    `expires_at` is in epoch seconds, `interval` the seconds between two polls, which may grow.
    Raises what the provider says, `ConfigurationError`, `Unreachable`.
    """

    kind: Literal["popup", "device"] = "device"

    def __init__(self, instance: Instance) -> None:
        self._provider = Provider(instance)
        told = self._provider.post(
            "device_authorization_endpoint",
            {"scope": instance.oidc_scope, "audience": instance.oidc_audience},
        )
        try:
            self._device_code = str(told["device_code"])
            self.code: str | None = str(told["user_code"])
            self.url = str(told.get("verification_uri_complete") or told["verification_uri"])
            self.interval = float(told.get("interval") or _INTERVAL)
            lifetime = float(told.get("expires_in") or _LIFETIME)
            self.expires_at = time.time() + min(lifetime, _LONGEST)
        except (KeyError, TypeError, ValueError):
            raise self._no_device_login() from None
        if urlsplit(self.url).scheme not in ("https", "http"):
            # It becomes a link on a page.
            raise self._no_device_login()

    @property
    def secret(self) -> str:
        """What must be in no log."""
        return self._device_code

    def _no_device_login(self) -> RucioFailed:
        return RucioFailed(f"The provider {self._provider.url} answered what is no device login.")

    def poll(self) -> Credential | None:
        """Ask whether the person is done; None while not.

        Raises `CannotAuthenticate` when it is refused or too late, and `Unreachable` and
        `TookTooLong`, after which one may ask again.
        """
        form = {"grant_type": _GRANT, "device_code": self._device_code}
        try:
            told = self._provider.post("token_endpoint", form)
        except CannotAuthenticate as error:
            word = error.details.get("oauth")
            if word == "slow_down":
                self.interval += 5.0
            if word in ("authorization_pending", "slow_down"):
                return None
            raise
        except TookTooLong:
            self.interval *= 2
            raise
        credential = ProviderToken(self._provider, told)
        require_clock(credential())
        return credential


class ProviderToken(Renewing):
    """A token from the provider that it renews for us; its refresh token stays in this object.

    Nobody else may have that refresh token: using an old one revokes the whole login.
    """

    def __init__(self, provider: Provider, told: dict[str, Any]) -> None:
        self._provider = provider
        self._refresh: str | None = None
        super().__init__(self._taken(told))

    @property
    def renewable(self) -> bool:
        """Tell whether the provider renews it."""
        return self._refresh is not None

    def revoke(self) -> None:
        """Have the provider end the login (RFC 7009); raises what it says, `Unreachable`."""
        with self._renewing:
            refresh, self._refresh = self._refresh, None
        if refresh is not None:
            form = {"token": refresh, "token_type_hint": "refresh_token"}
            self._provider.post("revocation_endpoint", form)

    def _get(self) -> Token:
        if self._refresh is None:
            raise LoginRequired("The provider does not renew this login.", remedy="Log in again.")
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh}
        return self._taken(self._provider.post("token_endpoint", form))

    def _taken(self, told: dict[str, Any]) -> Token:
        refresh = told.get("refresh_token")
        if isinstance(refresh, str):
            # Each is good for one use.
            self._refresh = refresh
        return self._provider.token(told)
