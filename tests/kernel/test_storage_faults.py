"""A storage that misbehaves on demand: each fault is named, nothing leaks, nothing half-done is
taken for whole.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from standin import Answer, Request, StandIn

import dlaas.transfer.wire.storage as storage_module
from dlaas import Lake, errors
from dlaas.filesystem import RucioFileSystem
from dlaas.model import DID, Reference
from dlaas.reading.https import timeout
from dlaas.reading.remote import Source
from dlaas.transfer.upload import _transfer
from dlaas.transfer.upload.plan import Plan
from dlaas.transfer.wire.keys import KeyRing, Keys, address, present_certificate, trusting
from dlaas.transfer.wire.shown import CertificateFiles
from dlaas.transfer.wire.storage import Stat, Storage
from jupyter_dlaas.lake import EmbeddedLake

Standin = Callable[..., StandIn]
JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2ln"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timeouts and pauses as short as a test can wait."""
    monkeypatch.setattr(storage_module, "READ_TIMEOUT", 1.0)
    monkeypatch.setattr("dlaas.transfer.wire.storage.time.sleep", lambda _: None)


@pytest.fixture
def trusted(lake: EmbeddedLake) -> tuple[Path, Path]:
    """A certificate for localhost that the lake's authority vouches for."""
    return Path(lake.layout.pki) / "server.pem", Path(lake.layout.pki) / "server.key"


@pytest.fixture
def open_storage(alice: Lake) -> Iterator[Callable[..., Storage]]:
    """Make the storage behind a stand-in; its origin may have our credentials."""
    made: list[Storage] = []

    def make(service: StandIn, bearer: str | None = JWT) -> Storage:
        with_certificate = trusting(alice.instance)
        cert = CertificateFiles(str(alice.instance.client_cert), alice.instance.client_key)
        present_certificate(with_certificate, cert)
        origins = frozenset([address(service.url)])
        keys = Keys(with_certificate, trusting(alice.instance), origins, bearer)
        made.append(Storage("STAND-IN", keys))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("status", "error", "blame"),
    [
        (401, errors.StorageRefused, "credential"),
        (403, errors.StorageRefused, "credential"),
        (404, errors.StorageFailed, "storage"),
        (409, errors.StorageFailed, "storage"),
        (413, errors.StorageFailed, "storage"),
        (500, errors.StorageFailed, "storage"),
        (503, errors.StorageFailed, "storage"),
        (507, errors.StorageFailed, "storage"),
    ],
)
def test_each_answer_of_a_storage_says_whose_fault_it_is(
    standin: Standin,
    open_storage: Callable[..., Storage],
    trusted: tuple[Path, Path],
    a_file: Path,
    status: int,
    error: type[errors.DlaasError],
    blame: str,
) -> None:
    service = standin(lambda _: Answer(status), tls=trusted)
    with pytest.raises(error, match=f"STAND-IN.*{status}") as caught:
        open_storage(service).put(f"{service.url}/x", a_file, 2_500_000)
    assert caught.value.blame == blame
    assert "localhost" in str(caught.value)


def test_a_full_storage_is_told_as_such(
    standin: Standin, open_storage: Callable[..., Storage], trusted: tuple[Path, Path], a_file: Path
) -> None:
    service = standin(lambda _: Answer(507), tls=trusted)
    with pytest.raises(errors.StorageFailed, match="full"):
        open_storage(service).put(f"{service.url}/x", a_file, 2_500_000)


def test_a_busy_storage_is_asked_again_with_the_whole_file(
    standin: Standin, open_storage: Callable[..., Storage], trusted: tuple[Path, Path], a_file: Path
) -> None:
    answers = [Answer(503), Answer(429), Answer(201)]
    service = standin(lambda _: answers.pop(0), tls=trusted)
    sums = open_storage(service).put(f"{service.url}/x", a_file, 2_500_000)
    assert sums.adler32 == f"{zlib.adler32(a_file.read_bytes()):08x}"
    assert [len(r.body) for r in service.requests] == [2_500_000] * 3


