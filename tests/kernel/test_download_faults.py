"""Downloads from a storage that misbehaves, to a full disk, by processes that are killed."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from shelf import PIECE, Fault, Get, Shelf

import dlaas.transfer.download.fetch as fetch_module
import dlaas.transfer.download.gate as gate_module
import dlaas.transfer.download.small as small_module
import dlaas.transfer.wire.curl as curl_module
import dlaas.transfer.wire.doors as doors_module
import dlaas.transfer.wire.storage as storage_module
from dlaas import Lake, errors
from dlaas.cache import Cache
from dlaas.credentials import Token
from dlaas.model import DID, Entry
from dlaas.transfer.disk import free_on
from dlaas.transfer.disk.part import Part
from dlaas.transfer.disk.place import Place
from dlaas.transfer.download import Downloaded, download
from dlaas.transfer.wire.keys import address
from jupyter_dlaas.lake import EmbeddedLake

SIZE = 500_000
BODY = random.Random(1).randbytes(SIZE)
NAME = "ATLAS_OD_EDU:data_A.4lep.root"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pauses as short as a test can wait; nothing in anybody's cache."""
    monkeypatch.setattr(fetch_module, "_PAUSE", 0.01)
    monkeypatch.setattr(fetch_module, "_LONGEST_PAUSE", 0.05)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("DLAAS_CACHE", raising=False)


# How the bytes of the files of a test come: each by Python's TLS, small ones several at once on one
# thread by libcurl, or each by libcurl.
WAYS = {
    "python": "from dlaas.transfer.wire import curl\ncurl.IS_HERE = False\n",
    "several": """if True:
        import sys
        from dlaas.transfer.download import gate, small
        from dlaas.transfer.wire import doors
        authority = open(sys.argv[-1]).read()
        doors.Doors.authority = lambda self, host: self._authorities.get(host, authority)
        gate.FAR = 100.0
        gate.SMALL = small.SMALL = 1 << 20
\n""",
    "stream": """if True:
        import sys
        from dlaas.transfer.download import gate, small
        from dlaas.transfer.wire import doors
        authority = open(sys.argv[-1]).read()
        doors.Doors.authority = lambda self, host: self._authorities.get(host, authority)
        gate.SMALL = small.SMALL = 0
\n""",
}


@pytest.fixture(params=list(WAYS), autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, lake: EmbeddedLake) -> str:
    """Let the bytes of all files come one of these ways, from the first file on."""
    found: str = request.param
    if found == "python":
        monkeypatch.setattr(curl_module, "IS_HERE", False)
        return found
    authority = lake.layout.ca.read_text()
    monkeypatch.setattr(
        doors_module.Doors, "authority", lambda self, host: self._authorities.get(host, authority)
    )
    monkeypatch.setattr(gate_module, "FAR", 100.0)
    for module in (gate_module, small_module):
        monkeypatch.setattr(module, "SMALL", 1 << 20 if found == "several" else 0)
    return found


@pytest.fixture
def trusted(lake: EmbeddedLake) -> tuple[Path, Path]:
    """A certificate for localhost that the lake's authority vouches for."""
    return Path(lake.layout.pki) / "server.pem", Path(lake.layout.pki) / "server.key"


