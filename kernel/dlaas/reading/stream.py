"""A file that is streamed from a storage, as fsspec knows files."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

from fsspec.implementations.local import LocalFileOpener
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from dlaas.reading import readahead

readahead.register()


# fsspec publishes no types.
class RucioFile(AbstractBufferedFile):  # type: ignore[misc]
    """A file that is streamed from a storage."""

    DEFAULT_BLOCK_SIZE = readahead.FIRST

    def __init__(
        self, fs: AbstractFileSystem, path: str, size: int, block_size: Any = None, **options: Any
    ) -> None:
        super().__init__(
            fs,
            path,
            mode="rb",
            block_size=block_size or "default",
            size=size,
            **readahead.options(options),
        )

    def _fetch_range(self, start: int, end: int) -> bytes:
        return bytes(self.fs.cat_file(self.path, start=start, end=end))

    def __reduce__(self) -> tuple[Any, ...]:
        return (_reopen, (self.path, self.loc))


# fsspec publishes no types.
class MountedFile(LocalFileOpener):  # type: ignore[misc]
    """A file that is read from a folder of this machine; `name` is its path there.

    Its pickle holds none: on another machine it is read from wherever it lies there.
    """

    f: Any

    def __init__(self, local: str, path: str, fs: AbstractFileSystem) -> None:
        self._local = local
        super().__init__(path, "rb", fs=fs)

    def _open(self) -> None:
        if self.f is None or self.f.closed:
            self.f = open(self._local, "rb")  # noqa: SIM115
            self.size = self.f.seek(0, os.SEEK_END)
            self.f.seek(0)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_reopen, (self.path, self.tell()))


def _reopen(path: str, position: int) -> Any:
    from dlaas.filesystem import RucioFileSystem

    file = RucioFileSystem().open(path)
    file.seek(position)
    return file


def read_local(path: str, ranges: list[tuple[int, int]]) -> list[bytes]:
    """Read parts of a file of this machine."""
    with open(path, "rb") as file:
        return [_part(file, start, end) for start, end in ranges]


def _part(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)