def test_a_self_signed_storage_gets_neither_bytes_nor_token(
    standin: Standin,
    open_storage: Callable[..., Storage],
    self_signed: tuple[Path, Path],
    a_file: Path,
) -> None:
    service = standin(lambda _: Answer(201), tls=self_signed)
    with pytest.raises(errors.Unreachable, match=r"certificate .* not trusted"):
        open_storage(service).put(f"{service.url}/x", a_file, 2_500_000)
    assert service.requests == []


def test_a_redirect_to_a_stranger_is_followed_without_credentials(
    standin: Standin, open_storage: Callable[..., Storage], trusted: tuple[Path, Path], a_file: Path
) -> None:
    pool = standin(lambda _: Answer(201), tls=trusted)
    door = standin(
        lambda r: Answer(307, headers={"Location": f"{pool.url}{r.path}?ticket=1"}), tls=trusted
    )
    open_storage(door).put(f"{door.url}/x", a_file, 2_500_000)
    assert door.requests[0].headers["Authorization"] == f"Bearer {JWT}"
    assert "Authorization" not in pool.requests[0].headers
    assert pool.requests[0].path == "/x?ticket=1"
    assert pool.requests[0].body == a_file.read_bytes()


def test_a_redirect_to_plain_http_is_refused(
    standin: Standin, open_storage: Callable[..., Storage], trusted: tuple[Path, Path], a_file: Path
) -> None:
    plain = standin(lambda _: Answer(201))
    door = standin(lambda _: Answer(307, headers={"Location": f"{plain.url}/x"}), tls=trusted)
    with pytest.raises(errors.StorageFailed, match="not https"):
        open_storage(door).put(f"{door.url}/x", a_file, 2_500_000)
    assert plain.requests == []


def test_a_redirect_without_end_ends(
    standin: Standin, open_storage: Callable[..., Storage], trusted: tuple[Path, Path]
) -> None:
    door = standin(lambda r: Answer(302, headers={"Location": r.path + "x"}), tls=trusted)
    with pytest.raises(errors.StorageFailed, match="from one address to the next"):
        open_storage(door).stat(f"{door.url}/x")


def test_a_storage_that_does_not_answer_ends_in_a_timeout_that_blames_it(
    standin: Standin, open_storage: Callable[..., Storage], trusted: tuple[Path, Path]
) -> None:
    never = threading.Event()
    service = standin(lambda _: never.wait(4) or Answer(200), tls=trusted)
    with pytest.raises(errors.TookTooLong, match="STAND-IN") as caught:
        open_storage(service).stat(f"{service.url}/x")
    never.set()
    assert caught.value.blame == "storage"


@pytest.mark.parametrize(
    ("digest", "adler32"),
    [
        ("adler32=03da0195", "03da0195"),
        ("adler32=3da0195", "03da0195"),
        ("ADLER32=A9oBlQ==", "03da0195"),
        ("md5=abc", None),
        ("", None),
        ("adler32=!!!", None),
    ],
)
def test_digests_of_all_dialects_are_read(
    standin: Standin,
    open_storage: Callable[..., Storage],
    trusted: tuple[Path, Path],
    digest: str,
    adler32: str | None,
) -> None:
    service = standin(lambda _: Answer(200, b"12345", {"Digest": digest}), tls=trusted)
    assert open_storage(service).stat(f"{service.url}/x") == Stat(5, adler32)


def _plan(service: StandIn, path: Path) -> Plan:
    return Plan(
        path,
        DID("s:x"),
        path.stat().st_size,
        "STAND-IN",
        f"{service.url}/s/x",
        None,
        None,
        False,
        None,
    )


class _Disk:
    """A WebDAV storage in memory; `breaks` answers instead where it wants to."""

    def __init__(self, breaks: Callable[[Request], Answer | None] = lambda _: None) -> None:
        self.files: dict[str, bytes] = {}
        self.breaks = breaks

    def __call__(self, request: Request) -> Answer:
        if (broken := self.breaks(request)) is not None:
            return broken
        body = self.files.get(request.path)
        if request.method == "PUT":
            self.files[request.path] = request.body
            return Answer(201)
        if body is None:
            return Answer(404)
        if request.method == "MOVE":
            self.files["/" + request.headers["Destination"].split("/", 3)[3]] = self.files.pop(
                request.path
            )
            return Answer(201)
        if request.method == "DELETE":
            del self.files[request.path]
            return Answer(204)
        return Answer(200, body, {"Digest": f"adler32={zlib.adler32(body):08x}"})


