"""A file that is streamed from a storage, as fsspec knows files."""

from __future__ import annotations

from typing import Any

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from dlaas import readahead

readahead.register()


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


def _reopen(path: str, position: int) -> Any:
    from dlaas.filesystem import RucioFileSystem

    file = RucioFileSystem().open(path)
    file.seek(position)
    return file
