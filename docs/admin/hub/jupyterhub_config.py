"""A JupyterHub whose users are logged in to the lake when their server starts, without a click.

Load it from your own configuration (`load_subconfig("…/jupyterhub_config.py")`); what differs from
hub to hub is read from the environment, below.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here))

from token_service import expiry  # noqa: E402

c = get_config()  # type: ignore[name-defined]  # noqa: F821

# Who people are: your identity provider, the same that Rucio trusts.
c.JupyterHub.authenticator_class = "generic-oauth"
c.GenericOAuthenticator.client_id = os.environ["DLAAS_HUB_CLIENT_ID"]
c.GenericOAuthenticator.client_secret = os.environ["DLAAS_HUB_CLIENT_SECRET"]
c.GenericOAuthenticator.basic_auth = True
c.GenericOAuthenticator.oauth_callback_url = os.environ["DLAAS_HUB_CALLBACK"]
c.GenericOAuthenticator.authorize_url = os.environ["DLAAS_HUB_AUTHORIZE"]
c.GenericOAuthenticator.token_url = os.environ["DLAAS_HUB_TOKEN"]
c.GenericOAuthenticator.userdata_url = os.environ["DLAAS_HUB_USERINFO"]
c.GenericOAuthenticator.username_claim = os.environ.get("DLAAS_HUB_USERNAME", "preferred_username")
# The same token opens Rucio and its storage.
c.GenericOAuthenticator.scope = os.environ.get(
    "DLAAS_HUB_SCOPE",
    "openid profile offline_access storage.read:/ storage.modify:/ storage.create:/",
).split()
c.GenericOAuthenticator.extra_authorize_params = {
    "audience": os.environ.get("DLAAS_HUB_AUDIENCE", "rucio https://wlcg.cern.ch/jwt/v1/any"),
    # Many providers give a refresh token only to those who were asked.
    "prompt": "consent",
}

# A hub that finds pycurl asks by it, and its wheel knows the authorities of its own build alone.
if "SSL_CERT_FILE" in os.environ:
    c.GenericOAuthenticator.http_request_kwargs = {"ca_certs": os.environ["SSL_CERT_FILE"]}

# The hub keeps their tokens, encrypted with JUPYTERHUB_CRYPT_KEY, and renews them.
c.Authenticator.enable_auth_state = True
c.Authenticator.auth_refresh_age = 60
RENEW_BEFORE = float(os.environ.get("DLAAS_HUB_RENEW_BEFORE", "600"))  # seconds


# By the refresh token that each uses, for as long as somebody may still know the old one.
renewals: dict[str, asyncio.Task[Any]] = {}
REMEMBERED = 60  # seconds


async def renew_early(authenticator: Any, user: Any, auth_state: dict[str, Any] | None) -> Any:
    """Renew an access token that ends soon; without this the hub waits until it has ended."""
    ends = expiry((auth_state or {}).get("access_token") or "")
    if not auth_state or not auth_state.get("refresh_token") or ends is None:
        return None
    if ends - time.time() > RENEW_BEFORE:
        return True
    try:
        state = await renewed(authenticator, auth_state)
    except Exception as error:
        # The text of some of them quotes what the provider answered.
        why = type(error).__name__
        authenticator.log.warning("The token of %s was not renewed: %s", user.name, why)
        # As long as it lasts nobody has to log in; then the hub asks for it.
        return True if ends > time.time() else None
    return {"name": user.name, "auth_state": dict(state)}


async def renewed(authenticator: Any, auth_state: dict[str, Any]) -> dict[str, Any]:
    """Use a refresh token once, however many requests come at the same time.

    A provider that sees one again takes it for stolen, and ends the login.
    """
    refresh = auth_state["refresh_token"]
    if refresh not in renewals:
        renewals[refresh] = asyncio.ensure_future(renew(authenticator, auth_state))
        asyncio.get_running_loop().call_later(REMEMBERED, renewals.pop, refresh, None)
    # A request that is given up does not end it for the others.
    state: dict[str, Any] = await asyncio.shield(renewals[refresh])
    return state


async def renew(authenticator: Any, auth_state: dict[str, Any]) -> dict[str, Any]:
    """Ask the provider for a new access token; answers what the hub keeps."""
    question = authenticator.build_refresh_token_request_params(auth_state["refresh_token"])
    answer = await authenticator.get_token_info(None, question)
    answer.setdefault("refresh_token", auth_state["refresh_token"])
    who = auth_state[authenticator.user_auth_state_key]
    state: dict[str, Any] = authenticator.build_auth_state_dict(answer, who)
    return state


c.GenericOAuthenticator.refresh_user_hook = renew_early

# The one who may read them, and gives a server the access token of its user. Do not give the role
# `user` the scope `admin:auth_state!user` instead: the browser could then read the refresh token.
address = os.environ.get("DLAAS_HUB_SERVICE", "http://127.0.0.1:10101")
c.JupyterHub.services.append(
    {
        "name": "dlaas-token",
        "url": address,
        "command": [sys.executable, str(here / "token_service.py")],
        "display": False,
    }
)
c.JupyterHub.load_roles.append(
    {
        "name": "dlaas-token",
        "scopes": ["read:users:name", "admin:auth_state"],
        "services": ["dlaas-token"],
    }
)

# What each server is told. In a cluster DLAAS_HUB_SERVICE is an address that servers reach.
c.Spawner.environment.update(
    {
        "RUCIO_OIDC_AUTH": "hub",
        "RUCIO_OIDC_HUB_URL": f"{address}/services/dlaas-token/token",
    }
)