@pytest.fixture
def shelf(trusted: tuple[Path, Path]) -> Iterator[Callable[..., Shelf]]:
    """Make storages of our own; they end with the test."""
    made: list[Shelf] = []

    def make(
        fault: Callable[[Get], Fault] = lambda _: Fault(),
        files: dict[str, bytes] | None = None,
        tls: tuple[Path, Path] = trusted,
        **options: Any,
    ) -> Shelf:
        made.append(Shelf({"/x": BODY} if files is None else files, tls, fault, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def far(alice: Lake) -> Lake:
    """A lake without a mount, and without memory of what went wrong before."""
    instance = replace(alice.instance, name="far", destination_rse=None, rse_mount_path=None)
    return Lake(instance, credentials=alice.credential)


def tells(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], urls: dict[str, list[str]]
) -> None:
    """Let the catalogue say that a DID is these files at these places."""
    entries = [
        Entry(DID(f"user.alice:{name}"), "file", len(body), None, f"{zlib.adler32(body):08x}")
        for name, body in files.items()
    ]
    monkeypatch.setattr("dlaas.transfer.download.engine.entries", lambda *_: iter(entries))
    monkeypatch.setattr(
        "dlaas.transfer.download.choose._copies",
        lambda _, dids: ((d, [("NORTH-DISK", u) for u in urls[d.name]]) for d in dids),
    )


@pytest.fixture
def fetched(
    far: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Downloaded]:
    """Download `x`, one file, from these storages."""

    def act(*shelves: Shelf, **options: Any) -> Downloaded:
        tells(monkeypatch, {"x": BODY}, {"x": [f"{one.url}/x" for one in shelves]})
        return download(far, NAME, tmp_path / "own", **options)

    return act


def parts(folder: Path) -> list[Path]:
    return list(folder.rglob(".dlaas-*"))


def once(fault: Fault) -> Callable[[Get], Fault]:
    """Answer the first request with a fault and the next without."""
    left = [fault]
    return lambda _: left.pop() if left else Fault()


# A storage that misbehaves.


@pytest.mark.parametrize(
    ("fault", "error", "blame"),
    [
        (Fault(status=401), errors.StorageRefused, "credential"),
        (Fault(status=403), errors.StorageRefused, "credential"),
        (Fault(status=404), errors.StorageFailed, "storage"),
        (Fault(status=409), errors.StorageFailed, "storage"),
        (Fault(status=500), errors.StorageFailed, "storage"),
        (Fault(status=429), errors.StorageFailed, "storage"),
        (Fault(status=503), errors.StorageFailed, "storage"),
        (Fault(wrong=True), errors.ChecksumMismatch, "storage"),
        (Fault(whole=True, wrong=True), errors.ChecksumMismatch, "storage"),
        (Fault(total=SIZE + 1), errors.StorageFailed, "storage"),
        (Fault(offset=1, cut=10), errors.StorageFailed, "storage"),
        (Fault(cut=0), errors.StorageFailed, "storage"),
        (Fault(whole=True, promise=7), errors.StorageFailed, "storage"),
    ],
    ids=[
        "401", "403", "404", "409", "500", "429", "503", "wrong", "wrong-whole", "another-size",
        "other-bytes", "nothing", "lying-length",
    ],
)  # fmt: skip
def test_each_fault_is_told_and_leaves_nothing_and_another_copy_mends_it(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path,
    fault: Fault, error: type[Exception], blame: str,
) -> None:  # fmt: skip
    broken = shelf(lambda _: fault)
    with pytest.raises(error, match="NORTH-DISK") as caught:
        fetched(broken)
    assert caught.value.blame == blame  # type: ignore[attr-defined]
    assert not (tmp_path / "own" / "x").exists()
    done = fetched(broken, shelf())
    assert done.fetched == 1
    assert (tmp_path / "own" / "x").read_bytes() == BODY
    assert parts(tmp_path) == []


@pytest.mark.parametrize("cut", [1, PIECE, 300_000, SIZE - 1])
def test_a_connection_that_is_cut_goes_on_where_it_ended(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path, cut: int
) -> None:
    storage = shelf(once(Fault(cut=cut)))
    fetched(storage)
    first, second = storage.gets
    assert (first.start, second.start) == (0, cut)
    assert (tmp_path / "own" / "x").read_bytes() == BODY


def test_what_one_copy_began_the_next_completes(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    dies = once(Fault(cut=200_000))
    first = shelf(lambda get: dies(get) if get.start == 0 else Fault(status=500))
    second = shelf()
    fetched(first, second)
    assert [get.start for get in second.gets] == [200_000]
    assert (tmp_path / "own" / "x").read_bytes() == BODY


def test_a_copy_of_other_bytes_is_not_mixed_with_a_right_one(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    began = once(Fault(cut=200_000, wrong=True))
    first = shelf(lambda get: began(get) if get.start == 0 else Fault(status=500))
    second = shelf()
    fetched(first, second)
    assert [get.start for get in second.gets] == [200_000, 0]
    assert (tmp_path / "own" / "x").read_bytes() == BODY


def test_a_storage_that_answers_more_than_asked_for_is_not_awaited(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    fetched(shelf(lambda _: Fault(promise=10**9)))
    assert (tmp_path / "own" / "x").read_bytes() == BODY


def test_a_storage_without_ranges_is_read_all_the_same(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    cut = once(Fault(whole=True, cut=200_000))
    storage = shelf(lambda get: cut(get) if get.start == 0 else Fault(whole=True))
    fetched(storage)
    assert [get.start for get in storage.gets] == [0, 200_000]
    assert (tmp_path / "own" / "x").read_bytes() == BODY


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_storage_is_asked_again(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], status: int
) -> None:
    storage = shelf(once(Fault(status=status, headers={"Retry-After": "0"})))
    assert fetched(storage).fetched == 1
    assert len(storage.gets) == 2


def test_a_busy_storage_says_how_long_to_wait(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    pause = fetch_module._pause

    def noted(error: errors.DlaasError, failures: int) -> float:
        waited.append(pause(error, failures))
        return 0.0

    monkeypatch.setattr(fetch_module, "_pause", noted)
    monkeypatch.setattr(fetch_module, "_LONGEST_PAUSE", 10.0)
    for fault in (
        Fault(status=429, headers={"Retry-After": "7"}),
        Fault(status=503, headers={"Retry-After": "86400"}),
    ):
        faults = [fault, fault]
        fetched(shelf(lambda _, left=faults: left.pop() if left else Fault()), overwrite=True)
    assert waited[:1] == [7.0]


def test_a_storage_that_stalls_ends_in_the_next_copy(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # Here alone: elsewhere a machine that is slow is no storage that stalls.
    monkeypatch.setattr(storage_module, "READ_TIMEOUT", 1.5)
    never = threading.Event()
    stalls = shelf(lambda _: Fault(cut=0, stall=never))
    storage = shelf()
    fetched(stalls, storage)
    never.set()
    assert (tmp_path / "own" / "x").read_bytes() == BODY


def test_a_redirect_to_a_stranger_takes_no_credentials_along(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], far: Lake,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from dlaas.transfer.wire.keys import KeyRing, Keys

    pool = shelf()
    door = shelf(lambda _: Fault(status=307, headers={"Location": f"{pool.url}/x"}))
    ring = KeyRing(far)
    keys = ring.for_rse("NORTH-DISK")
    ours = Keys(
        keys.with_certificate, keys.without, frozenset([address(door.url)]), "secret.token.value"
    )
    monkeypatch.setattr(doors_module.Doors, "keys", lambda *_: ours)
    assert fetched(door).fetched == 1
    assert door.gets[0].headers["Authorization"] == "Bearer secret.token.value"
    assert "Authorization" not in pool.gets[0].headers


@pytest.fixture
def token_for(monkeypatch: pytest.MonkeyPatch) -> Callable[[Shelf], None]:
    """Let an RSE name a storage of ours, so that it may have a token; none is kept for later."""

    def name(storage: Shelf) -> None:
        origin = address(storage.url)
        monkeypatch.setattr("dlaas.transfer.wire.keys._origins", lambda _: frozenset([origin]))
        monkeypatch.setattr(doors_module, "_FRESH", 0.0)

    return name


def shown(storage: Shelf) -> list[str | None]:
    return [get.headers.get("Authorization") for get in storage.gets]


def test_the_token_is_taken_afresh_for_each_file(
    far: Lake, shelf: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    token_for: Callable[[Shelf], None],
) -> None:  # fmt: skip
    files, numbers = many(3, 1000), count()
    storage = shelf(files={f"/{name}": body for name, body in files.items()})
    token_for(storage)
    tells(monkeypatch, files, {name: [f"{storage.url}/{name}"] for name in files})
    monkeypatch.setattr(
        "dlaas.transfer.wire.keys.KeyRing._bearer", lambda _: f"a.token.{next(numbers)}"
    )
    assert download(far, NAME, tmp_path / "own").fetched == 3
    assert len(set(shown(storage))) == 3


def test_a_token_of_two_dots_that_is_no_jwt_is_for_rucio_alone(
    far: Lake, shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded],
    token_for: Callable[[Shelf], None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    storage = shelf()
    token_for(storage)
    native = Token("alice-/CN=john.doe@cern.ch-unknown-0f6b", account="alice")
    assert native.value.count(".") == 2
    monkeypatch.setattr("dlaas.transfer.wire.shown._exchanged", lambda _: native)
    assert fetched(storage).fetched == 1
    assert shown(storage) == [None]


def test_another_port_than_the_rse_names_gets_no_token(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path,
    token_for: Callable[[Shelf], None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    named, other = shelf(), shelf()
    token_for(named)
    monkeypatch.setattr("dlaas.transfer.wire.keys.KeyRing._bearer", lambda _: "a.secret.token")
    fetched(other)
    (tmp_path / "own" / "x").unlink()
    fetched(named)
    assert (shown(other), shown(named)) == ([None], ["Bearer a.secret.token"])


# Libcurl, where it is installed.


def by_libcurl(storage: Shelf) -> list[str]:
    """The files that libcurl asked for; it alone says what it accepts."""
    return [get.path for get in storage.gets if "Accept" in get.headers]


@pytest.fixture
def honest(monkeypatch: pytest.MonkeyPatch, way: str) -> str:
    """Who vouched for a host is known from the first file alone."""
    if way != "python":
        known = lambda self, host: self._authorities.get(host)  # noqa: E731
        monkeypatch.setattr(doors_module.Doors, "authority", known)
    return way


def test_libcurl_trusts_whom_the_first_connection_trusted(
    honest: str, shelf: Callable[..., Shelf], fetched_many: Callable[..., Downloaded]
) -> None:
    files = many(30, 1000)
    storage = shelf(files={f"/{name}": body for name, body in files.items()})
    assert fetched_many(storage, files).fetched == 30
    assert sorted(get.path for get in storage.gets) == sorted(f"/{name}" for name in files)
    assert bool(by_libcurl(storage)) == (honest != "python")


def test_libcurl_asks_nothing_of_a_host_for_which_another_vouches(
    shelf: Callable[..., Shelf], fetched_many: Callable[..., Downloaded],
    self_signed: tuple[Path, Path],
) -> None:  # fmt: skip
    files = many(5, 1000)
    stranger = shelf(files={f"/{name}": body for name, body in files.items()}, tls=self_signed)
    done = fetched_many(stranger, files)
    assert (done.fetched, done.failed) == (0, 5)
    assert stranger.gets == []


@pytest.mark.parametrize("way", ["several"], indirect=True)
def test_small_files_are_asked_for_before_the_last_has_come(
    shelf: Callable[..., Shelf], fetched_many: Callable[..., Downloaded], tmp_path: Path
) -> None:
    files, following, came = many(20, 50_000), threading.Event(), []

    def fault(get: Get) -> Fault:
        if get.path == "/f012":
            following.set()
        if get.path == "/f011":
            came.append(following.wait(60))
        return Fault()

    storage = shelf(fault, files={f"/{name}": body for name, body in files.items()})
    assert fetched_many(storage, files).fetched == 20
    assert came == [True]
    assert {p.name: p.read_bytes() for p in (tmp_path / "own").iterdir()} == files
    assert sorted(get.path for get in storage.gets) == sorted(f"/{name}" for name in files)


def test_a_host_that_is_odd_is_not_asked_twice_for_each_file(
    shelf: Callable[..., Shelf], fetched_many: Callable[..., Downloaded]
) -> None:
    files = many(60, 1000)
    pool = shelf(files={f"/{name}": body for name, body in files.items()})
    door = shelf(
        lambda get: Fault(status=307, headers={"Location": f"{pool.url}{get.path}"}),
        files={f"/{name}": body for name, body in files.items()},
    )
    assert fetched_many(door, files).fetched == 60
    assert len(by_libcurl(door)) <= small_module.AT_ONCE
    assert by_libcurl(pool) == []


# A storage that is far: several ranges at once.


@pytest.fixture
def is_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every storage is far, and our file a large one."""
    monkeypatch.setattr(curl_module, "IS_HERE", False)
    monkeypatch.setattr(fetch_module, "FAR", 0.0)
    monkeypatch.setattr(fetch_module, "LARGE", 4 * PIECE)
    monkeypatch.setattr(fetch_module, "BLOCK", PIECE)
    monkeypatch.setattr("dlaas.transfer.download.together.BLOCK", PIECE)


@pytest.mark.usefixtures("is_far")
def test_a_large_file_that_is_far_comes_by_several_ranges_at_once(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    # No answer but the first ends before three more have been asked for.
    all_asked = threading.Barrier(4)

    def fault(get: Get) -> Fault:
        if 0 < get.start <= 4 * PIECE:
            all_asked.wait(60)
        return Fault()

    storage = shelf(fault)
    assert fetched(storage).fetched == 1
    assert (tmp_path / "own" / "x").read_bytes() == BODY
    asked = sorted((get.start, get.end) for get in storage.gets)
    assert asked == [(at, min(at + PIECE, SIZE)) for at in range(0, SIZE, PIECE)]


@pytest.mark.usefixtures("is_far")
def test_several_ranges_that_are_cut_go_on_where_they_ended(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    numbers = count()
    storage = shelf(lambda _: Fault(cut=5000) if next(numbers) in (3, 11) else Fault())
    assert fetched(storage).fetched == 1
    assert (tmp_path / "own" / "x").read_bytes() == BODY
    assert parts(tmp_path) == []


@pytest.mark.usefixtures("is_far")
@pytest.mark.parametrize("fault", [Fault(whole=True), Fault(wrong=True)], ids=["whole", "wrong"])
def test_ranges_of_a_storage_that_misbehaves(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path, fault: Fault
) -> None:
    storage = shelf(lambda _: fault)
    if fault.wrong:
        with pytest.raises(errors.ChecksumMismatch, match="NORTH-DISK"):
            fetched(storage)
        assert not (tmp_path / "own" / "x").exists()
    else:
        fetched(storage)
        assert (tmp_path / "own" / "x").read_bytes() == BODY
        # Asked for a range once, and then for the whole: it is not sent once for each range.
        assert len(storage.gets) == 2


# Checksums.


def test_a_wrong_md5_is_found_where_it_is_asked_for(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(
        "dlaas.transfer.download.choose._md5s", lambda _, dids: dict.fromkeys(dids, "0" * 32)
    )
    with pytest.raises(errors.ChecksumMismatch, match="md5"):
        fetched(shelf(), checksums="md5")
    assert not (tmp_path / "own" / "x").exists()


def test_a_checksum_that_nobody_computes_is_refused(
    fetched: Callable[..., Downloaded], shelf: Callable[..., Shelf]
) -> None:
    storage = shelf()
    with pytest.raises(errors.InvalidInput, match="crc32"):
        fetched(storage, checksums="crc32")
    assert storage.gets == []


def test_a_redirect_to_plain_http_is_not_followed(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded]
) -> None:
    door = shelf(lambda _: Fault(status=307, headers={"Location": "http://localhost:9/x"}))
    with pytest.raises(errors.StorageFailed, match="not https"):
        fetched(door)


def test_a_storage_that_nobody_vouches_for_is_not_asked(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], self_signed: tuple[Path, Path]
) -> None:
    stranger = shelf(tls=self_signed)
    with pytest.raises(errors.Unreachable, match="not trusted"):
        fetched(stranger)
    assert stranger.gets == []


def test_what_lies_half_way_and_is_wrong_is_fetched_anew(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    place = Place(tmp_path / "own", shared=False)
    part = Path(place.part("x", DID("user.alice:x"), SIZE, f"{zlib.adler32(BODY):08x}"))
    for left, starts in ((bytes(1000), [1000, 0]), (bytes(SIZE), [0]), (bytes(SIZE + 1), [0])):
        part.parent.mkdir(exist_ok=True)
        part.write_bytes(left)
        storage = shelf()
        fetched(storage, overwrite=True)
        assert [get.start for get in storage.gets] == starts
        assert (tmp_path / "own" / "x").read_bytes() == BODY
        (tmp_path / "own" / "x").unlink()


def test_what_lies_there_whole_is_not_fetched_again(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    """Killed between the last byte and the name."""
    place = Place(tmp_path / "own", shared=False)
    part = Path(place.part("x", DID("user.alice:x"), SIZE, f"{zlib.adler32(BODY):08x}"))
    part.parent.mkdir()
    part.write_bytes(BODY)
    storage = shelf()
    assert fetched(storage).fetched == 1
    assert storage.gets == []


def test_a_link_in_the_place_of_a_part_is_not_followed(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    place = Place(tmp_path / "own", shared=False)
    part = Path(place.part("x", DID("user.alice:x"), SIZE, f"{zlib.adler32(BODY):08x}"))
    part.parent.mkdir()
    (tmp_path / "victim").write_bytes(b"precious")
    part.symlink_to(tmp_path / "victim")
    with pytest.raises(errors.DlaasError):
        fetched(shelf())
    assert (tmp_path / "victim").read_bytes() == b"precious"


def test_a_pipe_in_the_place_of_a_part_is_told(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    place = Place(tmp_path / "own", shared=False)
    part = Path(place.part("x", DID("user.alice:x"), SIZE, f"{zlib.adler32(BODY):08x}"))
    part.parent.mkdir()
    os.mkfifo(part)
    with pytest.raises(errors.InvalidInput, match="something else"):
        fetched(shelf())


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_changed_as_soon_as_it_has_its_name_is_not_taken_for_verified(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, replaced: bool,
) -> None:  # fmt: skip
    own, give = tmp_path / "own" / "x", Part.give

    def given(part: Part, path: str, replace: bool, did: DID) -> None:
        give(part, path, replace, did)
        target = Path(path)
        if replaced:
            target.unlink()
        target.write_bytes(bytes(SIZE))

    with monkeypatch.context() as patched:
        patched.setattr(Part, "give", given)
        fetched(shelf())
    with pytest.raises(errors.AlreadyThere):
        fetched(shelf())
    assert own.read_bytes() == bytes(SIZE)


def test_a_part_that_has_its_name_already_is_never_written_to(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    """Killed between the two steps of a rename that replaces nothing."""
    own = tmp_path / "own" / "x"
    place = Place(own.parent, shared=False)
    part = Path(place.part("x", DID("user.alice:x"), SIZE, f"{zlib.adler32(BODY):08x}"))
    own.parent.mkdir()
    own.write_bytes(BODY)
    os.link(own, part)
    storage = shelf()
    assert fetched(storage).kept == 1
    assert (list(own.parent.iterdir()), storage.gets) == ([own], [])
    os.link(own, part)
    own.write_bytes(b"notes of its owner, longer than before" * 20_000)
    mine = (tmp_path / "mine").absolute()
    os.link(own, mine)
    fetched(storage, overwrite=True)
    assert own.read_bytes() == BODY
    assert mine.read_bytes().startswith(b"notes")
    assert list(own.parent.iterdir()) == [own]


# Many files.


def many(files: int, size: int = 100_000) -> dict[str, bytes]:
    source = random.Random(2)
    return {f"f{number:03}": source.randbytes(size) for number in range(files)}


@pytest.fixture
def fetched_many(
    far: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Downloaded]:
    def act(
        storage: Shelf,
        files: dict[str, bytes],
        place: dict[str, str] | None = None,
        **options: Any,
    ) -> Downloaded:
        paths = place or {name: f"/{name}" for name in files}
        tells(monkeypatch, files, {name: [f"{storage.url}{paths[name]}"] for name in files})
        return download(far, "ATLAS_OD_EDU:2020_13TeV", tmp_path / "own", **options)

    return act


def test_no_host_is_asked_for_too_much_at_once(
    shelf: Callable[..., Shelf], fetched_many: Callable[..., Downloaded],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(doors_module, "PER_HOST", 3)
    guard, now, most = threading.Lock(), [0], [0]
    files = many(30, 1000)

    def fault(_: Get) -> Fault:
        with guard:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.1)
        with guard:
            now[0] -= 1
        return Fault()

    storage = shelf(fault, files={f"/{name}": body for name, body in files.items()})
    assert fetched_many(storage, files).fetched == 30
    assert most[0] == 3


def test_no_more_is_listed_than_is_under_way(
    far: Lake, shelf: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A million rows are never held: the list waits for the files."""
    go, listed = threading.Event(), [0]
    storage = shelf(files={"/x": b"x"}, before_piece=lambda: go.wait(30))

    def endless(*_: Any) -> Iterator[Entry]:
        for number in range(1_000_000):
            listed[0] = number
            yield Entry(DID(f"user.alice:{number}"), "file", 1, None, "00790079")

    monkeypatch.setattr("dlaas.transfer.download.engine.entries", endless)
    monkeypatch.setattr(
        "dlaas.transfer.download.choose._copies",
        lambda _, dids: ((d, [("NORTH-DISK", f"{storage.url}/x")]) for d in dids),
    )
    seen: list[int] = []

    def cancelled() -> bool:
        seen.append(listed[0])
        return len(seen) > 10

    with pytest.raises(errors.Cancelled):
        download(far, "ATLAS_OD_EDU:2020_13TeV", tmp_path / "own", cancelled=cancelled)
    go.set()
    assert 0 < seen[-1] < 5000


def test_cancelling_ends_what_hangs_and_keeps_what_came(
    shelf: Callable[..., Shelf], fetched_many: Callable[..., Downloaded], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., Any],
) -> None:  # fmt: skip
    monkeypatch.setattr(storage_module, "READ_TIMEOUT", 1000.0)
    files, never = many(5, 300_000), threading.Event()
    # The last one: where a thread is handed several, it brings those before it first.
    hangs = lambda get: Fault(cut=200_000, stall=never) if get.path == "/f004" else Fault()  # noqa: E731
    storage = shelf(hangs, files={f"/{name}": body for name, body in files.items()})
    own = tmp_path / "own"

    def cancelled() -> bool:
        return len(list(own.glob("f*"))) == 4 and any(p.stat().st_size for p in parts(own))

    try:
        with pytest.raises(errors.Cancelled):
            fetched_many(storage, files, cancelled=cancelled)
        # Those that hung let go at once, though the storage never answers: the next try goes on.
        eventually(lambda: all(_is_free(part) for part in parts(own)))
    finally:
        never.set()
    storage.fault = lambda _: Fault()
    storage.gets.clear()
    done = fetched_many(storage, files)
    assert (done.kept, done.fetched) == (4, 1)
    assert storage.gets[0].start > 0
    assert {p.name: p.read_bytes() for p in own.iterdir()} == files


def test_a_download_that_was_cancelled_before_it_began_fetches_nothing(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded], tmp_path: Path
) -> None:
    storage = shelf()
    with pytest.raises(errors.Cancelled):
        fetched(storage, cancelled=lambda: True)
    assert storage.gets == []
    assert not (tmp_path / "own").exists()


def test_names_that_climb_stay_in_the_folder_and_odd_ones_stop_no_others(
    shelf: Callable[..., Shelf], fetched_many: Callable[..., Downloaded], tmp_path: Path
) -> None:
    names = ["../../a", "/../b", "c/../d", ".bashrc", ".dlaas/e", "./f", "%2E%2E/i"]
    files = {name: name.encode() for name in names}
    storage = shelf(files={f"/{number}": body for number, body in enumerate(files.values())})
    # Addresses are the storage's matter.
    place = {name: f"/{number}" for number, name in enumerate(names)}
    done = fetched_many(storage, files, place=place)
    assert (done.fetched, done.failed) == (len(names), 0)
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and tmp_path / "own" not in p.parents]
    assert all(p.is_relative_to(tmp_path / "xdg") for p in outside)
    assert all(Path(p).resolve().is_relative_to(tmp_path / "own") for p in done.paths)
    assert sorted(Path(p).read_bytes() for p in done.paths) == sorted(files.values())
    assert not any(p.name.startswith(".") for p in (tmp_path / "own").iterdir())


def test_a_name_too_long_for_the_disk_stops_no_others(
    shelf: Callable[..., Shelf], fetched_many: Callable[..., Downloaded]
) -> None:
    # Written, each of these signs takes three.
    files = {"a": b"1", "%" * 200: b"2", "b": b"3", "%" * 200 + "/c": b"4"}
    storage = shelf(files={f"/{number}": body for number, body in enumerate(files.values())})
    place = {name: f"/{number}" for number, name in enumerate(files)}
    done = fetched_many(storage, files, place=place)
    assert (done.fetched, done.failed) == (2, 2)
    assert {failure.problem.blame for failure in done.failures} == {"you"}


def test_a_file_whose_place_is_taken_by_a_file_does_not_stop_the_others(
    shelf: Callable[..., Shelf], fetched_many: Callable[..., Downloaded], tmp_path: Path
) -> None:
    files = {"a": b"1", "b": b"2"}
    storage = shelf(files={"/a": b"1", "/b": b"2", "/a/c": b"3"})
    fetched_many(storage, files)
    done = fetched_many(storage, {**files, "a/c": b"3"})
    assert (done.kept, done.failed) == (2, 1)
    assert done.failures[0].did == "user.alice:a/c"
    assert done.failures[0].problem.blame == "you"
    assert (tmp_path / "own" / "a").read_bytes() == b"1"


def test_a_folder_that_cannot_be_written_is_told_once(
    shelf: Callable[..., Shelf], fetched_many: Callable[..., Downloaded], tmp_path: Path
) -> None:
    (tmp_path / "own").write_bytes(b"a file")
    files = many(3)
    storage = shelf(files={f"/{name}": body for name, body in files.items()})
    with pytest.raises(OSError, match="own"):
        fetched_many(storage, files)
    assert (tmp_path / "own").read_bytes() == b"a file"
    assert storage.gets == []


def _is_free(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


# A disk that is full.


def test_what_cannot_fit_is_refused_before_a_byte_is_fetched(
    shelf: Callable[..., Shelf], fetched: Callable[..., Downloaded],
    fetched_many: Callable[..., Downloaded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for module in ("disk", "download.engine"):
        monkeypatch.setattr(f"dlaas.transfer.{module}.free_on", lambda _: 300_000)
    files = many(4)
    storage = shelf(files={**{f"/{name}": body for name, body in files.items()}, "/x": BODY})
    with pytest.raises(errors.DiskFull, match=r"own.*500\.0 kB are needed.*300\.0 kB are free"):
        fetched(storage)
    with pytest.raises(errors.DiskFull, match=r"own.*400\.0 kB are needed.*300\.0 kB are free"):
        fetched_many(storage, files)
    assert storage.gets == []
    assert isinstance(errors.DiskFull("x"), OSError)


def test_what_is_here_already_needs_no_room(
    shelf: Callable[..., Shelf], fetched_many: Callable[..., Downloaded],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    files = many(4)
    storage = shelf(files={f"/{name}": body for name, body in files.items()})
    fetched_many(storage, files)
    for module in ("disk", "download.engine"):
        monkeypatch.setattr(f"dlaas.transfer.{module}.free_on", lambda _: 0)
    assert fetched_many(storage, files).kept == 4


SCRIPT = """if True:
    import json, resource, sys
    from dataclasses import replace
    from pathlib import Path
    from dlaas import Lake
    from dlaas.errors import DlaasError
    from dlaas.model import DID, Entry
    import dlaas.transfer.download.choose as choose, dlaas.transfer.download.engine as engine
    from dlaas.transfer.download import download
    files, url, folder, most = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
    if int(most):
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
    entries = [Entry(DID("user.alice:" + n), "file", s, None, a) for n, (s, a) in files.items()]
    engine.entries = lambda *_: iter(entries)
    choose._copies = lambda _, dids: ((d, [("NORTH-DISK", url + "/" + d.name)]) for d in dids)
    lake = Lake()
    lake = Lake(replace(lake.instance, name="far", destination_rse=None))
    try:
        done = download(lake, "ATLAS_OD_EDU:2020_13TeV", folder or None)
        print(json.dumps([done.fetched, done.kept, done.failed]))
    except DlaasError as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


@pytest.fixture
def another(
    alice_env: dict[str, str], tmp_path: Path, lake: EmbeddedLake, way: str
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Download in another process, into a folder or, without one, the cache of this test."""
    made: list[subprocess.Popen[str]] = []

    def start(
        storage: Shelf, files: dict[str, bytes], folder: Path | None = None, most: int = 0
    ) -> subprocess.Popen[str]:
        told = {name: (len(body), f"{zlib.adler32(body):08x}") for name, body in files.items()}
        made.append(
            subprocess.Popen(
                [sys.executable, "-c", WAYS[way] + SCRIPT, json.dumps(told), storage.url,
                 str(folder or ""), str(most), str(lake.layout.ca)],
                env={
                    **alice_env,
                    "XDG_CACHE_HOME": str(tmp_path / "xdg"),
                    "DLAAS_CACHE": str(tmp_path / "cache"),
                },
                stdout=subprocess.PIPE,
                text=True,
            )
        )  # fmt: skip
        return made[-1]

    yield start
    for one in made:
        one.kill()
        one.communicate()


def told_by(process: subprocess.Popen[str]) -> list[Any]:
    out, _ = process.communicate(timeout=120)
    found: list[Any] = json.loads(out)
    return found


def test_a_disk_that_fills_up_leaves_what_was_there(
    shelf: Callable[..., Shelf], another: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    files = {"small": BODY[:1000], "x": BODY}
    storage = shelf(files={"/x": BODY, "/small": BODY[:1000]})
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine").write_bytes(b"mine")
    kind, text = told_by(another(storage, files, own, most=100_000))
    assert kind == "DiskFull"
    assert str(own) in text
    assert "500.0 kB" in text
    assert {p.name for p in own.iterdir()} <= {"mine", "small"}
    assert (own / "mine").read_bytes() == b"mine"
    assert told_by(another(storage, files, own))[2] == 0
    assert (own / "x").read_bytes() == BODY


# Processes that are killed, and two at once.


def test_killed_at_any_moment_nothing_is_lost_and_nothing_comes_twice(
    shelf: Callable[..., Shelf], another: Callable[..., subprocess.Popen[str]], tmp_path: Path,
    way: str,
) -> None:  # fmt: skip
    files = {**many(6, 200_000), "large": random.Random(3).randbytes(14_000_000)}
    # Twenty-one in all, a third of them for each way.
    moments = random.Random(way)
    pieces, victim = [0], [None]
    stop_at = [0]

    def before_piece() -> None:
        pieces[0] += 1
        time.sleep(0.0005)
        found: Any = victim[0]
        if found is not None and pieces[0] >= stop_at[0]:
            victim[0] = None
            os.kill(found.pid, signal.SIGKILL)

    served = {f"/{name}": body for name, body in files.items()}
    storage = shelf(files=served, before_piece=before_piece)
    cache = tmp_path / "cache"
    for _ in range(7):
        process = another(storage, files)
        stop_at[0] = pieces[0] + moments.randrange(1, 60)
        victim[0] = process  # type: ignore[call-overload]
        process.wait(60)
        assert process.returncode == -signal.SIGKILL
        for path in (p for p in (cache / "far").rglob("*") if p.is_file()):
            assert path.read_bytes() == files[path.name]
        storage.gets.clear()
    half = {name: _half(Cache(cache), name, body) for name, body in files.items()}
    fetched, kept, failed = told_by(another(storage, files))
    assert (fetched + kept, failed) == (7, 0)
    # Each byte that lay there, in a file or in a part, was not asked for again.
    asked = {get.path.removeprefix("/"): get.start for get in storage.gets}
    assert asked == {n: have for n, have in half.items() if have < len(files[n])}
    assert len(asked) == len(storage.gets)
    assert {p.name: p.read_bytes() for p in (cache / "far").rglob("*") if p.is_file()} == files
    assert [p for p in parts(cache) if p.name.endswith(".part")] == []


def _half(cache: Cache, name: str, body: bytes) -> int:
    """How much of a file is here, under its name or not."""
    did, adler32 = DID(f"user.alice:{name}"), f"{zlib.adler32(body):08x}"
    relative = cache.relative("far", did)
    there = (cache.folder / relative, Path(cache.place.part(relative, did, len(body), adler32)))
    return max((path.stat().st_size for path in there if path.exists()), default=0)


def test_two_processes_at_once_fetch_each_byte_once(
    shelf: Callable[..., Shelf], another: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    files, both = many(40, 50_000), threading.Event()
    storage = shelf(
        files={f"/{name}": body for name, body in files.items()},
        before_piece=lambda: both.wait(100),
    )
    first, second = another(storage, files), another(storage, files)
    # The first waits for its bytes until the second is there, which has nobody to ask but the lock.
    waiting = tmp_path / "cache" / ".dlaas"
    end = time.monotonic() + 90
    while len(_openers(waiting)) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(_openers(waiting)) == 2
    both.set()
    done = [told_by(first), told_by(second)]
    assert sum(fetched for fetched, _, _ in done) == 40
    assert sum(kept for _, kept, _ in done) == 40
    assert sorted(get.path for get in storage.gets) == sorted(f"/{name}" for name in files)
    assert storage.bytes_asked == 40 * 50_000
    cache = Cache(tmp_path / "cache")
    assert {e.did.name: Path(e.path).read_bytes() for e in cache.entries()} == files


def _openers(folder: Path) -> set[str]:
    """The processes that have a file below a folder open."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(link).startswith(str(folder)):
                found.add(link.parts[2])
        except OSError:
            continue
    return found


def test_one_that_is_killed_leaves_its_work_to_the_one_that_waits(
    shelf: Callable[..., Shelf], another: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    go = threading.Event()
    began = threading.Event()
    sent = count()

    def before_piece() -> None:
        if next(sent) >= 40:
            began.set()
            go.wait(60)

    storage = shelf(files={"/x": BODY * 4}, before_piece=before_piece)
    first = another(storage, {"x": BODY * 4})
    assert began.wait(60)
    second = another(storage, {"x": BODY * 4})
    end = time.monotonic() + 60
    while len(_openers(tmp_path / "cache")) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    first.kill()
    first.wait()
    go.set()
    assert told_by(second) == [1, 0, 0]
    assert [get.start > 0 for get in storage.gets] == [False, True]


def test_free_space_is_that_of_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    assert free_on(tmp_path / "not" / "yet") == pytest.approx(free_on(tmp_path), rel=0.2)
