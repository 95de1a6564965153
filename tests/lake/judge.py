"""Means to judge the lake: the genuine Rucio client, plain https, and the list of processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from rucio.client import Client
from rucio.common.config import clean_cached_config

from jupyter_dlaas.lake import EmbeddedLake

TIMEOUT = 60.0
SCOPE = "ATLAS_OD_EDU"


def until(condition: Callable[[], Any], what: str, seconds: float = TIMEOUT) -> Any:
    """The first true answer of `condition`; fails the test when there is none in time."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.2)
    return answer


def rucio_client(lake: EmbeddedLake, account: str, **more: Any) -> Client:
    """The genuine client, with this lake's configuration of the account."""
    os.environ["RUCIO_CONFIG"] = lake.env(account)["RUCIO_CONFIG"]
    clean_cached_config()
    return Client(account=account, **more)


def processes_of(lake: EmbeddedLake) -> list[str]:
    """The command lines of all living processes that name the lake's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(lake.directory) in command:
                found.append(command)
    return found


class Storage:
    """Plain https requests to one of the lake's sites, TLS verified with the lake's authority."""

    def __init__(self, lake: EmbeddedLake, service: str) -> None:
        self.lake = lake
        prefix = str(lake.layout.mount / service) if service == "notebook" else "/store"
        self.url = f"https://localhost:{lake.state.ports[service]}{prefix}"

    def __call__(self, method: str, path: str, account: str = "", **more: Any) -> requests.Response:
        if account:
            more["cert"] = str(self.lake.layout.client(account) / "identity.pem")
        more.setdefault("verify", str(self.lake.layout.ca))
        return requests.request(method, self.url + path, timeout=30, **more)


def add_rule(client: Client, name: str, rse: str, lifetime: int = 3600, scope: str = SCOPE) -> str:
    dids = [{"scope": scope, "name": name}]
    return str(client.add_replication_rule(dids, 1, rse, lifetime=lifetime)[0])


def await_state(client: Client, rule: str, state: str, seconds: float = TIMEOUT) -> dict[str, Any]:
    def reached() -> dict[str, Any] | None:
        found: dict[str, Any] = client.get_replication_rule(rule)
        return found if found["state"] == state else None

    return dict(until(reached, f"rule {rule} is {state}", seconds))
