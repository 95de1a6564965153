"""fsspec's own tests, as far as they apply to a lake that is written once: see the docstring of
`dlaas.filesystem`.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import fsspec
import pytest
from fsspec.tests.abstract import AbstractFixtures, AbstractGetTests

from dlaas import Lake
from dlaas.filesystem import RucioFileSystem

TREE = ("file1", "file2", "subdir/subfile1", "subdir/subfile2", "subdir/nesteddir/nestedfile")
HASHED = {f"{md5(str(i).encode()).hexdigest()}.txt": str(i) for i in range(10)}


@pytest.fixture(scope="session")
def source(alice: Lake, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A scope and the beginning of names in it, as the path of a folder would be written."""
    folder = tmp_path_factory.mktemp("abstract")
    for name, text in {**dict.fromkeys(TREE, "x"), **HASHED}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        alice.upload(path, f"user.alice:abstract/source/{name}", lifetime="1d")
    return "lake@user.alice/abstract/source"


class TestGet(AbstractFixtures, AbstractGetTests):  # type: ignore[misc]
    """Files, one or many, to a folder, a new folder or a file."""

    # A file's path is scope/name, so no folder of the lake is a tree to copy or glob in.
    test_get_directory_to_existing_directory = None
    test_get_directory_to_new_directory = None
    test_get_glob_to_existing_directory = None
    test_get_glob_to_new_directory = None
    test_get_glob_edge_cases = None
    test_get_directory_recursive = None
    test_get_directory_without_files_with_same_name_prefix = None

    @pytest.fixture
    def fs(self, alice: Lake) -> RucioFileSystem:
        return RucioFileSystem()

    @pytest.fixture
    def fs_path(self, source: str) -> str:
        return source.rpartition("/")[0]

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        return lambda *parts: "/".join(parts)

    @pytest.fixture
    def fs_bulk_operations_scenario_0(self, source: str) -> str:
        return source

    @pytest.fixture
    def fs_10_files_with_hashed_names(self, source: str) -> str:
        return source


def test_a_file_that_is_put_can_be_got_and_is_never_replaced(
    alice: Lake, a_file: Path, tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    fs = fsspec.filesystem("rucio")
    reference = f"rucio://lake@user.alice/{fresh('put')}"
    fs.put_file(a_file, reference, lifetime="1d")
    fs.get(reference, str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == a_file.read_bytes()
    assert fs.checksum(reference) == alice.get(fs.info(reference)["did"]).adler32
    other = tmp_path / "other"
    other.write_bytes(b"other")
    with pytest.raises(FileExistsError):
        fs.put(str(other), reference)
    assert fs.cat_file(reference) == a_file.read_bytes()


def test_put_into_a_scope_keeps_the_name_and_takes_a_dataset(
    alice: Lake, tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    fs = fsspec.filesystem("rucio")
    paths = [tmp_path / fresh("many") for _ in range(2)]
    for path in paths:
        path.write_text(path.name)
    dataset = f"user.alice:{fresh('set')}"
    fs.put([str(p) for p in paths], "rucio://lake@user.alice/", dataset=dataset, lifetime="1d")
    found = fs.ls(f"rucio://lake@{dataset}", detail=False)
    assert sorted(found) == sorted(f"lake@user.alice/{path.name}" for path in paths)
    assert fs.glob(f"rucio://lake@{dataset.replace(':', '/')}/*") == sorted(found)
    texts = fs.cat(found)
    assert {path: data.decode() for path, data in texts.items()} == {
        path: path.rpartition("/")[2] for path in found
    }
