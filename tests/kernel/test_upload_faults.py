"""Uploads to a storage that misbehaves on demand: each error names whose fault it is, nothing is
left half-registered, and once the storage behaves the same call succeeds.

The stand-in stands before a genuine storage of the lake, and lets through what it does not spoil.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from standin import Answer, Request, StandIn

import dlaas.transfer.wire.storage as storage_module
from dlaas import Lake, errors
from dlaas.model import DID
from dlaas.transfer.report import Report
from dlaas.transfer.wire.keys import trusting
from jupyter_dlaas.lake import EmbeddedLake

NORTH = "NORTH-DISK"
Fresh = Callable[[str], str]
Spoils = Callable[[Request], Answer | None]


@dataclass
class Before:
    """What stands before the storage, and the lake that goes through it."""

    service: StandIn
    lake: Lake
    storage: str
    context: ssl.SSLContext
    spoils: Spoils = lambda _: None
    takes: dict[str, int] = field(default_factory=dict)

    def __call__(self, request: Request) -> Answer:
        return self.spoils(request) or self.passed_on(request)

    def passed_on(self, request: Request) -> Answer:
        """Ask the genuine storage."""
        parts = urlsplit(self.storage)
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, context=self.context, timeout=30
        )
        # The genuine storage knows us by our certificate.
        ours = ("host", "authorization")
        told = {k: v for k, v in request.headers.items() if k.lower() not in ours}
        if "Destination" in told:
            told["Destination"] = told["Destination"].replace(self.service.url, self.storage)
        try:
            connection.request(request.method, request.path, request.body or None, told)
            answer = connection.getresponse()
            body = answer.read()
            kept = {k: v for k, v in answer.getheaders() if k in ("Digest", "ETag", "Allow")}
            length = answer.getheader("Content-Length")
            promised = int(length) if request.method == "HEAD" and length else None
            return Answer(answer.status, body, kept, promised)
        finally:
            connection.close()

    def heal(self) -> None:
        """Behave from now on."""
        self.spoils = lambda _: None
        self.takes.clear()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses as short as a test can wait; a genuine storage on a loaded machine takes its time."""
    monkeypatch.setattr(storage_module, "READ_TIMEOUT", 30.0)
    monkeypatch.setattr("dlaas.transfer.wire.storage.time.sleep", lambda _: None)
    monkeypatch.setattr("dlaas.transfer.upload.sending._PAUSE", 0.0)


@pytest.fixture
def trusted(lake: EmbeddedLake) -> tuple[Path, Path]:
    """A certificate for localhost that the lake's authority vouches for."""
    return Path(lake.layout.pki) / "server.pem", Path(lake.layout.pki) / "server.key"


@pytest.fixture
def stand_before(
    alice: Lake, standin: Callable[..., StandIn], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Before]:
    """Put a stand-in before NORTH-DISK, in the eyes of a lake of its own."""

    def make(tls: tuple[Path, Path]) -> Before:
        info = dict(alice.rse_info(NORTH))
        (protocol,) = [p for p in info["protocols"] if p["scheme"] in ("https", "davs")]
        genuine = f"https://{protocol['hostname']}:{protocol['port']}"
        context = trusting(alice.instance)
        context.load_cert_chain(alice.instance.client_cert or "", alice.instance.client_key)
        own = Lake(replace(alice.instance, name="spoiled"), credentials=alice.credential)
        made: list[Before] = []
        service = standin(
            lambda request: made[0](request), tls, lambda method: made[0].takes.get(method)
        )
        made.append(Before(service, own, genuine, context))
        spoiled = {**protocol, "hostname": "localhost", "port": service.port}
        own._remembered[f"rse {NORTH}"] = (1e12, {**info, "protocols": [spoiled]})
        ask = own.client.lfns2pfns

        def leads_here(*told: Any, **options: Any) -> dict[str, str]:
            found = ask(*told, **options).items()
            return {did: str(pfn).replace(genuine, service.url) for did, pfn in found}

        monkeypatch.setattr(own.client, "lfns2pfns", leads_here)
        return made[0]

    return make


@pytest.fixture
def before(stand_before: Callable[..., Before], trusted: tuple[Path, Path]) -> Before:
    return stand_before(trusted)


def _stored(lake: EmbeddedLake, part: str) -> list[Path]:
    return [p for p in Path(lake.layout.storage).rglob("*") if p.is_file() and part in p.name]


@pytest.fixture
def nothing_of(alice: Lake, lake: EmbeddedLake) -> Callable[[str], bool]:
    """Tell whether neither catalogue nor storage has anything of a DID."""

    def check(did: str) -> bool:
        with pytest.raises(errors.DataIdentifierNotFound):
            alice.get(did)
        return _stored(lake, DID(did).name) + _stored(lake, ".part") == []

    return check


