"""Logins of alice by a token of the identity provider's, and by a certificate with a passphrase."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests
from approval import approve
from certificates import PASSPHRASE, protected

from dlaas import Instance, Lake
from dlaas.credentials import Bearer
from dlaas.credentials.oidc import OidcLogin
from dlaas.credentials.x509 import ProxyLogin, open_certificate
from jupyter_dlaas.lake import EmbeddedLake

ANY = "https://wlcg.cern.ch/jwt/v1/any"
SCOPE = "openid profile offline_access storage.read:/ storage.modify:/ storage.create:/"


def bare(lake: EmbeddedLake, name: str = "lake") -> Instance:
    """The lake's instance, with no certificate and no password."""
    entry = {**lake.instance("alice", login=False), "name": name, "username": None}
    return Instance.from_mapping({**entry, "client_cert": None, "client_key": None})


def token_by_browser(lake: EmbeddedLake, scope: str = SCOPE, audience: str = f"rucio {ANY}") -> str:
    """Log alice in through Rucio and its provider as a browser does, and answer the token."""
    headers = {
        "X-Rucio-Account": "alice",
        "X-Rucio-Client-Authorize-Polling": "True",
        "X-Rucio-Client-Authorize-Scope": scope,
        "X-Rucio-Client-Authorize-Audience": audience,
        "X-Rucio-Client-Authorize-Issuer": "lake",
        "X-Rucio-Client-Authorize-Refresh-Lifetime": "96",
    }
    ca = str(lake.layout.ca)
    asked = requests.get(f"{lake.url}/auth/oidc", headers=headers, verify=ca, timeout=30)
    url = asked.headers["X-Rucio-OIDC-Auth-URL"]
    approve(url, "alice", lake.layout.password("alice"), ca)
    fetch = {"X-Rucio-Client-Fetch-Token": "True"}
    end = time.monotonic() + 60
    while True:
        answer = requests.get(url, headers=fetch, verify=ca, timeout=30, allow_redirects=False)
        if answer.status_code == 200:
            return str(answer.headers["X-Rucio-Auth-Token"])
        assert time.monotonic() < end, answer.status_code
        time.sleep(0.3)


async def by_popup(api: Any, jp_fetch: Any, lake: EmbeddedLake, instance: str) -> str:
    """Log alice in by a popup of the panel's, and answer the address that it led to."""
    # Nobody here is as slow as a person.
    OidcLogin.interval, patient = 0.1, OidcLogin.interval
    try:
        return await _by_popup(api, jp_fetch, lake, instance)
    finally:
        OidcLogin.interval = patient


async def _by_popup(api: Any, jp_fetch: Any, lake: EmbeddedLake, instance: str) -> str:
    begun = await api("POST", f"{instance}/login", {"method": "oidc"})
    path = begun.value["pending"]["url"].split("/")
    opened = await jp_fetch(*path, follow_redirects=False, raise_error=False)
    url = str(opened.headers["Location"])
    secret, ca = lake.layout.password("alice"), str(lake.layout.ca)
    await asyncio.to_thread(approve, url, "alice", secret, ca)
    while (login := (await api("GET", f"{instance}/login")).value)["pending"] is not None:
        await asyncio.sleep(0.2)
    assert login["state"] == "logged_in", login
    return url


def by_token(lake: EmbeddedLake, token: str) -> Lake:
    """Alice by a token alone."""
    return Lake(bare(lake), account="alice", credentials=Bearer(token, "alice"))


def by_certificate(lake: EmbeddedLake, folder: Path) -> Lake:
    """Alice by a certificate whose key has a passphrase, alone."""
    proxy = open_certificate(*protected(folder, lake), PASSPHRASE).proxy()
    instance = bare(lake)
    return Lake(instance, account="alice", credentials=ProxyLogin(instance, proxy, "alice"))


def preferring(lake: Lake, rse: str) -> Lake:
    """The same login, that reads at one RSE alone."""
    others = {"NORTH-DISK", "SOUTH-DISK", "EAST-DISK", "NOTEBOOK-MOUNT"} - {rse}
    chosen = replace(lake.instance, blocked_rses=tuple(others))
    return Lake(chosen, account="alice", credentials=lake.credential)
