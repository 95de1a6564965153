"""What libcurl shows of a login, and to whom: every kind of it, and no other host."""

from __future__ import annotations

import os
import select
import shutil
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from logins import by_certificate, by_token, preferring, token_by_browser
from shelf import Shelf

import dlaas.transfer.wire.curl as curl_module
import dlaas.transfer.wire.doors as doors_module
from dlaas import Lake
from dlaas.transfer.download.gate import SMALL
from dlaas.transfer.wire.sink import Sink
from dlaas.transfer.wire.storage import Storage
from jupyter_dlaas.lake import EmbeddedLake

SIZES = (1000, 2000, SMALL + 1000)


@pytest.fixture(scope="module")
def dataset(lake: EmbeddedLake, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two small files and a larger one, on a storage that takes tokens and certificates."""
    folder = tmp_path_factory.mktemp("sources")
    paths = [folder / f"by-libcurl-{size}.bin" for size in SIZES]
    for path, size in zip(paths, SIZES, strict=True):
        path.write_bytes(os.urandom(size))
    lake.seed(paths, dataset="by-libcurl")
    return "user.alice:by-libcurl"


@pytest.fixture
def known(lake: EmbeddedLake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who vouches for a host is known before its first file."""
    authority = lake.layout.ca.read_text()
    monkeypatch.setattr(
        doors_module.Doors, "authority", lambda self, host: self._authorities.get(host, authority)
    )


@pytest.fixture(params=["token", "proxy", "files"])
def login(request: pytest.FixtureRequest, lake: EmbeddedLake, alice: Lake, tmp_path: Path) -> Lake:
    """Alice, with one kind of login and nothing else."""
    if request.param == "token":
        return by_token(lake, token_by_browser(lake))
    if request.param == "proxy":
        return by_certificate(lake, tmp_path / "globus")
    folder = tmp_path / "J\u00fcrg"
    folder.mkdir()
    told = alice.instance
    for path in (told.client_cert, told.client_key):
        assert path is not None
        shutil.copy(path, folder)
    cert, key = (folder / Path(str(p)).name for p in (told.client_cert, told.client_key))
    instance = replace(told, client_cert=str(cert), client_key=str(key))
    return Lake(instance, account="alice", credentials=alice.credential)


@pytest.mark.usefixtures("known")
def test_each_login_is_shown_by_libcurl_too(
    login: Lake, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert curl_module.IS_HERE

    def never(*_: object) -> None:
        raise AssertionError("not by libcurl")

    monkeypatch.setattr(Storage, "get", never)
    done = preferring(login, "NORTH-DISK").download(dataset, tmp_path / "here")
    assert (done.fetched, done.failed, done.bytes) == (3, 0, sum(SIZES))


@pytest.fixture
def shelf(lake: EmbeddedLake) -> Iterator[Shelf]:
    """A storage of our own, for which the lake's authority vouches; it has three files."""
    pki = Path(lake.layout.pki)
    files = {f"/{number}": os.urandom(1000) for number in range(8)}
    found = Shelf(files, (pki / "server.pem", pki / "server.key"))
    yield found
    found.close()


@pytest.fixture
def fetched(
    alice: Lake, dataset: str, shelf: Shelf, tmp_path: Path
) -> Callable[[str], list[bytes | None]]:
    """Ask for all of its files at once by libcurl, at an address; answers what has come."""

    def act(url: str) -> list[bytes | None]:
        doors = doors_module.Doors(alice, threading.Event())
        found: list[bytes | None] = []
        with closing(doors), doors.line() as line:
            for path in shelf.files:
                way = doors.way("NORTH-DISK", f"{url}{path}")
                assert way is not None
                line.ask(path, way, 0, 1000)
            while line.busy:
                found += [one.taken() or None for one in line.answered(0.1)]
        return found

    return act


@pytest.mark.usefixtures("known")
def test_a_name_that_is_not_in_the_certificate_is_not_asked(
    shelf: Shelf, fetched: Callable[[str], list[bytes | None]]
) -> None:
    assert set(fetched(shelf.url)) == set(shelf.files.values())
    shelf.gets.clear()
    # It leads to the same server.
    assert set(fetched(shelf.url.replace("localhost", "another.localhost"))) == {None}
    assert shelf.gets == []


@pytest.mark.usefixtures("known")
def test_libcurl_reads_no_settings_of_a_user(
    shelf: Shelf,
    fetched: Callable[[str], list[bytes | None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (".netrc", "_netrc"):
        (tmp_path / name).write_text("machine localhost login alice password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    # Where the environment names one, another than libcurl asks it.
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert set(fetched(shelf.url)) == set(shelf.files.values())
    assert [get.headers.get("Authorization") for get in shelf.gets] == [None] * len(shelf.files)


class Tunnels(socketserver.ThreadingTCPServer):
    """A proxy that leads to any port of this machine, and counts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.made = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Tunnel(socketserver.StreamRequestHandler):
    rbufsize = 0
    server: Tunnels

    def handle(self) -> None:
        asked = self.rfile.readline().split()
        while self.rfile.readline().strip():
            pass
        assert asked[0] == b"CONNECT"
        self.server.made += 1
        with socket.create_connection(("127.0.0.1", int(asked[1].rpartition(b":")[2]))) as there:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            ends = [self.connection, there]
            while True:
                for one in select.select(ends, [], [])[0]:
                    data = one.recv(1 << 16)
                    if not data:
                        return
                    ends[one is self.connection].sendall(data)


def test_what_is_behind_a_proxy_of_the_environment_is_not_for_libcurl(
    alice: Lake, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = bytearray()
    doors = doors_module.Doors(alice, threading.Event())
    with Tunnels() as proxy, closing(doors):
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        url = f"{shelf.url}/0"
        with doors.storage("NORTH-DISK", url) as storage:
            storage.get(url, Sink("NORTH-DISK", 0, 1000, came.extend))
        assert proxy.made == 1
        assert doors.way("NORTH-DISK", url) is None
        proxy.shutdown()
    assert bytes(came) == shelf.files["/0"]