def _on(method: str, answer: Answer) -> Spoils:
    return lambda request: answer if request.method == method else None


STATUSES = [
    (401, errors.StorageRefused, "credential", "accept your credential"),
    (403, errors.StorageRefused, "credential", "accept your credential"),
    (404, errors.StorageFailed, "storage", "404"),
    (409, errors.StorageFailed, "storage", "409"),
    (429, errors.StorageFailed, "storage", "429"),
    (500, errors.StorageFailed, "storage", "500"),
    (503, errors.StorageFailed, "storage", "503"),
    (507, errors.StorageFailed, "storage", "It is full"),
]


@pytest.mark.parametrize(("status", "error", "blame", "says"), STATUSES)
def test_each_answer_to_a_file_says_whose_fault_it_is(
    before: Before, a_file: Path, fresh: Fresh, nothing_of: Callable[[str], bool],
    status: int, error: type[errors.DlaasError], blame: str, says: str,
) -> None:  # fmt: skip
    did = f"user.alice:{fresh('answered')}"
    before.spoils = _on("PUT", Answer(status))
    with pytest.raises(error, match=says) as caught:
        before.lake.upload(a_file, did, rse=NORTH, lifetime="1d")
    assert (caught.value.blame, NORTH in str(caught.value)) == (blame, True)
    assert nothing_of(did)
    before.heal()
    assert before.lake.upload(a_file, did, rse=NORTH, lifetime="1d").new


@pytest.mark.parametrize(("status", "error", "blame", "says"), STATUSES)
def test_each_answer_to_many_files_is_told_for_each_and_nothing_is_registered(
    before: Before, tmp_path: Path, fresh: Fresh, nothing_of: Callable[[str], bool],
    status: int, error: type[errors.DlaasError], blame: str, says: str,
) -> None:  # fmt: skip
    root, dataset = tmp_path / fresh("many"), f"user.alice:{fresh('set')}"
    root.mkdir()
    for number in range(3):
        (root / fresh(f"many{number}")).write_bytes(b"x" * 1000)
    before.spoils = _on("PUT", Answer(status))
    options: dict[str, Any] = {"dataset": dataset, "rses": NORTH, "lifetime": "1d"}
    report = before.lake.upload_many(root, "user.alice", **options)
    assert report.failed == 3
    for row in report.rows:
        assert row.problem is not None
        assert (row.problem.error, row.problem.blame) == (error.__name__, blame)
        assert says in f"{row.problem.message} {row.problem.remedy}"
        assert nothing_of(row.did)
    # Nothing was to be put into it.
    assert nothing_of(dataset)
    before.heal()
    assert before.lake.upload_many(root, "user.alice", **options).uploaded == 3


@pytest.mark.parametrize("status", [429, 503])
def test_a_storage_that_is_busy_for_a_moment_fails_nothing(
    before: Before, a_file: Path, fresh: Fresh, status: int
) -> None:
    busy = iter([Answer(status), Answer(status)])
    before.spoils = lambda request: next(busy, None) if request.method == "PUT" else None
    did = f"user.alice:{fresh('busy')}"
    assert before.lake.upload(a_file, did, rse=NORTH, lifetime="1d").new
    assert len(before.service.asked("PUT")) == 3


@pytest.mark.parametrize("method", ["PUT", "HEAD", "MOVE"])
def test_an_error_of_the_storage_for_a_moment_fails_none_of_many(
    before: Before, tmp_path: Path, fresh: Fresh, method: str
) -> None:
    path = tmp_path / fresh("moment")
    path.write_bytes(b"x" * 1000)
    once = iter([Answer(504), Answer(504)])
    before.spoils = lambda request: next(once, None) if request.method == method else None
    report = before.lake.upload_many([path], "user.alice", rses=NORTH, lifetime="1d")
    assert (report.uploaded, report.failed) == (1, 0), str(report)


