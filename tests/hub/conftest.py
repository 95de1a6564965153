"""One hub for the tests of this folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests
from genuine_hub import HERE, SERVICE, Hub, Person, end, environment, free_ports, wait_for

from jupyter_dlaas.lake import EmbeddedLake


@pytest.fixture(scope="module")
def hub(lake: EmbeddedLake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that runs, with nobody on it."""
    folder = tmp_path_factory.mktemp("hub")
    (folder / "home").mkdir()
    ports = free_ports(4)
    env = environment(lake, folder, ports)
    with (folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(HERE / "jupyterhub_config.py")],
            cwd=folder,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    service = env["DLAAS_HUB_SERVICE"] + SERVICE
    url = f"http://127.0.0.1:{ports[0]}"
    hub = Hub(url, service, process, folder, env["SSL_CERT_FILE"])
    try:
        wait_for(lambda: requests.get(f"{url}/hub/health", timeout=5).ok, hub)
        yield hub
    finally:
        end(process)


@pytest.fixture(scope="module")
def alice(hub: Hub, lake: EmbeddedLake) -> Person:
    """Alice, on her server."""
    return hub.visit("alice", lake.layout.password("alice"))


@pytest.fixture(scope="module")
def bob(hub: Hub, lake: EmbeddedLake) -> Person:
    return hub.visit("bob", lake.layout.password("bob"))
