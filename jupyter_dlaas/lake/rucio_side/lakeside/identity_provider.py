"""What the lake's identity provider is told: its clients, its people; and what Rucio is told of it.

The clients: `rucio`, the server's own; `jupyter`, with a secret, and `jupyter-public`, without one,
for device logins and token exchange; `jupyterhub` for a JupyterHub on this machine.
"""

from __future__ import annotations

import json
import secrets

from . import pki
from .layout import HOST, PROVIDER, USERS, Layout, State, write_private

NAME = "lake"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CODE, REFRESH, OWN = "authorization_code", "refresh_token", "client_credentials"
# The key with which the provider signs its cookies is kept like a client's secret.
SECRETS = ("rucio", "jupyter", "jupyterhub", "cookies")
GROUPS = {"alice": ["/lake", "/lake/higgs"], "bob": ["/lake"]}


def configure(layout: Layout, state: State) -> None:
    """Write the provider's configuration and Rucio's part of it; secrets stay what they are."""
    for name in SECRETS:
        if not layout.secret(name).exists():
            write_private(layout.secret(name), secrets.token_urlsafe(24) + "\n")
    content = {
        "issuer": state.issuer,
        "port": state.ports[PROVIDER],
        "key": pki.SIGNING_KEY,
        "clients": _clients(state),
        "people": {name: _person(name) for name in USERS},
    }
    write_private(layout.etc / "provider.json", json.dumps(content, indent=2) + "\n")
    write_private(layout.etc / "idpsecrets.json", json.dumps(_known_to_rucio(layout, state)))


def section(layout: Layout) -> dict[str, str]:
    """Rucio's configuration section `oidc`."""
    return {
        "idpsecrets": str(layout.etc / "idpsecrets.json"),
        "admin_issuer": NAME,
        "expected_audience": "rucio",
        "expected_scope": "openid profile",
    }


def _redirect(state: State) -> str:
    return f"https://{HOST}:{state.ports['rucio']}/auth/oidc_code"


def _clients(state: State) -> list[dict[str, object]]:
    hubs = [f"http://{host}/hub/oauth_callback" for host in (HOST, "127.0.0.1")]
    return [
        _client("rucio", "Rucio", [CODE, REFRESH, OWN, EXCHANGE], [_redirect(state)]),
        _client("jupyter", "Jupyter", [DEVICE, REFRESH, EXCHANGE]),
        _client("jupyter-public", "Jupyter", [DEVICE, REFRESH])
        | {"token_endpoint_auth_method": "none"},
        # Native, so that the hub may be at any port.
        _client("jupyterhub", "JupyterHub", [CODE, REFRESH, EXCHANGE], hubs)
        | {"application_type": "native"},
    ]


def _client(
    name: str, title: str, grants: list[str], redirects: list[str] | None = None
) -> dict[str, object]:
    return {
        "client_id": name,
        "client_name": title,
        "grant_types": grants,
        "redirect_uris": redirects or [],
        "response_types": ["code"] if redirects else [],
    }


def _person(name: str) -> dict[str, object]:
    claims = {
        "name": name.capitalize(),
        "preferred_username": name,
        "email": f"{name}@localhost",
        "email_verified": True,
    }
    return {"claims": claims, "groups": GROUPS[name]}


def _known_to_rucio(layout: Layout, state: State) -> dict[str, object]:
    client = {"client_id": "rucio", "client_secret": layout.secret("rucio").read_text().strip()}
    return {
        NAME: client
        | {
            "issuer": state.issuer,
            "redirect_uris": [_redirect(state)],
            "id_token_signed_response_alg": "ES256",
            "SCIM": client,
        }
    }