def test_where_there_is_no_rename_a_file_that_came_meanwhile_is_not_replaced(
    before: Before, alice: Lake, lake: EmbeddedLake, a_file: Path, tmp_path: Path, fresh: Fresh,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    did, theirs, put = (
        f"user.alice:{fresh('came')}",
        tmp_path / "theirs",
        storage_module.Storage.put,
    )
    theirs.write_bytes(b"theirs")

    def meanwhile(*told: Any) -> Any:
        monkeypatch.setattr(storage_module.Storage, "put", put)
        alice.upload(theirs, did, rse=NORTH, lifetime="1d")
        return put(*told)

    monkeypatch.setattr(storage_module.Storage, "put", meanwhile)
    before.spoils = _on("MOVE", Answer(405))
    report = before.lake.upload_many({a_file: did}, rses=NORTH, lifetime="1d")
    assert "is there already, with other contents" in str(report)
    (stored,) = _stored(lake, DID(did).name)
    assert stored.read_bytes() == b"theirs"


def test_a_file_that_cannot_be_read_any_more_is_not_blamed_on_the_network(
    before: Before, tmp_path: Path, fresh: Fresh, nothing_of: Callable[[str], bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    did, path, put = f"user.alice:{fresh('unread')}", tmp_path / "data", storage_module.Storage.put
    path.write_bytes(b"x" * 1000)

    def meanwhile(*told: Any) -> Any:
        path.unlink(missing_ok=True)
        path.mkdir(exist_ok=True)
        return put(*told)

    monkeypatch.setattr(storage_module.Storage, "put", meanwhile)
    with pytest.raises(errors.InvalidInput, match="cannot be read") as caught:
        before.lake.upload(path, did, rse=NORTH, lifetime="1d")
    assert caught.value.blame == "you"
    assert nothing_of(did)


def test_a_storage_that_hangs_up_in_the_middle_keeps_nothing(
    before: Before, a_file: Path, fresh: Fresh, nothing_of: Callable[[str], bool]
) -> None:
    did = f"user.alice:{fresh('cut')}"
    before.takes["PUT"] = 1_000_000
    with pytest.raises((errors.Unreachable, errors.StorageFailed), match=NORTH) as caught:
        before.lake.upload(a_file, did, rse=NORTH, lifetime="1d")
    assert caught.value.blame in ("network", "storage")
    assert nothing_of(did)
    before.heal()
    assert before.lake.upload(a_file, did, rse=NORTH, lifetime="1d").new


def test_a_storage_that_is_silent_is_given_up_and_blamed(
    before: Before, a_file: Path, fresh: Fresh, nothing_of: Callable[[str], bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(storage_module, "READ_TIMEOUT", 0.5)
    over = threading.Event()

    def silent(request: Request) -> Answer | None:
        if request.method == "PUT":
            over.wait(30)
            return Answer(500)
        return None

    did = f"user.alice:{fresh('silent')}"
    before.spoils = silent
    with pytest.raises(errors.TookTooLong, match=NORTH) as caught:
        before.lake.upload(a_file, did, rse=NORTH, lifetime="1d")
    assert caught.value.blame == "storage"
    over.set()
    assert nothing_of(did)


@pytest.mark.parametrize(
    "lie",
    [
        Answer(200, headers={"Digest": "adler32=deadbeef"}, promised=2_500_000),
        Answer(200, promised=17),
        Answer(404),
    ],
    ids=["wrong sum", "wrong length", "not there"],
)
def test_a_storage_that_lies_about_what_it_took_registers_nothing(
    before: Before, a_file: Path, fresh: Fresh, nothing_of: Callable[[str], bool], lie: Answer
) -> None:
    did = f"user.alice:{fresh('lies')}"
    before.spoils = lambda r: lie if r.method == "HEAD" and ".part" in r.path else None
    with pytest.raises(errors.StorageFailed, match=NORTH) as caught:
        before.lake.upload(a_file, did, rse=NORTH, lifetime="1d")
    assert caught.value.blame == "storage"
    assert nothing_of(did)
    before.heal()
    assert before.lake.upload(a_file, did, rse=NORTH, lifetime="1d").new


def test_a_storage_that_says_yes_and_keeps_nothing_is_found(
    before: Before, a_file: Path, fresh: Fresh, nothing_of: Callable[[str], bool]
) -> None:
    did = f"user.alice:{fresh('yes')}"
    before.spoils = _on("PUT", Answer(201))
    with pytest.raises(errors.StorageFailed, match="took the file and does not have it"):
        before.lake.upload(a_file, did, rse=NORTH, lifetime="1d")
    assert nothing_of(did)


def test_a_self_signed_storage_gets_nothing(
    stand_before: Callable[..., Before], self_signed: tuple[Path, Path], a_file: Path,
    fresh: Fresh, nothing_of: Callable[[str], bool],
) -> None:  # fmt: skip
    stranger, did = stand_before(self_signed), f"user.alice:{fresh('stranger')}"
    with pytest.raises(errors.Unreachable, match=r"certificate .* not trusted"):
        stranger.lake.upload(a_file, did, rse=NORTH, lifetime="1d")
    report = stranger.lake.upload_many({a_file: did}, rses=NORTH, lifetime="1d")
    assert "not trusted" in str(report)
    assert stranger.service.requests == []
    assert nothing_of(did)


def test_a_redirect_to_a_stranger_gets_no_credential_and_registers_nothing(
    before: Before, standin: Callable[..., StandIn], trusted: tuple[Path, Path], a_file: Path,
    fresh: Fresh, nothing_of: Callable[[str], bool], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2ln"
    monkeypatch.setattr("dlaas.transfer.wire.shown.storage_token", lambda _: jwt)
    stranger = standin(lambda _: Answer(201), tls=trusted)
    before.spoils = lambda r: (
        Answer(307, headers={"Location": f"{stranger.url}{r.path}"}) if r.method == "PUT" else None
    )
    did = f"user.alice:{fresh('redirected')}"
    with pytest.raises(errors.StorageFailed, match="took the file and does not have it"):
        before.lake.upload(a_file, did, rse=NORTH, lifetime="1d")
    assert stranger.requests
    assert all("Authorization" not in request.headers for request in stranger.requests)
    assert any(r.headers.get("Authorization") == f"Bearer {jwt}" for r in before.service.requests)
    assert nothing_of(did)


def test_a_storage_that_refuses_all_is_not_asked_for_each_of_many(
    before: Before, tmp_path: Path, fresh: Fresh
) -> None:
    root = tmp_path / fresh("refused")
    root.mkdir()
    for number in range(60):
        (root / fresh(str(number))).write_bytes(b"x")
    before.spoils = lambda _: Answer(403)
    report = before.lake.upload_many(root, "user.alice", rses=NORTH, lifetime="1d")
    assert report.failed == 60
    told = [row.problem.message for row in report.rows if row.problem]
    assert any("It was not tried any more" in text for text in told)
    # Those that were under way at once, and no more.
    assert len(before.service.requests) < 60
    assert {row.problem.blame for row in report.rows if row.problem} == {"credential"}


def test_a_storage_that_says_nothing_is_not_asked_for_each_file_that_is_there(
    before: Before, tmp_path: Path, fresh: Fresh
) -> None:
    root = tmp_path / fresh("there")
    root.mkdir()
    for number in range(40):
        (root / fresh(str(number))).write_bytes(b"x")
    options: dict[str, Any] = {"rses": NORTH, "lifetime": "1d"}
    assert before.lake.upload_many(root, "user.alice", **options).uploaded == 40
    asked = len(before.service.requests)
    before.spoils = lambda _: Answer(403)
    again = before.lake.upload_many(root, "user.alice", **options)
    assert (again.skipped, again.failed) == (40, 0), str(again)
    # Those that were under way at once, and no more.
    assert len(before.service.requests) - asked < 40


def test_one_file_that_the_storage_does_not_want_stops_no_other(
    before: Before, lake: EmbeddedLake, tmp_path: Path, fresh: Fresh
) -> None:
    root = tmp_path / fresh("odd")
    root.mkdir()
    for number in range(8):
        (root / f"{fresh('odd')}-{number}").write_bytes(bytes([number]) * 10)
    before.spoils = lambda r: Answer(500) if r.method == "PUT" and r.body[:1] == b"\x03" else None
    report = before.lake.upload_many(root, "user.alice", rses=NORTH, lifetime="1d")
    assert (report.uploaded, report.failed) == (7, 1)
    assert report.failures[0].path.endswith("-3")
    assert _stored(lake, ".part") == []
    before.heal()
    again = before.lake.upload_many(root, "user.alice", rses=NORTH, lifetime="1d")
    assert (again.uploaded, again.skipped, again.bytes) == (1, 7, 10)


@pytest.fixture
def cancelling(before: Before) -> Iterator[tuple[Before, threading.Event]]:
    """A storage that has taken a file and is silent since."""
    over = threading.Event()

    def silent(request: Request) -> Answer | None:
        if request.method == "PUT":
            over.wait(60)
            # What it got late must not lie there when another test looks.
            return Answer(500)
        return None

    before.spoils = silent
    yield before, over
    over.set()


def test_a_silent_storage_does_not_hold_up_who_cancels(
    cancelling: tuple[Before, threading.Event], tmp_path: Path, fresh: Fresh,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(storage_module, "READ_TIMEOUT", 120.0)
    before, over = cancelling
    path = tmp_path / fresh("held")
    path.write_bytes(b"x" * 1000)
    found: list[Report | BaseException] = []

    def send() -> None:
        try:
            found.append(
                before.lake.upload_many(
                    [path], "user.alice", rses=NORTH, lifetime="1d",
                    cancelled=lambda: bool(before.service.asked("PUT")),
                )
            )  # fmt: skip
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    # Far below the timeout of the storage, which is still silent.
    thread.join(60)
    assert not over.is_set()
    assert [type(one) for one in found] == [errors.Cancelled]
