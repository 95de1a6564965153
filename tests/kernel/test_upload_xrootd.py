"""Uploads to a genuine XRootD: over root:// and https, by proxy and by token, sums compared."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlaas import Lake
from dlaas.errors import (
    Cancelled,
    ChecksumMismatch,
    DataIdentifierNotFound,
    InvalidInput,
    StorageRefused,
    Unreachable,
)
from dlaas.model import DID
from dlaas.transfer.disk.checksums import of_file
from dlaas.transfer.upload import plan as plan_module
from dlaas.transfer.wire.root_storage import RootStorage
from dlaas.transfer.wire.storage import Stat, Storage
from jupyter_dlaas.lake import EmbeddedLake

EAST = "EAST-DISK"
WRITES = "storage.read:/ storage.modify:/ storage.create:/"
Only = Callable[..., Lake]
Fresh = Callable[[str], str]


def _stored(lake: EmbeddedLake, part: str) -> list[Path]:
    east = Path(lake.layout.storage) / "east"
    return [p for p in east.rglob("*") if p.is_file() and part in p.name]


@pytest.fixture
def only(lake: EmbeddedLake, alice: Lake, monkeypatch: pytest.MonkeyPatch) -> Only:
    """Make a lake that knows one door of EAST-DISK, and shows it a proxy or a token."""

    def make(scheme: str, shows: str = "proxy", token: str | None = None) -> Lake:
        instance = replace(alice.instance, name=f"{scheme}-{shows}")
        if shows == "token":
            instance = replace(instance, client_cert=None, client_key=None)
            shown = token or lake.token("alice", scope=WRITES)
            monkeypatch.setattr("dlaas.transfer.wire.shown.storage_token", lambda _: shown)
        own = Lake(instance, credentials=alice.credential)
        info = dict(alice.rse_info(EAST))
        info["protocols"] = [p for p in info["protocols"] if p["scheme"] == scheme]
        own._remembered[f"rse {EAST}"] = (time.monotonic() + 3600, info)
        return own

    return make


@pytest.mark.parametrize("shows", ["proxy", "token"])
@pytest.mark.parametrize("scheme", ["https", "root"])
def test_a_file_goes_there_and_the_storage_s_checksum_is_compared(
    lake: EmbeddedLake, only: Only, a_file: Path, fresh: Fresh, scheme: str, shows: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    told: list[str | None] = []
    for kind in (Storage, RootStorage):
        look = kind.stat

        def seen(storage: Any, url: str, look: Any = look) -> Stat | None:
            found: Stat | None = look(storage, url)
            told.extend([found.adler32] if found else [])
            assert url.startswith(f"{scheme}://")
            return found

        monkeypatch.setattr(kind, "stat", seen)
    done = only(scheme, shows).upload(
        a_file, f"user.alice:{fresh('east')}", rse=EAST, lifetime="1d"
    )
    (stored,) = _stored(lake, done.did.name)
    assert stored.read_bytes() == a_file.read_bytes()
    assert set(told) == {of_file(a_file).adler32}
    assert _stored(lake, ".part") == []


@pytest.mark.parametrize("scheme", ["https", "root"])
def test_many_files_go_there_and_are_not_sent_twice(
    lake: EmbeddedLake, only: Only, tmp_path: Path, fresh: Fresh, scheme: str
) -> None:
    root, dataset = tmp_path / fresh("many"), f"user.alice:{fresh('set')}"
    root.mkdir()
    for number in range(10):
        (root / fresh(str(number))).write_bytes(os.urandom(5000))
    own = only(scheme)
    report = own.upload_many(root, "user.alice", dataset=dataset, rses=EAST, lifetime="1d")
    assert (report.uploaded, report.failed) == (10, 0), str(report)
    again = own.upload_many(root, "user.alice", dataset=dataset, rses=EAST, lifetime="1d")
    assert (again.skipped, again.bytes) == (10, 0), str(again)
    for path in root.iterdir():
        (stored,) = _stored(lake, path.name)
        assert stored.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("scheme", ["https", "root"])
@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        ("storage.read:/", ""),
        ("storage.modify:/elsewhere", ""),
        (WRITES, "https://another.example"),
    ],
    ids=["reads only", "another path", "another audience"],
)
def test_a_token_that_may_not_write_there_is_to_blame_and_nothing_is_registered(
    lake: EmbeddedLake, alice: Lake, only: Only, a_file: Path, fresh: Fresh,
    scheme: str, scope: str, audience: str,
) -> None:  # fmt: skip
    did = f"user.alice:{fresh('refused')}"
    own = only(scheme, "token", lake.token("alice", scope=scope, audience=audience))
    with pytest.raises(StorageRefused, match=EAST) as caught:
        own.upload(a_file, did, rse=EAST, lifetime="1d")
    assert caught.value.blame == "credential"
    assert "It was shown a token for " in str(caught.value)
    with pytest.raises(DataIdentifierNotFound):
        alice.get(did)
    assert _stored(lake, DID(did).name) + _stored(lake, ".part") == []


@pytest.mark.parametrize("scheme", ["https", "root"])
def test_a_storage_that_is_down_is_told(
    lake: EmbeddedLake, alice: Lake, only: Only, a_file: Path, fresh: Fresh, scheme: str
) -> None:
    did, own = f"user.alice:{fresh('down')}", only(scheme)
    lake.hold("east")
    try:
        with pytest.raises(Unreachable, match=EAST) as caught:
            own.upload(a_file, did, rse=EAST)
    finally:
        lake.release("east")
    assert caught.value.blame == "network"
    with pytest.raises(DataIdentifierNotFound):
        alice.get(did)


def test_cancelling_over_root_leaves_nothing(
    lake: EmbeddedLake, only: Only, tmp_path: Path, fresh: Fresh
) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(20_000_000))
    sent, did = [0], f"user.alice:{fresh('cancelled')}"
    with pytest.raises(Cancelled):
        only("root").upload(
            large, did, rse=EAST,
            progress=lambda done, _: sent.__setitem__(0, done),
            cancelled=lambda: sent[0] > 10_000_000,
        )  # fmt: skip
    assert _stored(lake, DID(did).name) + _stored(lake, ".part") == []


def test_wrong_bytes_on_the_storage_are_found(
    lake: EmbeddedLake, alice: Lake, only: Only, a_file: Path, fresh: Fresh,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    did, end = f"user.alice:{fresh('wrong')}", RootStorage._end

    def spoil(storage: RootStorage, file: Any, where: str) -> None:
        end(storage, file, where)
        (part,) = _stored(lake, ".part")
        with part.open("r+b") as stored:
            stored.write(b"spoiled")

    monkeypatch.setattr(RootStorage, "_end", spoil)
    with pytest.raises(ChecksumMismatch, match="other bytes than we sent"):
        only("root").upload(a_file, did, rse=EAST)
    with pytest.raises(DataIdentifierNotFound):
        alice.get(did)
    assert _stored(lake, DID(did).name) + _stored(lake, ".part") == []


@pytest.mark.parametrize("scheme", ["https", "root"])
def test_a_file_that_came_meanwhile_is_not_replaced(
    lake: EmbeddedLake, only: Only, a_file: Path, tmp_path: Path, fresh: Fresh, scheme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """XRootD's rename replaces what is there, also where it is asked not to."""
    own, did, theirs = only(scheme), f"user.alice:{fresh('came')}", tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    kind = Storage if scheme == "https" else RootStorage
    put = kind.put

    def meanwhile(*told: Any) -> Any:
        monkeypatch.setattr(kind, "put", put)
        own.upload(theirs, did, rse=EAST, lifetime="1d")
        return put(*told)

    monkeypatch.setattr(kind, "put", meanwhile)
    (row,) = own.upload_many({a_file: did}, rses=EAST, lifetime="1d").rows
    assert row.problem is not None
    assert row.problem.error == "DataIdentifierAlreadyExists"
    (stored,) = _stored(lake, DID(did).name)
    assert stored.read_bytes() == b"theirs"
    assert _stored(lake, ".part") == []


