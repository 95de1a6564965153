"""Many small files in one archive of which one member is read without the rest.

It is a zip whose members are stored as they are, so that any tool opens it. Its last member is the
index: where each lies, how long it is, and its checksum, so that a closed range of bytes is all
that has to come over the network. The same files make the same bytes, whenever and wherever.
"""

from __future__ import annotations

import filecmp
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from typing import IO

from dlaas.errors import AlreadyThere, InvalidInput
from dlaas.publish.gathering import Watched, gather
from dlaas.sizes import size_said
from dlaas.transfer.disk import free_on, full, local_error
from dlaas.transfer.upload.sources import Named, Sources

INDEX = "bundle-index.json"
FORMAT = "dlaas-bundle"
# The earliest that a zip can say: the times of the files would make other bytes.
_WHEN = (1980, 1, 1, 0, 0, 0)
_MODE = (stat.S_IFREG | 0o644) << 16
_UNIX = 3
# What a zip writes for a member beside its bytes and twice its name, and our index too.
_OVERHEAD = 300


@dataclass(frozen=True)
class Member:
    """A file in a bundle: `size` bytes from `offset` on in the archive."""

    name: str
    offset: int
    size: int
    adler32: str


@dataclass(frozen=True)
class Bundle:
    """An archive on this machine; `new` is False where the very same was there already."""

    path: Path
    bytes: int
    members: tuple[Member, ...]
    new: bool = True

    def __str__(self) -> str:
        count = len(self.members)
        files = f"{count} file{'' if count == 1 else 's'}"
        return f"{self.path}: {files}, {size_said(self.bytes)}"


def bundle(files: Sources, archive: Named, *, base: Named | None = None) -> Bundle:
    """Write files into one archive with an index, the same bytes for the same files.

    `files` is a folder, a pattern such as `plots/*.png`, a list of paths, or a mapping from path to
    name; see `gathering.gather`. An archive of other contents is never replaced. Raises `NotThere`,
    `AlreadyThere`, `DiskFull`, and `InvalidInput` where a file changes meanwhile; nothing is left
    then.
    """
    target = Path(os.path.expanduser(os.fspath(archive)))
    found = _without(gather(files, base), target)
    if INDEX in found:
        raise InvalidInput(f"{INDEX} is the name of the index: call {found[INDEX]} otherwise.")
    temporary = _begun(target, found)
    try:
        members = _write(temporary, found)
        size = temporary.stat().st_size
        new = _name(temporary, target)
    except OSError as error:
        if isinstance(error, (InvalidInput, AlreadyThere)):
            raise
        raise local_error(error, target) from error
    finally:
        temporary.unlink(missing_ok=True)
    return Bundle(target, size, tuple(members), new)


def _without(found: dict[str, Path], target: Path) -> dict[str, Path]:
    """Leave out the archive itself, which may lie in the folder that is bundled."""
    own = os.path.realpath(target)
    kept = {name: path for name, path in found.items() if os.path.realpath(path) != own}
    if not kept:
        raise InvalidInput("The archive itself is the only file there.")
    return kept


def _begun(target: Path, found: dict[str, Path]) -> Path:
    sizes = sum(path.stat().st_size for path in found.values())
    needed = sizes + sum(_OVERHEAD + 3 * len(name) for name in found)
    free = free_on(target.parent)
    if free is not None and free < needed:
        raise full(target.parent, needed, free)
    temporary = target.with_name(f".{target.name[:100]}-{token_hex(8)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # The umask decides who may read it, unlike with tempfile.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except OSError as error:
        raise local_error(error, target) from error
    return temporary


def _write(archive: Path, found: dict[str, Path]) -> list[Member]:
    watched = Watched()
    with archive.open("wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as zipped:
            members = [
                _store(zipped, file, name, path.stat().st_size, watched.read(path))
                for name, path in found.items()
            ]
            index = _index(members)
            _store(zipped, file, INDEX, len(index), iter([index]))
        watched.check()
        file.flush()
        os.fsync(file.fileno())
    return members


def _store(
    zipped: zipfile.ZipFile, file: IO[bytes], name: str, size: int, chunks: Iterator[bytes]
) -> Member:
    info = zipfile.ZipInfo(name, _WHEN)
    info.create_system, info.external_attr, info.file_size = _UNIX, _MODE, size
    adler32, written = 1, 0
    with zipped.open(info, "w") as member:
        offset = file.tell()
        for chunk in chunks:
            adler32 = zlib.adler32(chunk, adler32)
            written += len(chunk)
            member.write(chunk)
    return Member(name, offset, written, f"{adler32:08x}")


def _index(members: list[Member]) -> bytes:
    """Write a line for each member, so that a person can read it too."""
    rows = ",\n".join(json.dumps(asdict(member), sort_keys=True) for member in members)
    return f'{{"format": "{FORMAT}", "version": 1, "members": [\n{rows}\n]}}\n'.encode()


def _name(temporary: Path, target: Path) -> bool:
    """Give an archive its name; answer False where the same bytes have it, never replace others."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        if target.is_file() and filecmp.cmp(temporary, target, shallow=False):
            return False
        raise AlreadyThere(
            f"{target} is there already, with other contents.", remedy="Name another archive."
        ) from None
    except OSError:
        # A disk without hard links.
        if os.path.lexists(target):
            raise
        temporary.rename(target)
    return True
