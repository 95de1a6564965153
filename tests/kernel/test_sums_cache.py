"""Checksums are computed once for a file that does not change, whoever asks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dlaas.transfer.disk import sums_cache
from dlaas.transfer.disk.checksums import Checksums, of_file
from dlaas.transfer.disk.sums_cache import Summed, cache_path, sums_of


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of this test's own, and a disk whose clock has no coarse ticks."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sums_cache, "_TICK_NS", 0)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read."""
    found: list[Path] = []

    def read(path: Path, kinds: tuple[str, ...]) -> Checksums:
        found.append(path)
        return of_file(path, kinds)

    monkeypatch.setattr(sums_cache, "of_file", read)
    return found


@pytest.fixture
def a_file(tmp_path: Path) -> Path:
    path = tmp_path / "data.bin"
    path.write_bytes(os.urandom(100_000))
    return path


def _told(sums: Summed) -> tuple[int, str, str]:
    return sums.bytes, sums.adler32, sums.md5


def test_an_unchanged_file_is_read_once(a_file: Path, reads: list[Path]) -> None:
    first, again = sums_of(a_file), sums_of(a_file)
    assert _told(first) == _told(again) == _told(of_file(a_file))
    assert reads == [a_file]


def test_another_checksum_is_computed_when_it_is_asked_for(a_file: Path, reads: list[Path]) -> None:
    sums_of(a_file)
    assert sums_of(a_file, ("sha256",)).of("sha256") == of_file(a_file, ("sha256",)).of("sha256")
    assert len(reads) == 2
    sums_of(a_file, ("sha256", "md5"))
    assert len(reads) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(os.urandom(100_000)),
        lambda path: path.write_bytes(b"short"),
        # Another file under the name, as editors and tar do it, with the old one's time.
        lambda path: (
            path.with_name("new").write_bytes(os.urandom(100_000)),
            os.utime(path.with_name("new"), ns=(0, path.stat().st_mtime_ns)),
            path.with_name("new").replace(path),
        ),
    ],
    ids=["bytes", "size", "file"],
)
def test_a_changed_file_is_read_again(
    a_file: Path, reads: list[Path], change: Callable[[Path], object]
) -> None:
    sums_of(a_file)
    change(a_file)
    assert _told(sums_of(a_file)) == _told(of_file(a_file))
    assert len(reads) == 2


def test_bytes_that_change_within_a_tick_and_keep_their_time_are_read_again(
    a_file: Path, reads: list[Path]
) -> None:
    sums_of(a_file)
    time = a_file.stat().st_mtime_ns
    with a_file.open("r+b") as file:
        file.write(b"changed in place")
    os.utime(a_file, ns=(time, time))
    assert _told(sums_of(a_file)) == _told(of_file(a_file))


def test_a_file_written_just_now_is_not_remembered(
    a_file: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sums_cache, "_TICK_NS", 3600 * 10**9)
    sums_of(a_file)
    sums_of(a_file)
    assert len(reads) == 2


def test_nobody_else_can_read_what_is_remembered(a_file: Path) -> None:
    old = os.umask(0)
    try:
        sums_of(a_file)
    finally:
        os.umask(old)
    assert cache_path().stat().st_mode & 0o777 == 0o600


def test_a_cache_that_is_broken_is_made_anew(a_file: Path, reads: list[Path]) -> None:
    cache_path().parent.mkdir(parents=True)
    cache_path().write_bytes(b"this is no database " * 100)
    for _ in range(3):
        assert _told(sums_of(a_file)) == _told(of_file(a_file))
    assert reads == [a_file]


def test_without_a_place_for_it_nothing_is_remembered_and_nothing_breaks(
    a_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in-the-way").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "in-the-way"))
    assert _told(sums_of(a_file)) == _told(of_file(a_file))


def test_a_link_in_its_place_is_not_followed(
    a_file: Path, tmp_path: Path, reads: list[Path]
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    cache_path().parent.mkdir(parents=True)
    cache_path().symlink_to(victim)
    sums_of(a_file)
    assert victim.read_text() == "mine"


def test_processes_share_it_at_the_same_time(tmp_path: Path, reads: list[Path]) -> None:
    for number in range(40):
        (tmp_path / f"{number}.bin").write_bytes(os.urandom(1000))
    code = (
        "import sys; from pathlib import Path; from dlaas.transfer.disk import sums_cache as c\n"
        "c._TICK_NS = 0\n"
        "for path in sorted(Path(sys.argv[1]).glob('*.bin')): c.sums_of(path)"
    )
    others = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(4)]
    assert [other.wait(60) for other in others] == [0] * 4
    for path in tmp_path.glob("*.bin"):
        assert _told(sums_of(path)) == _told(of_file(path))
    assert reads == []
