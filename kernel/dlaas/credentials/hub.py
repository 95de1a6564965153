"""A token that a JupyterHub keeps fresh and gives to this user's server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dlaas.credentials.renewing import Renewing
from dlaas.credentials.tokens import Token, token_from
from dlaas.errors import (
    CannotAuthenticate,
    ConfigurationError,
    DlaasError,
    LoginRequired,
    Unreachable,
)

if TYPE_CHECKING:
    from dlaas.config import Instance

_TIMEOUT = (10.0, 20.0)


class HubToken(Renewing):
    """The token of a hub's token service, asked for with the token of this Jupyter server.

    Raises `ConfigurationError` where the configuration does not name the service, `LoginRequired`
    where this process is no server of a hub.
    """

    def __init__(self, instance: Instance, account: str | None = None) -> None:
        if not instance.oidc_hub_url:
            raise ConfigurationError(
                f"{instance.title} takes its token from the hub, but oidc_hub_url is not set."
            )
        if not os.environ.get("JUPYTERHUB_API_TOKEN"):
            raise LoginRequired(
                f"The token of {instance.title} comes from a JupyterHub, and none started this."
            )
        self._url = instance.oidc_hub_url
        self._title = instance.title
        self._account = account
        super().__init__()

    def _get(self) -> Token:
        import requests

        from dlaas.rucio.translate import from_network, origin

        headers = {"Authorization": f"token {os.environ.get('JUPYTERHUB_API_TOKEN', '')}"}
        try:
            answer = requests.get(
                self._url,
                headers=headers,
                # Else ~/.netrc would win over the header.
                auth=lambda request: request,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # The request hangs on the exception, and with it the server's token.
            raise from_network(error, f"the hub's token service {origin(self._url)}") from None
        if answer.status_code != 200:
            raise self._refusal(answer.status_code)
        told = _json(answer)
        value, end = told.get("access_token"), told.get("expires_at")
        if not isinstance(value, str):
            raise ConfigurationError(
                f"{origin(self._url)} answers without a token: it is no token service.",
                remedy="Ask whoever runs the hub for the right oidc_hub_url.",
            )
        expires_at = float(end) if isinstance(end, (int, float)) else None
        return token_from(value, self._account, expires_at)

    def _refusal(self, status: int) -> DlaasError:
        if status == 404:
            return LoginRequired(
                f"The hub has no token for {self._title}.",
                remedy="Log out of the hub and in again.",
            )
        if status in (401, 403):
            return CannotAuthenticate(
                "The hub does not give its token to this server.",
                remedy="Stop this server and start it anew, else tell whoever runs the hub.",
            )
        return Unreachable(f"The hub's token service answered {status}.")


def _json(answer: Any) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
