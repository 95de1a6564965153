"""The cache: readable, shared between processes, cleaned without taking anything from anybody."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dlaas import Lake
from dlaas.cache import Cache, cache_for, private_cache
from dlaas.errors import InvalidInput, NotAvailable
from dlaas.model import DID
from dlaas.transfer.disk.place import read_back, written

NAME = "instance"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing of these tests is in anybody's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("DLAAS_CACHE", raising=False)
    return tmp_path / "xdg"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def put(cache: Cache, did: str, content: bytes = b"content", age: float = 0.0) -> Path:
    """Put a file in as a download does, used for the last time so many seconds ago."""
    from dlaas.transfer.disk.checksums import adler32_of

    path = cache.path(NAME, did)
    cache.place.make_folder(path.parent)
    path.write_bytes(content)
    then = time.time() - age
    os.utime(path, (then, then))
    cache.place.remember(path, DID(did), adler32_of(path))
    os.utime(cache.place._record(path), (then, then))
    return path


ODD = [
    "/store/data/x.root", "store/data/x.root", "a//b", "a/b", "../../../etc/passwd", "a/../b",
    "a/./b", "./x", ".ssh/authorized_keys", ".%2E", "%2E", "%2Essh/authorized_keys", "%2F/a", "%",
    "a%2Fb", "%00", "a/", "/", "//", "..", "...", "\u00e9", "a:b", ".dlaas/x", "a/.zgroup",
]  # fmt: skip


def test_each_name_has_a_path_of_its_own_that_stays_in_the_folder(cache: Cache) -> None:
    paths = {os.path.normpath(cache.folder / "s" / written(name)): name for name in ODD}
    assert len(paths) == len(ODD)
    for path, name in paths.items():
        assert path.startswith(f"{cache.folder}/s/")
        assert read_back(os.path.relpath(path, cache.folder / "s")) == name


def test_a_plain_name_is_its_own_path(cache: Cache) -> None:
    expected = cache.folder / "escape" / "user.alice" / "run1/histos-v2.root"
    assert cache.path("escape", "user.alice:run1/histos-v2.root") == expected


@pytest.mark.parametrize("instance", ["..", ".dlaas", "a/b", "Our lake @home", "100%"])
def test_an_instance_of_any_name_has_one_folder(cache: Cache, instance: str) -> None:
    path = cache.path(instance, "s:x")
    assert len(path.relative_to(cache.folder).parts) == 3
    cache.place.make_folder(path.parent)
    path.write_bytes(b"x")
    cache.place.remember(path, DID("s:x"), None)
    assert [entry.instance for entry in cache.entries()] == [instance]


def test_what_is_verified_is_found_and_what_changed_is_not(cache: Cache) -> None:
    path = put(cache, "s:x")
    assert cache.find(NAME, "s:x", 7, "0bcb02fc") == str(path)
    assert cache.find(NAME, "s:x") == str(path)
    assert cache.find(NAME, "s:x", 8, "0bcb02fc") is None
    assert cache.find(NAME, "s:x", 7, "00000001") is None
    assert cache.find("another", "s:x", 7, "0bcb02fc") is None
    path.write_bytes(b"Content")
    assert cache.find(NAME, "s:x", 7, "0bcb02fc") is None


def test_what_nobody_verified_is_not_found(cache: Cache) -> None:
    path = cache.path(NAME, "s:x")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"content")
    assert cache.find(NAME, "s:x", 7, "0bcb02fc") is None


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b'{"path": 1}', b"null"])
def test_a_record_that_makes_no_sense_says_nothing(cache: Cache, record: bytes) -> None:
    path = put(cache, "s:x")
    cache.place._record(path).write_bytes(record)
    assert cache.find(NAME, "s:x", 7, "0bcb02fc") is None


def test_it_lists_what_it_has_and_how_much(cache: Cache) -> None:
    put(cache, "user.alice:a/b.root", b"x" * 1000)
    put(cache, "user.bob:/c", b"y" * 500)
    assert {(e.instance, e.did, e.bytes) for e in cache.entries()} == {
        (NAME, "user.alice:a/b.root", 1000),
        (NAME, "user.bob:/c", 500),
    }
    assert cache.size() == 1500
    # What somebody else put there is not ours to count, nor to delete.
    (cache.folder / "README").write_text("hands off")
    assert cache.size() == 1500
    cache.clean()
    assert (cache.folder / "README").exists()


def test_in_a_folder_of_somebodys_work_only_what_was_downloaded_is_cleaned(cache: Cache) -> None:
    """Somebody names a folder that is in use already, such as that of his project."""
    own = [cache.folder / "thesis/chapters" / name for name in ("1.tex", "figures/1.pdf")]
    for path in own:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"years of work")
        os.utime(path, (1, 1))
    put(cache, "s:x", age=10 * 86400)
    assert [entry.did for entry in cache.entries()] == ["s:x"]
    assert cache.size() == 7
    cache.clean(did=["chapters:1.tex", "chapters:figures/1.pdf"])
    assert cache.clean(older_than="1d").files == 1
    cache.clean(max_bytes=0)
    cache.clean()
    assert [path.read_bytes() for path in own] == [b"years of work"] * 2


def test_an_empty_or_missing_cache_is_no_error(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "nowhere")
    assert (list(cache.entries()), cache.size(), cache.clean().files) == ([], 0, 0)
    assert cache.find(NAME, "s:x") is None
    assert not (tmp_path / "nowhere").exists()


def test_cleaning_by_age_deletes_what_was_not_used_so_long(cache: Cache) -> None:
    old, new = put(cache, "s:old", age=10 * 86400), put(cache, "s:new", age=3600)
    done = cache.clean(older_than="7d")
    assert (done.files, done.bytes, done.in_use) == (1, 7, 0)
    assert (old.exists(), new.exists()) == (False, True)


def test_what_is_used_again_is_young_again(cache: Cache) -> None:
    path = put(cache, "s:x", age=10 * 86400)
    assert cache.find(NAME, "s:x")
    assert cache.clean(older_than="7d").files == 0
    assert path.exists()


def test_cleaning_by_size_deletes_the_longest_unused_first(cache: Cache) -> None:
    for age in range(10):
        put(cache, f"s:{age}", b"x" * 100, age=age * 1000)
    done = cache.clean(max_bytes=350)
    assert (done.files, done.bytes) == (7, 700)
    assert {entry.did.name for entry in cache.entries()} == {"0", "1", "2"}
    assert cache.clean(max_bytes=350).files == 0


def test_cleaning_by_size_counts_those_of_one_second_one_by_one(cache: Cache) -> None:
    for number in range(10):
        put(cache, f"s:{number}", b"x" * 100, age=1000)
    assert cache.clean(max_bytes=350).files == 7


def test_cleaning_by_did_deletes_those_alone(cache: Cache) -> None:
    for name in "abc":
        put(cache, f"s:{name}")
    assert cache.clean(did="s:a").files == 1
    assert cache.clean(did=["s:b", "s:nothing"]).files == 1
    assert [entry.did for entry in cache.entries()] == ["s:c"]


def test_conditions_hold_together(cache: Cache) -> None:
    put(cache, "s:a", age=10 * 86400)
    put(cache, "s:b", age=10 * 86400)
    assert cache.clean(did="s:a", older_than="30d").files == 0
    assert cache.clean(did="s:a", older_than="7d").files == 1


def test_cleaning_by_did_leaves_what_is_on_its_way_for_others(cache: Cache) -> None:
    put(cache, "s:a", age=10 * 86400)
    part = cache.folder / ".dlaas" / ".dlaas-0.part"
    part.write_bytes(b"half")
    os.utime(part, (1, 1))
    assert cache.clean(did="s:a", older_than="7d").files == 1
    assert part.exists()


def test_cleaning_without_a_word_deletes_all_and_leaves_no_empty_folders(cache: Cache) -> None:
    put(cache, "s:a/b/c")
    part = cache.folder / ".dlaas" / ".dlaas-0.part"
    part.write_bytes(b"half")
    assert cache.clean().files == 1
    assert cache.size() == 0
    assert not (cache.folder / NAME).exists()
    assert not part.exists()


def test_nonsense_is_refused_before_anything_is_deleted(cache: Cache) -> None:
    put(cache, "s:a", age=10)
    for options in ({"older_than": "yesterday"}, {"max_bytes": -1}, {"did": "nonsense"}):
        with pytest.raises(InvalidInput):
            cache.clean(**options)
    assert cache.size() == 7


HOLDS = """if True:
    import sys
    from dlaas.cache import Cache
    with Cache(sys.argv[1]).hold(sys.argv[2]) as path:
        print("held", flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def holder() -> Iterator[Callable[[Cache, Path], subprocess.Popen[str]]]:
    """Let another process hold a file."""
    made: list[subprocess.Popen[str]] = []

    def hold(cache: Cache, path: Path) -> subprocess.Popen[str]:
        made.append(
            subprocess.Popen(
                [sys.executable, "-c", HOLDS, str(cache.folder), str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert made[-1].stdout is not None
        assert made[-1].stdout.readline() == "held\n"
        return made[-1]

    yield hold
    for one in made:
        one.kill()
        one.communicate()


def test_what_another_process_holds_is_not_deleted_until_it_is_killed(
    cache: Cache, holder: Callable[[Cache, Path], subprocess.Popen[str]]
) -> None:
    path = put(cache, "s:x", age=10 * 86400)
    process = holder(cache, path)
    for options in ({"older_than": "1d"}, {"max_bytes": 0}, {"did": "s:x"}, {}):
        done = cache.clean(**options)
        assert (done.files, done.in_use) == (0, 1)
    process.kill()
    process.wait()
    assert cache.clean().files == 1
    assert not path.exists()


def test_what_is_gone_cannot_be_held(cache: Cache) -> None:
    path = put(cache, "s:x")
    cache.clean()
    with pytest.raises(NotAvailable), cache.hold(path):
        pass


def test_a_part_that_another_process_adds_to_is_not_deleted(
    cache: Cache, holder: Callable[[Cache, Path], subprocess.Popen[str]]
) -> None:
    put(cache, "s:x")
    part = cache.folder / ".dlaas" / ".dlaas-0.part"
    part.write_bytes(b"half")
    holder(cache, part)
    cache.clean()
    assert part.exists()


@pytest.mark.parametrize(
    ("root", "folder", "file"),
    [
        (0o700, 0o700, 0o600),
        (0o755, 0o755, 0o644),
        (0o2775, 0o2775, 0o664),
        (0o1777, 0o1777, 0o644),
    ],
)
def test_modes_are_those_of_the_shared_folder(
    alice: Lake, tmp_path: Path, root: int, folder: int, file: int
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(root)
    before = os.umask(0o077)
    try:
        found = replace(alice.instance, cache_folder=str(shared), destination_rse=None)
        did = "ATLAS_OD_EDU:data_A.4lep.root"
        from dlaas.transfer.download import download

        (path,) = download(Lake(found, credentials=alice.credential), did).paths
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(path).st_mode) == file
    for place in (Path(path).parent, Path(path).parent.parent, shared / ".dlaas"):
        assert stat.S_IMODE(place.stat().st_mode) == folder
    cache = Cache(shared)
    # Of one that was not brought, but found.
    cache.place.remember(Path(path), DID(did), None)
    (record,) = (p for p in (shared / ".dlaas").rglob("*") if p.is_file())
    assert stat.S_IMODE(record.stat().st_mode) == file


def test_a_link_in_a_shared_folder_leads_nobody_out_of_it(alice: Lake, tmp_path: Path) -> None:
    from dlaas.errors import DlaasError
    from dlaas.transfer.download import download

    shared, own = tmp_path / "shared", tmp_path / "own"
    (shared / alice.instance.name).mkdir(parents=True)
    own.mkdir()
    (shared / alice.instance.name / "ATLAS_OD_EDU").symlink_to(own)
    found = replace(alice.instance, cache_folder=str(shared), destination_rse=None)
    with pytest.raises(DlaasError, match="ATLAS_OD_EDU"):
        download(Lake(found, credentials=alice.credential), "ATLAS_OD_EDU:data_A.4lep.root")
    assert list(own.iterdir()) == []


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symlink", "hard link"])
def test_a_link_in_the_place_of_a_record_overwrites_nothing(
    cache: Cache, tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    path, precious = put(cache, "s:x"), tmp_path / "precious"
    precious.write_bytes(b"years of work")
    os.utime(precious, (1, 1))
    record = cache.place._record(path)
    record.unlink()
    link(precious, record)
    cache.place.remember(path, DID("s:x"), "0bcb02fc")
    cache.place.note_use(path)
    assert precious.read_bytes() == b"years of work"
    assert cache.find(NAME, "s:x", 7, "0bcb02fc") is None


def test_a_pipe_in_the_place_of_a_record_is_not_waited_for(cache: Cache) -> None:
    path = put(cache, "s:x")
    record = cache.place._record(path)
    record.unlink()
    os.mkfifo(record)
    assert cache.find(NAME, "s:x", 7, "0bcb02fc") is None
    cache.place.remember(path, DID("s:x"), "0bcb02fc")
    assert cache.find(NAME, "s:x", 7, "0bcb02fc") is None


def test_where_it_is(
    alice: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_cache: Path
) -> None:
    instance = replace(alice.instance, cache_folder=None)
    assert cache_for(instance, "s").folder == own_cache / "dlaas"
    monkeypatch.setenv("DLAAS_CACHE", str(tmp_path / "told"))
    assert cache_for(instance, "s").folder == tmp_path / "told"
    configured = replace(instance, cache_folder=str(tmp_path / "configured"))
    assert cache_for(configured, "s").folder == tmp_path / "configured"


def test_an_embargoed_scope_is_cached_where_nobody_else_looks(
    alice: Lake, tmp_path: Path, own_cache: Path
) -> None:
    shared = tmp_path / "shared"
    instance = replace(
        alice.instance, cache_folder=str(shared), embargoed_scopes=("ATLAS_*", "secret")
    )
    lake = Lake(replace(instance, destination_rse=None), credentials=alice.credential)
    from dlaas.transfer.download import download

    done = download(lake, "ATLAS_OD_EDU:data_A.4lep.root")
    assert Path(done.paths[0]).is_relative_to(own_cache / "dlaas-private")
    assert stat.S_IMODE((own_cache / "dlaas-private").stat().st_mode) == 0o700
    assert stat.S_IMODE(os.stat(done.paths[0]).st_mode) == 0o600
    assert not shared.exists()
    assert cache_for(instance, "user.alice").folder == shared


def test_a_private_cache_that_was_opened_up_is_closed_again(own_cache: Path) -> None:
    private_cache()
    (own_cache / "dlaas-private").chmod(0o755)
    private_cache()
    assert stat.S_IMODE((own_cache / "dlaas-private").stat().st_mode) == 0o700
