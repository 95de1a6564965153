"""A folder of links to read-only inputs: nothing of the user's is ever touched."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from datasets import brought, made, noted, shown

import dlaas
from dlaas import Lake, MultipleItemDID, SingleItemDID
from dlaas.errors import (
    AlreadyThere,
    ChecksumMismatch,
    DiskFull,
    DlaasError,
    InvalidInput,
    NotAvailable,
    StorageFailed,
    TookTooLong,
)
from dlaas.model import DID
from dlaas.rucio.connection import register
from dlaas.transfer.disk import Unwritable
from dlaas.variables import links
from dlaas.variables.links import names_for
from dlaas.variables.workspace_record import held
from dlaas.variables.workspaces import Workspace


@pytest.fixture(scope="module")
def here(alice: Lake, tmp_path_factory: pytest.TempPathFactory) -> MultipleItemDID:
    """A dataset of three files that are on the mount."""
    name = f"space-{os.getpid()}-{os.urandom(3).hex()}"
    return shown(brought(made(alice, tmp_path_factory.mktemp("made"), lambda _: name)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "work"


def listed(folder: Path) -> list[str]:
    """All that is in a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_inputs_lie_under_their_own_names_in_a_folder_to_write_to(
    here: MultipleItemDID, folder: Path
) -> None:
    space = dlaas.workspace(folder, here)
    assert [Path(path).name for path in space] == [item.name for item in here]
    assert [Path(path).read_text() for path in space] == ["a" * 100, "b" * 100, "c" * 100]
    assert all(Path(path).is_symlink() for path in space)
    assert space.paths[str(here[0].did)] == str(folder / here[0].name)
    assert os.path.join(space, "out.txt") == str(folder / "out.txt")
    (folder / "out.txt").write_text("mine")
    assert space.clear() == []
    assert listed(folder) == ["out.txt"]
    assert all(Path(item.path).is_file() for item in here)


def test_it_is_empty_when_done(here: MultipleItemDID, folder: Path) -> None:
    with dlaas.workspace(folder, [here[0], str(here[1].did), here[1:]]) as space:
        assert len(space) == 3
    assert not folder.exists()
    with pytest.raises(ZeroDivisionError), dlaas.workspace(folder, here[:1]):
        raise ZeroDivisionError
    assert not folder.exists()


def test_two_files_of_one_name_get_folders_of_their_scopes(
    alice: Lake, bob: Lake, here: MultipleItemDID, folder: Path, tmp_path: Path,
    eventually: Callable[..., Any],
) -> None:  # fmt: skip
    name = here[0].name
    (tmp_path / "his").write_text("bob's")
    bob.upload(tmp_path / "his", f"user.bob:{name}", lifetime="1d")
    his = dlaas.did(f"user.bob:{name}", lake=alice)
    assert isinstance(his, SingleItemDID)
    his.make_available("1d")
    his = his.wait("2min", progress=False)
    eventually(lambda: his.available)
    with dlaas.workspace(folder, [*here[:2], his]) as space:
        found = {os.path.relpath(path, folder) for path in space}
        assert found == {f"user.alice/{name}", f"user.bob/{name}", here[1].name}
        assert (folder / "user.bob" / name).read_text() == "bob's"
    assert not folder.exists()


def test_no_name_leads_out_of_the_folder_or_in_anothers_way() -> None:
    dids = [
        DID(f"{scope}:{name}")
        for scope in ("a", "b.c")
        for name in (
            "x", "/x", "x/y", "x/y/z", "../../etc/passwd", "a/../b", "/", "//", "./x", "x/", "a/x",
            ".dlaas-workspace.json", "%2Fx", "b.c/x", "...",
        )
    ]  # fmt: skip
    names = names_for(dids)
    paths = [os.path.normpath(f"/root/{name}") for name in names.values()]
    assert set(names) == set(dids)
    assert len(set(paths)) == len(dids)
    for path in paths:
        assert path.startswith("/root/")
        assert os.path.basename(path) != ".dlaas-workspace.json"
        assert not any(other.startswith(f"{path}/") for other in paths)
    assert names_for([DID("s:/store/mc/f.root")]) == {DID("s:/store/mc/f.root"): "store/mc/f.root"}


