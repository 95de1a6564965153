"""`rucio://` on the genuine lake: what fsspec promises, and the libraries that rely on it."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
import uproot

from dlaas import Lake, access
from dlaas.errors import DataIdentifierNotFound, InstanceNotFound, InvalidInput, Unreachable
from dlaas.filesystem import RucioFileSystem
from dlaas.model import DID
from dlaas.reading.blocking import cancellable, finish
from dlaas.rucio.wire import Wire
from jupyter_dlaas.lake import EmbeddedLake

FILE = "rucio://lake@ATLAS_OD_EDU/mc_363490.llll.4lep.root"


@pytest.fixture
def fs(alice: Lake) -> RucioFileSystem:
    found = fsspec.filesystem("rucio")
    assert isinstance(found, RucioFileSystem)
    return found


@pytest.fixture
def root_file(alice: Lake) -> str:
    """A ROOT file that is on a storage and not on the mount."""
    found = next(e for e in alice.list_files("ATLAS_OD_EDU:4lep") if not alice.status(e.did).path)
    return f"rucio://lake@{found.did.scope}/{found.did.name}"


def test_a_file_and_a_collection_are_told_apart(fs: RucioFileSystem, root_file: str) -> None:
    info = fs.info(root_file)
    assert (info["type"], info["name"]) == ("file", root_file.removeprefix("rucio://"))
    assert info["size"] > 1000
    assert fs.info("rucio://lake@ATLAS_OD_EDU/4lep")["type"] == "directory"
    assert fs.isfile(root_file)
    assert fs.isdir("rucio://lake@ATLAS_OD_EDU/4lep")


def test_what_is_not_there_is_a_file_not_found_error(fs: RucioFileSystem) -> None:
    missing = "rucio://lake@ATLAS_OD_EDU/nope"
    assert not fs.exists(missing)
    for act in (fs.info, fs.open, fs.cat_file, fs.ls):
        with pytest.raises(DataIdentifierNotFound):
            act(missing)


def test_collections_list_as_folders(fs: RucioFileSystem) -> None:
    found = fs.ls("rucio://lake@ATLAS_OD_EDU/GamGam", detail=True)
    assert {row["type"] for row in found} == {"directory"}
    assert "lake@ATLAS_OD_EDU/GamGam_data" in {row["name"] for row in found}
    assert "lake@ATLAS_OD_EDU/data_A.GamGam.root" in fs.find("rucio://lake@ATLAS_OD_EDU/GamGam")
    assert "lake@user.alice" in fs.ls("rucio://lake@", detail=False)


def test_a_glob_is_a_search(fs: RucioFileSystem) -> None:
    assert fs.glob("rucio://lake@ATLAS_OD_EDU/data_*.GamGam.root") == [
        f"lake@ATLAS_OD_EDU/data_{letter}.GamGam.root" for letter in "ABCD"
    ]


@pytest.mark.parametrize(("pattern", "letters"), [("data_?", "ABCD"), ("data_[BD]", "BD")])
def test_a_glob_knows_the_wildcards_that_rucio_does_not(
    fs: RucioFileSystem, pattern: str, letters: str
) -> None:
    assert fs.glob(f"rucio://lake@ATLAS_OD_EDU/{pattern}.GamGam.root") == [
        f"lake@ATLAS_OD_EDU/data_{letter}.GamGam.root" for letter in letters
    ]


def test_a_folder_may_be_written_with_a_slash_at_its_end(fs: RucioFileSystem) -> None:
    folder = "rucio://lake@ATLAS_OD_EDU/GamGam"
    assert fs.ls(f"{folder}/", detail=False) == fs.ls(folder, detail=False)


def test_a_collection_cannot_be_opened_as_a_file(fs: RucioFileSystem) -> None:
    with pytest.raises(InvalidInput, match="container"):
        fs.open("rucio://lake@ATLAS_OD_EDU/GamGam")


def test_writing_is_refused_with_what_to_do_instead(fs: RucioFileSystem) -> None:
    with pytest.raises(InvalidInput, match="upload"):
        fs.open("rucio://lake@user.alice/x", "wb")


def test_filesystem_and_open_file_pickle_without_a_secret(
    fs: RucioFileSystem, root_file: str, alice: Lake
) -> None:
    with fs.open(root_file) as file:
        file.seek(100)
        rest = file.read(50)
        file.seek(100)
        data = pickle.dumps([fs, file])
    assert len(data) < 1000
    assert alice.credential().value.encode() not in data
    again_fs, again = pickle.loads(data)
    assert again_fs == fs
    assert again.read(50) == rest


def test_a_download_is_verified_and_leaves_no_part(
    fs: RucioFileSystem, root_file: str, tmp_path: Path
) -> None:
    fs.get_file(root_file, str(tmp_path / "x.root"))
    assert (tmp_path / "x.root").stat().st_size == fs.info(root_file)["size"]
    assert [p.name for p in tmp_path.iterdir()] == ["x.root"]


def test_the_key_changes_with_the_contents_alone(fs: RucioFileSystem, root_file: str) -> None:
    info = fs.info(root_file)
    assert fs.ukey(root_file) == f"{info['did']}+{info['adler32']}+{info['size']}"


def test_a_block_cache_works_on_top(root_file: str, tmp_path: Path) -> None:
    with fsspec.open(
        f"blockcache::{root_file}", blockcache={"cache_storage": str(tmp_path)}
    ) as file:
        assert file.read(4) == b"root"


@pytest.mark.parametrize("form", ["{}:mini", "{0}"])
def test_uproot_opens_a_reference(root_file: str, form: str) -> None:
    found = uproot.open(form.format(root_file))
    tree = found if form.endswith("mini") else found["mini"]
    assert tree.num_entries == len(tree["lep_n"].array())


def test_pandas_reads_parquet_and_csv(
    alice: Lake, tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    frame = pd.DataFrame(
        {"a": np.arange(10_000), "b": np.random.default_rng(1).normal(size=10_000)}
    )
    readers: dict[str, Any] = {"parquet": pd.read_parquet, "csv": pd.read_csv}
    for kind, read in readers.items():
        path = tmp_path / f"x.{kind}"
        frame.to_parquet(path) if kind == "parquet" else frame.to_csv(path, index=False)
        done = alice.upload(path, f"user.alice:{fresh('x')}.{kind}", lifetime="1d")
        found = read(f"rucio://lake@{done.did}")
        assert found["a"].sum() == frame["a"].sum()
        assert np.allclose(found["b"], frame["b"])


def test_what_is_mounted_is_read_from_the_mount(
    alice: Lake,
    fs: RucioFileSystem,
    a_file: Path,
    fresh: Callable[[str], str],
    eventually: Callable[..., Any],
) -> None:
    done = alice.upload(a_file, f"user.alice:{fresh('m')}", rse="NOTEBOOK-MOUNT", lifetime="1d")
    path = alice.status(done.did).path
    assert path
    with fs.open(f"rucio://lake@{done.did}") as file:
        assert getattr(file, "name", "") == path
        assert file.read() == a_file.read_bytes()
    assert fs.cat_file(f"rucio://lake@{done.did}", 5, 10) == a_file.read_bytes()[5:10]


def test_a_token_opens_what_a_certificate_opens(
    alice: Lake, lake: Any, root_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No OpenID provider is in this lake yet: its storages' own issuer makes the token."""
    token = lake.token("alice", "storage.read:/")
    monkeypatch.setattr("dlaas.transfer.wire.keys.KeyRing._bearer", lambda _: token)
    monkeypatch.setattr("dlaas.transfer.wire.keys.present_certificate", lambda *_: None)
    fs = RucioFileSystem(skip_instance_cache=True)
    assert fs.cat_file(root_file, 0, 4) == b"root"


