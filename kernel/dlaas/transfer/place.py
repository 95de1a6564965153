"""Where a downloaded file lies: a name that stays in its folder, and what was verified of it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from dlaas.model import DID
from dlaas.transfer.checksums import same_adler32

OURS = ".dlaas"
_ODD = {"": "%2F", ".": "%2E", "..": "%2E%2E"}
_PLAIN = {written: odd for odd, written in _ODD.items()}
# Use is noted at most so often, in seconds: a write for each look would cost more than the look.
_NOTED_EVERY = 3600
_LONGEST_RECORD = 1 << 16
# In a shared folder somebody may have put a link to a file of ours, or a pipe, in a record's place.
_NEVER = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def written(name: str) -> str:
    """Write a name as a relative path: it never leaves its folder, and no two become one.

    >>> written("a/b.root"), written("/store/x"), written("../x"), written(".ssh/config")
    ('a/b.root', '%2F/store/x', '%2E%2E/x', '%2Essh/config')
    """
    text = "/".join(_ODD.get(part, part.replace("%", "%25")) for part in name.split("/"))
    # A hidden file at the top of somebody's folder may be that of a shell, and is never meant.
    return f"%2E{text[1:]}" if text.startswith(".") else text


def read_back(path: str) -> str:
    """Answer the name that `written` wrote as a path.

    >>> read_back(written("/store//a%2Fb/../.c")) == "/store//a%2Fb/../.c"
    True
    """
    first = path.partition("/")[0]
    if first.startswith("%2E") and first not in _PLAIN:
        path = f".{path[3:]}"
    return "/".join(_PLAIN.get(part, part.replace("%25", "%")) for part in path.split("/"))


def user_cache() -> Path:
    """Name the folder for what programs of this user remember."""
    told = os.environ.get("XDG_CACHE_HOME")
    if told and os.path.isabs(told):
        return Path(told) / "dlaas"
    home = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(home).expanduser() / "dlaas"


@dataclass(frozen=True)
class Seen:
    """What was verified, and how the file looked then; a changed file looks otherwise."""

    did: str
    bytes: int
    mtime_ns: int
    inode: int
    adler32: str | None


def looks(now: os.stat_result) -> tuple[int, int, int]:
    """Answer what changes with the bytes of a file: its size, mtime in ns, and inode."""
    return now.st_size, now.st_mtime_ns, now.st_ino


class Place:
    """A folder for downloads. `shared` means that its modes tell who may use what lies in it.

    What was verified is remembered in `records`, so that no file is read again to know it.
    """

    def __init__(self, root: Path, *, shared: bool) -> None:
        self.root = root
        self.shared = shared
        self.records = root / OURS if shared else user_cache() / OURS
        self.parts = root / OURS if shared else root

    def path(self, relative: str) -> Path:
        """Answer the path of a file."""
        return self.root / relative

    def part(self, relative: str, did: DID, size: int, adler32: str | None) -> Path:
        """Name the place of a file's bytes until they are verified; other bytes, other place."""
        key = hashlib.sha256(f"{relative}\n{did}\n{size}\n{adler32}".encode()).hexdigest()
        return self.parts / f"{OURS}-{key[:32]}.part"

    def seen(self, path: Path) -> Seen | None:
        """Answer what is remembered of a file."""
        try:
            descriptor = os.open(self._record(path), os.O_RDONLY | _NEVER)
        except OSError:
            return None
        try:
            return Seen(**json.loads(os.read(descriptor, _LONGEST_RECORD)))
        except (OSError, ValueError, TypeError):
            return None
        finally:
            os.close(descriptor)

    def is_verified(self, path: Path, did: DID, size: int | None, adler32: str | None) -> bool:
        """Tell whether a file is here, is that one, and unchanged since it was verified.

        The file is not read.
        """
        try:
            now = os.stat(path)
        except OSError:
            return False
        if size is not None and now.st_size != size:
            return False
        seen = self.seen(path)
        if seen is None or seen.did != did or not stat.S_ISREG(now.st_mode):
            return False
        if (seen.bytes, seen.mtime_ns, seen.inode) != looks(now):
            return False
        return adler32 is None or same_adler32(adler32, seen.adler32)

    def remember(
        self, path: Path, did: DID, adler32: str | None, looked: os.stat_result | None = None
    ) -> None:
        """Remember that a file, as it `looked`, or looks, has been verified.

        A folder that cannot be written is no failure.
        """
        record = self._record(path)
        with suppress(OSError):
            seen = Seen(str(did), *looks(looked or os.stat(path)), adler32)
            self.make_folder(record.parent)
            descriptor = os.open(record, os.O_WRONLY | os.O_CREAT | _NEVER, 0o600)
            try:
                now = os.fstat(descriptor)
                if stat.S_ISREG(now.st_mode) and now.st_nlink == 1:
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, json.dumps(asdict(seen)).encode())
                    self.set_mode(descriptor)
            finally:
                os.close(descriptor)

    def forget(self, path: Path) -> None:
        """Forget a file."""
        with suppress(OSError):
            self._record(path).unlink()

    def note_use(self, path: Path) -> None:
        """Note that a file is used: the longest unused are cleaned first."""
        record = self._record(path)
        with suppress(OSError):
            if time.time() - record.lstat().st_mtime > _NOTED_EVERY:
                os.utime(record, follow_symlinks=False)

    def last_used(self, path: Path, now: os.stat_result) -> float | None:
        """Answer when a file was used last, as a POSIX time; None for one that we did not bring."""
        with suppress(OSError):
            return max(now.st_mtime, self._record(path).stat().st_mtime)
        return None

    def _record(self, path: Path) -> Path:
        known = os.path.relpath(path, self.root) if self.shared else os.path.abspath(path)
        key = hashlib.sha256(known.encode()).hexdigest()[:32]
        return self.records / key[:2] / key[2:]

    def make_folder(self, folder: Path) -> None:
        """Make a folder; below a shared root it is open to those to whom the root is."""
        if not self.shared or self.root not in folder.parents:
            folder.mkdir(parents=True, exist_ok=True)
            return
        self._make_shared(folder)
        inside = os.path.join(os.path.realpath(self.root), folder.relative_to(self.root))
        if os.path.realpath(folder) != inside:
            # Whoever else may write here must not lead us into folders of our own.
            raise NotADirectoryError(errno.ENOTDIR, "a link is in its way", str(folder))

    def _make_shared(self, folder: Path) -> None:
        if folder.is_dir():
            return
        if folder != self.root:
            self._make_shared(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(parents=folder == self.root)
            if folder != self.root:
                folder.chmod(stat.S_IMODE(self.root.stat().st_mode))
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "a file has this name", str(folder))

    def set_mode(self, descriptor: int) -> None:
        """Let those read a file who may look into the root; elsewhere the umask has decided."""
        if not self.shared:
            return
        root = stat.S_IMODE(self.root.stat().st_mode)
        mode = 0o600 | root & 0o044
        # Who shares a folder by group trusts the group; a folder of all trusts nobody.
        if root & 0o022 == 0o020:
            mode |= 0o020
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
            with suppress(PermissionError):
                os.fchmod(descriptor, mode)

    def walk(self) -> Iterator[Path]:
        """Yield the files, without our own."""
        todo = [self.root]
        while todo:
            folder = todo.pop()
            with suppress(OSError), os.scandir(folder) as rows:
                for row in rows:
                    if row.name.startswith(OURS) and folder == self.root:
                        continue
                    if row.is_dir(follow_symlinks=False):
                        todo.append(Path(row.path))
                    elif row.is_file(follow_symlinks=False):
                        yield Path(row.path)
