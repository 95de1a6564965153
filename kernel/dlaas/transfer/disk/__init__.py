"""The disk of this machine: what it says when it cannot be written, and room kept in advance."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlaas.errors import DiskFull, DlaasError, InvalidInput
from dlaas.sizes import size_said
from dlaas.transfer.disk.mark import AnyPath

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ONE = frozenset({errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.EILSEQ})


class Unwritable(InvalidInput, OSError):
    """The folder on this machine cannot be written to."""

    remedy = "Choose a folder that you may write to."


class Unnameable(InvalidInput, OSError):
    """One file cannot have its name on this machine; others can."""

    remedy = "Download it by itself, into another folder."


def local_error(error: OSError, path: AnyPath, needed: int = 0) -> DlaasError:
    """Turn what this machine's disk says into an error that names the folder."""
    path = Path(path)
    folder = path if os.path.isdir(path) else path.parent
    if error.errno in _FULL:
        return full(folder, needed, free_on(folder))
    text = f"{path} cannot be written: {error.strerror or type(error).__name__}."
    return Unnameable(text) if error.errno in _ONE else Unwritable(text)


def full(folder: AnyPath, needed: int, free: int | None) -> DiskFull:
    """Make the error for a disk without room, with its numbers in bytes."""
    left = "" if free is None else f", and {size_said(free)} are free"
    return DiskFull(
        f"The disk of {folder} has no room: {size_said(needed)} are needed there{left}.",
        details={"folder": str(folder), "needed": needed, "free": free},
    )


def free_on(folder: AnyPath) -> int | None:
    """Answer the free bytes on the disk of a folder, which may not be there yet; None unknown."""
    place = os.fspath(folder)
    while True:
        try:
            found = os.statvfs(place)
        except FileNotFoundError:
            above = os.path.dirname(place)
            if place == above:
                return None
            place = above
            continue
        except OSError:
            return None
        return found.f_bavail * found.f_frsize


class Room:
    """What this process has still to write: two files are not promised the same free space."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._promised: set[Promise] = set()

    @contextmanager
    def kept(self, folder: AnyPath, needed: int) -> Iterator[Promise]:
        """Keep room for the bytes to come; raises `DiskFull` before one is fetched."""
        promise = self.keep(folder, needed)
        try:
            yield promise
        finally:
            self.forget(promise)

    def keep(self, folder: AnyPath, needed: int) -> Promise:
        """Keep room until `forget`; raises `DiskFull`."""
        promise = Promise(needed)
        with self._guard:
            free = free_on(folder)
            if free is not None:
                for other in self._promised:
                    free -= other.left
                if free < needed:
                    raise full(folder, needed, max(0, free))
            self._promised.add(promise)
        return promise

    def forget(self, promise: Promise) -> None:
        """Give up what is left of the room."""
        with self._guard:
            self._promised.discard(promise)


class Promise:
    """Bytes of a file that are still to be written."""

    def __init__(self, left: int) -> None:
        self.left = left