def test_a_name_with_slashes_makes_folders_and_they_go_again(
    alice: Lake, folder: Path, tmp_path: Path, fresh: Callable[[str], str],
    eventually: Callable[..., Any],
) -> None:  # fmt: skip
    did = f"user.alice:/store/{fresh('mc')}/f.txt"
    (tmp_path / "f").write_text("deep")
    alice.upload(tmp_path / "f", did, lifetime="1d")
    item = dlaas.did(did, lake=alice)
    assert isinstance(item, SingleItemDID)
    item.make_available("1d")
    item = item.wait("2min", progress=False)
    eventually(lambda: item.available)
    folder.mkdir()
    (folder / "store").mkdir()
    with dlaas.workspace(folder, item):
        assert (folder / item.name.lstrip("/")).read_text() == "deep"
    # The folder that was there stays.
    assert listed(folder) == ["store"]


def test_a_file_of_the_users_is_never_overwritten(here: MultipleItemDID, folder: Path) -> None:
    folder.mkdir()
    mine = folder / here[1].name
    mine.write_text("mine")
    for copy in (False, True):
        with pytest.raises(AlreadyThere, match="not one of these files"):
            dlaas.workspace(folder, here, copy=copy)
        assert listed(folder) == [mine.name]
    assert mine.read_text() == "mine"
    with pytest.raises(AlreadyThere):
        here[1].link(folder)
    assert mine.read_text() == "mine"


def test_what_the_user_has_put_in_their_place_stays(here: MultipleItemDID, folder: Path) -> None:
    space = dlaas.workspace(folder, here)
    first, second, third = map(Path, space)
    first.unlink()
    first.write_text("mine")
    second.unlink()
    second.symlink_to("/etc/hostname")
    assert sorted(space.clear()) == sorted([str(first), str(second)])
    assert listed(folder) == sorted([first.name, second.name])
    assert first.read_text() == "mine"
    assert os.readlink(second) == "/etc/hostname"
    assert not os.path.lexists(third)


def test_nothing_is_removed_or_made_behind_a_link(
    here: MultipleItemDID, folder: Path, tmp_path: Path
) -> None:
    away = tmp_path / "elsewhere"
    away.mkdir()
    item = here[0]
    space = dlaas.workspace(folder, item)
    # As if the link had been made in a folder that now is a link to elsewhere.
    (away / item.name).symlink_to(item.path)
    record = folder / ".dlaas-workspace.json"
    told = json.loads(record.read_text())
    told["made"] = {f"sub/{item.name}": told["made"][item.name]}
    told["folders"].append("sub")
    record.write_text(json.dumps(told))
    (folder / item.name).unlink()
    (folder / "sub").symlink_to(away)
    space = Workspace(folder)
    assert space.repair() == []
    assert space.clear() == [str(folder / "sub" / item.name)]
    assert (away / item.name).is_symlink()
    assert (folder / "sub").is_symlink()


def test_copies_are_verified_and_writable(here: MultipleItemDID, folder: Path) -> None:
    space = dlaas.workspace(folder, here, copy=True)
    first, second, _ = map(Path, space)
    assert not first.is_symlink()
    assert first.stat().st_mode & 0o200
    first.write_text("changed")
    assert Path(here[0].path).read_text() == "a" * 100
    # What was changed is work of the user's.
    assert space.clear() == [str(first)]
    assert listed(folder) == [first.name]
    assert not second.exists()


def test_a_copy_that_is_not_the_file_leaves_nothing(
    alice: Lake, here: MultipleItemDID, folder: Path, tmp_path: Path
) -> None:
    rotten = Path(shutil.copytree(str(alice.instance.rse_mount_path), tmp_path / "rotten"))
    elsewhere = Lake(
        replace(alice.instance, name="rotten", rse_mount_path=str(rotten)),
        credentials=alice.credential,
    )
    items = MultipleItemDID(here.did, lake=elsewhere)
    bad = Path(items[2].path)
    bad.chmod(0o644)
    bad.write_text("x" * 100)
    with pytest.raises(ChecksumMismatch, match="adler32"):
        dlaas.workspace(folder, items, copy=True)
    assert not folder.exists()
    bad.unlink()
    with pytest.raises(DlaasError):
        dlaas.workspace(folder, items, copy=True, download=False)
    assert not folder.exists()


