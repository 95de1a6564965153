"""The identity provider itself: its addresses, and what it says, in our words."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from dlaas.credentials.tokens import Token, token_from
from dlaas.errors import (
    CannotAuthenticate,
    ConfigurationError,
    DlaasError,
    RucioFailed,
    Unreachable,
)

if TYPE_CHECKING:
    import requests

    from dlaas.config import Instance

_TIMEOUT = (10.0, 30.0)
# What of a form is in no message, also where the provider quotes it.
_SECRET = ("client_secret", "device_code", "refresh_token", "subject_token", "token")
_ASK = "Ask whoever runs this instance to correct the client at the provider."


class Provider:
    """An OpenID provider and our client there; shared by threads.

    Raises `ConfigurationError` where the instance does not name both.
    """

    def __init__(self, instance: Instance) -> None:
        if not (instance.oidc_provider_url and instance.oidc_client_id):
            raise ConfigurationError(
                f"No provider is configured for {instance.title}: oidc_provider_url and"
                " oidc_client_id are needed."
            )
        self.url = instance.oidc_provider_url
        self._instance = instance
        self._client = instance.oidc_client_id
        self._told: Mapping[str, Any] | None = None
        self._lock = threading.Lock()

    def post(self, endpoint: str, form: Mapping[str, str | None]) -> dict[str, Any]:
        """Send a form to one of the provider's endpoints as our client, and answer its JSON.

        Raises what the provider said, its word under `oauth` in the details; `Unreachable`.
        """
        url = self._endpoint(endpoint)
        sent = {name: value for name, value in form.items() if value}
        secret = self._instance.read_client_secret()
        headers = {"Accept": "application/json"}
        if secret is None:
            sent["client_id"] = self._client
        elif self._takes_secret_in_header():
            headers["Authorization"] = _basic(self._client, secret)
        else:
            sent |= {"client_id": self._client, "client_secret": secret}
        answer = self._send("POST", url, headers=headers, data=sent)
        told = _json(answer)
        if answer.status_code == 200:
            return told
        if answer.status_code >= 500 or answer.status_code == 429:
            # Whatever it says: nobody has refused anything.
            raise Unreachable(f"The provider {self.url} answered {answer.status_code}.")
        said = str(told.get("error_description") or "")
        for secret in filter(None, map(sent.get, _SECRET)):
            said = said.replace(secret, "…")
        raise self._refusal(str(told.get("error", "")), said)

    def token(self, told: Mapping[str, Any]) -> Token:
        """Read the token of an answer; raises `RucioFailed` where there is none."""
        value, seconds = told.get("access_token"), told.get("expires_in")
        if not isinstance(value, str):
            raise RucioFailed(f"The provider {self.url} answered no token.")
        end = time.time() + seconds if isinstance(seconds, (int, float)) else None
        return token_from(value, None, end)

    def _endpoint(self, name: str) -> str:
        found = self._discovered().get(name)
        if not isinstance(found, str):
            raise ConfigurationError(
                f"The provider {self.url} offers no {name.replace('_', ' ')}.",
                remedy="Log in in another way.",
            )
        if urlsplit(found).scheme != "https" and urlsplit(self.url).scheme == "https":
            raise ConfigurationError(
                f"The provider {self.url} names an address that is not https: nothing was sent."
            )
        return found

    def _discovered(self) -> Mapping[str, Any]:
        with self._lock:
            if self._told is None:
                self._told = self._discover()
            return self._told

    def _discover(self) -> Mapping[str, Any]:
        answer = self._send("GET", f"{self.url}/.well-known/openid-configuration")
        told = _json(answer)
        if answer.status_code >= 500:
            raise Unreachable(f"The provider {self.url} answered {answer.status_code}.")
        issuer = told.get("issuer")
        if answer.status_code != 200 or not isinstance(issuer, str):
            raise ConfigurationError(f"{self.url} is no OpenID provider.")
        if issuer.rstrip("/") != self.url:
            raise ConfigurationError(
                f"The provider at {self.url} calls itself {issuer}: its tokens would be accepted"
                " by nobody who knows it under the other name.",
                remedy=f"Set oidc_provider_url to {issuer}, as Rucio's idpsecrets have it.",
            )
        return told

    def _takes_secret_in_header(self) -> bool:
        taken = self._discovered().get("token_endpoint_auth_methods_supported")
        return not isinstance(taken, list) or "client_secret_basic" in taken

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        import requests

        from dlaas.rucio.translate import from_network, origin

        where = f"the provider {origin(url)}"
        try:
            with requests.Session() as session:
                session.auth = lambda request: request
                session.mount("https://", _adapter(self._instance))
                return session.request(
                    method, url, timeout=_TIMEOUT, allow_redirects=False, verify=True, **options
                )
        except requests.RequestException as error:
            # The request hangs on the exception, and with it a secret.
            raise from_network(error, where) from None

    def _refusal(self, word: str, description: str) -> DlaasError:
        from dlaas.rucio.translate import clean

        said = clean(description)
        details = {"oauth": word}
        told = f"{word}: {said}" if said else f"{word or 'no reason'}."
        if word == "invalid_client":
            text = f"The provider does not accept the client {self._client!r} or its secret"
        elif word in ("invalid_scope", "invalid_target"):
            text = "The provider does not grant the scope or audience that is configured"
        elif word in ("unauthorized_client", "unsupported_grant_type"):
            text = f"The provider does not let the client {self._client!r} log in like this"
        elif word == "access_denied":
            return CannotAuthenticate(
                "The login was refused in the browser, by you or by the provider.", details=details
            )
        elif word == "expired_token":
            return CannotAuthenticate(
                "The code has expired before the login was finished.", details=details
            )
        else:
            return CannotAuthenticate(
                f"The provider no longer accepts the login: {told}", details=details
            )
        return ConfigurationError(f"{text}: {told}", remedy=_ASK, blame="us", details=details)


def _basic(client: str, secret: str) -> str:
    from base64 import b64encode

    # OAuth wants both encoded as in a form before they are joined.
    joined = f"{quote(client, safe='')}:{quote(secret, safe='')}"
    return f"Basic {b64encode(joined.encode()).decode()}"


def _adapter(instance: Instance) -> Any:
    """Make what trusts the system's authorities and also the instance's: either may be its."""
    import ssl

    from requests.adapters import HTTPAdapter

    class Trusting(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            context = ssl.create_default_context()
            if instance.rucio_ca_cert:
                try:
                    context.load_verify_locations(instance.rucio_ca_cert)
                except (OSError, ssl.SSLError) as error:
                    raise ConfigurationError(
                        f"The CA certificate {instance.rucio_ca_cert} cannot be read: {error}."
                    ) from None
            super().init_poolmanager(*args, ssl_context=context, **options)

    return Trusting()


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
