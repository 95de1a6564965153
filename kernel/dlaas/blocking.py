"""fsspec's blocking calls of an asynchronous filesystem, with our errors left whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fsspec.asyn import AsyncFileSystem, sync
from fsspec.exceptions import FSTimeoutError

from dlaas.errors import TookTooLong

_CALLS = (
    "cat", "cat_file", "cat_ranges", "exists", "find", "get", "get_file", "glob", "info", "isdir",
    "isfile", "ls", "put", "put_file",
)  # fmt: skip


class BlockingFileSystem(AsyncFileSystem):  # type: ignore[misc]
    """fsspec makes of every TimeoutError one of its own without a word: here ours is raised."""


def _blocking(name: str) -> Callable[..., Any]:
    def call(self: AsyncFileSystem, *args: Any, **options: Any) -> Any:
        try:
            return sync(self.loop, getattr(self, f"_{name}"), *args, **options)
        except FSTimeoutError as error:
            if isinstance(error.__cause__, TookTooLong):
                raise error.__cause__ from None
            raise

    call.__name__ = name
    call.__doc__ = getattr(AsyncFileSystem, f"_{name}").__doc__
    return call


for _name in _CALLS:
    setattr(BlockingFileSystem, _name, _blocking(_name))
