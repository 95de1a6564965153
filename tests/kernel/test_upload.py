"""Upload: checked before, verified after, registered last, protected always; nothing half-done is
left.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlaas import Instance, Lake, SingleItemDID
from dlaas.credentials import Userpass
from dlaas.errors import (
    AccessDenied,
    Cancelled,
    ChecksumMismatch,
    ConfigurationError,
    DataIdentifierAlreadyExists,
    DataIdentifierNotFound,
    InsufficientAccountLimit,
    InvalidDID,
    InvalidInput,
    InvalidLifetime,
    NotThere,
    RSENotFound,
    ScopeNotFound,
    StorageRefused,
    Unreachable,
)
from dlaas.model import DID, Uploaded
from dlaas.transfer.upload import register
from dlaas.transfer.wire.storage import Answer, Stat, Storage
from jupyter_dlaas.lake import EmbeddedLake


def _stored(lake: EmbeddedLake, name: str) -> list[Path]:
    """Files on any storage whose name holds `name`."""
    return [p for p in Path(lake.layout.storage).rglob("*") if p.is_file() and name in p.name]


def _nothing_of(alice: Lake, lake: EmbeddedLake, did: str) -> bool:
    with pytest.raises(DataIdentifierNotFound):
        alice.get(did)
    return _stored(lake, DID(did).name) + _stored(lake, ".part") == []


@pytest.mark.parametrize(
    ("did", "options", "error"),
    [
        ("nonsense", {}, InvalidDID),
        ("user.alice:a?b", {}, InvalidDID),
        ("user.alice:" + "x" * 251, {}, InvalidDID),
        ("user.alice:-x", {}, InvalidDID),
        ("user.alice:a/../../x", {}, InvalidDID),
        ("NOPE:x", {}, ScopeNotFound),
        ("user.bob:x", {}, AccessDenied),
        ("user.alice:{}", {"lifetime": 0}, InvalidLifetime),
        ("user.alice:{}", {"until": "2020-01-01"}, InvalidLifetime),
        ("user.alice:{}", {"rse": "NOWHERE"}, RSENotFound),
        ("user.alice:{}", {"dataset": "nonsense"}, InvalidDID),
        ("user.alice:{}", {"dataset": "user.bob:set"}, AccessDenied),
        ("user.alice:{}", {"dataset": "user.alice:a b"}, InvalidDID),
        ("user.alice:{}", {"dataset": "user.alice:{}"}, InvalidInput),
    ],
)
def test_bad_input_is_refused_before_a_byte_is_sent(
    alice: Lake,
    lake: EmbeddedLake,
    a_file: Path,
    fresh: Callable[[str], str],
    did: str,
    options: dict[str, Any],
    error: type[Exception],
) -> None:
    name = fresh("bad")
    options = {k: v.format(name) if isinstance(v, str) else v for k, v in options.items()}
    before = len(_stored(lake, ""))
    for act in (alice.check_upload, alice.upload):
        with pytest.raises(error):
            act(a_file, did.format(name), **options)
    assert len(_stored(lake, "")) == before
    assert list(alice.search(f"user.alice:{name}*")) == []


def test_a_source_that_is_no_file_is_refused(alice: Lake, tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="no file"):
        alice.upload(tmp_path / "nope", "user.alice:x")
    with pytest.raises(InvalidInput, match="folder"):
        alice.upload(tmp_path, "user.alice:x")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="regular"):
        alice.check_upload("/dev/null", "user.alice:x")


def test_a_full_quota_is_refused_with_numbers(
    bob: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did = f"user.bob:{fresh('big')}"
    with pytest.raises(InsufficientAccountLimit, match=r"2\.5 MB are needed on SOUTH-DISK"):
        bob.upload(a_file, did, rse="SOUTH-DISK")
    assert _nothing_of(bob, lake, did)


def test_a_taken_name_is_refused_and_a_free_one_proposed(
    alice: Lake, a_file: Path, tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    did = f"user.alice:{fresh('taken')}.root"
    alice.upload(a_file, did, lifetime="1d")
    other = tmp_path / "other"
    other.write_bytes(b"other")
    with pytest.raises(DataIdentifierAlreadyExists, match="for ever") as caught:
        alice.upload(other, did)
    free = caught.value.details["free_name"]
    assert free == did.replace(".root", "-2.root")
    assert alice.upload(other, free, lifetime="1d").did == free


def test_the_name_of_a_dataset_is_taken_too(
    alice: Lake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did = DID(f"user.alice:{fresh('set')}")
    alice.client.add_dataset(did.scope, did.name)
    with pytest.raises(DataIdentifierAlreadyExists, match="dataset already"):
        alice.upload(a_file, did)


def test_the_same_file_again_is_what_is_there(
    alice: Lake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did, dataset = f"user.alice:{fresh('same')}", f"user.alice:{fresh('set')}"
    first = alice.upload(a_file, did, dataset=dataset, lifetime="9d")
    again = alice.upload(a_file, did, dataset=dataset, lifetime="9d")
    assert (first.new, again.new) == (True, False)
    assert again.rule is not None
    assert first.rule is not None
    assert again.rule.id == first.rule.id
    # The dataset's rule keeps it: it got none of its own.
    assert {r.id for r in alice.list_rules(did)} <= {first.rule.id}


def test_uploading_again_without_a_lifetime_keeps_it_without_end(
    alice: Lake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did = f"user.alice:{fresh('longer')}"
    first, again = alice.upload(a_file, did, lifetime="1d"), alice.upload(a_file, did)
    assert first.rule is not None
    assert again.rule is not None
    assert again.rule.id == first.rule.id
    assert again.rule.expires_at is None


def test_what_was_brought_is_not_counted_against_the_quota_twice(
    bob: Lake, tmp_path: Path, fresh: Callable[[str], str], eventually: Callable[..., Any]
) -> None:
    """A retry needs no more room than the first try, which may have been killed at its very end."""
    path, did = tmp_path / "most-of-it", f"user.bob:{fresh('most')}"
    path.write_bytes(os.urandom(600_000))
    first = bob.upload(path, did, rse="SOUTH-DISK", lifetime="1d")
    assert first.rule is not None
    try:
        eventually(lambda: any(u.bytes >= 600_000 for u in bob.usage() if u.rse == "SOUTH-DISK"))
        assert not bob.upload(path, did, rse="SOUTH-DISK", lifetime="1d").new
    finally:
        # The limit is small, and other tests want to see it whole.
        bob.update_rule(first.rule.id, "1s")
        eventually(lambda: all(u.bytes == 0 for u in bob.usage() if u.rse == "SOUTH-DISK"))


@pytest.mark.parametrize("theirs_on", ["NORTH-DISK", "SOUTH-DISK"])
def test_of_two_uploads_at_once_under_one_name_one_is_refused_and_none_is_lost(
    alice: Lake,
    lake: EmbeddedLake,
    a_file: Path,
    tmp_path: Path,
    fresh: Callable[[str], str],
    theirs_on: str,
) -> None:
    did, theirs = f"user.alice:{fresh('race')}", tmp_path / "theirs"
    done: list[Uploaded] = []
    theirs.write_bytes(os.urandom(a_file.stat().st_size))

    def meanwhile(sent: int, total: int) -> None:
        if not done:
            done.append(alice.upload(theirs, did, rse=theirs_on, lifetime="1d"))

    with pytest.raises(DataIdentifierAlreadyExists, match="for ever"):
        alice.upload(a_file, did, rse="NORTH-DISK", lifetime="1d", progress=meanwhile)
    (stored,) = _stored(lake, DID(did).name)
    assert stored.read_bytes() == theirs.read_bytes()
    assert alice.get(did).adler32 == done[0].adler32
    assert [r.rse for r in alice.list_replicas(did)] == [theirs_on]
    assert _stored(lake, ".part") == []


def test_two_uploads_at_once_of_one_file_both_succeed(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did = f"user.alice:{fresh('twice')}"
    done: list[Uploaded] = []

    def meanwhile(sent: int, total: int) -> None:
        if not done:
            done.append(alice.upload(a_file, did, lifetime="1d"))

    last = alice.upload(a_file, did, lifetime="1d", progress=meanwhile)
    assert last.rule == done[0].rule
    (stored,) = _stored(lake, DID(did).name)
    assert stored.read_bytes() == a_file.read_bytes()


def test_the_longest_name_that_rucio_takes_fits_the_storage(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did = f"user.alice:{fresh('long').ljust(250, 'x')}"
    assert alice.upload(a_file, did, lifetime="1d").did == did
    assert len(_stored(lake, DID(did).name)) == 1


def test_a_name_with_slashes_is_a_name_everywhere(
    alice: Lake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did = DID(f"user.alice:/store/{fresh('cms')}.root")
    assert alice.upload(a_file, did, lifetime="1d").did == did
    assert alice.get(did).bytes == a_file.stat().st_size
    assert [entry.did for entry in alice.search(did)] == [did]
    alice.make_available(did, "1d")
    item = SingleItemDID(did, lake=alice).wait("2m", progress=False)
    assert Path(item).read_bytes() == a_file.read_bytes()


def test_a_closed_dataset_and_a_container_take_no_files(
    alice: Lake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    closed, box = DID(f"user.alice:{fresh('closed')}"), DID(f"user.alice:{fresh('box')}")
    alice.client.add_dataset(closed.scope, closed.name)
    alice.client.close(closed.scope, closed.name)
    alice.client.add_container(box.scope, box.name)
    for dataset, says in ((closed, "closed"), (box, "container")):
        with pytest.raises(InvalidInput, match=says):
            alice.upload(a_file, f"user.alice:{fresh('x')}", dataset=dataset)


def test_the_file_is_kept_by_a_rule_with_its_lifetime(
    alice: Lake, a_file: Path, fresh: Callable[[str], str], eventually: Callable[..., Any]
) -> None:
    dataset = f"user.alice:{fresh('set')}"
    first = alice.upload(a_file, f"user.alice:{fresh('one')}", dataset=dataset, lifetime="30d")
    assert first.rule is not None
    assert first.rule.did == dataset
    second = alice.upload(a_file, f"user.alice:{fresh('two')}", dataset=dataset, lifetime="60d")
    assert second.rule is not None
    assert second.rule.did == second.did
    assert {e.did for e in alice.list_contents(dataset)} == {first.did, second.did}
    # Rucio's daemon extends the dataset's rule to what was attached.
    eventually(lambda: first.rule and first.rule.id in {r.id for r in alice.list_rules(first.did)})


def test_without_a_lifetime_it_is_kept_without_end(
    alice: Lake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    rule = alice.upload(a_file, f"user.alice:{fresh('kept')}").rule
    assert rule is not None
    assert rule.expires_at is None


def test_an_empty_file_is_a_file(alice: Lake, tmp_path: Path, fresh: Callable[[str], str]) -> None:
    (tmp_path / "empty").touch()
    done = alice.upload(tmp_path / "empty", f"user.alice:{fresh('empty')}", lifetime="1d")
    assert (done.bytes, done.adler32) == (0, "00000001")


def test_an_erased_dataset_takes_no_file(
    alice: Lake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    dataset = DID(f"user.alice:{fresh('erased')}")
    alice.client.add_dataset(dataset.scope, dataset.name, lifetime=86400)
    with pytest.raises(InvalidInput, match="was erased"):
        alice.upload(a_file, f"user.alice:{fresh('x')}", dataset=dataset)


def test_bytes_that_another_account_registered_meanwhile_are_not_removed(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Of two accounts that share a scope one may not register there."""
    did, add = f"user.alice:{fresh('shared')}", alice.client.add_replicas

    def refused(*told: Any) -> None:
        add(*told)
        raise AccessDenied("Not you.")

    monkeypatch.setattr(alice.client, "add_replicas", refused)
    with pytest.raises(AccessDenied):
        alice.upload(a_file, did, lifetime="1d", rse="NORTH-DISK")
    (stored,) = _stored(lake, DID(did).name)
    assert stored.read_bytes() == a_file.read_bytes()


