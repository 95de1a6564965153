"""A Jupyter server with the extension on the genuine lake."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from http_answers import Answer, Api, Hints, Listen, Samples, read
from lake_gate import Gate
from pytest_jupyter.jupyter_server import *  # noqa: F403  (here, for its fixtures act on every test)

from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake


@pytest.fixture(scope="session")
def samples(lake: EmbeddedLake, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    folder = tmp_path_factory.mktemp("samples")
    for number in range(100):
        (folder / f"server-{number:02}.bin").write_bytes(os.urandom(50_000))
    paths = sorted(folder.iterdir())
    lake.seed(paths[:2], dataset="server-dataset")
    return Samples("user.alice:server-dataset", iter(lake.seed(paths[2:])))


@pytest.fixture
def instances(lake: EmbeddedLake) -> list[dict[str, Any]]:
    """The configured instances; tests that want others override it."""
    return [lake.instance("alice")]


@pytest.fixture
def settings() -> dict[str, Any]:
    """Further sections of the configuration."""
    return {}


@pytest.fixture
def jp_server_config(instances: list[dict[str, Any]], settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"jupyter_dlaas": True},
            "allow_unauthenticated_access": False,
        },
        **settings,
        "RucioConfig": {"instances": instances, **settings.get("RucioConfig", {})},
    }


@pytest.fixture
def app(jp_serverapp: Any) -> DlaasExtension:
    """The extension."""
    return jp_serverapp.extension_manager.extension_points["dlaas"].app


@pytest.fixture
def api(jp_fetch: Any, app: DlaasExtension) -> Api:
    """Ask the extension; every answer, errors too, is checked against the schema."""

    async def ask(method: str, path: str, body: Any = None, **params: str) -> Answer:
        sent = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        response = await jp_fetch(
            "dlaas",
            *path.split("/"),
            method=method,
            params=params,
            body=sent,
            allow_nonstandard_methods=True,
            raise_error=False,
            request_timeout=60,
        )
        return read(method, path, response)

    return ask


@pytest.fixture
def gate(lake: EmbeddedLake) -> Iterator[Gate]:
    """A door in front of the lake that misbehaves on demand."""
    gate = Gate(lake.url, str(lake.layout.ca))
    yield gate
    gate.close()


@pytest.fixture
def gated(gate: Gate, lake: EmbeddedLake) -> dict[str, Any]:
    """The lake, reached through the gate."""
    instance = lake.instance("alice")
    return {**instance, "name": "gated", "rucio_base_url": gate.url, "rucio_auth_url": gate.url}


@pytest.fixture
def listen(jp_ws_fetch: Any, app: DlaasExtension) -> Listen:
    """Subscribe to the hints."""

    async def subscribe() -> Hints:
        return Hints(await jp_ws_fetch("api", "events", "subscribe"))

    return subscribe