def test_what_is_not_there_is_deleted(only: Only, a_file: Path, fresh: Fresh) -> None:
    own, did = only("root"), DID(f"user.alice:{fresh('deleted')}")
    url = plan_module.urls(own, EAST, [did])[did]
    storage = RootStorage(own, EAST)
    storage.put(url, a_file, a_file.stat().st_size)
    assert [storage.delete(url), storage.delete(url)] == [True, True]
    assert storage.stat(url) is None


def test_an_overwritten_file_has_its_own_checksum_at_once(
    only: Only, a_file: Path, tmp_path: Path, fresh: Fresh
) -> None:
    """XRootD goes on telling that of the old bytes for a second."""
    own, did = only("root"), DID(f"user.alice:{fresh('stale')}")
    url = plan_module.urls(own, EAST, [did])[did]
    storage = RootStorage(own, EAST)
    for number in range(5):
        path = tmp_path / str(number)
        path.write_bytes(os.urandom(100))
        storage.put(url, path, 100)
        assert storage.stat(url) == Stat(100, of_file(path).adler32)
    storage.delete(url)


DIES = """if True:
    import os, signal, sys
    from dlaas import Lake
    from dlaas.transfer.wire.root_storage import RootStorage
    path, did, target, when = sys.argv[1:]
    true = getattr(RootStorage, target)
    def dying(*args, **options):
        if when == "after":
            true(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(RootStorage, target, dying)
    lake = Lake()
    info = dict(lake.rse_info("EAST-DISK"))
    info["protocols"] = [p for p in info["protocols"] if p["scheme"] == "root"]
    lake._remembered["rse EAST-DISK"] = (1e12, info)
    lake.upload(path, did, rse="EAST-DISK", lifetime="1d")
"""


