"""Download: whole, verified, each byte once, and nothing taken for a file that is none."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rucio.client import Client

from dlaas import Lake, access
from dlaas.errors import (
    AlreadyThere,
    DataIdentifierNotFound,
    InvalidInput,
    NotAvailable,
    StorageFailed,
)
from dlaas.model import DID, Entry
from dlaas.transfer.disk.place import Place
from dlaas.transfer.download import Downloaded, arrivals, download, fetch_to
from dlaas.transfer.download.choose import Names
from jupyter_dlaas.lake import EmbeddedLake

Fresh = Callable[[str], str]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing of these tests is in anybody's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("DLAAS_CACHE", raising=False)
    return tmp_path / "xdg" / "dlaas"


@pytest.fixture(scope="session")
def far(alice: Lake) -> Lake:
    """The lake as alice on a machine that mounts nothing of it."""
    instance = replace(
        alice.instance, name="far", destination_rse=None, rse_mount_path=None, site_name=None
    )
    return Lake(instance, credentials=alice.credential)


def content(number: int, size: int) -> bytes:
    return bytes([number % 256]) + b"%0*d" % (size - 1, number)


@pytest.fixture
def a_dataset(alice: Lake, tmp_path: Path, fresh: Fresh) -> Callable[..., tuple[DID, list[bytes]]]:
    """Make a dataset of files on an RSE, and answer its DID and what is in them."""

    def make(
        files: int = 3, size: int = 10_000, rse: str = "NORTH-DISK"
    ) -> tuple[DID, list[bytes]]:
        dataset = DID(f"user.alice:{fresh('set')}")
        bodies = [content(number, size) for number in range(files)]
        for number, body in enumerate(bodies):
            path = tmp_path / "source"
            path.write_bytes(body)
            alice.upload(path, f"{dataset}-{number}", dataset=dataset, lifetime="1d", rse=rse)
        return dataset, bodies

    return make


def read(done: Downloaded) -> list[bytes]:
    return sorted(Path(path).read_bytes() for path in done.paths)


def leftovers(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*.part")]


# From the genuine lake.


@pytest.mark.parametrize("rse", ["NORTH-DISK", "SOUTH-DISK"])
def test_a_dataset_comes_whole_and_only_once(
    far: Lake, a_dataset: Callable[..., Any], own_cache: Path, rse: str
) -> None:
    dataset, bodies = a_dataset(rse=rse)
    done = download(far, dataset)
    assert (done.fetched, done.kept, done.failed, done.bytes) == (3, 0, 0, 30_000)
    assert read(done) == bodies
    assert Path(done.paths[0]).parent == own_cache / "far" / "user.alice"
    again = download(far, dataset)
    assert (again.fetched, again.kept, again.bytes) == (0, 3, 30_000)
    assert set(again.paths) == set(done.paths)
    assert leftovers(own_cache) == []


@pytest.mark.parametrize("scheme", ["root", "https"])
def test_an_xrootd_is_read_over_each_of_its_protocols(
    far: Lake, a_dataset: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:  # fmt: skip
    dataset, bodies = a_dataset(rse="EAST-DISK", size=5_000_000, files=2)
    ordered = access.ordered

    def only(*told: Any) -> list[tuple[str, str]]:
        return [copy for copy in ordered(*told) if copy[1].startswith(f"{scheme}://")]

    monkeypatch.setattr("dlaas.access.ordered", only)
    assert read(download(far, dataset, tmp_path / "own")) == bodies
    part = Place(tmp_path / "own", shared=False)
    (path,) = (p for p in (tmp_path / "own").iterdir() if p.name.endswith("-0"))
    adler32 = f"{zlib.adler32(bodies[0]):08x}"
    path.unlink()
    left = part.part(path.name, DID(f"{dataset}-0"), 5_000_000, adler32)
    Path(left).write_bytes(bodies[0][:1_000_001])
    assert download(far, dataset, tmp_path / "own").fetched == 1
    assert path.read_bytes() == bodies[0]


def test_a_container_comes_to_any_depth(far: Lake, tmp_path: Path) -> None:
    done = download(far, "ATLAS_OD_EDU:2020_13TeV", tmp_path / "all")
    files = {entry.did.name: entry for entry in far.list_files("ATLAS_OD_EDU:2020_13TeV")}
    assert done.fetched == len(files) > 10
    assert {path.name for path in (tmp_path / "all").iterdir()} == set(files)
    for path in (tmp_path / "all").iterdir():
        assert f"{zlib.adler32(path.read_bytes()):08x}" == files[path.name].adler32


def test_what_was_downloaded_is_told_of_a_lake_by_its_method(
    far: Lake, a_dataset: Callable[..., Any], tmp_path: Path
) -> None:
    dataset, bodies = a_dataset(files=1)
    done = far.download(f"{dataset}-0", tmp_path / "one")
    assert done.paths == (str(tmp_path / "one" / f"{dataset.name}-0"),)
    assert read(done) == bodies


def test_what_is_remembered_of_a_lake_for_one_thing_is_not_taken_for_another(
    far: Lake, a_dataset: Callable[..., tuple[DID, list[bytes]]], tmp_path: Path
) -> None:
    dataset, _ = a_dataset(1)
    keys_first, bytes_first = (Lake(far.instance, credentials=far.credential) for _ in range(2))
    assert "bytes" in keys_first.list_keys()
    assert download(keys_first, dataset, tmp_path / "one").failed == 0
    assert download(bytes_first, dataset, tmp_path / "other").failed == 0
    assert "bytes" in bytes_first.list_keys()


def test_a_did_that_nobody_knows_is_told(far: Lake, tmp_path: Path) -> None:
    with pytest.raises(DataIdentifierNotFound):
        download(far, "user.alice:nobody-knows-it", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_an_empty_file_and_an_empty_dataset_come_too(
    far: Lake, alice: Lake, tmp_path: Path, fresh: Fresh
) -> None:
    (tmp_path / "empty").touch()
    did = alice.upload(tmp_path / "empty", f"user.alice:{fresh('empty')}", lifetime="1d").did
    assert read(download(far, did)) == [b""]
    nothing = DID(f"user.alice:{fresh('nothing')}")
    alice.client.add_dataset(nothing.scope, nothing.name)
    assert download(far, nothing).paths == ()


def test_modes_are_those_of_the_umask(
    far: Lake, a_dataset: Callable[..., Any], tmp_path: Path
) -> None:
    dataset, _ = a_dataset(files=1)
    before = os.umask(0o027)
    try:
        (path,) = download(far, dataset, tmp_path / "masked").paths
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640


def test_what_is_mounted_is_used_where_it_lies_and_copied_into_a_folder(
    alice: Lake, a_dataset: Callable[..., Any], tmp_path: Path, own_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    dataset, bodies = a_dataset(rse="NOTEBOOK-MOUNT")
    monkeypatch.setattr(
        "dlaas.transfer.wire.storage.Storage.get", lambda *_: pytest.fail("over https")
    )
    here = download(alice, dataset)
    assert (here.kept, here.fetched) == (3, 0)
    assert all(path.startswith(str(alice.instance.rse_mount_path)) for path in here.paths)
    copied = download(alice, dataset, tmp_path / "copied")
    assert (copied.kept, copied.fetched) == (0, 3)
    assert read(here) == read(copied) == bodies
    assert not (own_cache / "lake").exists()


def test_what_is_cached_is_copied_from_there(
    far: Lake, a_dataset: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, bodies = a_dataset()
    download(far, dataset)
    monkeypatch.setattr(
        "dlaas.transfer.wire.storage.Storage.get", lambda *_: pytest.fail("over https")
    )
    assert read(download(far, dataset, tmp_path / "copied")) == bodies


def test_a_cached_file_that_was_changed_comes_anew_and_one_that_was_touched_does_not(
    far: Lake, a_dataset: Callable[..., Any]
) -> None:
    dataset, bodies = a_dataset(files=2)
    first, second = sorted(download(far, dataset).paths)
    Path(first).write_bytes(b"z" * 10_000)
    os.utime(second)
    done = download(far, dataset)
    assert (done.fetched, done.kept) == (1, 1)
    assert read(done) == bodies


def test_somebodys_own_file_is_never_replaced_unasked(
    far: Lake, a_dataset: Callable[..., Any], tmp_path: Path
) -> None:
    dataset, bodies = a_dataset(files=2)
    own = tmp_path / "own" / f"{dataset.name}-0"
    own.parent.mkdir()
    own.write_bytes(b"my notes")
    done = download(far, dataset, own.parent)
    assert (done.fetched, done.failed) == (1, 1)
    assert done.failures[0].did == f"{dataset}-0"
    assert done.failures[0].problem.error == "AlreadyThere"
    assert done.failures[0].problem.blame == "you"
    assert own.read_bytes() == b"my notes"
    with pytest.raises(AlreadyThere, match="overwrite"):
        download(far, f"{dataset}-0", own.parent)
    assert download(far, dataset, own.parent, overwrite=True).fetched == 1
    assert read(download(far, dataset, own.parent)) == bodies
    assert leftovers(own.parent) == []


def test_a_folder_in_the_way_stays(
    far: Lake, a_dataset: Callable[..., Any], tmp_path: Path
) -> None:
    dataset, _ = a_dataset(files=1)
    (tmp_path / "own" / f"{dataset.name}-0").mkdir(parents=True)
    for overwrite in (False, True):
        done = download(far, dataset, tmp_path / "own", overwrite=overwrite)
        assert done.failures[0].problem.error == "AlreadyThere"
    assert (tmp_path / "own" / f"{dataset.name}-0").is_dir()


def test_what_lies_in_the_folder_already_is_read_once_and_kept(
    far: Lake, a_dataset: Callable[..., Any], tmp_path: Path
) -> None:
    dataset, bodies = a_dataset(files=1)
    own = tmp_path / "own" / f"{dataset.name}-0"
    own.parent.mkdir()
    own.write_bytes(bodies[0])
    assert download(far, dataset, own.parent).kept == 1
    assert list(own.parent.iterdir()) == [own]


def test_two_files_of_one_name_do_not_replace_each_other(
    far: Lake, alice: Lake, lake: EmbeddedLake, tmp_path: Path, fresh: Fresh
) -> None:
    name, dataset = fresh("same"), DID(f"user.alice:{fresh('both')}")
    bob = Lake(replace(far.instance, **_as(lake, "bob")))
    for owner, scope, body in ((alice, "user.alice", b"alice"), (bob, "user.bob", b"bob's")):
        (tmp_path / "source").write_bytes(body)
        owner.upload(tmp_path / "source", f"{scope}:{name}", lifetime="1d", rse="NORTH-DISK")
    alice.client.add_dataset(dataset.scope, dataset.name)
    files = [{"scope": scope, "name": name} for scope in ("user.alice", "user.bob")]
    alice.client.attach_dids(dataset.scope, dataset.name, files)
    done = download(far, dataset, tmp_path / "own")
    assert read(done) == [b"alice", b"bob's"]
    places = {Path(path).relative_to(tmp_path / "own").as_posix() for path in done.paths}
    assert places in ({name, f"user.bob/{name}"}, {name, f"user.alice/{name}"})
    again = download(far, dataset, tmp_path / "own")
    assert (again.kept, set(again.paths)) == (2, set(done.paths))


def _as(lake: EmbeddedLake, account: str) -> dict[str, Any]:
    entry = lake.instance(account)
    wanted = ("client_cert", "client_key", "account", "password_file", "username")
    return {key: entry[key] for key in wanted if key in entry} | {"name": account}


def test_a_name_with_slashes_stays_in_the_folder(
    far: Lake, alice: Lake, a_file: Path, tmp_path: Path, fresh: Fresh, own_cache: Path
) -> None:
    did = alice.upload(a_file, f"user.alice:/store/{fresh('cms')}.root", lifetime="1d").did
    (path,) = download(far, did, tmp_path / "own").paths
    assert Path(path) == tmp_path / "own" / did.name.lstrip("/")
    (path,) = download(far, did).paths
    assert Path(path).is_relative_to(own_cache / "far" / "user.alice")
    assert Path(path).read_bytes() == a_file.read_bytes()


def test_one_file_that_fails_does_not_stop_the_others(
    far: Lake, lake: EmbeddedLake, a_dataset: Callable[..., Any], tmp_path: Path
) -> None:
    dataset, bodies = a_dataset()
    (lost,) = Path(lake.layout.storage).rglob(f"{dataset.name}-1")
    lost.unlink()
    done = download(far, dataset, tmp_path / "own")
    assert (done.fetched, done.failed) == (2, 1)
    assert read(done) == [bodies[0], bodies[2]]
    assert done.failures[0].did == f"{dataset}-1"
    assert done.failures[0].problem.blame == "storage"
    assert "404" in done.failures[0].problem.message
    assert leftovers(tmp_path / "own") == []


def test_a_file_without_a_copy_is_told_as_that(
    far: Lake, alice: Lake, a_file: Path, fresh: Fresh
) -> None:
    did = alice.upload(a_file, f"user.alice:{fresh('gone')}", lifetime="1d", rse="NORTH-DISK").did
    alice.client.update_replicas_states(
        "NORTH-DISK", [{"scope": did.scope, "name": did.name, "state": "U"}]
    )
    with pytest.raises(NotAvailable, match=did.name):
        download(far, did)


def test_a_storage_that_is_down_falls_through_to_the_next(
    far: Lake, alice: Lake, lake: EmbeddedLake, a_file: Path, fresh: Fresh,
    eventually: Callable[..., Any],
) -> None:  # fmt: skip
    did = alice.upload(a_file, f"user.alice:{fresh('two')}", lifetime="1d", rse="NORTH-DISK").did
    alice.make_available(did, "1d", rse_expression="SOUTH-DISK")
    eventually(lambda: len({r.rse for r in far.list_replicas(did) if r.state == "AVAILABLE"}) == 2)
    lake.hold("north")
    try:
        (path,) = download(far, did).paths
    finally:
        lake.release("north")
    assert Path(path).read_bytes() == a_file.read_bytes()


def test_progress_grows_to_the_whole(
    far: Lake, a_dataset: Callable[..., Any], tmp_path: Path
) -> None:
    dataset, _ = a_dataset()
    told: list[tuple[int, int]] = []
    main = threading.get_ident()
    download(
        far, dataset, tmp_path / "own",
        progress=lambda done, total: told.append((done, total)) or _same_thread(main),
    )  # fmt: skip
    assert told == sorted(told)
    assert told[-1] == (30_000, 30_000)


def _same_thread(main: int) -> None:
    assert threading.get_ident() == main


def test_files_are_yielded_as_they_arrive_and_closing_ends_it(
    far: Lake, a_dataset: Callable[..., Any]
) -> None:
    dataset, bodies = a_dataset()
    assert sorted(Path(a.path).read_bytes() for a in arrivals(far, dataset)) == bodies
    found = arrivals(far, dataset)
    assert next(found).error is None
    found.close()  # type: ignore[attr-defined]


def test_a_file_goes_to_the_very_path_that_is_named(
    far: Lake, a_dataset: Callable[..., Any], tmp_path: Path
) -> None:
    dataset, bodies = a_dataset(files=1)
    (tmp_path / "here").write_bytes(b"old")
    fetch_to(far, f"{dataset}-0", tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == bodies[0]


def test_the_files_of_a_dataset_do_not_all_go_to_one_path(
    far: Lake, a_dataset: Callable[..., Any], tmp_path: Path
) -> None:
    dataset, _ = a_dataset(files=2)
    (tmp_path / "here").write_bytes(b"old")
    with pytest.raises(InvalidInput, match="no file"):
        fetch_to(far, dataset, tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == b"old"


def test_two_files_of_one_name_are_told_apart_where_nothing_can_be_remembered(
    tmp_path: Path, own_cache: Path
) -> None:
    """In a home that is full or read-only; `overwrite` would let the second replace the first."""
    own_cache.parent.mkdir()
    own_cache.write_bytes(b"not a folder")
    place = Place(tmp_path / "own", shared=False)
    names = Names(place)
    assert names.take(DID("a:x"))[0] == "x"
    place.make_folder(place.root)
    Path(place.path("x")).write_bytes(b"a's")
    place.remember(place.path("x"), DID("a:x"), None)
    names.release("x")
    assert names.take(DID("b:x"))[0] == "b/x"
    names.release("b/x")
    assert names.take(DID("b:x"))[0] == "b/x"


def test_checksums_that_are_asked_for_are_those_of_the_files(
    far: Lake, a_dataset: Callable[..., Any], tmp_path: Path
) -> None:
    dataset, bodies = a_dataset()
    wanted = sorted(
        (hashlib.md5(body).hexdigest(), hashlib.sha256(body).hexdigest()) for body in bodies
    )
    for fetched in (3, 0):
        done = far.download(dataset, tmp_path / "own", checksums=("md5", "sha256"))
        assert done.fetched == fetched
        assert sorted((s["md5"], s["sha256"]) for s in done.checksums.values()) == wanted


@pytest.fixture
def a_posix_rse(lake: EmbeddedLake, tmp_path: Path, fresh: Fresh) -> Iterator[tuple[str, Path]]:
    """An RSE whose files are a folder, read by rucio-clients: gone after the test."""
    root = Client(
        rucio_host=lake.url, auth_host=lake.url, account="root", auth_type="userpass",
        creds={"username": "root", "password": lake.layout.password("root")},
        ca_cert=str(lake.layout.ca),
    )  # fmt: skip
    rse, folder = fresh("POSIX").upper(), tmp_path / "posix"
    folder.mkdir()
    root.add_rse(rse, deterministic=False)
    domains = {where: {"read": 1, "write": 1, "delete": 1} for where in ("lan", "wan")}
    protocol = {
        "scheme": "file", "hostname": "", "port": 0, "prefix": f"{folder}/",
        "impl": "rucio.rse.protocols.posix.Default", "domains": domains,
    }  # fmt: skip
    root.add_protocol(rse, protocol)
    try:
        yield rse, folder
    finally:
        root.delete_rse(rse)


def test_a_scheme_that_is_not_ours_is_read_by_rucio_clients(
    far: Lake, lake: EmbeddedLake, a_posix_rse: tuple[str, Path], tmp_path: Path, fresh: Fresh
) -> None:
    rse, folder = a_posix_rse
    body, name = content(7, 100_000), fresh("on-posix")
    (folder / name).write_bytes(body)
    done = _by_rucio(far, rse, f"file://{folder}/{name}", tmp_path / "own", name, body)
    assert Path(done.paths[0]).read_bytes() == body
    assert leftovers(tmp_path / "own") == list((tmp_path / "own").glob(".dlaas*")) == []


def _by_rucio(far: Lake, rse: str, pfn: str, target: Path, name: str, body: bytes) -> Downloaded:
    with pytest.MonkeyPatch.context() as patched:
        entry = Entry(
            DID(f"user.alice:{name}"), "file", len(body), None, f"{zlib.adler32(body):08x}"
        )
        patched.setattr("dlaas.transfer.download.engine.entries", lambda *_: iter([entry]))
        patched.setattr(
            "dlaas.transfer.download.choose._copies",
            lambda _, dids: ((d, [(rse, pfn)]) for d in dids),
        )
        return download(far, "ATLAS_OD_EDU:data_A.4lep.root", target)


def test_what_rucio_clients_cannot_read_says_why(
    far: Lake, a_posix_rse: tuple[str, Path], tmp_path: Path
) -> None:
    rse, folder = a_posix_rse
    with pytest.raises(StorageFailed, match=rse):
        _by_rucio(far, rse, f"file://{folder}/gone", tmp_path / "own", "gone", b"x")
    assert list((tmp_path / "own").iterdir()) == []


def test_rucio_clients_gets_none_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from dlaas import Instance
    from dlaas.transfer.wire.elsewhere import _environment

    for name in ("BEARER_TOKEN", "BEARER_TOKEN_FILE", "RUCIO_AUTH_TOKEN_FILE", "AWS_SECRET"):
        monkeypatch.setenv(name, "a.secret.canary")
    lake: Any = type("L", (), {"instance": Instance("x", "https://rucio.example")})
    assert "a.secret.canary" not in _environment(lake, Path("/none/rucio.cfg")).values()


@pytest.mark.parametrize("scheme", ["https", "davs", "http", "root", "magnet"])
def test_rucio_clients_never_reads_over_https(far: Lake, tmp_path: Path, scheme: str) -> None:
    from dlaas.transfer.wire.doors import Doors
    from dlaas.transfer.wire.elsewhere import fetched_elsewhere

    doors = Doors(far, threading.Event())
    with (
        pytest.raises(ValueError, match=scheme),
        fetched_elsewhere(doors, "NORTH-DISK", f"{scheme}://localhost/x", tmp_path),
    ):
        raise AssertionError