@pytest.mark.parametrize("rse", ["NORTH-DISK", "SOUTH-DISK", "NOTEBOOK-MOUNT"])
def test_the_bytes_arrive_on_each_rse(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str], rse: str
) -> None:
    done = alice.upload(a_file, f"user.alice:{fresh('bytes')}", rse=rse, lifetime="1d")
    (stored,) = _stored(lake, done.did.name)
    assert stored.read_bytes() == a_file.read_bytes()
    assert [r.rse for r in alice.list_replicas(done.did)] == [rse]


def test_cancelling_leaves_nothing(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    for stop_after in (0, 1_000_000, 2_500_000):
        did = f"user.alice:{fresh('cancelled')}"
        done = [0]
        with pytest.raises(Cancelled):
            alice.upload(
                a_file,
                did,
                progress=lambda sent, _, done=done: done.__setitem__(0, sent),  # type: ignore[misc]
                cancelled=lambda done=done, stop=stop_after: done[0] >= stop,  # type: ignore[misc]
            )
        assert _nothing_of(alice, lake, did)


def test_a_file_that_grows_meanwhile_is_refused(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did = f"user.alice:{fresh('growing')}"

    def grow(sent: int, total: int) -> None:
        with a_file.open("ab") as file:
            file.write(b"more")

    with pytest.raises(InvalidInput, match="changed while"):
        alice.upload(a_file, did, progress=grow)
    assert _nothing_of(alice, lake, did)


def test_a_storage_that_is_down_is_told_and_nothing_is_registered(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did = f"user.alice:{fresh('down')}"
    lake.hold("south")
    try:
        with pytest.raises(Unreachable, match="SOUTH-DISK"):
            alice.upload(a_file, did, rse="SOUTH-DISK")
    finally:
        lake.release("south")
    assert _nothing_of(alice, lake, did)


def test_a_storage_that_does_not_know_us_is_told_from_a_bad_login(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did = f"user.alice:{fresh('anonymous')}"
    bare = replace(alice.instance, name="bare", client_cert=None, client_key=None)
    with pytest.raises(StorageRefused, match="NORTH-DISK") as caught:
        Lake(bare).upload(a_file, did)
    assert caught.value.blame == "credential"
    assert "catalogue knows you" in caught.value.remedy
    assert _nothing_of(alice, lake, did)


def test_a_certificate_that_cannot_be_read_is_told(
    alice: Lake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    broken = replace(alice.instance, name="broken", client_cert=str(a_file), client_key=None)
    with pytest.raises(ConfigurationError, match="certificate"):
        Lake(broken).upload(a_file, f"user.alice:{fresh('x')}")


def test_two_uploads_at_once_into_one_new_dataset(
    alice: Lake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    dataset = f"user.alice:{fresh('both')}"
    problems: list[BaseException] = []

    def send() -> None:
        try:
            alice.upload(a_file, f"user.alice:{fresh('one')}", dataset=dataset, lifetime="1d")
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(list(alice.list_contents(dataset))) == 4


@pytest.mark.parametrize("lost", [TimeoutError, ConnectionResetError])
def test_an_answer_that_got_lost_when_all_was_sent_fails_no_upload(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch, lost: type[OSError],
) -> None:  # fmt: skip
    did, puts, exchange = f"user.alice:{fresh('lost')}", [], Storage._exchange

    def exchanged(storage: Storage, method: str, *told: Any) -> Answer:
        answer = exchange(storage, method, *told)
        if method == "PUT":
            puts.append(answer.status)
            raise lost
        return answer

    monkeypatch.setattr(Storage, "_exchange", exchanged)
    done = alice.upload(a_file, did, lifetime="1d", rse="NORTH-DISK")
    assert {status // 100 for status in puts} == {2}
    (stored,) = _stored(lake, done.did.name)
    assert stored.read_bytes() == a_file.read_bytes()
    assert _stored(lake, ".part") == []


@pytest.mark.parametrize("cancels", [True, False])
def test_another_upload_of_the_file_that_is_quicker_at_the_end_loses_nothing(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str], cancels: bool
) -> None:
    did = f"user.alice:{fresh('late')}"
    done: list[Uploaded] = []
    looked = [0]

    def cancelled() -> bool:
        # Asked for each of the three chunks, and once more when all was sent.
        looked[0] += 1
        if looked[0] > 3 and not done:
            done.append(alice.upload(a_file, did, lifetime="1d", rse="NORTH-DISK"))
        return bool(done) and cancels

    with suppress(Cancelled):
        last = alice.upload(a_file, did, lifetime="1d", rse="NORTH-DISK", cancelled=cancelled)
        assert last.rule == done[0].rule
    assert done
    (stored,) = _stored(lake, DID(did).name)
    assert stored.read_bytes() == a_file.read_bytes()
    assert _stored(lake, ".part") == []


def test_bytes_that_another_upload_took_for_a_leftover_come_back(
    alice: Lake, lake: EmbeddedLake, a_file: Path, tmp_path: Path, fresh: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Both under one name: the first lies there and is not registered when the second looks."""
    did, theirs, register_ = f"user.alice:{fresh('raced')}", tmp_path / "theirs", register.register
    theirs.write_bytes(os.urandom(1000))
    first: list[Any] = []

    def registered(*told: Any) -> Any:
        monkeypatch.setattr(register, "register", register_)
        add = register._add_replica

        def added(*second: Any) -> None:
            # The second has brought its bytes, and is about to tell the catalogue.
            monkeypatch.setattr(register, "_add_replica", add)
            first.append(register_(*told))
            add(*second)

        monkeypatch.setattr(register, "_add_replica", added)
        with pytest.raises(DataIdentifierAlreadyExists):
            alice.upload(theirs, did, lifetime="1d", rse="NORTH-DISK")
        return first[0]

    monkeypatch.setattr(register, "register", registered)
    alice.upload(a_file, did, lifetime="1d", rse="NORTH-DISK")
    (stored,) = _stored(lake, DID(did).name)
    assert stored.read_bytes() == a_file.read_bytes()


def test_what_the_storage_lost_is_brought_again(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did = f"user.alice:{fresh('lost')}"
    alice.upload(a_file, did, lifetime="1d", rse="NORTH-DISK")
    (stored,) = _stored(lake, DID(did).name)
    stored.unlink()
    assert not alice.upload(a_file, did, lifetime="1d", rse="NORTH-DISK").new
    assert stored.read_bytes() == a_file.read_bytes()


def test_a_storage_that_is_wrong_about_a_registered_file_makes_nobody_delete_it(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Such as one that remembers the checksum of what lay there before."""
    did, look = f"user.alice:{fresh('stale')}", Storage.stat
    alice.upload(a_file, did, lifetime="1d", rse="NORTH-DISK")

    def stale(storage: Storage, url: str) -> Stat | None:
        found = look(storage, url)
        return replace(found, adler32="00000001") if found and ".part" not in url else found

    monkeypatch.setattr(Storage, "stat", stale)
    with pytest.raises(ChecksumMismatch, match="NORTH-DISK"):
        alice.upload(a_file, did, lifetime="1d", rse="NORTH-DISK")
    (stored,) = _stored(lake, DID(did).name)
    assert stored.read_bytes() == a_file.read_bytes()
    assert _stored(lake, ".part") == []


STAGES = [
    ("dlaas.transfer.wire.storage.Storage._send_body", "before"),
    ("dlaas.transfer.wire.storage.Storage.put", "after"),
    ("dlaas.transfer.wire.storage.Storage.move", "after"),
    ("dlaas.transfer.upload.register._add_replica", "after"),
    ("dlaas.transfer.upload.register._add_dataset", "before"),
    ("dlaas.rucio.client.LakeClient.add_dataset", "after"),
    ("dlaas.transfer.upload.register._keep", "after"),
    ("dlaas.transfer.upload.register._attach", "after"),
]
DIES = """if True:
    import importlib, os, signal, sys
    from dlaas import Lake
    path, did, dataset, target, when = sys.argv[1:]
    parts = target.split(".")
    owner = importlib.import_module(".".join(p for p in parts[:-1] if p.islower()))
    for part in parts[:-1]:
        owner = getattr(owner, part) if not part.islower() else owner
    true = getattr(owner, parts[-1])
    def dying(*args, **options):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        true(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, parts[-1], dying)
    Lake().upload(path, did, dataset=dataset, lifetime="5d")
"""


@pytest.mark.parametrize(("target", "when"), STAGES, ids=[t.rpartition(".")[2] for t, _ in STAGES])
def test_an_upload_that_was_killed_is_completed_by_the_next(
    alice: Lake,
    lake: EmbeddedLake,
    alice_env: dict[str, str],
    a_file: Path,
    fresh: Callable[[str], str],
    target: str,
    when: str,
) -> None:
    did, dataset = f"user.alice:{fresh('killed')}", f"user.alice:{fresh('set')}"
    killed = subprocess.run(
        [sys.executable, "-c", DIES, str(a_file), did, dataset, target, when],
        env={**alice_env, "RUCIO_UPLOAD_RSE": "NORTH-DISK"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert killed.returncode == -9, killed.stderr
    done = alice.upload(a_file, did, dataset=dataset, lifetime="5d")
    assert done.rule is not None
    assert [e.did for e in alice.list_contents(dataset)] == [did]
    (stored,) = _stored(lake, done.did.name)
    assert _stored(lake, ".part") == []
    assert stored.read_bytes() == a_file.read_bytes()
    assert [r.state for r in alice.list_replicas(did)] == ["AVAILABLE"]


def test_what_the_genuine_client_left_half_done_is_completed(
    alice: Lake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    """rucio-clients registers a COPYING replica first; when it dies its own retry says that the
    name is taken.
    """
    from dlaas.transfer.disk.checksums import of_file

    did, sums = DID(f"user.alice:{fresh('copying')}"), of_file(a_file)
    file = {
        "scope": did.scope,
        "name": did.name,
        "bytes": sums.bytes,
        "adler32": sums.adler32,
        "state": "C",
    }
    alice.client.add_replicas("NORTH-DISK", [file])
    done = alice.upload(a_file, did, lifetime="1d")
    assert not done.new
    assert [r.state for r in alice.list_replicas(did)] == ["AVAILABLE"]


def test_another_accounts_password_does_not_matter_to_the_storage(
    lake: EmbeddedLake, a_file: Path
) -> None:
    entry = lake.instance("alice")
    instance = Instance.from_mapping({**entry, "name": "typed", "password_file": None})
    typed = Lake(instance, credentials=Userpass(instance, "alice", lake.layout.password("alice")))
    typed.check_upload(a_file, "user.alice:only-checked")


def test_a_file_just_uploaded_shows_the_rule_of_its_dataset(
    alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    dataset = f"user.alice:{fresh('set')}"
    # Without its daemons Rucio does not carry the dataset's rule down to the file.
    lake.hold("daemons")
    try:
        done = alice.upload(a_file, f"user.alice:{fresh('one')}", dataset=dataset, lifetime="1d")
        assert list(alice.list_parents(done.did)) == [dataset]
        assert [rule.did for rule in alice.list_rules(done.did)] == [dataset]
    finally:
        lake.release("daemons")
