"""The files of one site: whole or absent, with their checksums, read-only where the site is
mounted.
"""

from __future__ import annotations

import os
import tempfile
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = 1 << 20
REMEMBERED = 10_000

Read = Callable[[int], bytes]


class Incomplete(Exception):
    """The sender went away before the whole body had come."""


class Tree:
    """The folder of one site.

    A mounted site's files are 0444 and its folders 0555, as the notebook finds them in a
    read-only mount; they are opened for the moment of a change alone.
    """

    def __init__(self, root: Path, incoming: Path, mounted: bool) -> None:
        self.root = root
        self.incoming = incoming
        self.mounted = mounted
        self._lock = threading.Lock()
        self._sums: OrderedDict[tuple[object, ...], str] = OrderedDict()
        for rest in incoming.glob("put-*"):
            rest.unlink()

    def locate(self, path: str) -> Path | None:
        """The place of a path that begins with a slash; None if it would lead out of the tree."""
        parts = [part for part in path.split("/") if part]
        if ".." in parts or "." in parts or "\0" in path:
            return None
        return self.root.joinpath(*parts)

    def receive(self, target: Path, read: Read, length: int | None) -> bool:
        """Store a body at `target` at once when all of it has come; whether the file is new.

        Raises Incomplete, and leaves nothing, when fewer than `length` bytes come.
        """
        descriptor, name = tempfile.mkstemp(prefix="put-", dir=self.incoming)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                adler, size = _copy(read, file.write, length)
            if length is not None and size != length:
                raise Incomplete(f"{size} of {length} bytes came")
            return self._place(temporary, target, f"{adler:08x}")
        finally:
            temporary.unlink(missing_ok=True)

    def _place(self, temporary: Path, target: Path, adler32: str) -> bool:
        temporary.chmod(0o444 if self.mounted else 0o644)
        with self._changing(target.parent):
            new = not target.exists()
            temporary.replace(target)
            self._remember(target, adler32)
        return new

    def move(self, source: Path, target: Path) -> bool:
        """Rename a file, making folders; whether the target is new."""
        with self._changing(source.parent, target.parent):
            new = not target.exists()
            source.replace(target)
        return new

    def remove(self, target: Path) -> None:
        with self._changing(target.parent):
            target.rmdir() if target.is_dir() else target.unlink()

    def make_folder(self, target: Path) -> None:
        with self._changing(target):
            pass

    def adler32(self, path: Path) -> str:
        """The checksum of a file, 8 hexadecimal digits, read only if the file has changed."""
        key = _key(path)
        if key in self._sums:
            return self._sums[key]
        with path.open("rb") as file:
            value = f"{_copy(file.read, lambda block: len(block), None)[0]:08x}"
        self._remember(path, value)
        return value

    def _remember(self, path: Path, adler32: str) -> None:
        self._sums[_key(path)] = adler32
        while len(self._sums) > REMEMBERED:
            self._sums.popitem(last=False)

    @contextmanager
    def _changing(self, *folders: Path) -> Iterator[None]:
        """Make the folders, and let things in them change."""
        if not self.mounted:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            yield
            return
        chain = sorted({step for folder in folders for step in self._steps(folder)})
        with self._lock:
            try:
                for step in chain:
                    step.mkdir(exist_ok=True)
                    step.chmod(0o755)
                yield
            finally:
                for step in reversed(chain):
                    if step.exists():
                        step.chmod(0o555)

    def _steps(self, folder: Path) -> list[Path]:
        """The tree's root and every folder from there down to `folder`."""
        parts = folder.relative_to(self.root).parts
        return [self.root.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]


def _copy(read: Read, write: Callable[[bytes], int], length: int | None) -> tuple[int, int]:
    """Copy up to `length` bytes; their adler32 and number."""
    adler, size = 1, 0
    while length is None or size < length:
        block = read(BLOCK if length is None else min(BLOCK, length - size))
        if not block:
            break
        adler, size = zlib.adler32(block, adler), size + len(block)
        write(block)
    return adler, size


def _key(path: Path) -> tuple[object, ...]:
    status = path.stat()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
