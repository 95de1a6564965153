"""Checksums of this machine's files, remembered while they do not change: none is read twice.

What is remembered goes by device, inode, size, mtime and ctime (an inode is used again, and tar
sets an mtime). A cache that is broken, locked or cannot be written costs a second reading and
nothing else.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dlaas.errors import InvalidInput
from dlaas.transfer.disk.checksums import RUCIOS, Checksums, of_file
from dlaas.transfer.disk.place import user_cache

_TABLE = (
    "CREATE TABLE IF NOT EXISTS sums (device TEXT, inode TEXT, kind TEXT, size INTEGER,"
    " mtime_ns INTEGER, ctime_ns INTEGER, value TEXT, noted INTEGER,"
    " PRIMARY KEY (device, inode, kind)) WITHOUT ROWID"
)
_FIND = (
    "SELECT kind, value FROM sums"
    " WHERE device=? AND inode=? AND size=? AND mtime_ns=? AND ctime_ns=?"
)
_NOTE = "INSERT OR REPLACE INTO sums VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_PRUNE = (
    "DELETE FROM sums WHERE noted <= (SELECT noted FROM sums ORDER BY noted DESC LIMIT 1 OFFSET ?)"
)
_MOST = 200_000
_PRUNED_EVERY = 1000
_LOCKED_FOR = 1.0
# A file may change again within one tick of its disk's clock, and look the same: two seconds on
# the coarsest.
_TICK_NS = 2_000_000_000


@dataclass(frozen=True)
class Sums:
    """Size and checksums of a file, as `Checksums` has them."""

    bytes: int
    values: Mapping[str, str]

    @property
    def adler32(self) -> str:
        """Eight hexadecimal digits, as Rucio writes it."""
        return self.values["adler32"]

    @property
    def md5(self) -> str:
        """Thirty-two hexadecimal digits; raises `KeyError` where it was not asked for."""
        return self.values["md5"]

    def of(self, kind: str) -> str:
        """Answer one by its name, in hexadecimal digits; raises `KeyError`."""
        return self.values[kind]


Summed = Checksums | Sums


def sums_of(path: Path, kinds: Iterable[str] = RUCIOS) -> Summed:
    """Answer the checksums of a file, reading it only where it changed since the last time.

    Raises `InvalidInput` where it cannot be read.
    """
    wanted = ("adler32", *kinds)
    try:
        before = path.stat()
        known = find(before)
        if all(kind in known for kind in wanted):
            return Sums(before.st_size, known)
        sums = of_file(path, wanted)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from None
    remember(path, before, {kind: sums.of(kind) for kind in wanted})
    return sums


def find(looks: os.stat_result) -> dict[str, str]:
    """Answer the checksums that are remembered of a file that looks like this, by their names."""
    try:
        with _opened() as cache:
            return dict(cache.execute(_FIND, _key(looks)))
    except (sqlite3.Error, OSError):
        return {}


def remember(path: Path, before: os.stat_result, sums: Mapping[str, str]) -> None:
    """Remember checksums of a file that looked like `before` when they were begun."""
    with suppress(sqlite3.Error, OSError):
        now = path.stat()
        noted = time.time_ns()
        if _key(now) != _key(before) or noted - now.st_ctime_ns < _TICK_NS:
            return
        device, inode, *rest = _key(before)
        rows = [(device, inode, kind, *rest, value, noted) for kind, value in sums.items()]
        with _opened() as cache:
            cache.executemany(_NOTE, rows)
            if noted % _PRUNED_EVERY == 0:
                cache.execute(_PRUNE, (_MOST,))


def _key(looks: os.stat_result) -> tuple[str, str, int, int, int]:
    # The first two may be larger than what SQLite takes for an integer.
    times = looks.st_mtime_ns, looks.st_ctime_ns
    return str(looks.st_dev), str(looks.st_ino), looks.st_size, *times


def cache_path() -> Path:
    """Name the file that remembers."""
    return user_cache() / "sums-1.sqlite"


@contextmanager
def _opened() -> Iterator[sqlite3.Connection]:
    path = cache_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # SQLite would make it as readable as the umask says.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    try:
        with closing(sqlite3.connect(path, timeout=_LOCKED_FOR)) as cache, cache:
            # Lost with the power it is made anew.
            cache.execute("PRAGMA synchronous=OFF")
            cache.execute(_TABLE)
            yield cache
    except sqlite3.OperationalError:
        # Locked, or a disk that is full: it is as it was.
        raise
    except sqlite3.DatabaseError:
        with suppress(OSError):
            path.unlink()
        raise