def test_no_answer_of_the_lake_is_not_taken_for_no(fs: RucioFileSystem, alice: Lake) -> None:
    down = replace(alice.instance, name="down", rucio_base_url="https://localhost:1")
    held = Lake(down, credentials=alice.credential)
    for act in (fs.exists, fs.isfile, fs.isdir, fs.ls, fs.find, fs.du):
        for path in ("down@ATLAS_OD_EDU/GamGam", "down@ATLAS_OD_EDU"):
            if act not in (fs.find, fs.du) or "/" in path:
                with pytest.raises(Unreachable):
                    act(path)
    with pytest.raises(Unreachable):
        next(fs.walk("down@ATLAS_OD_EDU/GamGam"))
    assert held.instance.name == "down"


def test_an_unknown_scope_is_not_there_and_an_unknown_instance_is_an_error(
    fs: RucioFileSystem,
) -> None:
    assert fs.exists("rucio://lake@ATLAS_OD_EDU")
    assert not fs.exists("rucio://lake@nobody.knows")
    assert not fs.exists("rucio://lake@nobody.knows/x")
    for path in ("rucio://mistyped@ATLAS_OD_EDU/x", "rucio://mistyped@ATLAS_OD_EDU"):
        with pytest.raises(InstanceNotFound, match="mistyped"):
            fs.exists(path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions to Rucio, as they are sent."""
    found: list[str] = []
    send = Wire._send

    def sent(self: Wire, method: str, url: str, **options: Any) -> Any:
        found.append(f"{method} {url}")
        return send(self, method, url, **options)

    monkeypatch.setattr(Wire, "_send", sent)
    return found


def test_files_that_were_listed_are_looked_up_together(
    alice: Lake, lake: EmbeddedLake, tmp_path: Path, fresh: Callable[[str], str], asked: list[str]
) -> None:
    stem = fresh("many")
    paths = [tmp_path / f"{stem}-{number:02}" for number in range(30)]
    for path in paths:
        path.write_text(path.name)
    lake.seed(paths, rse="NORTH-DISK", dataset=stem)
    fs = RucioFileSystem(skip_instance_cache=True)
    found = fs.glob(f"lake@user.alice/{stem}/*")
    fs.cat_file(found[0])
    asked.clear()
    fs = RucioFileSystem(skip_instance_cache=True)
    found = fs.find(f"lake@user.alice/{stem}")
    assert sum(fs.info(path)["size"] for path in found) > 0
    texts = [fs.open(path).read().decode() for path in found]
    assert texts == sorted(path.name for path in paths)
    assert len(asked) <= 4
    asked.clear()
    assert fs.du(f"lake@user.alice/{stem}") == sum(map(len, texts))
    assert len(asked) <= 2


def test_what_is_in_the_cache_is_read_from_there(
    alice: Lake, root_file: str, asked: list[str]
) -> None:
    did = DID(root_file.rpartition("@")[2].replace("/", ":", 1))
    whole = Path(alice.download(did).paths[0]).read_bytes()
    fs = RucioFileSystem(skip_instance_cache=True)
    best = access.rank(alice, did).best
    assert best is not None
    assert best.kind == alice.status(did).access == "cache"
    asked.clear()
    with fs.open(root_file) as file:
        assert file.name == best.url
        assert file.read() == whole
    assert not [one for one in asked if "replicas" in one]
    assert fs.cat_ranges([root_file] * 2, [0, 9], [4, 12]) == [whole[:4], whole[9:12]]
    # Somebody cleans the cache.
    Path(best.url).unlink()
    assert fs.cat_file(root_file, 5, 9) == whole[5:9]
    with fs.open(root_file) as file:
        assert file.read(4) == b"root"
    best = access.rank(alice, did).best
    assert best is not None
    assert best.kind in ("https", "root")


def test_the_lake_that_was_made_last_under_a_name_is_meant(
    fs: RucioFileSystem, alice: Lake, root_file: str
) -> None:
    fs.cat_file(root_file, 0, 4)
    path = root_file.removeprefix("rucio://")
    assert fs._sources.find(path).lake is alice
    other = Lake(alice.instance, credentials=alice.credential)
    assert fs._sources.find(path).lake is other


def test_who_stops_waiting_ends_what_was_begun(fs: RucioFileSystem) -> None:
    begun, ended = threading.Event(), threading.Event()
    main = threading.main_thread().ident
    assert main is not None

    def act(asked_to_stop: Callable[[], bool]) -> None:
        begun.set()
        while not asked_to_stop():
            ended.wait(0.01)
        ended.set()

    def interrupt() -> None:
        begun.wait(30)
        while sys._current_frames()[main].f_code.co_name != "wait":
            ended.wait(0.01)
        signal.pthread_kill(main, signal.SIGINT)

    # Who starts a program in the background may have it ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            finish(fs.loop, cancellable(act))
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.wait(30)


_FORKING = """
import gc, os, sys, fsspec
from dlaas.filesystem import RucioFileSystem
fs, path = fsspec.filesystem("rucio"), sys.argv[1]
file = fs.open(path)
assert fs.cat_file(path, 0, 4) == file.read(4) == b"root"
for number in range(4):
    child = os.fork()
    if not child:
        if number % 2:
            fs = fsspec.filesystem("rucio")
        assert fs.cat_file(path, 0, 4) == b"root"
        assert fs.info(path)["size"]
        file.seek(0)
        assert file.read(4) == b"root"
        del fs, file
        gc.collect()
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
    assert fs.cat_file(path, 0, 4) == b"root"
    assert fs.info(path)["size"]
print("read")
"""


@pytest.mark.parametrize("blocked", ["NORTH-DISK", "EAST-DISK"])
def test_a_process_that_was_forked_off_reads_and_so_does_the_first(
    lake: EmbeddedLake, tmp_path: Path, blocked: str
) -> None:
    env = {
        **os.environ,
        **lake.env("alice"),
        "TMPDIR": str(tmp_path),
        "RUCIO_BLOCKED_RSES": blocked,
    }
    done = subprocess.run(
        [sys.executable, "-c", _FORKING, FILE],
        env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "read\n", "")
    assert list(tmp_path.glob("dlaas-*")) == []
