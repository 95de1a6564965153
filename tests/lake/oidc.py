"""Requests to the lake's identity provider and to Rucio's part of OpenID Connect, as a login sends
them.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import requests
from approval import approve

from jupyter_dlaas.lake import EmbeddedLake

SCOPE = "openid profile offline_access storage.read:/ storage.modify:/ storage.create:/"
AUDIENCE = "rucio https://wlcg.cern.ch/jwt/v1/any"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
TIMEOUT = 30


def claims(token: str) -> dict[str, Any]:
    """What a JWT says; its signature is not looked at."""
    body = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


class RucioLogin:
    """A login through Rucio: its URL for the browser, and the token when the browser is done."""

    def __init__(self, lake: EmbeddedLake, account: str = "") -> None:
        self.lake, self.ca = lake, str(lake.layout.ca)
        headers = {
            "X-Rucio-Client-Authorize-Polling": "True",
            "X-Rucio-Client-Authorize-Scope": SCOPE,
            "X-Rucio-Client-Authorize-Audience": AUDIENCE,
        }
        if account:
            headers["X-Rucio-Account"] = account
        self.url = self.get("/auth/oidc", headers).headers["X-Rucio-OIDC-Auth-URL"]

    def get(self, path: str, headers: dict[str, str]) -> requests.Response:
        url = path if path.startswith("https:") else self.lake.url + path
        return requests.get(url, headers=headers, verify=self.ca, timeout=TIMEOUT)

    def approve(self, user: str, password: str = "", **more: Any) -> requests.Response:
        password = password or self.lake.layout.password(user)
        return approve(self.url, user, password, self.ca, **more)

    def token(self) -> str:
        """The token, empty while there is none."""
        answer = self.get(self.url, {"X-Rucio-Client-Fetch-Token": "True"})
        return answer.headers.get("X-Rucio-Auth-Token", "")

    def refreshed(self, token: str, account: str) -> str:
        """What Rucio gives for a token that shall be renewed; empty when it does not."""
        headers = {"X-Rucio-Account": account, "X-Rucio-Auth-Token": token}
        return self.get("/auth/oidc_refresh", headers).headers.get("X-Rucio-Auth-Token", "")


def logged_in(lake: EmbeddedLake, user: str, account: str = "") -> str:
    """A token that Rucio gave to a person who logged in at the provider."""
    login = RucioLogin(lake, account)
    login.approve(user)
    token = login.token()
    assert token, "Rucio gave no token"
    return token


def account_of(lake: EmbeddedLake, token: str) -> str:
    """Whom Rucio takes the bearer for; empty if for nobody."""
    answer = requests.get(
        f"{lake.url}/accounts/whoami",
        headers={"X-Rucio-Auth-Token": token},
        verify=str(lake.layout.ca),
        timeout=TIMEOUT,
    )
    assert answer.status_code in (200, 401), answer.text
    return str(answer.json()["account"]) if answer.ok else ""


class Provider:
    """The provider as one of its clients sees it."""

    def __init__(self, lake: EmbeddedLake, client: str = "jupyter") -> None:
        self.lake, self.client, self.ca = lake, client, str(lake.layout.ca)
        self.known = requests.get(
            f"{lake.state.issuer}.well-known/openid-configuration", verify=self.ca, timeout=TIMEOUT
        ).json()

    def post(self, endpoint: str, **data: str) -> requests.Response:
        secret = self.lake.layout.secret(self.client)
        if secret.exists():
            data["client_secret"] = secret.read_text().strip()
        form = data | {"client_id": self.client}
        return requests.post(self.known[endpoint], data=form, verify=self.ca, timeout=TIMEOUT)

    def token(self, grant: str, **data: str) -> requests.Response:
        return self.post("token_endpoint", grant_type=grant, **data)

    def device(self, scope: str = SCOPE, audience: str = AUDIENCE) -> dict[str, Any]:
        answer = self.post("device_authorization_endpoint", scope=scope, audience=audience)
        return dict(answer.json())

    def device_login(self, user: str, **more: str) -> dict[str, Any]:
        """The tokens of a person who typed the code, or followed the link that holds it."""
        asked = self.device(**more)
        password = self.lake.layout.password(user)
        approve(asked["verification_uri_complete"], user, password, self.ca)
        return dict(self.token(DEVICE, device_code=asked["device_code"]).json())

    def exchanged(self, token: str, **data: str) -> requests.Response:
        more = {"subject_token_type": ACCESS_TOKEN, "subject_token": token}
        return self.token(EXCHANGE, **more, **data)