@pytest.fixture
def send(
    alice: Lake,
    standin: Standin,
    open_storage: Callable[..., Storage],
    trusted: tuple[Path, Path],
    a_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[_Disk], StandIn]:
    """Bring `a_file` to a storage in memory as an upload does."""

    def act(disk: _Disk) -> StandIn:
        service = standin(disk, tls=trusted)
        monkeypatch.setattr("dlaas.transfer.wire.door.Storage", lambda *_: open_storage(service))
        monkeypatch.setattr("dlaas.transfer.wire.door.KeyRing.for_rse", lambda *_: None)
        _transfer(alice, _plan(service, a_file), None, None, None)
        return service

    return act


def test_a_file_travels_under_a_temporary_name(
    send: Callable[[_Disk], StandIn], a_file: Path
) -> None:
    disk = _Disk()
    service = send(disk)
    assert disk.files == {"/s/x": a_file.read_bytes()}
    (put,) = service.asked("PUT")
    assert re.fullmatch(r"/s/dlaas-[0-9a-f]{16}\.part", put.path)


def test_a_storage_that_cannot_rename_gets_it_under_its_name(
    send: Callable[[_Disk], StandIn], a_file: Path
) -> None:
    disk = _Disk(lambda r: Answer(405) if r.method == "MOVE" else None)
    send(disk)
    assert disk.files == {"/s/x": a_file.read_bytes()}


def test_what_came_meanwhile_is_never_replaced(send: Callable[[_Disk], StandIn]) -> None:
    """Another upload brings other bytes under the name, between our last look and our rename."""
    theirs = b"theirs"

    def meanwhile(request: Request) -> Answer | None:
        if request.method == "MOVE":
            disk.files["/s/x"] = theirs
            return Answer(412) if request.headers.get("Overwrite") == "F" else None
        return None

    disk = _Disk(meanwhile)
    with pytest.raises(errors.DataIdentifierAlreadyExists):
        send(disk)
    assert disk.files == {"/s/x": theirs}


def test_the_same_bytes_that_came_meanwhile_are_used(
    send: Callable[[_Disk], StandIn], a_file: Path
) -> None:
    def meanwhile(request: Request) -> Answer | None:
        if request.method == "MOVE":
            disk.files["/s/x"] = a_file.read_bytes()
            return Answer(412)
        return None

    disk = _Disk(meanwhile)
    send(disk)
    assert disk.files == {"/s/x": a_file.read_bytes()}


def test_a_lying_checksum_is_found_and_nothing_is_left(send: Callable[[_Disk], StandIn]) -> None:
    lie = {"Digest": "adler32=deadbeef"}
    disk = _Disk(
        lambda r: (
            Answer(200, bytes(2_500_000), lie) if r.method == "HEAD" and "part" in r.path else None
        )
    )
    with pytest.raises(errors.ChecksumMismatch, match="deadbeef"):
        send(disk)
    assert disk.files == {}


