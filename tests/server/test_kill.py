"""A Jupyter server that is killed while it uploads: the next one ends what it had begun."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_dlaas.lake import EmbeddedLake

TOKEN = "for-this-test"
SIZE = 60_000_000


class Server:
    """`jupyter server` in a process of its own, in a home of its own."""

    def __init__(self, home: Path, lake: EmbeddedLake) -> None:
        self.home = home
        self.config = home / "config.json"
        config = {
            "ServerApp": {"jpserver_extensions": {"jupyter_dlaas": True}},
            "RucioConfig": {"instances": [lake.instance("alice")]},
        }
        self.config.write_text(json.dumps(config))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        folders = {f"JUPYTER_{kind}_DIR": str(self.home / kind) for kind in ("DATA", "RUNTIME")}
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "jupyter_server", f"--config={self.config}",
                    f"--ServerApp.port={self.url.rpartition(':')[2]}", "--ServerApp.port_retries=0",
                    "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={self.home / 'files'}",
                    f"--IdentityProvider.token={TOKEN}", "--allow-root", "--no-browser",
                ],
                env={**os.environ, **folders, "HOME": str(self.home)},
                stdout=log, stderr=log,
            )  # fmt: skip
        wait_for(lambda: self.ask("GET", "instances"))

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Answer what the extension does; None while the server is not there yet."""
        request = urllib.request.Request(
            f"{self.url}/dlaas/{path}",
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"token {TOKEN}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except ConnectionError:
            return None
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionError):
                return None
            raise


def wait_for(true: Callable[[], Any], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "It did not happen in time."
        time.sleep(0.05)
    return found


@pytest.fixture
def server(tmp_path: Path, lake: EmbeddedLake) -> Iterator[Server]:
    (tmp_path / "files").mkdir()
    server = Server(tmp_path, lake)
    yield server
    if server.process is not None and server.process.poll() is None:
        server.kill()


# How much has been sent when the server is killed: nothing, a little, half, nearly all.
@pytest.mark.parametrize("share", [0, 0.05, 0.5, 0.95])
def test_a_server_that_is_killed_while_it_uploads_loses_nothing(
    server: Server, lake: EmbeddedLake, share: float
) -> None:
    (server.home / "files" / "big.root").write_bytes(os.urandom(SIZE))
    did = f"user.alice:killed-{share}-{os.urandom(4).hex()}"
    server.start()
    body = {"path": "big.root", "did": did, "lifetime": 86400}
    begun = server.ask("POST", "lake/uploads", body)
    wait_for(lambda: server.ask("GET", f"jobs/{begun['id']}")["done_bytes"] >= share * SIZE)
    server.kill()
    server.start()

    def ended() -> Any:
        job = server.ask("GET", f"jobs/{begun['id']}")
        return job if job["state"] in ("done", "failed", "cancelled") else None

    job = wait_for(ended)
    assert (job["state"], job["problem"]) == ("done", None)
    assert job["result"]["rule"] is not None
    stored = [p for p in Path(lake.layout.storage).rglob("*") if did.partition(":")[2] in p.name]
    assert [p.stat().st_size for p in stored] == [SIZE]
    assert not list(stored[0].parent.glob("*.part"))