@pytest.mark.parametrize(
    ("target", "when"),
    [("_write", "after"), ("_end", "after"), ("move", "before"), ("move", "after")],
)
def test_an_upload_over_root_that_was_killed_is_completed_by_the_next(
    lake: EmbeddedLake, alice_env: dict[str, str], only: Only, a_file: Path, fresh: Fresh,
    eventually: Callable[..., Any], target: str, when: str,
) -> None:  # fmt: skip
    did = f"user.alice:{fresh('killed')}"
    killed = subprocess.run(
        [sys.executable, "-c", DIES, str(a_file), did, target, when],
        env=alice_env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if target == "_write":
        # It was never closed, so it never was.
        eventually(lambda: _stored(lake, ".part") == [])
    done = only("root").upload(a_file, did, rse=EAST, lifetime="1d")
    assert done.rule is not None
    (stored,) = _stored(lake, done.did.name)
    assert stored.read_bytes() == a_file.read_bytes()
    assert _stored(lake, ".part") == []


def test_without_the_library_for_root_that_is_said_and_no_storage_is_blamed(
    only: Only, a_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "reads_root", lambda: False)
    with pytest.raises(InvalidInput, match=r"no library for root://") as caught:
        only("root").upload(a_file, "user.alice:x", rse=EAST)
    assert caught.value.blame == "you"
    assert "xrootd" in caught.value.remedy


def test_of_two_doors_the_one_that_works_here_is_taken(
    alice: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    did = DID("user.alice:x")
    info = dict(alice.rse_info(EAST))
    prefers_root = [
        {**p, "domains": {"wan": {"write": 1 if p["scheme"] == "root" else 2}}}
        for p in info["protocols"]
    ]
    own = Lake(replace(alice.instance, name="prefers"), credentials=alice.credential)
    told = {**info, "protocols": prefers_root}
    own._remembered[f"rse {EAST}"] = (time.monotonic() + 3600, told)
    assert plan_module.urls(own, EAST, [did])[did].startswith("root://")
    monkeypatch.setattr(plan_module, "reads_root", lambda: False)
    assert plan_module.urls(own, EAST, [did])[did].startswith("https://")


def test_where_the_preferred_door_is_shut_another_of_the_same_rse_is_taken(
    alice: Lake, a_file: Path, fresh: Fresh
) -> None:
    info = dict(alice.rse_info(EAST))
    with socket.create_server(("127.0.0.1", 0)) as shut:
        port = shut.getsockname()[1]
    doors = [
        {**p, "domains": {"wan": {"write": 2}}}
        if p["scheme"] == "https"
        else {**p, "port": port, "domains": {"wan": {"write": 1}}}
        for p in info["protocols"]
    ]
    own = Lake(replace(alice.instance, name="shut"), credentials=alice.credential)
    own._remembered[f"rse {EAST}"] = (time.monotonic() + 3600, {**info, "protocols": doors})
    assert own.upload(a_file, f"user.alice:{fresh('another-door')}", rse=EAST).rse == EAST