def test_a_storage_that_keeps_half_of_it_is_found(send: Callable[[_Disk], StandIn]) -> None:
    class Half(_Disk):
        def __call__(self, request: Request) -> Answer:
            request.body = request.body[: len(request.body) // 2]
            return super().__call__(request)

    disk = Half()
    with pytest.raises(errors.ChecksumMismatch, match="1250000 of 2500000 bytes"):
        send(disk)
    assert disk.files == {}


def test_what_lies_there_with_the_same_checksum_is_not_sent_again(
    send: Callable[[_Disk], StandIn], a_file: Path
) -> None:
    disk = _Disk()
    disk.files["/s/x"] = a_file.read_bytes()
    service = send(disk)
    assert service.asked("PUT") == []


def test_what_lies_there_with_another_checksum_is_replaced(
    send: Callable[[_Disk], StandIn], a_file: Path
) -> None:
    disk = _Disk()
    disk.files["/s/x"] = os.urandom(2_500_000)
    send(disk)
    assert disk.files == {"/s/x": a_file.read_bytes()}


# Reading.


def _ranged(body: bytes, request: Request) -> Answer:
    first, _, last = request.headers["Range"].removeprefix("bytes=").partition("-")
    assert first, "an open range"
    assert last, "an open range"
    return Answer(206, body[int(first) : int(last) + 1])


@pytest.fixture
def stream(alice: Lake) -> Callable[..., RucioFileSystem]:
    """A filesystem that finds `lake@s:x` at the given addresses."""

    def make(size: int, *urls: str) -> RucioFileSystem:
        fs = RucioFileSystem(skip_instance_cache=True)
        copies = [("NORTH-DISK", url) for url in urls]
        fs._sources.keep("lake@s/x", Source(alice, DID("s:x"), size, None, None, copies))
        return fs

    return make


BODY = bytes(range(256)) * 4096
PATH = str(Reference(DID("s:x"), "lake"))


def test_reads_are_closed_ranges_within_the_file(
    standin: Standin, trusted: tuple[Path, Path], stream: Callable[..., RucioFileSystem]
) -> None:
    service = standin(lambda r: _ranged(BODY, r), tls=trusted)
    fs = stream(len(BODY), f"{service.url}/x")
    assert fs.cat_file(PATH) == BODY
    assert fs.cat_file(PATH, -10) == BODY[-10:]
    assert fs.cat_file(PATH, len(BODY) - 5, len(BODY) + 100) == BODY[-5:]
    assert fs.cat_file(PATH, len(BODY) + 5, len(BODY) + 10) == b""
    ends = [int(r.headers["Range"].rpartition("-")[2]) for r in service.requests]
    assert max(ends) == len(BODY) - 1


def test_ranges_that_lie_close_are_one_request(
    standin: Standin, trusted: tuple[Path, Path], stream: Callable[..., RucioFileSystem]
) -> None:
    service = standin(lambda r: _ranged(BODY, r), tls=trusted)
    fs = stream(len(BODY), f"{service.url}/x")
    starts = [0, 900_000, 500, 1000, 900_500]
    found = fs.cat_ranges([PATH] * 5, starts, [s + 100 for s in starts])
    assert found == [BODY[s : s + 100] for s in starts]
    assert len(service.requests) == 2


def test_a_storage_without_ranges_is_read_all_the_same(
    standin: Standin, trusted: tuple[Path, Path], stream: Callable[..., RucioFileSystem]
) -> None:
    service = standin(lambda _: Answer(200, BODY), tls=trusted)
    assert stream(len(BODY), f"{service.url}/x").cat_file(PATH, 5, 10) == BODY[5:10]


def test_a_storage_without_ranges_does_not_fill_the_memory(
    standin: Standin, trusted: tuple[Path, Path], stream: Callable[..., RucioFileSystem]
) -> None:
    # Were the rest awaited, its end would never come: so much is promised and not sent.
    service = standin(lambda _: Answer(200, BODY, promised=10**12), tls=trusted)
    fs = stream(10**12, f"{service.url}/x")
    assert fs.cat_file(PATH, 300_000, 300_010) == BODY[300_000:300_010]


def test_another_file_is_not_taken_for_one_without_ranges(
    standin: Standin, trusted: tuple[Path, Path], stream: Callable[..., RucioFileSystem]
) -> None:
    service = standin(lambda _: Answer(200, b"<html>Welcome to the storage</html>"), tls=trusted)
    with pytest.raises(errors.StorageFailed, match="0 of 5 bytes"):
        stream(len(BODY), f"{service.url}/x").cat_file(PATH, 5, 10)


@pytest.mark.parametrize("name", ["a#b", "a%b", "a+b", "a%20b", "\u00e9", "a;b=c", "/store//a:b"])
def test_odd_letters_of_a_name_reach_the_storage(
    standin: Standin,
    trusted: tuple[Path, Path],
    stream: Callable[..., RucioFileSystem],
    name: str,
) -> None:
    service = standin(lambda r: _ranged(BODY, r), tls=trusted)
    assert stream(len(BODY), f"{service.url}/p/{name}").cat_file(PATH, 0, 5) == BODY[:5]
    sent = unquote(service.requests[0].path)
    assert sent in (f"/p/{name}", f"/p/{unquote(name)}")


def test_the_ticket_of_a_redirect_is_passed_on_as_it_is(
    standin: Standin, trusted: tuple[Path, Path], stream: Callable[..., RucioFileSystem]
) -> None:
    ticket = "X-Sig=a%2Fb%3D%7e&empty="
    pool = standin(lambda r: _ranged(BODY, r), tls=trusted)
    door = standin(
        lambda _: Answer(307, headers={"Location": f"{pool.url}/x?{ticket}"}), tls=trusted
    )
    assert stream(len(BODY), f"{door.url}/x").cat_file(PATH, 0, 5) == BODY[:5]
    assert pool.requests[0].path == f"/x?{ticket}"


def test_a_renewed_certificate_is_shown_without_a_restart(alice: Lake, tmp_path: Path) -> None:
    """A proxy lives for hours, a kernel for days."""
    proxy = tmp_path / "proxy.pem"
    cert, key = (
        Path(str(p)).read_text() for p in (alice.instance.client_cert, alice.instance.client_key)
    )
    proxy.write_text(cert + key)
    own = replace(alice.instance, name="proxied", client_cert=str(proxy), client_key=None)
    ring = KeyRing(Lake(own, credentials=alice.credential))
    first = ring.for_rse("NORTH-DISK").with_certificate
    assert ring.for_rse("NORTH-DISK").with_certificate is first
    renewed = tmp_path / "renewed.pem"
    renewed.write_text(cert + key)
    renewed.replace(proxy)
    assert ring.for_rse("NORTH-DISK").with_certificate is not first


@pytest.mark.parametrize(
    "broken",
    [Answer(404), Answer(403), Answer(500), Answer(206, b"short"), Answer(206, b"x", promised=100)],
    ids=["404", "403", "500", "short", "cut"],
)
def test_a_dead_copy_falls_through_to_the_next(
    standin: Standin,
    trusted: tuple[Path, Path],
    stream: Callable[..., RucioFileSystem],
    broken: Answer,
) -> None:
    dead = standin(lambda _: broken, tls=trusted)
    alive = standin(lambda r: _ranged(BODY, r), tls=trusted)
    fs = stream(len(BODY), f"{dead.url}/x", f"{alive.url}/x")
    assert fs.cat_file(PATH, 0, 50) == BODY[:50]
    asked = len(dead.requests)
    assert fs.cat_file(PATH, 50, 100) == BODY[50:100]
    assert len(dead.requests) == asked


@pytest.mark.parametrize(
    ("status", "error"), [(403, errors.StorageRefused), (404, errors.StorageFailed)]
)
def test_when_no_copy_can_be_read_the_first_reason_is_told(
    standin: Standin,
    trusted: tuple[Path, Path],
    stream: Callable[..., RucioFileSystem],
    status: int,
    error: type[Exception],
) -> None:
    service = standin(lambda _: Answer(status), tls=trusted)
    with pytest.raises(error, match="NORTH-DISK"):
        stream(len(BODY), f"{service.url}/x").cat_file(PATH, 0, 5)


def test_an_address_that_the_rse_does_not_name_gets_no_credentials(
    standin: Standin,
    trusted: tuple[Path, Path],
    stream: Callable[..., RucioFileSystem],
    alice: Lake,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dlaas.transfer.wire.keys.KeyRing._bearer", lambda _: JWT)
    service = standin(lambda r: _ranged(BODY, r), tls=trusted)
    stream(len(BODY), f"{service.url}/x").cat_file(PATH, 0, 5)
    assert "Authorization" not in service.requests[0].headers


def test_a_filesystem_that_ends_on_its_own_loop_closes_its_connections(
    standin: Standin, trusted: tuple[Path, Path], stream: Callable[..., RucioFileSystem]
) -> None:
    service = standin(lambda r: _ranged(BODY, r), tls=trusted)
    held = [stream(len(BODY), f"{service.url}/x")]
    held[0].cat_file(PATH, 0, 5)
    reader, loop = held[0]._reader, held[0].loop
    session = reader._https._session
    assert session is not None

    async def end() -> None:
        held.clear()
        gc.collect()

    asyncio.run_coroutine_threadsafe(end(), loop).result(5)
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), loop).result(5)
    assert session.closed


