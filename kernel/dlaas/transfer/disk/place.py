"""Where a downloaded file lies: a name that stays in its folder, and what was verified of it."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dlaas.model import DID
from dlaas.transfer.disk import mark
from dlaas.transfer.disk.checksums import same_adler32
from dlaas.transfer.disk.mark import AnyPath, Seen, looks

OURS = ".dlaas"
_ODD = {"": "%2F", ".": "%2E", "..": "%2E%2E"}
_SIMPLE = re.compile(r"[^./%][^/%]*")
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
    if _SIMPLE.fullmatch(name):
        return name
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


class Place:
    """A folder for downloads. `shared` means that its modes tell who may use what lies in it.

    What was verified is remembered, so that no file is read again to know it: with the file that
    was brought, else in `records`.
    """

    def __init__(self, root: Path, *, shared: bool) -> None:
        self.root = root
        self.shared = shared
        self.records = root / OURS if shared else user_cache() / OURS
        self.parts = root / OURS if shared else root
        self._made: set[str] = set()
        # `Path` makes its text anew for each file.
        self._root, self._parts = os.fspath(self.root), os.fspath(self.parts)

    # Of thousands of small files `Path` costs more than all that is asked of the disk.
    def path(self, relative: str) -> str:
        """Answer the path of a file."""
        return os.path.join(self._root, relative)

    def part(self, relative: str, did: DID, size: int, adler32: str | None) -> str:
        """Name the place of a file's bytes until they are verified; other bytes, other place."""
        key = hashlib.sha256(f"{relative}\n{did}\n{size}\n{adler32}".encode()).hexdigest()
        return os.path.join(self._parts, f"{OURS}-{key[:32]}.part")

    def seen(self, path: AnyPath, now: os.stat_result | None = None) -> Seen | None:
        """Answer what is remembered of a file, which looks like `now`."""
        found = mark.marked(path)
        if found is not None and now is not None and found.fits(now):
            return found
        return self._recorded(path) or found

    def _recorded(self, path: AnyPath) -> Seen | None:
        try:
            descriptor = os.open(self._record(path), os.O_RDONLY | _NEVER)
        except OSError:
            return None
        try:
            return mark.read(os.read(descriptor, _LONGEST_RECORD))
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def is_verified(self, path: AnyPath, did: DID, size: int | None, adler32: str | None) -> bool:
        """Tell whether a file is here, is that one, and unchanged since it was verified.

        The file is not read.
        """
        try:
            now = os.stat(path)
        except OSError:
            return False
        if size is not None and now.st_size != size:
            return False
        seen = self.seen(path, now)
        if seen is None or seen.did != did or not stat.S_ISREG(now.st_mode):
            return False
        return seen.fits(now) and (adler32 is None or same_adler32(adler32, seen.adler32))

    def mark(self, descriptor: int, did: DID, adler32: str | None, looked: os.stat_result) -> bool:
        """Remember with a file of ours that, as it `looked`, it has been verified.

        False where its disk cannot.
        """
        return mark.mark(descriptor, Seen(str(did), *looks(looked), adler32))

    def remember(
        self, path: AnyPath, did: DID, adler32: str | None, looked: os.stat_result | None = None
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
                    os.write(descriptor, mark.written(seen))
                    self.set_mode(descriptor)
            finally:
                os.close(descriptor)

    def forget(self, path: AnyPath) -> None:
        """Forget a file."""
        with suppress(OSError):
            self._record(path).unlink()

    def note_use(self, path: AnyPath) -> None:
        """Note that a file is used: the longest unused are cleaned first."""
        record = self._record(path)
        with suppress(OSError):
            now = os.stat(path)
            if time.time() - (self.last_used(path, now) or 0.0) <= _NOTED_EVERY:
                return
            if _is_ours(path, now):
                mark.note_use(path)
            else:
                os.utime(record, follow_symlinks=False)

    def last_used(self, path: AnyPath, now: os.stat_result) -> float | None:
        """Answer when a file was used last, as a POSIX time; None for one that we did not bring."""
        if _is_ours(path, now):
            return max(now.st_mtime, mark.used(path))
        with suppress(OSError):
            return max(now.st_mtime, self._record(path).stat().st_mtime)
        return None

    def _record(self, path: AnyPath) -> Path:
        known = os.path.relpath(path, self.root) if self.shared else os.path.abspath(path)
        key = hashlib.sha256(known.encode()).hexdigest()[:32]
        return self.records / key[:2] / key[2:]

    def make_folder(self, folder: AnyPath, again: bool = False) -> None:
        """Make a folder; below a shared root it is open to those to whom the root is.

        It is looked at once, and `again` where it turns out to be gone.
        """
        name = os.fspath(folder)
        if again or name not in self._made:
            self._make(Path(name))
            self._made.add(name)

    def _make(self, folder: Path) -> None:
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
        root = stat.S_IMODE(os.stat(self.root).st_mode)
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


def _is_ours(path: AnyPath, now: os.stat_result) -> bool:
    """Tell whether a file is one that was marked; its copies are somebody's own."""
    found = mark.marked(path)
    return found is not None and found.inode == now.st_ino
