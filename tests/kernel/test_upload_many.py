"""Many files in one call: checked together, registered in batches, protected, reported; whoever is
killed is completed by the next.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlaas import Lake
from dlaas.credentials import Token
from dlaas.errors import (
    AccessDenied,
    Cancelled,
    CannotAuthenticate,
    InsufficientAccountLimit,
    InvalidInput,
    InvalidRSEExpression,
    RSENotFound,
    ScopeNotFound,
)
from dlaas.model import DID
from dlaas.rucio.client import LakeClient
from dlaas.transfer.report import Report, Row
from dlaas.transfer.upload.batch import Registrar
from dlaas.transfer.upload.many import check_many, upload_many
from dlaas.transfer.upload.order import Order, order
from dlaas.transfer.wire.storage import Storage
from jupyter_dlaas.lake import EmbeddedLake

Fresh = Callable[[str], str]
MakeFolder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, fresh: Fresh) -> MakeFolder:
    """Make folders of small files whose names nobody has used."""

    def make(count: int, size: int = 2000) -> Path:
        root = tmp_path / fresh("out")
        (root / "deep").mkdir(parents=True)
        for number in range(count):
            place = root / "deep" if number % 2 else root
            (place / f"{fresh('f')}.bin").write_bytes(os.urandom(size))
        return root

    return make


def _stored(lake: EmbeddedLake, part: str) -> list[Path]:
    return [
        path
        for path in Path(lake.layout.storage).rglob("*")
        if path.is_file() and part in str(path)
    ]


def _rows(report: Report) -> Counter[str]:
    return Counter(row.outcome for row in report.rows)


def _all_there(alice: Lake, lake: EmbeddedLake, root: Path, dataset: str) -> None:
    """Every file of a folder is on the storage once, known, attached, available and kept."""
    sent = {f"user.alice:{p.relative_to(root).as_posix()}": p for p in root.rglob("*.bin")}
    assert {entry.did for entry in alice.list_contents(dataset)} == set(sent)
    stored: dict[str, list[Path]] = {}
    for found in _stored(lake, ""):
        stored.setdefault(found.name, []).append(found)
    for path in sent.values():
        (copy,) = stored[path.name]
        assert copy.read_bytes() == path.read_bytes()
    assert {(r.did, r.state) for r in alice.list_replicas(dataset)} == {
        (did, "AVAILABLE") for did in sent
    }
    assert [rule.account for rule in alice.list_rules(dataset)] == ["alice"]


def test_a_folder_becomes_a_dataset_with_its_rule(
    alice: Lake, lake: EmbeddedLake, folder: MakeFolder, fresh: Fresh
) -> None:
    root, dataset = folder(8), f"user.alice:{fresh('set')}"
    heard: list[tuple[int, int]] = []
    report = alice.upload_many(
        root,
        "user.alice",
        dataset=dataset,
        lifetime="3d",
        progress=lambda *told: heard.append(told),
    )
    assert (report.uploaded, report.failed, report.bytes) == (8, 0, 16_000)
    assert report.dataset == dataset
    assert [rule.did for rule in report.rules] == [dataset]
    assert heard == sorted(heard)
    assert heard[-1] == (16_000, 16_000)
    assert "8 uploaded; 16.0 kB sent to " in str(report)
    _all_there(alice, lake, root, dataset)
    # No file has a rule of its own: the dataset's is enough.
    assert {rule.did for row in report.rows[:2] for rule in alice.list_rules(row.did)} == {dataset}


def test_a_hundred_files_are_registered_in_few_calls(
    alice: Lake, folder: MakeFolder, fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, asked, send = folder(100, 10), Counter[str](), LakeClient._send_request

    def counted(client: LakeClient, url: str, method: Any, *told: Any, **options: Any) -> Any:
        asked[url] += 1
        return send(client, url, method, *told, **options)

    monkeypatch.setattr(LakeClient, "_send_request", counted)
    report = alice.upload_many(root, "user.alice", dataset=f"user.alice:{fresh('set')}")
    assert _rows(report) == {"uploaded": 100}
    assert asked.total() < 50, asked


def test_without_a_dataset_each_file_has_a_rule(alice: Lake, folder: MakeFolder) -> None:
    report = alice.upload_many(folder(5), "user.alice", lifetime="2d", rses="NORTH-DISK")
    assert _rows(report) == {"uploaded": 5}
    for row in report.rows:
        (rule,) = alice.list_rules(row.did)
        assert (rule.did, rule.rse_expression) == (row.did, "NORTH-DISK")
        assert rule.expires_at is not None


def test_the_same_again_is_skipped_and_attached(
    alice: Lake, lake: EmbeddedLake, folder: MakeFolder, fresh: Fresh
) -> None:
    root, dataset = folder(4), f"user.alice:{fresh('set')}"
    assert _rows(alice.upload_many(root, "user.alice", lifetime="2d")) == {"uploaded": 4}
    again = alice.upload_many(root, "user.alice", dataset=dataset, lifetime="2d")
    assert (_rows(again), again.bytes) == ({"skipped": 4}, 0)
    assert all(row.adler32 for row in again.rows)
    assert {entry.did for entry in alice.list_contents(dataset)} == {row.did for row in again.rows}


def test_what_the_storage_lost_is_sent_again(
    alice: Lake, lake: EmbeddedLake, folder: MakeFolder
) -> None:
    root = folder(3)
    first = alice.upload_many(root, "user.alice", lifetime="2d")
    (stored,) = _stored(lake, f"/{DID(first.rows[0].did).name}")
    stored.unlink()
    again = alice.upload_many(root, "user.alice", lifetime="2d")
    assert (_rows(again), again.bytes) == ({"skipped": 3}, 2000)
    assert stored.exists()


def test_a_file_that_changed_since_it_was_looked_at_does_not_take_the_place_of_the_lost_one(
    alice: Lake, lake: EmbeddedLake, folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(1)
    (path,) = root.glob("*.bin")
    alice.upload_many(root, "user.alice", lifetime="1d")
    (stored,) = _stored(lake, path.name)
    stored.unlink()

    def ordered(*told: Any, **options: Any) -> Order:
        made = order(*told, **options)
        path.write_bytes(b"y" * 2000)
        return made

    monkeypatch.setattr("dlaas.transfer.upload.many.order", ordered)
    report = alice.upload_many(root, "user.alice", lifetime="1d")
    assert _rows(report) == {"failed": 1}
    assert _stored(lake, path.name) == []


@pytest.fixture
def clash(alice: Lake, folder: MakeFolder) -> Path:
    """A folder of three files; the name of one is taken by other contents."""
    root = folder(3)
    first = min(path for path in root.iterdir() if path.is_file())
    taken = first.with_name(first.name)
    kept = taken.read_bytes()
    taken.write_bytes(b"what lies there already")
    alice.upload(taken, f"user.alice:{taken.name}", lifetime="1d")
    taken.write_bytes(kept)
    return taken


@pytest.mark.parametrize("policy", ["fail", "skip"])
def test_other_contents_under_a_name_stop_no_other_file(
    alice: Lake, clash: Path, policy: Any
) -> None:
    report = alice.upload_many(clash.parent, "user.alice", duplicates=policy, lifetime="1d")
    assert _rows(report) == {"uploaded": 2, "failed" if policy == "fail" else "skipped": 1}
    (row,) = [row for row in report.rows if row.path == str(clash)]
    assert row.problem is not None
    assert row.problem.error == "DataIdentifierAlreadyExists"
    assert "a name is for ever" in row.problem.message
    free = f"user.alice:{clash.stem}-2.bin"
    assert row.problem.details["free_name"] == free
    assert free in str(report)
    assert alice.get(f"user.alice:{clash.name}").bytes == 23


@pytest.mark.parametrize(("policy", "suffix"), [("rename", "-2"), ("version", "-v2")])
def test_other_contents_get_another_name_and_the_same_one_the_next_time(
    alice: Lake, clash: Path, fresh: Fresh, policy: Any, suffix: str
) -> None:
    dataset = f"user.alice:{fresh('set')}"
    options: dict[str, Any] = {"duplicates": policy, "dataset": dataset, "lifetime": "1d"}
    report = alice.upload_many(clash.parent, "user.alice", **options)
    assert _rows(report) == {"uploaded": 2, "renamed": 1}
    (row,) = [row for row in report.rows if row.path == str(clash)]
    assert row.did == f"user.alice:{clash.stem}{suffix}.bin"
    assert alice.get(row.did).bytes == 2000
    assert f"{clash} is {row.did}" in str(report)
    again = alice.upload_many(clash.parent, "user.alice", **options)
    assert (_rows(again), again.bytes) == ({"skipped": 3}, 0)
    assert row.did in {one.did for one in again.rows}
    # Its third contents are the next version.
    clash.write_bytes(b"third")
    third = alice.upload_many([clash], "user.alice", **options)
    assert third.rows[0].did == f"user.alice:{clash.stem}{suffix.replace('2', '3')}.bin"


def test_the_name_of_an_erased_file_is_explained_and_a_free_one_proposed(
    alice: Lake, folder: MakeFolder
) -> None:
    root = folder(1)
    (row,) = alice.upload_many(root, "user.alice", lifetime="1d").rows
    scope, name = row.did.split(":", 1)
    # This is what `rucio erase` does.
    alice.client.set_metadata(scope, name, "lifetime", 86400)
    (again,) = alice.upload_many(root, "user.alice", lifetime="1d").rows
    assert again.problem is not None
    assert "was erased: Rucio deletes it after " in again.problem.message
    assert "a name is for ever" in again.problem.message
    assert again.problem.details["free_name"].endswith("-2.bin")


def test_an_erased_dataset_takes_no_files(alice: Lake, folder: MakeFolder, fresh: Fresh) -> None:
    dataset = DID(f"user.alice:{fresh('erased')}")
    alice.client.add_dataset(dataset.scope, dataset.name, lifetime=86400)
    with pytest.raises(InvalidInput, match="was erased"):
        alice.upload_many(folder(1), "user.alice", dataset=dataset)


def test_files_that_cannot_be_uploaded_are_reported_and_the_rest_is_there(
    alice: Lake, folder: MakeFolder
) -> None:
    root = folder(2)
    (root / "a b.bin").write_text("no name for Rucio")
    told = [*root.rglob("*.bin"), root / "gone.bin"]
    heard: list[Row] = []
    report = upload_many(alice, told, "user.alice", lifetime="1d", arrived=heard.append)
    assert _rows(report) == {"uploaded": 2, "failed": 2}
    assert {Path(r.path).name: r.problem.error for r in report.failures if r.problem} == {
        "a b.bin": "InvalidDID",
        "gone.bin": "NotThere",
    }
    assert sorted(row.path for row in heard) == sorted(map(str, told))
    assert "gone.bin failed: There is no file" in str(report)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"scope": "NOPE"}, ScopeNotFound),
        ({"scope": "user.bob"}, AccessDenied),
        ({"dataset": "user.bob:set"}, AccessDenied),
        ({"rses": "NOWHERE"}, RSENotFound),
        ({"rses": ["NORTH-DISK", "NOWHERE"]}, RSENotFound),
        ({"rules": ["QOS=NOSUCH"]}, InvalidRSEExpression),
        ({"rules": [{"rse_expression": "NORTH-DISK", "copies": 3}]}, InvalidRSEExpression),
        ({"rules": [{"copies": 3}]}, InvalidInput),
        ({"duplicates": "replace"}, InvalidInput),
        ({"scope": None}, InvalidInput),
    ],
)
def test_what_is_wrong_with_all_is_refused_before_a_byte_is_sent(
    alice: Lake,
    lake: EmbeddedLake,
    folder: MakeFolder,
    options: dict[str, Any],
    error: type[Exception],
) -> None:
    root, before = folder(2), len(_stored(lake, ""))
    told = {"scope": "user.alice", **options}
    for act in (check_many, upload_many):
        with pytest.raises(error):
            act(alice, root, **told)
    assert len(_stored(lake, "")) == before


def test_a_quota_is_compared_with_the_sum(
    bob: Lake, lake: EmbeddedLake, folder: MakeFolder, fresh: Fresh
) -> None:
    root = folder(3, 400_000)
    with pytest.raises(InsufficientAccountLimit, match=r"1\.2 MB are needed on SOUTH-DISK"):
        bob.upload_many(root, "user.bob", rses="SOUTH-DISK")
    with pytest.raises(InsufficientAccountLimit, match="SOUTH-DISK"):
        bob.upload_many(root, "user.bob", rses=["NORTH-DISK", "SOUTH-DISK"])
    assert _stored(lake, f"/{next(root.glob('*.bin')).name}") == []


def test_several_rules_make_several_copies(
    alice: Lake, folder: MakeFolder, fresh: Fresh, eventually: Callable[..., Any]
) -> None:
    dataset = f"user.alice:{fresh('set')}"
    report = alice.upload_many(
        folder(2), "user.alice", dataset=dataset, lifetime="2d",
        rses=["NORTH-DISK", "SOUTH-DISK"],
        rules=[{"rse_expression": "NOTEBOOK-MOUNT", "lifetime": "1d"}],
    )  # fmt: skip
    ends = {rule.rse_expression: rule.expires_at for rule in report.rules}
    assert set(ends) == {"NORTH-DISK", "SOUTH-DISK", "NOTEBOOK-MOUNT"}
    assert (ends["NOTEBOOK-MOUNT"] or 0) < (ends["SOUTH-DISK"] or 0)  # type: ignore[operator]
    eventually(
        lambda: len({r.rse for r in alice.list_replicas(dataset) if r.state == "AVAILABLE"}) == 3
    )


def test_a_dataset_with_other_files_keeps_them_only_as_long_as_its_rule_does(
    alice: Lake, folder: MakeFolder, fresh: Fresh
) -> None:
    dataset = f"user.alice:{fresh('set')}"
    options: dict[str, Any] = {"dataset": dataset, "rses": "NORTH-DISK"}
    alice.upload_many(folder(1), "user.alice", lifetime="9d", **options)
    short = alice.upload_many(folder(2), "user.alice", lifetime="5d", **options)
    longer = alice.upload_many(folder(2), "user.alice", lifetime="50d", **options)
    assert (short.failed, longer.failed) == (0, 0)
    own = {"account": "alice", "scope": "user.alice", "did_type": "F"}
    ruled = {row["name"] for row in alice.client.list_replication_rules(own)}
    assert not ruled & {DID(row.did).name for row in short.rows}
    assert ruled >= {DID(row.did).name for row in longer.rows}
    assert len(alice.list_rules(dataset)) == 1


def test_a_file_that_no_rule_keeps_is_told(
    alice: Lake, folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registrar, "_keep", lambda *_: None)
    report = alice.upload_many(folder(2), "user.alice", lifetime="1d")
    assert _rows(report) == {"failed": 2}
    assert "no rule that keeps it" in str(report)


def test_two_uploads_at_once_of_one_folder_both_succeed(
    alice: Lake, lake: EmbeddedLake, folder: MakeFolder, fresh: Fresh
) -> None:
    root, dataset = folder(12), f"user.alice:{fresh('both')}"

    def send(_: int) -> Report:
        return alice.upload_many(root, "user.alice", dataset=dataset, lifetime="1d")

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(send, range(2)))
    assert [report.failed for report in reports] == [0, 0], "\n".join(map(str, reports))
    _all_there(alice, lake, root, dataset)


def test_bytes_that_another_upload_took_for_a_leftover_come_back(
    alice: Lake, lake: EmbeddedLake, tmp_path: Path, fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both under one name: the first lies there and is not registered when the second looks."""
    did, ours, theirs = f"user.alice:{fresh('raced')}", tmp_path / "ours", tmp_path / "theirs"
    ours.write_bytes(b"ours")
    theirs.write_bytes(b"theirs")
    options: dict[str, Any] = {"rses": "NORTH-DISK", "lifetime": "1d"}
    true, second = Registrar.register, []

    def first_brought(*first: Any) -> None:
        def second_brought(*told: Any) -> None:
            monkeypatch.setattr(Registrar, "register", true)
            true(*first)
            true(*told)

        monkeypatch.setattr(Registrar, "register", second_brought)
        second.append(alice.upload_many({theirs: did}, **options))

    monkeypatch.setattr(Registrar, "register", first_brought)
    first = alice.upload_many({ours: did}, **options)
    assert (_rows(first), _rows(second[0])) == ({"uploaded": 1}, {"failed": 1})
    (stored,) = _stored(lake, DID(did).name)
    assert stored.read_bytes() == b"ours"
    assert _stored(lake, ".part") == []


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A storage that takes its time."""
    put = Storage.put

    def delayed(*told: Any, **options: Any) -> Any:
        time.sleep(0.2)
        return put(*told, **options)

    monkeypatch.setattr(Storage, "put", delayed)


@pytest.mark.usefixtures("slow")
def test_cancelling_leaves_nothing_half_done_and_the_next_call_goes_on(
    alice: Lake, lake: EmbeddedLake, folder: MakeFolder, fresh: Fresh
) -> None:
    root, dataset = folder(60), f"user.alice:{fresh('set')}"
    sent = [0]
    with pytest.raises(Cancelled):
        alice.upload_many(
            root, "user.alice", dataset=dataset, lifetime="1d",
            progress=lambda done, _: sent.__setitem__(0, done),
            cancelled=lambda: sent[0] > 8000,
        )  # fmt: skip
    names = {path.name for path in root.rglob("*.bin")}
    stored = {path.name for path in _stored(lake, ".bin")} & names
    assert 0 < len(stored) < 60
    assert {DID(e.did).name.rpartition("/")[2] for e in alice.list_contents(dataset)} == stored
    assert _stored(lake, ".part") == []
    report = alice.upload_many(root, "user.alice", dataset=dataset, lifetime="1d")
    assert (report.failed, report.bytes) == (0, 2000 * (60 - len(stored)))
    _all_there(alice, lake, root, dataset)


def test_a_login_that_ends_ends_the_upload_and_the_next_goes_on(
    alice: Lake, lake: EmbeddedLake, folder: MakeFolder, fresh: Fresh
) -> None:
    root, dataset, ended = folder(30), f"user.alice:{fresh('set')}", threading.Event()

    def credential() -> Token:
        if ended.is_set():
            raise CannotAuthenticate("The login is over.")
        return alice.credential()

    own = Lake(replace(alice.instance, name="ending"), account="alice", credentials=credential)
    with pytest.raises(CannotAuthenticate):
        own.upload_many(
            root, "user.alice", dataset=dataset, lifetime="1d",
            progress=lambda done, _: ended.set() if done > 6000 else None,
        )  # fmt: skip
    report = alice.upload_many(root, "user.alice", dataset=dataset, lifetime="1d")
    assert report.failed == 0
    _all_there(alice, lake, root, dataset)


def test_a_file_that_changes_meanwhile_fails_alone(
    alice: Lake, lake: EmbeddedLake, folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, put = folder(3), Storage.put
    changing = next(root.glob("*.bin"))

    def changed(storage: Storage, url: str, path: Path, *told: Any) -> Any:
        if path == changing:
            path.write_bytes(b"shorter")
        return put(storage, url, path, *told)

    monkeypatch.setattr(Storage, "put", changed)
    report = alice.upload_many(root, "user.alice", lifetime="1d")
    assert _rows(report) == {"uploaded": 2, "failed": 1}
    assert report.failures[0].problem is not None
    assert "changed while" in report.failures[0].problem.message
    assert _stored(lake, changing.name) + _stored(lake, ".part") == []


UPLOADS = """if True:
    import sys
    from dlaas import Lake
    lake = Lake()
    lake.whoami()
    print("ready", flush=True)
    lake.upload_many(sys.argv[1], "user.alice", dataset=sys.argv[2], lifetime="5d")
