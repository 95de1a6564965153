"""Which files an upload of many means, and what they are called: no lake is needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from dlaas.errors import InvalidDID, InvalidInput, NotThere
from dlaas.model import DID
from dlaas.transfer.upload.names import numbered, versions
from dlaas.transfer.upload.plan import checked_new
from dlaas.transfer.upload.sources import Sources, sources


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files below, hidden ones and a link among them."""
    for name in ("a.root", "deep/er/b.root", "deep/c.png", ".hidden", ".git/d", "__pycache__/e"):
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "out" / "link.root").symlink_to("a.root")
    return tmp_path / "out"


def _names(files: Sources, base: Path | None = None) -> list[str]:
    return [str(one.did) for one in sources(files, "user.alice", base)]


def test_files_of_a_folder_are_named_by_their_paths_below_it(folder: Path) -> None:
    assert _names(folder) == [
        "user.alice:a.root",
        "user.alice:link.root",
        "user.alice:deep/c.png",
        "user.alice:deep/er/b.root",
    ]
    assert _names(folder, folder.parent)[0] == "user.alice:out/a.root"


def test_a_link_to_a_folder_is_not_followed_and_not_passed_over(folder: Path) -> None:
    (folder / "deep" / "up").symlink_to(folder)
    (found,) = [one for one in sources(folder, "user.alice") if one.problem]
    assert found.did == "user.alice:deep/up"
    assert "is a link to a folder" in str(found.problem)


def test_files_of_a_glob_are_named_below_its_steady_part(folder: Path) -> None:
    assert _names(f"{folder}/*.root") == ["user.alice:a.root", "user.alice:link.root"]
    assert _names(f"{folder}/**/*.root") == [
        "user.alice:a.root",
        "user.alice:deep/er/b.root",
        "user.alice:link.root",
    ]
    assert _names(f"{folder}/d*/c*") == ["user.alice:deep/c.png"]


def test_a_glob_is_that_of_the_notebooks_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert _names("*.root") == ["user.alice:a.root", "user.alice:link.root"]
    assert sources("*.root", "user.alice")[0].path == folder / "a.root"


def test_paths_of_a_list_keep_the_last_part_of_their_names(folder: Path) -> None:
    listed = [folder / "deep" / "c.png", str(folder / "a.root"), folder / "a.root"]
    assert _names(listed) == ["user.alice:c.png", "user.alice:a.root"]
    assert _names(listed, folder)[0] == "user.alice:deep/c.png"


def test_a_mapping_says_the_name_of_each(folder: Path) -> None:
    told = {folder / "a.root": "user.bob:x", folder / "deep" / "c.png": "data:y"}
    assert [one.did for one in sources(told, None)] == ["user.bob:x", "data:y"]
    assert _names({folder / "a.root": "x"}) == ["user.alice:x"]
    assert _names({folder / "a.root": "user.alice:x"}) == ["user.alice:x"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder: Path) -> None:
    odd = folder / "run[1].root"
    odd.write_text("odd")
    (found,) = sources([odd], "user.alice")
    assert found.path == odd
    assert isinstance(found.problem, InvalidDID)


@pytest.mark.parametrize("files", ["nothing/*.root", [], {}])
def test_no_files_at_all_are_a_mistake(files: Sources) -> None:
    with pytest.raises(InvalidInput, match="no files"):
        sources(files, "user.alice")


def test_two_files_of_one_name_are_refused_with_both_paths(folder: Path) -> None:
    (folder / "deep" / "a.root").write_text("other")
    with pytest.raises(InvalidInput, match=r"out/a\.root and .*deep/a\.root") as caught:
        sources([folder / "a.root", folder / "deep" / "a.root"], "user.alice")
    assert "base folder" in caught.value.remedy


def test_without_a_scope_a_name_is_no_did(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="scope"):
        sources(folder, None)
    with pytest.raises(InvalidInput, match="not below"):
        sources(folder, "user.alice", folder / "deep")


def test_a_path_that_no_disk_takes_is_told(folder: Path) -> None:
    (found,) = sources(folder / ("x" * 300), "user.alice", folder.parent)
    assert isinstance(found.problem, InvalidDID)
    (found,) = sources({folder / ("x" * 300): "user.alice:x"}, None)
    assert "cannot be read: File name too long" in str(found.problem)


@pytest.mark.parametrize("another", [numbered, versions])
@pytest.mark.parametrize("name", ["x" * 250, "x" * 245 + ".root", "x" * 247 + "-v9"])
def test_another_name_for_the_longest_can_be_made(
    another: Callable[[DID], Iterator[DID]], name: str
) -> None:
    first, second = islice(another(DID(f"user.alice:{name}")), 2)
    checked_new(first)
    assert len({first, second, DID(f"user.alice:{name}")}) == 3


def test_what_cannot_be_uploaded_says_why_and_hides_nothing_of_the_rest(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "a b.root").write_text("blank")
    listed = [folder / name for name in ("a.root", "a b.root", "pipe", "gone", "link.root")]
    found = sources(listed, "user.alice")
    assert [type(one.problem) for one in found] == [
        type(None), InvalidDID, InvalidInput, NotThere, type(None),
    ]  # fmt: skip
