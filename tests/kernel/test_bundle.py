"""Bundles: one archive of which a member is read alone, by us and by everybody's tools."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest
import uproot
from standin import Answer, Request, StandIn

import dlaas
from dlaas import Lake, errors
from dlaas.publish import Bundle, bundle, gathering, members, open_bundle
from dlaas.publish.bundles import INDEX
from dlaas.reading.remote import Reader, Source
from dlaas.transfer.upload.sources import Sources

MANY = 3000


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """A folder of what a notebook leaves: small files, some below, an empty and a hidden one."""
    folder = tmp_path / "outputs"
    (folder / "fits" / "deep").mkdir(parents=True)
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "old.csv").write_text("old")
    (folder / ".hidden").write_text("hidden")
    (folder / "empty").touch()
    (folder / "mass.csv").write_text("bin,count\n1,10\n2,20\n")
    (folder / "größe μ.txt").write_text("in any alphabet")
    (folder / "fits" / "deep" / "a.bin").write_bytes(os.urandom(300_000))
    with uproot.recreate(folder / "fits" / "histos.root") as file:
        file["tree"] = {"x": [1.0, 2.0, 3.0]}
    return folder


NAMES = ["empty", "fits/deep/a.bin", "fits/histos.root", "größe μ.txt", "mass.csv"]


def test_the_index_says_where_each_member_lies(outputs: Path, tmp_path: Path) -> None:
    made = bundle(outputs, tmp_path / "all.zip")
    raw = made.path.read_bytes()
    assert [member.name for member in made.members] == NAMES
    for member in made.members:
        data = raw[member.offset : member.offset + member.size]
        assert data == (outputs / member.name).read_bytes()
        assert member.adler32 == f"{zlib.adler32(data):08x}"
    assert members(made.path) == made.members
    assert str(made) == f"{tmp_path / 'all.zip'}: 5 files, {dlaas.sizes.size_said(len(raw))}"


def test_standard_tools_open_it(outputs: Path, tmp_path: Path) -> None:
    made = bundle(outputs, tmp_path / "all.zip")
    with zipfile.ZipFile(made.path) as zipped:
        assert zipped.testzip() is None
        assert zipped.namelist() == [*NAMES, INDEX]
        assert {info.compress_type for info in zipped.infolist()} == {zipfile.ZIP_STORED}
        # Neither the clock nor the umask is in its bytes.
        assert {info.date_time for info in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in zipped.infolist()} == {0o100644}
    unpacked = tmp_path / "unpacked"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", made.path, unpacked], check=True)
    assert all((unpacked / n).read_bytes() == (outputs / n).read_bytes() for n in NAMES)


def test_the_same_files_make_the_same_bytes(outputs: Path, tmp_path: Path) -> None:
    first = bundle(outputs, tmp_path / "one.zip")
    for path in outputs.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    second = bundle(
        {path: path.relative_to(outputs).as_posix() for path in map(outputs.joinpath, NAMES[::-1])},
        tmp_path / "two.zip",
    )
    assert first.path.read_bytes() == second.path.read_bytes()


def test_an_archive_that_is_there_is_kept(outputs: Path, tmp_path: Path) -> None:
    archive = tmp_path / "all.zip"
    assert (bundle(outputs, archive).new, bundle(outputs, archive).new) == (True, False)
    before = archive.read_bytes()
    (outputs / "mass.csv").write_text("other")
    with pytest.raises(FileExistsError, match="with other contents"):
        bundle(outputs, archive)
    assert archive.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["all.zip", "outputs"]


def test_an_archive_in_the_folder_that_is_bundled_does_not_hold_itself(outputs: Path) -> None:
    assert bundle(outputs, outputs / "z.zip").new
    again = bundle(outputs, outputs / "z.zip")
    assert (again.new, [member.name for member in again.members]) == (False, NAMES)


@pytest.mark.parametrize(
    ("files", "base", "names"),
    [
        ("outputs", None, NAMES),
        ("outputs/mass.csv", None, ["mass.csv"]),
        ("outputs/*.csv", None, ["mass.csv"]),
        ("outputs/**/*.root", None, ["fits/histos.root"]),
        ("outputs/f*/*.root", None, ["fits/histos.root"]),
        (["outputs/fits", "outputs/empty"], None, ["deep/a.bin", "empty", "histos.root"]),
        (["outputs/fits", "outputs/empty"], "outputs", ["empty", *NAMES[1:3]]),
        (["outputs/.hidden"], None, [".hidden"]),
        ({"outputs/empty": "x/y"}, None, ["x/y"]),
    ],
)
def test_files_are_named_as_they_are_meant(
    outputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: Sources,
    base: str | None,
    names: list[str],
) -> None:
    monkeypatch.chdir(outputs.parent)
    assert list(gathering.gather(files, base)) == names


@pytest.mark.parametrize(
    ("files", "base", "error"),
    [
        ("nope", None, errors.NotThere),
        ("outputs/*.nope", None, errors.NotThere),
        (["outputs/nope"], None, errors.NotThere),
        ([], None, errors.NotThere),
        (["outputs/mass.csv", "mass.csv"], None, errors.InvalidInput),
        ("outputs", "elsewhere", errors.InvalidInput),
        ({"outputs/empty": "../x"}, None, errors.InvalidInput),
        ({"outputs/empty": "/x"}, None, errors.InvalidInput),
        ({"outputs/empty": "a\nb"}, None, errors.InvalidInput),
        ({"outputs/empty": INDEX}, None, errors.InvalidInput),
        ("pipe", None, errors.InvalidInput),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    outputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: Sources,
    base: str | None,
    error: type[Exception],
) -> None:
    monkeypatch.chdir(outputs.parent)
    Path("mass.csv").write_text("another")
    os.mkfifo("pipe")
    before = sorted(Path().rglob("*"))
    with pytest.raises(error):
        bundle(files, "all.zip", base=base)
    assert sorted(Path().rglob("*")) == before


def _grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def _rewrite(path: Path) -> None:
    """Write other bytes of the same length and put the clock back, as coarse clocks do."""
    was = path.stat()
    path.write_bytes(bytes(was.st_size))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def _replace(path: Path) -> None:
    path.with_name("new").write_bytes(path.read_bytes())
    path.with_name("new").replace(path)


@pytest.mark.parametrize("change", [_grow, _rewrite, _replace, Path.unlink])
def test_a_file_that_changes_meanwhile_is_noticed(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    genuine, changed = gathering.Watched.read, outputs / "fits" / "deep" / "a.bin"

    def read(watched: gathering.Watched, path: Path) -> Iterator[bytes]:
        # It has been read long ago when the last file is.
        if path.name == "mass.csv":
            change(changed)
        yield from genuine(watched, path)

    monkeypatch.setattr(gathering.Watched, "read", read)
    # However slow this machine is, the files have just been written.
    monkeypatch.setattr(gathering, "_TICK_NS", 10**13)
    with pytest.raises(errors.InvalidInput, match=r"a\.bin changed while"):
        bundle(outputs, tmp_path / "all.zip")
    assert [p.name for p in tmp_path.iterdir()] == ["outputs"]


def test_a_file_that_is_written_while_it_is_read_is_noticed(outputs: Path, tmp_path: Path) -> None:
    watched, path = gathering.Watched(), outputs / "fits" / "deep" / "a.bin"
    chunks = watched.read(path)
    next(chunks)
    _grow(path)
    with pytest.raises(errors.InvalidInput, match="changed while"):
        list(chunks)


def test_thousands_of_files_and_each_is_read_alone(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(MANY):
        (folder / f"{number:05}.txt").write_text(str(number))
    made = bundle(folder, tmp_path / "many.zip")
    opened = open_bundle(made.path)
    assert len(opened) == MANY
    assert opened["01234.txt"] == b"1234"
    assert opened.read(["00007.txt", "02999.txt"]) == {"00007.txt": b"7", "02999.txt": b"2999"}


@pytest.fixture
def in_lake(alice: Lake, outputs: Path, tmp_path: Path, fresh: Callable[[str], str]) -> str:
    """The reference of a bundle in the lake, where no mount has it."""
    made = bundle(outputs, tmp_path / "all.zip")
    did = alice.upload(
        made.path, f"user.alice:{fresh('bundle')}.zip", lifetime="1d", rse="NORTH-DISK"
    ).did
    return f"rucio://{did.scope}/{did.name}"


def test_members_in_the_lake_are_read_by_reference_did_and_variable(
    in_lake: str, outputs: Path
) -> None:
    did = in_lake.removeprefix("rucio://").replace("/", ":")
    for place in (in_lake, did, dlaas.did(did)):
        opened = open_bundle(place)
        assert list(opened) == NAMES
        assert {n: opened[n] for n in NAMES} == {n: (outputs / n).read_bytes() for n in NAMES}
    assert [member.name for member in members(in_lake)] == NAMES
    assert "empty" in opened
    with pytest.raises(errors.NotThere, match="holds no 'nope'"):
        opened["nope"]


def test_pandas_and_uproot_read_a_member_through_fsspecs_chain(in_lake: str) -> None:
    opened = open_bundle(in_lake)
    assert pandas.read_csv(opened.url("mass.csv"))["count"].tolist() == [10, 20]
    assert pandas.read_csv(f"zip://mass.csv::{in_lake}")["bin"].tolist() == [1, 2]
    with uproot.open({opened.url("fits/histos.root"): "tree"}) as tree:
        assert tree["x"].array().tolist() == [1, 2, 3]


def test_a_member_is_read_without_the_rest(standin: Callable[..., StandIn], tmp_path: Path) -> None:
    """A storage of ranges counts what it gave; the genuine one does not tell."""
    folder = tmp_path / "big"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.bin").write_bytes(os.urandom(200_000))
    raw = bundle(folder, tmp_path / "big.zip").path.read_bytes()
    sent: list[int] = []

    def ranges(request: Request) -> Answer:
        asked = {name.lower(): value for name, value in request.headers.items()}.get("range")
        if asked is None:
            return (
                Answer(200, raw, {"Accept-Ranges": "bytes"})
                if request.method == "HEAD"
                else (Answer(400))
            )
        first, last = map(int, asked.removeprefix("bytes=").split("-"))
        part = raw[first : last + 1]
        sent.append(len(part))
        told = f"bytes {first}-{first + len(part) - 1}/{len(raw)}"
        return Answer(206, part, {"Content-Range": told, "Accept-Ranges": "bytes"})

    service = standin(ranges)
    from fsspec.implementations.http import HTTPFileSystem

    opened = open_bundle(f"{service.url}/big.zip")
    assert isinstance(opened._fs, HTTPFileSystem)
    sent.clear()
    assert opened["17.bin"] == (folder / "17.bin").read_bytes()
    assert sent == [200_000]


def test_of_a_bundle_in_the_lake_the_index_and_one_member_come(
    alice: Lake, tmp_path: Path, fresh: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "big"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:02}.bin").write_bytes(os.urandom(150_000))
    made = bundle(folder, tmp_path / "big.zip")
    did = alice.upload(
        made.path, f"user.alice:{fresh('big')}.zip", lifetime="1d", rse="NORTH-DISK"
    ).did
    asked: list[int] = []
    genuine = Reader.read_many

    async def read_many(
        self: Reader, source: Source, ranges: list[tuple[int, int]], gap: int
    ) -> Any:
        asked.extend(end - start for start, end in ranges)
        return await genuine(self, source, ranges, gap)

    monkeypatch.setattr(Reader, "read_many", read_many)
    opened = open_bundle(did)
    assert 0 < sum(asked) < made.bytes / 8
    asked.clear()
    assert opened["42.bin"] == (folder / "42.bin").read_bytes()
    assert asked == [150_000]


def test_a_damaged_member_is_refused(outputs: Path, tmp_path: Path) -> None:
    made = bundle(outputs, tmp_path / "all.zip")
    raw = bytearray(made.path.read_bytes())
    member = next(m for m in made.members if m.name == "mass.csv")
    raw[member.offset] ^= 1
    made.path.write_bytes(raw)
    with pytest.raises(errors.ChecksumMismatch):
        open_bundle(made.path)["mass.csv"]


@pytest.mark.parametrize(
    "index",
    [
        None,
        "nonsense",
        "[]",
        '{"format": "other", "members": []}',
        '{"format": "dlaas-bundle", "members": [{"name": "a"}]}',
        '{"format": "dlaas-bundle", "members":'
        ' [{"name": "a", "offset": 0, "size": 9999999, "adler32": "00000001"}]}',
    ],
)
def test_what_is_no_bundle_is_told_as_such(tmp_path: Path, index: str | None) -> None:
    archive = tmp_path / "some.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("a", "a")
        if index is not None:
            zipped.writestr(INDEX, index)
    with pytest.raises(errors.InvalidInput, match="no bundle of ours"):
        members(archive)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(INDEX, '{"format": "dlaas-bundle", "members": []}' + " " * 10**6)
    with pytest.raises(errors.InvalidInput, match="no bundle of ours"):
        members(archive)
    archive.write_bytes(b"no zip")
    with pytest.raises(errors.InvalidInput, match="no bundle of ours"):
        members(archive)
    with pytest.raises(errors.NotThere, match="no bundle"):
        members(tmp_path / "nope.zip")


def test_two_that_bundle_the_same_both_end_right(outputs: Path, tmp_path: Path) -> None:
    made: list[Bundle] = []
    threads = [
        threading.Thread(target=lambda: made.append(bundle(outputs, tmp_path / "all.zip")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.new for one in made) == [False, False, False, True]
    assert len(open_bundle(tmp_path / "all.zip")) == len(NAMES)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["all.zip", "outputs"]
