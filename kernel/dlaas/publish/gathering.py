"""Which files are meant, by which names, and whether one changes while it is read."""

from __future__ import annotations

import os
import stat
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from dlaas.errors import InvalidInput, NotThere
from dlaas.transfer.upload.sources import Named, Sources, named

CHUNK = 1 << 20
# Who writes twice within it may leave size and time as they were; network disks count in seconds.
_TICK_NS = 2 * 10**9


def gather(files: Sources, base: Named | None = None) -> dict[str, Path]:
    """Answer the files that are meant, sorted by the names that they get.

    `files` is a file, a folder with all that is below it, a pattern such as `plots/**/*.png`, a
    list of these, or a mapping from path to name. A name is relative to `base`, else to the folder
    or to the part of the pattern before its first wildcard. What is hidden (`.name`, `__pycache__`)
    is left out unless it is named. Raises `NotThere` where there is none, `InvalidInput` where two
    would have one name.
    """
    found: dict[str, Path] = {}
    for path, name in named(files, base):
        other = found.setdefault(_checked(name), _regular(path))
        if other != path:
            raise InvalidInput(
                f"{other} and {path} would both be called {name}.",
                remedy="Give a base folder, or a mapping from path to name.",
            )
    if not found:
        raise NotThere("There are no files to take.", remedy="Check folder and pattern.")
    return dict(sorted(found.items()))


def _checked(name: str) -> str:
    """Refuse a name that would leave the folder it is unpacked in, or that tools would change."""
    parts = name.split("/")
    if {"", ".", ".."}.isdisjoint(parts) and "\\" not in name and name.isprintable():
        return name
    raise InvalidInput(f"{name!r} cannot be the name of a file here.", remedy="Rename it.")


def _regular(path: Path) -> Path:
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return path
    except OSError as error:
        raise unreadable(path, error) from None
    raise InvalidInput(f"{path} is not a regular file.")


def unreadable(path: Path, error: OSError) -> NotThere | InvalidInput:
    """Make the error for a file or folder that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return NotThere(f"There is no file {path}.")
    return InvalidInput(f"{path} cannot be read: {error.strerror or type(error).__name__}.")


class Watched:
    """Sources that are read here, and how they looked: none changes in between unnoticed."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[tuple[int, ...], int | None]] = {}

    def read(self, path: Path) -> Iterator[bytes]:
        """Yield the bytes of a file; raises `InvalidInput` where it changes meanwhile."""
        adler32, count = 1, 0
        try:
            with path.open("rb", buffering=0) as file:
                before = _looks(os.fstat(file.fileno()))
                is_fresh = before[1] > time.time_ns() - _TICK_NS
                while chunk := file.read(CHUNK):
                    count += len(chunk)
                    if is_fresh:
                        adler32 = zlib.adler32(chunk, adler32)
                    yield chunk
                after = _looks(os.fstat(file.fileno()))
        except OSError as error:
            raise unreadable(path, error) from error
        if before != after or count != before[0]:
            raise _changed(path)
        self._seen[path] = before, adler32 if is_fresh else None

    def check(self) -> None:
        """Raise `InvalidInput` where a file is not any more what was read."""
        for path, (looked, adler32) in self._seen.items():
            try:
                now = _looks(path.stat())
                same = now == looked and (adler32 is None or adler32 == _adler32(path))
            except OSError:
                same = False
            if not same:
                raise _changed(path)


def _looks(now: os.stat_result) -> tuple[int, ...]:
    return now.st_size, now.st_mtime_ns, now.st_ino, now.st_dev


def _adler32(path: Path) -> int:
    adler32 = 1
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            adler32 = zlib.adler32(chunk, adler32)
    return adler32


def _changed(path: Path) -> InvalidInput:
    return InvalidInput(
        f"{path} changed while it was being read.",
        remedy="Wait until it is written, then try again: nothing was kept.",
    )