"""


def _killed(env: dict[str, str], root: Path, dataset: str, after: float) -> bool:
    """Upload a folder in another process and kill it; False where it was done before."""
    child = subprocess.Popen(
        [sys.executable, "-c", UPLOADS, str(root), dataset],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n", child.communicate()[1]
    try:
        child.wait(after)
    except subprocess.TimeoutExpired:
        os.kill(child.pid, signal.SIGKILL)
    _, told = child.communicate(timeout=60)
    assert child.returncode in (0, -9), told
    return child.returncode == -9


def test_killed_at_twenty_random_moments_nothing_is_lost_half_done_or_sent_twice(
    alice: Lake,
    lake: EmbeddedLake,
    alice_env: dict[str, str],
    folder: MakeFolder,
    fresh: Fresh,
) -> None:
    env = {**alice_env, "RUCIO_UPLOAD_RSE": "NORTH-DISK"}
    size, count = 50_000, 5
    begun = time.monotonic()
    assert not _killed(env, folder(count, size), f"user.alice:{fresh('whole')}", 240)
    whole = time.monotonic() - begun

    def try_once(_: int) -> bool:
        root, dataset = folder(count, size), f"user.alice:{fresh('set')}"
        killed = _killed(env, root, dataset, random.uniform(0, 0.7 * whole))
        names = {path.name for path in root.rglob("*.bin")}
        stored = {path.name for path in _stored(lake, ".bin")} & names
        options: dict[str, Any] = {"dataset": dataset, "lifetime": "5d", "rses": "NORTH-DISK"}
        report = alice.upload_many(root, "user.alice", **options)
        assert report.failed == 0, str(report)
        assert report.bytes <= size * (count - len(stored))
        _all_there(alice, lake, root, dataset)
        return killed

    with ThreadPoolExecutor(4) as pool:
        kills = sum(pool.map(try_once, range(20)))
    assert kills >= 5
    assert _stored(lake, ".part") == []
