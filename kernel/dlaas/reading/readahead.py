"""Reading ahead as much as is wanted: at random exactly that, in sequence more and more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fsspec.caching import BaseCache, register_cache

FIRST = 256 * 1024
MOST = 8 * 1024 * 1024


# fsspec publishes no types.
class GrowingReadAhead(BaseCache):  # type: ignore[misc]
    """A window of the file that grows from 256 KiB to 8 MiB while it is read in sequence.

    fsspec's own default fetches 5 MiB for every jump: 3.9 times the bytes for some columns of a
    parquet file.
    """

    name = "growing"

    def __init__(self, blocksize: int, fetcher: Callable[[int, int], bytes], size: int) -> None:
        super().__init__(blocksize, fetcher, size)
        self._start = 0
        self._data = b""
        self._ahead: int = FIRST
        self._next = 0

    def _fetch(self, start: int | None, stop: int | None) -> bytes:
        start = start or 0
        stop = min(self.size if stop is None else stop, self.size)
        if start >= stop:
            return b""
        end = self._start + len(self._data)
        if self._start <= start and stop <= end:
            self._next = stop
            return self._data[start - self._start : stop - self._start]
        kept = self._data[start - self._start :] if self._start <= start < end else b""
        fetched = self.fetcher(start + len(kept), self._until(start, stop))
        self._start, self._data, self._next = start, kept + fetched, stop
        return self._data[: stop - start]

    def _until(self, start: int, stop: int) -> int:
        if start != self._next:
            self._ahead = FIRST
            return stop
        until: int = min(self.size, max(stop, start + self._ahead))
        self._ahead = min(self._ahead * 2, MOST)
        return until


def merge(ranges: list[tuple[int, int]], gap: int, most: int) -> list[tuple[int, int, list[int]]]:
    """Merge ranges that lie closer than `gap`, into requests of at most `most` bytes.

    Answers start, end and the indices of the ranges that each request serves.

    >>> merge([(0, 10), (500, 510), (12, 20)], gap=5, most=100)
    [(0, 20, [0, 2]), (500, 510, [1])]
    """
    merged: list[tuple[int, int, list[int]]] = []
    for index in sorted(range(len(ranges)), key=lambda i: ranges[i]):
        start, end = ranges[index]
        if merged:
            first, last, indices = merged[-1]
            if start <= last + gap and max(end, last) - first <= most:
                merged[-1] = (first, max(end, last), [*indices, index])
                continue
        merged.append((start, end, [index]))
    return merged


def register() -> None:
    """Let `open(cache_type="growing")` find it."""
    register_cache(GrowingReadAhead, clobber=True)


def bounds(start: int | None, end: int | None, size: int) -> tuple[int, int]:
    """Turn a slice into a closed range within the file: some storages answer others wrongly.

    >>> bounds(None, None, 100), bounds(-10, None, 100), bounds(90, 500, 100), bounds(200, 300, 100)
    ((0, 100), (90, 100), (90, 100), (100, 100))
    """
    first, last, _ = slice(start, end).indices(size)
    return first, max(first, last)


def options(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Choose our cache where the caller chose none."""
    return {"cache_type": "growing", **kwargs}