def test_a_self_signed_copy_is_not_read(
    standin: Standin, self_signed: tuple[Path, Path], stream: Callable[..., RucioFileSystem]
) -> None:
    service = standin(lambda r: _ranged(BODY, r), tls=self_signed)
    with pytest.raises(errors.Unreachable, match="not trusted"):
        stream(len(BODY), f"{service.url}/x").cat_file(PATH, 0, 5)
    assert service.requests == []


def test_sequential_reads_grow_and_random_ones_are_exact(
    standin: Standin, trusted: tuple[Path, Path], stream: Callable[..., RucioFileSystem]
) -> None:
    service = standin(lambda r: _ranged(BODY, r), tls=trusted)
    with stream(len(BODY), f"{service.url}/x").open(PATH) as file:
        assert b"".join(iter(lambda: file.read(10_000), b"")) == BODY
        assert len(service.requests) <= 4
        service.requests.clear()
        file.seek(500_000)
        assert file.read(100) == BODY[500_000:500_100]
    sent = [r.headers["Range"] for r in service.requests]
    assert sent in ([], ["bytes=500000-500099"])


def test_a_copy_that_keeps_us_waiting_is_left_for_the_next(
    standin: Standin,
    trusted: tuple[Path, Path],
    stream: Callable[..., RucioFileSystem],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dlaas.reading.https.READ_TIMEOUT", 0.5)
    never = threading.Event()
    silent = standin(lambda _: never.wait(60) or Answer(200), tls=trusted)
    alive = standin(lambda r: _ranged(BODY, r), tls=trusted)
    assert stream(len(BODY), f"{silent.url}/x", f"{alive.url}/x").cat_file(PATH, 0, 5) == BODY[:5]
    with pytest.raises(errors.TookTooLong, match="NORTH-DISK"):
        stream(len(BODY), f"{silent.url}/x").cat_file(PATH, 0, 5)
    never.set()


def test_a_trickle_is_not_waited_for_to_its_end(
    standin: Standin,
    trusted: tuple[Path, Path],
    stream: Callable[..., RucioFileSystem],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dlaas.reading.https.READ_TIMEOUT", 1.5)
    monkeypatch.setattr("dlaas.reading.https.CONNECT_TIMEOUT", 0.5)
    given_up = threading.Event()
    sent: list[bytes] = []

    def drip() -> Iterator[bytes]:
        # Each piece comes in time; all of them would take a minute.
        while len(sent) < 600 and not given_up.wait(0.1):
            sent.append(b"x")
            yield b"x"

    slow = standin(lambda _: Answer(206, promised=1000, drip=drip()), tls=trusted)
    with pytest.raises(errors.TookTooLong, match="NORTH-DISK"):
        stream(len(BODY), f"{slow.url}/x").cat_file(PATH, 0, 1000)
    given_up.set()
    assert 1 < len(sent) < 600


def test_a_read_may_take_as_long_as_its_size_at_the_slowest_speed() -> None:
    assert timeout(0).total == 70
    assert timeout(20_000_000).total == 1070


def test_a_mounted_file_that_is_gone_is_read_from_a_copy(alice: Lake, tmp_path: Path) -> None:
    did = DID("ATLAS_OD_EDU:mc_363490.llll.4lep.root")
    fs = RucioFileSystem(skip_instance_cache=True)
    path, size = f"lake@{did.scope}/{did.name}", alice.get(did).bytes or 0
    fs._sources.keep(path, Source(alice, did, size, None, str(tmp_path / "gone")))
    assert fs.cat_file(path, 0, 4) == b"root"
    fs._sources.keep(path, Source(alice, did, size, None, str(tmp_path / "gone")))
    with fs.open(path) as file:
        assert file.read(4) == b"root"