def test_a_link_follows_its_file_after_restaging(
    alice: Lake, here: MultipleItemDID, folder: Path, tmp_path: Path
) -> None:
    old = Path(shutil.copytree(str(alice.instance.rse_mount_path), tmp_path / "old"))
    moved = Lake(replace(alice.instance, rse_mount_path=str(old)), credentials=alice.credential)
    space = dlaas.workspace(folder, MultipleItemDID(here.did, lake=moved))
    assert all(os.readlink(path).startswith(str(old)) for path in space)
    shutil.rmtree(old)
    (folder / "mine").write_text("mine")
    gone = Path(list(space)[1])
    gone.unlink()
    register(alice)
    # Another process, later: it knows what is whose.
    again = dlaas.workspace(folder)
    assert sorted(again.repair()) == sorted(again)
    assert [Path(path).read_text() for path in again] == ["a" * 100, "b" * 100, "c" * 100]
    assert again.repair() == []
    assert again.clear() == []
    assert listed(folder) == ["mine"]


def test_what_cannot_be_repaired_is_told_after_all_else_is(
    alice: Lake, here: MultipleItemDID, folder: Path, tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    there = made(alice, tmp_path, fresh, 1)
    space = dlaas.workspace(folder, here)
    record = folder / ".dlaas-workspace.json"
    told = json.loads(record.read_text())
    # As if its rule had ended since.
    told["made"]["lost.txt"] = {
        "did": str(there[0].did), "instance": "lake", "target": "/gone",
    }  # fmt: skip
    record.write_text(json.dumps(told))
    (folder / "lost.txt").symlink_to("/gone")
    Path(next(iter(space))).unlink()
    space = Workspace(folder)
    with pytest.raises(NotAvailable, match=r"1 files .*not here now"):
        space.repair()
    assert (folder / here[0].name).read_text() == "a" * 100
    space.clear()
    assert not (folder / "lost.txt").is_symlink()


def test_what_is_not_here_is_told_before_anything_is_made(
    alice: Lake, here: MultipleItemDID, folder: Path, tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    there = made(alice, tmp_path, fresh, 2)
    with pytest.raises(NotAvailable, match=r"2 of 5 files are not here.*make_available"):
        dlaas.workspace(folder, [here, there])
    assert not folder.exists()


def test_a_killed_copy_is_swept_up(here: MultipleItemDID, folder: Path) -> None:
    code = (
        "import os, sys\nfrom dlaas.variables import links\n"
        "links.os.utime = lambda *a, **k: os._exit(9)\n"
        "links.place_copy(links.Path(sys.argv[1]), sys.argv[2], 100, None, 0)"
    )
    dlaas.workspace(folder, here[:1], copy=True)
    ran = subprocess.run(
        [sys.executable, "-c", code, str(folder / "x"), here[1].path], timeout=60, check=False
    )
    assert ran.returncode == 9
    assert any(name.startswith(".dlaas-part-") for name in listed(folder))
    dlaas.workspace(folder).clear()
    assert not folder.exists()


def test_more_can_be_added_and_what_is_there_keeps_its_name(
    alice: Lake, here: MultipleItemDID, folder: Path
) -> None:
    space = dlaas.workspace(folder, here[:1])
    before = list(space)
    assert list(dlaas.workspace(folder, here))[:1] == before
    assert len(dlaas.workspace(folder)) == 3
    assert len(dlaas.workspace(folder, here)) == 3


def test_one_file_is_linked_under_its_own_name(
    here: MultipleItemDID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = here[0].link(folder)
    assert link == str(folder / here[0].name)
    assert here[0].link(folder) == link
    assert os.readlink(link) == here[0].path
    monkeypatch.setenv("HOME", str(folder))
    assert here[0].link("~/own") == str(folder / "own" / here[0].name)
    with pytest.raises(Unwritable):
        here[0].link("/proc/dlaas")
    assert here[1:].link(folder / "more") == [str(folder / "more" / i.name) for i in here[1:]]


def test_a_record_that_cannot_be_read_stops_everything(here: MultipleItemDID, folder: Path) -> None:
    folder.mkdir()
    record = folder / ".dlaas-workspace.json"
    for text in ("", "[]", '{"made": {"x": {}}, "folders": []}', '{"made": 3}'):
        record.write_text(text)
        with pytest.raises(InvalidInput, match="cannot be read"):
            dlaas.workspace(folder, here)
    assert listed(folder) == [record.name]
    file = folder / "file"
    file.write_text("")
    with pytest.raises(AlreadyThere):
        dlaas.workspace(file, here)


def test_what_is_downloaded_can_be_linked_where_nothing_is_mounted(
    alice: Lake, here: MultipleItemDID, folder: Path, tmp_path: Path
) -> None:
    laptop = Lake(
        replace(
            alice.instance,
            name="laptop",
            destination_rse="NORTH-DISK",
            rse_mount_path=None,
            cache_folder=str(tmp_path / "cache"),
        ),
        credentials=alice.credential,
    )
    data = MultipleItemDID(here.did, lake=laptop)
    with pytest.raises(NotAvailable):
        dlaas.workspace(folder, data, download=False)
    with dlaas.workspace(folder, data) as space:
        assert [Path(path).read_text()[:1] for path in space] == ["a", "b", "c"]
        assert all(os.readlink(path).startswith(str(tmp_path / "cache")) for path in space)
    assert data.local() == [item.path for item in data]
    into = tmp_path / "mine"
    paths = data[:2].local(into)
    assert [Path(path).read_text()[:1] for path in paths] == ["a", "b"]
    assert all(path.startswith(str(into)) for path in paths)


def test_a_download_is_refused_where_it_fails(
    alice: Lake, here: MultipleItemDID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from dlaas.model import Problem
    from dlaas.transfer.download import Downloaded, Failure
    from dlaas.variables.paths import fetched

    failure = Failure(here[0].did, Problem("StorageFailed", "It burns.", "storage", "Wait.", {}))
    done: Any = Downloaded(here.did, str(tmp_path), failed=1, failures=(failure,))
    monkeypatch.setattr("dlaas.lake.Lake.download", lambda *_, **__: done)
    with pytest.raises(StorageFailed, match=r"It burns\. Wait\."):
        fetched(alice, here[0].did, None)


@pytest.fixture
def sent(alice: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of Rucio during the test."""
    return noted(alice, monkeypatch)


def test_repairing_asks_nothing_for_single_files(
    here: MultipleItemDID, folder: Path, sent: list[str]
) -> None:
    space = dlaas.workspace(folder, here)
    Path(list(space)[1]).unlink()
    sent.clear()
    # Another process, later.
    assert Workspace(folder).repair() == list(space)[1:2]
    # At most what the destination RSE's paths look like.
    assert len(sent) <= 1
    space.clear()


def test_two_at_work_in_one_folder_forget_nothing_of_each_other(
    here: MultipleItemDID, folder: Path
) -> None:
    first, second = Workspace(folder), Workspace(folder)
    with first:
        first.add(here[:1])
        second.add(here[1:])
        assert len(Workspace(folder)) == 3
    # What the other asked for stays while it is at work.
    assert len(Workspace(folder)) == 2
    assert all((folder / item.name).exists() for item in here[1:])
    assert second.clear() == []
    assert not folder.exists()


def test_many_processes_at_once_leave_nothing(here: MultipleItemDID, folder: Path) -> None:
    code = (
        "import os, sys\nfrom dlaas.variables import links\n"
        "from dlaas.variables.workspaces import Workspace\n"
        "from dlaas import SingleItemDID\nfrom dlaas.model import Entry, DID\n"
        "for turn in range(8):\n"
        "    did = DID(f'user.alice:{os.getpid()}-{turn}')\n"
        "    item = SingleItemDID._at(sys.argv[2], did, 'lake', None, Entry(did, 'file', 1))\n"
        "    import dlaas.variables.workspaces as w\n"
        "    w.all_here = lambda items, download: [sys.argv[2] for _ in items]\n"
        "    with Workspace(sys.argv[1]) as space:\n"
        "        space.add([item])\n"
        "        assert os.path.exists(space.paths[str(did)])\n"
    )
    told = [sys.executable, "-c", code, str(folder), here[0].path]
    running = [subprocess.Popen(told, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
    assert not folder.exists()


def test_a_folder_that_another_removes_in_between_is_made_anew_and_is_ours(
    here: MultipleItemDID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    with monkeypatch.context() as patch:
        looked = Path.mkdir

        def race(path: Path, *args: Any, **options: Any) -> None:
            # As another does that is done with it after we have seen it.
            if path == folder and folder.exists() and not os.listdir(folder):
                folder.rmdir()
            looked(path, *args, **options)

        patch.setattr(Path, "mkdir", race)
        space = dlaas.workspace(folder, here)
    assert space.clear() == []
    assert not folder.exists()


def test_who_made_a_folder_and_waits_for_it_remembers_that(
    here: MultipleItemDID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = iter([False, False])
    monkeypatch.setattr(
        "dlaas.variables.workspace_record._locked", lambda descriptor: next(tries, True)
    )
    space = dlaas.workspace(folder, here)
    assert space.clear() == []
    assert not folder.exists()


def test_a_folder_in_which_another_is_at_work_is_told(
    here: MultipleItemDID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlaas.variables.workspace_record._PATIENCE", 0.2)
    with held(folder), pytest.raises(TookTooLong, match="Another process is at work"):
        dlaas.workspace(folder, here)


def test_a_failed_add_leaves_what_another_has_just_made(
    here: MultipleItemDID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = links.place_link

    def race(link: Path, target: str) -> None:
        if link.name == here[1].name:
            # The user makes the very same link by hand, at the last moment.
            os.symlink(target, link)
        place(link, target)

    monkeypatch.setattr(links, "place_link", race)
    with pytest.raises(AlreadyThere):
        dlaas.workspace(folder, here)
    assert listed(folder) == [here[1].name]


def test_a_record_that_leads_out_of_its_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    mine = tmp_path / "mine"
    mine.write_text("mine")
    found = mine.stat()
    told = {
        "did": "s:n", "instance": None, "target": "/x", "size": found.st_size,
        "changed_at": found.st_mtime_ns,
    }  # fmt: skip
    for name in ("../mine", str(mine), "a/../../mine"):
        (folder / ".dlaas-workspace.json").write_text(
            json.dumps({"made": {name: told}, "folders": []})
        )
        with pytest.raises(InvalidInput, match="cannot be read"):
            Workspace(folder)
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("step", ["write_text", "replace"])
def test_a_full_disk_is_told_and_leaves_nothing(
    here: MultipleItemDID, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if step == "replace":
            patch.setattr("dlaas.variables.workspace_record.os.replace", full)
        else:
            patch.setattr(Path, "write_text", full)
        with pytest.raises(DiskFull):
            dlaas.workspace(folder, here)
        assert not folder.exists()
    with dlaas.workspace(folder, here) as space:
        before = set(listed(folder))
        with monkeypatch.context() as patch:
            patch.setattr("dlaas.variables.workspace_record.os.replace", full)
            gone = next(iter(space))
            Path(gone).unlink()
            with pytest.raises(DiskFull):
                space.repair()
        assert space.repair() == [gone]
        assert set(listed(folder)) == before
    assert not folder.exists()


def test_a_folder_that_takes_nothing_is_told(here: MultipleItemDID) -> None:
    with pytest.raises(Unwritable, match=r"cannot be written"):
        dlaas.workspace("/proc/dlaas/work", here)


@pytest.mark.parametrize("act", ["add", "repair"])
def test_a_kill_in_the_middle_leaves_nothing_unknown(
    here: MultipleItemDID, folder: Path, act: str
) -> None:
    code = (
        "import os, sys\nfrom dlaas.variables import links\n"
        "from dlaas.variables.workspaces import Workspace\n"
        "import dlaas.variables.workspaces as w\nfrom dlaas import SingleItemDID\n"
        "from dlaas.model import Entry, DID\n"
        "folder, new, *old = sys.argv[1:]\n"
        "def items(path):\n"
        "    dids = [DID(f's:{n}') for n in range(4)]\n"
        "    return [SingleItemDID._at(path, d, 'x', None, Entry(d, 'file', 1)) for d in dids]\n"
        "def found(paths): return [target for _ in paths]\n"
        "w.paths_of_items = found\n"
        "w.all_here = lambda items, download: found(items)\n"
        "def kill(link, to):\n"
        "    if link.name == '2': os._exit(9)\n"
        "    place(link, to)\n"
        "space = Workspace(folder)\n"
        "if old:\n"
        "    target = old[0]\n"
        "    space.add(items(target))\n"
        "    place, links.replace_link = links.replace_link, kill\n"
        "    target = new\n"
        "    space.repair()\n"
        "else:\n"
        "    target = new\n"
        "    place, links.place_link = links.place_link, kill\n"
        "    space.add(items(target))\n"
    )
    paths = [item.path for item in (here[:1] if act == "add" else here[:2])]
    told = [sys.executable, "-c", code, str(folder), *paths]
    assert subprocess.run(told, timeout=60, check=False).returncode == 9
    assert (folder / "0").is_symlink()
    assert Workspace(folder).clear() == []
    assert not folder.exists()
