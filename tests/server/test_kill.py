"""Servers and kernels that are killed while they transfer: the next one ends what was begun."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import server_process

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
        self.folders = {f"JUPYTER_{kind}_DIR": str(home / kind) for kind in ("DATA", "RUNTIME")}
        self.process: BaseProcess | None = None

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        # Other extensions of the environment only take time.
        environment = {**self.folders, "HOME": str(self.home), "JUPYTER_NO_CONFIG": "1"}
        self.process = server_process.start(
            [
                f"--config={self.config}", f"--ServerApp.port={self.url.rpartition(':')[2]}",
                "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1",
                f"--ServerApp.root_dir={self.home / 'files'}",
                f"--IdentityProvider.token={TOKEN}", "--allow-root", "--no-browser",
            ],
            environment, self.home / "server.log",
        )  # fmt: skip
        wait_for(lambda: self.ask("GET", "instances"))

    @property
    def environment(self) -> dict[str, str]:
        """What a kernel of this server has in its environment."""
        assert self.process is not None
        own = {"HOME": str(self.home), "JPY_PARENT_PID": str(self.process.pid)}
        return {**os.environ, **self.folders, **own}

    @property
    def takes_transfers(self) -> bool:
        """Whether it has told kernels where to put them."""
        assert self.process is not None
        return bool(list((self.home / "RUNTIME").glob(f"dlaas-*-{self.process.pid}/transfers")))

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.join()

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
    if server.process is not None and server.process.is_alive():
        server.kill()


# How much has been sent when the server is killed: nothing, half, nearly all.
@pytest.mark.parametrize("share", [0, 0.5, 0.95])
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


MOMENTS = 20


def over(server: Server) -> list[Any] | None:
    """All jobs, once all have ended."""
    jobs: list[Any] = server.ask("GET", "jobs") or []
    ended = all(job["state"] in ("done", "failed", "cancelled") for job in jobs)
    return jobs if jobs and ended else None


def leftovers(lake: EmbeddedLake, server: Server) -> list[Path]:
    """What travels under a temporary name, on the storage and here, and orders of kernels."""
    places = [Path(lake.layout.storage), server.home / "files"]
    parts = [path for place in places for path in place.rglob("*.part")]
    inbox = server.home / "DATA" / "dlaas" / "background"
    orders = [path for kind in ("order", "claimed", "cancel") for path in inbox.rglob(f"*.{kind}")]
    return parts + orders


def test_a_server_that_is_killed_at_random_moments_loses_nothing(
    server: Server, lake: EmbeddedLake, tmp_path: Path
) -> None:
    stem = os.urandom(4).hex()
    sample = tmp_path / f"kill-{stem}.bin"
    sample.write_bytes(os.urandom(30_000_000))
    (source,) = lake.seed([sample])
    moments = random.Random(stem)
    wanted: dict[str, int] = {}
    for number in range(MOMENTS):
        server.start()
        folder = server.home / "files" / f"out-{number}"
        folder.mkdir()
        names = [f"{stem}-{number}-{part}.root" for part in range(4)]
        for name in names:
            (folder / name).write_bytes(os.urandom(3_000_000))
        several = {"paths": [folder.name], "scope": "user.alice", "lifetime": 86400}
        server.ask("POST", "lake/uploads", {**several, "dataset": f"user.alice:{stem}-{number}"})
        server.ask("POST", "lake/downloads", {"did": source, "folder": f"in-{number}"})
        wanted |= {f"user.alice:{name}": 3_000_000 for name in names}
        time.sleep(moments.uniform(0, 1.5))
        server.kill()
    server.start()
    jobs = wait_for(lambda: over(server), 300)
    assert len(jobs) == 2 * MOMENTS
    assert [(job["kind"], job["problem"]) for job in jobs if job["state"] != "done"] == []
    arrived = [path.stat().st_size for path in server.home.glob("files/in-*/*") if path.is_file()]
    assert arrived == [30_000_000] * MOMENTS
    assert leftovers(lake, server) == []
    for number in range(MOMENTS):
        rules = server.ask("GET", f"lake/rules?did=user.alice:{stem}-{number}")
        assert len(rules) == 1, f"{stem}-{number}"
    for did, size in wanted.items():
        assert server.ask("GET", f"lake/metadata?did={did}")["bytes"] == size
    stored = list(Path(lake.layout.storage).rglob(f"{stem}-*.root"))
    assert len(stored) == len(wanted)


KERNEL = """
import sys
import dlaas
lake = dlaas.Lake()
lake.get(sys.argv[1])
print("ready", flush=True)
for number in range(1000):
    print(lake.download(sys.argv[1], f"{sys.argv[2]}-{number}", background=True).id, flush=True)
"""


def test_a_kernel_that_is_killed_at_random_moments_has_handed_over_or_not(
    server: Server, lake: EmbeddedLake, tmp_path: Path
) -> None:
    stem = os.urandom(4).hex()
    sample = tmp_path / f"kernel-{stem}.bin"
    sample.write_bytes(os.urandom(10_000))
    (source,) = lake.seed([sample])
    moments = random.Random(stem)
    server.start()
    wait_for(lambda: server.takes_transfers)
    acknowledged: list[str] = []
    for number in range(MOMENTS):
        command = [sys.executable, "-c", KERNEL, source, str(server.home / "files" / f"k{number}")]
        with subprocess.Popen(
            command, env=server.environment, stdout=subprocess.PIPE, text=True
        ) as kernel:
            assert kernel.stdout is not None
            assert kernel.stdout.readline() == "ready\n"
            time.sleep(moments.uniform(0, 1))
            kernel.kill()
            acknowledged += kernel.stdout.read().split()
    wait_for(lambda: not leftovers(lake, server))
    jobs = wait_for(lambda: over(server), 300)
    assert {job["state"] for job in jobs} == {"done"}
    assert {job["id"] for job in jobs} >= set(acknowledged)
    arrived = [path for path in server.home.glob("files/k*/*") if path.is_file()]
    assert len(arrived) == len(jobs)
