"""Reading over root:// from a genuine XRootD: together, with the right login, past faults."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dlaas import Lake, access
from dlaas.errors import StorageFailed, StorageRefused
from dlaas.filesystem import RucioFileSystem
from dlaas.model import DID
from dlaas.reading import xrootd_keys
from dlaas.reading.ranking import REFUSED
from dlaas.reading.remote import Source
from dlaas.reading.troubles import troubles_of
from dlaas.reading.xrootd import address, batched, chunks
from dlaas.transfer.disk.checksums import Checksums
from jupyter_dlaas.lake import EmbeddedLake

BOTH = DID("ATLAS_OD_EDU:mc_363490.llll.4lep.root")


def test_ranges_are_cut_into_vector_reads_that_a_server_takes() -> None:
    many = batched([(i * 10, i * 10 + 5) for i in range(2500)])
    assert [len(batch) for batch in many] == [1000, 1000, 500]
    big = batched([(0, 100 * 1024 * 1024), (7, 8)])
    assert max(length for batch in big for _, length in batch) < 2 * 1024 * 1024
    assert max(sum(length for _, length in batch) for batch in big) <= 32 * 1024 * 1024
    assert sum(length for batch in big for _, length in batch) == 100 * 1024 * 1024 + 1


@pytest.fixture
def by_root(alice: Lake) -> Callable[..., Source]:
    """Make what is read from the given addresses, by default the one over root of `BOTH`."""

    def make(*urls: str, lake: Lake = alice) -> Source:
        copies = [("EAST-DISK", url) for url in urls] or access.urls(alice, BOTH, "root")
        meta = alice.get(BOTH)
        return Source(lake, BOTH, meta.bytes or 0, meta.adler32, None, copies)

    return make


def opened(source: Source) -> tuple[RucioFileSystem, str]:
    fs = RucioFileSystem(skip_instance_cache=True)
    path = f"{source.lake.instance.name}@{BOTH.scope}/{BOTH.name}"
    fs._sources.keep(path, source)
    return fs, path


def test_many_ranges_are_read_over_root_together(by_root: Callable[..., Source]) -> None:
    source = by_root()
    fs, path = opened(source)
    whole = fs.cat_file(path)
    sums = Checksums()
    sums.update(whole)
    assert (len(whole), sums.adler32) == (source.size, source.adler32)
    starts = list(range(0, source.size, 2000))
    found = fs.cat_ranges([path] * len(starts), starts, [s + 100 for s in starts])
    assert found == [whole[s : s + 100] for s in starts]
    assert b"".join(chunks(source.lake, *source.copies[0], 5, source.size, 10**6)) == whole[5:]


def test_a_cache_that_is_down_is_passed_by_and_tried_last(by_root: Callable[..., Source]) -> None:
    ((_, url),) = by_root().copies
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        cache = f"root://127.0.0.1:{nobody.getsockname()[1]}//{url}"
        fs, path = opened(by_root(cache, url))
        assert fs.cat_file(path, 0, 4) == b"root"
    assert [found for _, found in fs._sources.find(path).copies] == [url, cache]


def test_a_file_that_root_does_not_have_is_the_storage_s_fault(
    by_root: Callable[..., Source],
) -> None:
    ((_, url),) = by_root().copies
    fs, path = opened(by_root(f"{url}.gone"))
    with pytest.raises(StorageFailed, match="EAST-DISK") as caught:
        fs.cat_file(path, 0, 4)
    assert caught.value.blame == "storage"


@pytest.fixture
def with_token(alice: Lake, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Lake]:
    """Make a lake that shows a token to storages, and no certificate."""

    def make(token: str) -> Lake:
        monkeypatch.setattr(xrootd_keys, "bearer", lambda _: token)
        bare = replace(alice.instance, name="token", client_cert=None, client_key=None)
        return Lake(bare, credentials=alice.credential)

    return make


def test_a_token_opens_over_root_and_only_we_can_read_its_file(
    lake: EmbeddedLake, by_root: Callable[..., Source], with_token: Callable[[str], Lake]
) -> None:
    token = lake.token("alice", "storage.read:/")
    own = with_token(token)
    fs, path = opened(by_root(lake=own))
    assert fs.cat_file(path, 0, 4) == b"root"
    target = address(own, *by_root().copies[0])
    assert token not in target
    assert token not in "".join(os.environ.values())
    place = Path(target.partition("xrd.ztn=")[2].partition("&")[0])
    assert place.read_text() == token
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
    # A renewed token is another connection, for XRootD keeps the login of the first.
    renewed = lake.token("alice", "storage.read:/store")
    own = with_token(renewed)
    assert address(own, *by_root().copies[0]).partition("@")[0] != target.partition("@")[0]


def test_a_storage_that_refuses_the_token_is_told_and_ranked_so(
    by_root: Callable[..., Source], with_token: Callable[[str], Lake]
) -> None:
    own = with_token("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2ln")
    fs, path = opened(by_root(lake=own))
    with pytest.raises(StorageRefused, match="EAST-DISK") as caught:
        fs.cat_file(path, 0, 4)
    assert caught.value.blame == "credential"
    (way,) = [way for way in access.rank(own, BOTH).ways if way.kind == "root"]
    assert (way.usable, way.why) == (False, REFUSED)


def test_a_storage_that_is_down_falls_through_to_the_next_and_back(
    alice: Lake, lake: EmbeddedLake
) -> None:
    prefers = replace(alice.instance, name="lake", preferred_rses=("EAST-DISK",))
    own = Lake(prefers, credentials=alice.credential)
    best = access.rank(own, BOTH).best
    assert best is not None
    assert best.kind == "root"
    lake.hold("east")
    try:
        fs = RucioFileSystem(skip_instance_cache=True)
        assert fs.cat_file(f"lake@{BOTH.scope}/{BOTH.name}", 0, 4) == b"root"
        last = access.rank(own, BOTH)
        assert last.best is not None
        assert last.best.rse == "NORTH-DISK"
        assert "did not answer lately" in str(last)
    finally:
        lake.release("east")


def test_another_process_reads_over_root_by_its_own_login_and_leaves_nothing(
    lake: EmbeddedLake, alice: Lake, tmp_path: Path
) -> None:
    code = (
        "import sys, fsspec\n"
        "fs = fsspec.filesystem('rucio')\n"
        "assert fs.cat_file(sys.argv[1], 0, 4) == b'root'\n"
        "source = fs._sources.find(fs._strip_protocol(sys.argv[1]))\n"
        "print([url.partition(':')[0] for _, url in source.copies][0])\n"
    )
    env = {**os.environ, **lake.env("alice"), "TMPDIR": str(tmp_path)}
    env["RUCIO_BLOCKED_RSES"] = "NORTH-DISK"
    done = subprocess.run(
        [sys.executable, "-c", code, f"rucio://lake@{BOTH.scope}/{BOTH.name}"],
        env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "root\n"), done.stderr
    assert list(tmp_path.glob("dlaas-*")) == []


@pytest.fixture
def at_the_edge(alice: Lake) -> Lake:
    """A lake as it is seen from a site where nothing is but a cache."""
    return Lake(replace(alice.instance, name="edge", site_name="EDGE"))


def test_the_cache_of_the_site_is_read_from(
    at_the_edge: Lake, by_root: Callable[..., Source]
) -> None:
    ways = [way for way in access.rank(at_the_edge, BOTH).ways if "root://" in way.url[7:]]
    assert [(way.kind, way.rse) for way in ways] == [("root", "EAST-DISK")]
    ((_, origin),) = by_root().copies
    assert ways[0].url.endswith(origin)
    source = by_root(ways[0].url, lake=at_the_edge)
    fs, path = opened(source)
    assert fs.cat_file(path) == b"".join(chunks(source.lake, "EAST-DISK", origin, 0, source.size))
    assert "EAST-DISK" not in {rse for rse, _ in troubles_of(at_the_edge).known()}


def test_a_cache_sees_our_proxy_and_never_our_token(
    lake: EmbeddedLake,
    alice: Lake,
    by_root: Callable[..., Source],
    with_token: Callable[[str], Lake],
) -> None:
    own = with_token(lake.token("alice", scope="storage.read:/"))
    own = Lake(replace(alice.instance, name="both"), credentials=own.credential)
    ((_, origin),) = by_root().copies

    def shown(url: str) -> list[bool]:
        target = address(own, "EAST-DISK", url).rpartition("?")[2]
        files = dict(part.split("=") for part in target.split("&"))
        return [Path(files[name]).exists() for name in ("xrd.ztn", "xrd.gsiusrpxy")]

    assert shown(origin) == [True, True]
    assert shown(f"root://stranger:1094//{origin}") == [False, True]
    assert shown(f"root://stranger:1094//{origin.replace('localhost', 'elsewhere')}") == [False] * 2
    assert shown("root://stranger:1094//store/x") == [False, False]
