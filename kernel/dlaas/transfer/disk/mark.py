"""What was verified of a file, kept with the file itself where its disk can: in its attributes.

A record of its own would cost as much as the file, of a small one.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import NamedTuple

_NAME, _USED = "user.dlaas", "user.dlaas.used"
# macOS has none that Python can reach.
_HAS = hasattr(os, "setxattr")
AnyPath = str | os.PathLike[str]


class Seen(NamedTuple):
    """What was verified, and how the file looked then; a changed file looks otherwise."""

    did: str
    bytes: int
    mtime_ns: int
    inode: int
    adler32: str | None

    def fits(self, now: os.stat_result) -> bool:
        """Tell whether a file still looks so."""
        return (self.bytes, self.mtime_ns, self.inode) == looks(now)


def looks(now: os.stat_result) -> tuple[int, int, int]:
    """Answer what changes with the bytes of a file: its size, mtime in ns, and inode."""
    return now.st_size, now.st_mtime_ns, now.st_ino


def written(seen: Seen) -> bytes:
    """Write it as it is kept."""
    # A third of the time that it takes to write a mapping.
    did, adler32 = json.dumps(seen.did), json.dumps(seen.adler32)
    rest = f'"bytes": {seen.bytes}, "mtime_ns": {seen.mtime_ns}, "inode": {seen.inode}'
    return f'{{"did": {did}, {rest}, "adler32": {adler32}}}'.encode()


def read(text: bytes) -> Seen | None:
    """Read it back; None for what makes no sense."""
    with suppress(ValueError, TypeError):
        return Seen(**json.loads(text))
    return None


def mark(descriptor: int, seen: Seen) -> bool:
    """Keep it with an open file; False where the disk keeps no attributes."""
    if not _HAS:
        return False
    try:
        os.setxattr(descriptor, _NAME, written(seen))
    except OSError:
        return False
    return True


def marked(path: AnyPath) -> Seen | None:
    """Answer what is kept with a file."""
    found = _kept(path, _NAME)
    return read(found) if found is not None else None


def note_use(path: AnyPath) -> None:
    """Keep with a file that it is used now."""
    with suppress(OSError):
        os.setxattr(path, _USED, str(int(time.time())).encode())


def used(path: AnyPath) -> float:
    """Answer when a use was kept with a file, as a POSIX time; 0 where none was."""
    found = _kept(path, _USED) or b""
    return float(found) if found.isdigit() and len(found) < 20 else 0.0


def _kept(path: AnyPath, name: str) -> bytes | None:
    if _HAS:
        with suppress(OSError):
            return os.getxattr(path, name)
    return None
