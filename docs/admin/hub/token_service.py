"""Give a Jupyter server the access token that JupyterHub keeps for its user, and nobody else.

A service that JupyterHub starts (see jupyterhub_config.py beside it). It alone may read the hub's
auth state; a Jupyter server shows the token that the hub gave it, and gets the access token of its
user, never the refresh token. Cookies, tokens with more rights than a server's, and other services
get 403.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

from jupyterhub.services.auth import HubAuth
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.web import Application, HTTPError, RequestHandler

TIMEOUT = 10.0  # seconds, for each question to the hub


class TokenHandler(RequestHandler):
    """Answers `{"access_token", "expires_at"}`, the second in epoch seconds or null."""

    def initialize(self, auth: HubAuth) -> None:
        """Take what knows the hub's API and this service's own token."""
        self._auth = auth

    async def get(self) -> None:
        """Answer the access token of whose Jupyter server asks."""
        user = await self._owner()
        token = await self._access_token(user)
        self.set_header("Cache-Control", "no-store")
        self.write({"access_token": token, "expires_at": expiry(token)})

    async def _owner(self) -> str:
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or not token:
            raise HTTPError(403, reason="A Jupyter server shows its own token here")
        # This also makes the hub renew what it keeps, once it is older than auth_refresh_age.
        found = await self._auth.user_for_token(token, use_cache=False, sync=False)
        if not found or found.get("kind") != "user" or not is_of_a_server(found):
            raise HTTPError(403, reason="This is not the token of a Jupyter server")
        return str(found["name"])

    async def _access_token(self, user: str) -> str:
        try:
            answer = await AsyncHTTPClient().fetch(
                f"{self._auth.api_url}/users/{quote(user, safe='')}",
                headers={"Authorization": f"token {self._auth.api_token}"},
                request_timeout=TIMEOUT,
            )
        except (HTTPClientError, OSError) as error:
            raise HTTPError(503, reason="The hub does not answer") from error
        state = json.loads(answer.body).get("auth_state") or {}
        if not state.get("access_token"):
            raise HTTPError(404, reason="The hub keeps no access token of this user")
        return str(state["access_token"])

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say why, without a page."""
        self.finish({"message": self._reason})


def is_of_a_server(owner: dict[str, Any]) -> bool:
    """Tell whether a token opens this user's servers and nothing else of the hub's."""
    name = owner["name"]
    servers = [s for s in owner.get("scopes", ()) if s.startswith("access:servers")]
    return bool(servers) and all(s.startswith(f"access:servers!server={name}/") for s in servers)


def expiry(token: str) -> float | None:
    """Read when a JWT ends, in epoch seconds; None where it does not say."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None


async def main() -> None:
    """Serve where JupyterHub's configuration says, until the hub ends this process."""
    prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
    address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    route = (rf"{prefix}token", TokenHandler, {"auth": HubAuth()})
    Application([route]).listen(address.port, address.hostname)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
