"""The bytes of a file that have arrived so far, and the lock that lets one process add to them.

The lock is the kernel's (flock) on the bytes themselves: whoever is killed lets it go, and what is
left goes on where it ended. On NFS it holds between machines where the server keeps locks (Linux
since 2.6.12); where there are none at all, each process keeps to a part of its own.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from dlaas.errors import AlreadyThere, Cancelled, DiskFull
from dlaas.model import DID
from dlaas.transfer.disk import Promise, local_error
from dlaas.transfer.disk.checksums import CHUNK, Checksums
from dlaas.transfer.disk.mark import AnyPath
from dlaas.transfer.disk.place import Place

_LOOK_AGAIN = 0.03
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
Stopped = Callable[[], bool]


class Held(Exception):
    """Another has the part, and it is not waited for."""


class Part:
    """A file on its way: bytes are added at its end, summed up as they come."""

    def __init__(
        self, place: Place, path: str, descriptor: int, size: int, left: int, kinds: Iterable[str]
    ) -> None:
        self.path = path
        self.wanted = size
        self.promise = Promise(0)
        self._place = place
        self._descriptor = descriptor
        self._kinds = tuple(kinds)
        self.sums = Checksums(self._kinds)
        if left:
            self._resume(left)

    @property
    def size(self) -> int:
        """The bytes that are here."""
        return self.sums.bytes

    @property
    def adler32(self) -> str:
        """The checksum of what is here, eight hexadecimal digits."""
        return self.sums.adler32

    def _resume(self, left: int) -> None:
        # What a killed process left: read once, for its checksum.
        if left > self.wanted:
            os.ftruncate(self._descriptor, 0)
            return
        buffer = memoryview(bytearray(CHUNK))
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        while count := os.readv(self._descriptor, [buffer]):
            self.sums.update(buffer[:count])

    def write(self, data: memoryview | bytes) -> None:
        """Add bytes; raises `DiskFull`, after which none of the file is left."""
        try:
            written = os.write(self._descriptor, data)
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError as error:
            found = local_error(error, self.path, self.wanted)
            if isinstance(found, DiskFull):
                # Nobody can finish it now, and others need the room.
                self.restart()
                self.discard()
            raise found from error
        self.sums.update(data)
        self.promise.left = self.wanted - self.size

    def restart(self) -> None:
        """Forget the bytes: they were not those that are wanted."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.sums = Checksums(self._kinds)
        self.promise.left = self.wanted

    def discard(self) -> None:
        """Remove it: nobody who waits for the lock takes it for more than it is."""
        with suppress(OSError):
            os.unlink(self.path)

    def let_go(self) -> None:
        """Let others have it; nothing is left of one without bytes."""
        if self.size == 0 and _is_at(self.path, os.fstat(self._descriptor)):
            self.discard()
        os.close(self._descriptor)

    def give(self, target: str, replace: bool, did: DID) -> None:
        """Give the file its name, once its bytes are on the disk; raises `AlreadyThere`.

        It is remembered as it looked before anybody else could change it.
        """
        try:
            looked = os.fstat(self._descriptor)
            marked = self._place.mark(self._descriptor, did, self.adler32, looked)
            # Else a machine that fails could leave a file of the right size, full of zeros, whose
            # mark says that it was verified: no later look tells without reading it all again.
            os.fsync(self._descriptor)
            if not marked:
                # NFS tells the time of the last write once it is written.
                looked = os.fstat(self._descriptor)
            rename = os.replace if replace else _link
            try:
                rename(self.path, target)
            except FileNotFoundError:
                # Not there yet, or somebody cleaned up the folder that was empty.
                self._place.make_folder(os.path.dirname(target), again=True)
                rename(self.path, target)
            if not marked:
                self._place.remember(target, did, self.adler32, looked)
        except FileExistsError:
            raise AlreadyThere(f"{target} is there already.") from None
        except IsADirectoryError:
            raise AlreadyThere(f"{target} is a folder already.") from None
        except OSError as error:
            raise local_error(error, target, self.wanted) from error


def _link(path: str, target: str) -> None:
    """Rename without ever replacing, which `os.rename` cannot."""
    try:
        os.link(path, target)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:
        # A disk without links.
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "exists", target) from None
        os.rename(path, target)
        return
    os.unlink(path)


@contextmanager
def taken(
    place: Place, path: str, size: int, stopped: Stopped, kinds: Iterable[str] = ()
) -> Iterator[Part]:
    """Hold the part of a file, waiting for whoever fetches it now; raises `Cancelled`."""
    part = take(place, path, size, stopped, kinds)
    try:
        yield part
    finally:
        part.let_go()


def take(
    place: Place,
    path: str,
    size: int,
    stopped: Stopped,
    kinds: Iterable[str] = (),
    *,
    wait: bool = True,
) -> Part:
    """Take the part of a file until `let_go`, waiting for whoever fetches it; raises `Cancelled`.

    Raises `Held` instead where it is told not to `wait`.
    """
    descriptor = None
    try:
        place.make_folder(os.path.dirname(path))
        try:
            path, descriptor, left = _locked(path, stopped, wait)
        except FileNotFoundError:
            # Somebody cleaned up the folder that was empty.
            place.make_folder(os.path.dirname(path), again=True)
            path, descriptor, left = _locked(path, stopped, wait)
        place.set_mode(descriptor)
        return Part(place, path, descriptor, size, left, kinds)
    except OSError as error:
        if descriptor is not None:
            os.close(descriptor)
        raise local_error(error, path, size) from error


def _locked(path: str, stopped: Stopped, wait: bool) -> tuple[str, int, int]:
    """Answer path, descriptor and size of a part that nobody else has."""
    while True:
        try:
            descriptor = os.open(path, _FLAGS, 0o644)
        except PermissionError:
            # Somebody else's, in a folder that all may write to.
            path = _beside(path, str(os.getuid()))
            descriptor = os.open(path, _FLAGS, 0o644)
        try:
            if stopped():
                raise Cancelled("The download was cancelled.")
            locks = wait_for(descriptor, stopped, wait)
            now = os.fstat(descriptor)
            if not stat.S_ISREG(now.st_mode):
                raise FileExistsError(errno.EEXIST, "something else has this name", path)
        except BaseException:
            os.close(descriptor)
            raise
        if locks and _is_at(path, now):
            if now.st_nlink == 1:
                return path, descriptor, now.st_size
            # It has its other name already: what is written here would be written there.
            os.unlink(path)
        # Whoever had it has finished it, or given it up.
        os.close(descriptor)
        if not locks:
            path = _beside(path, f"{os.uname().nodename}-{os.getpid()}")
            descriptor = os.open(path, _FLAGS, 0o644)
            return path, descriptor, os.fstat(descriptor).st_size


def _beside(path: str, whose: str) -> str:
    return f"{path.removesuffix('.part')}-{whose}.part"


def wait_for(descriptor: int, stopped: Stopped, wait: bool = True) -> bool:
    """Lock a file, however long another has it; False where the disk knows no locks."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if not wait:
                raise Held from None
            if stopped():
                raise Cancelled("The download was cancelled.") from None
            time.sleep(_LOOK_AGAIN)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return False
            raise


def remove_free(path: AnyPath) -> bool:
    """Remove a file that nobody holds; False where one fetches it, or has said that it is in use.

    Raises `OSError` where it is not ours to remove.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            os.close(descriptor)
            raise
    try:
        os.unlink(path)
    finally:
        os.close(descriptor)
    return True


def _is_at(path: str, here: os.stat_result) -> bool:
    try:
        there = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
