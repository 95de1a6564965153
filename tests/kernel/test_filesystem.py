"""`rucio://` on the genuine lake: what fsspec promises, and the libraries that rely on it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
import uproot

from dlaas import Lake
from dlaas.errors import DataIdentifierNotFound, InvalidInput
from dlaas.filesystem import RucioFileSystem

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
    monkeypatch.setattr("dlaas.transfer.keys.KeyRing._bearer", lambda _: token)
    monkeypatch.setattr("dlaas.transfer.keys.present_certificate", lambda *_: None)
    fs = RucioFileSystem(skip_instance_cache=True)
    assert fs.cat_file(root_file, 0, 4) == b"root"
