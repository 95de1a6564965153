"""`rucio://` for fsspec: a DID is a file that uproot, pandas, pyarrow and Dask can open.

A path is `[instance@]scope/name`, so one filesystem serves every instance and a pickle holds no
more than that. Logins are looked up where the filesystem is used, never stored in it.
"""

from __future__ import annotations

import asyncio
import os
import re
import weakref
from collections.abc import Iterable
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from uuid import uuid4

from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.utils import stringify_path

from dlaas import readahead
from dlaas.connection import lake_for
from dlaas.errors import ChecksumMismatch, InvalidInput
from dlaas.model import Entry
from dlaas.reference import DID, Reference, prefix_of, split_path
from dlaas.remote import Reader, Source, locate
from dlaas.stream import RucioFile
from dlaas.transfer.checksums import Checksums, same_adler32

_GAP = 64 * 1024
_REQUEST = 8 * 1024 * 1024
_MOST_SOURCES = 10_000


class RucioFileSystem(AsyncFileSystem):  # type: ignore[misc]
    """The DIDs of the lakes that this process can log in to, for reading."""

    protocol = "rucio"
    cachable = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._reader = Reader()
        self._sources: dict[str, Source] = {}
        if not self.asynchronous:
            weakref.finalize(self, _close, self.loop, self._reader)

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        """Bring a path into the form `[instance@]scope/name`; a scope alone and the root stay."""
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        text = str.__str__(stringify_path(path)).removeprefix("rucio://")
        head, colon, name = text.partition(":")
        # A folder may be written with a slash at its end.
        return (f"{head}/{name}" if colon and "/" not in head else text).rstrip("/")

    def unstrip_protocol(self, name: str) -> str:
        """Answer the reference of a path."""
        return f"rucio://{self._strip_protocol(name)}"

    def _source(self, path: str) -> Source:
        path = self._strip_protocol(path)
        found = self._sources.get(path)
        if found is None or not found.current:
            reference = _reference(path)
            if len(self._sources) >= _MOST_SOURCES:
                self._sources.clear()
            found = self._sources[path] = locate(lake_for(reference.instance), reference)
        return found

    async def _info(self, path: str, **_: Any) -> dict[str, Any]:
        """Answer name, size, type and checksum of a DID; a collection is a directory."""
        return await asyncio.to_thread(self._describe, self._strip_protocol(path))

    def _describe(self, path: str) -> dict[str, Any]:
        instance, scope, name = split_path(path)
        if not name:
            return {"name": path, "size": 0, "type": "directory"}
        row = lake_for(instance)._did(DID(f"{scope}:{name}"))
        is_file = str(row["type"]).upper() == "FILE"
        return {
            "name": path,
            "size": int(row.get("bytes") or 0),
            "type": "file" if is_file else "directory",
            "did": f"{scope}:{name}",
            "adler32": row.get("adler32"),
        }

    async def _ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """List the scopes of the account, a scope's collections, or what a collection holds."""
        rows = await asyncio.to_thread(self._list, self._strip_protocol(path))
        return rows if detail else [row["name"] for row in rows]

    def _list(self, path: str) -> list[dict[str, Any]]:
        instance, scope, name = split_path(path)
        lake = lake_for(instance)
        prefix = prefix_of(instance)
        if not scope:
            scopes = lake.list_scopes()
            return [{"name": f"{prefix}{s}", "size": 0, "type": "directory"} for s in scopes]
        if not name:
            return [_row(prefix, entry) for entry in lake.search(f"{scope}:*", "collection")]
        info = self._describe(path)
        if info["type"] == "file":
            return [info]
        return [_row(prefix, entry) for entry in lake.list_contents(f"{scope}:{name}")]

    async def _find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, **options: Any
    ) -> Any:
        """List the files below a DID, at any depth."""
        detail = options.pop("detail", False)
        rows = await asyncio.to_thread(self._below, self._strip_protocol(path))
        found = {row["name"]: row for row in rows}
        return found if detail else sorted(found)

    def _below(self, path: str) -> list[dict[str, Any]]:
        instance, scope, name = split_path(path)
        if not name:
            raise InvalidInput("Name a DID: a scope may hold any number of files.")
        prefix = prefix_of(instance)
        return [_row(prefix, entry) for entry in lake_for(instance).list_files(f"{scope}:{name}")]

    async def _glob(self, path: str, maxdepth: int | None = None, **options: Any) -> Any:
        """Search a scope by a pattern such as `rucio://ATLAS_OD_EDU/*GamGam*`; also ? and [ab]."""
        detail = options.pop("detail", False)
        rows = await asyncio.to_thread(self._matching, self._strip_protocol(path))
        found = {row["name"]: row for row in rows}
        return found if detail else sorted(found)

    def _matching(self, path: str) -> list[dict[str, Any]]:
        instance, scope, name = split_path(path)
        prefix = prefix_of(instance)
        # Rucio knows no other wildcard than the star.
        wider = re.sub(r"\[[^\]]*\]|\?", "*", name)
        found = lake_for(instance).search(f"{scope}:{wider}")
        return [_row(prefix, e) for e in found if fnmatchcase(e.did.name, name)]

    async def _cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        """Read a part of a file."""
        source = await asyncio.to_thread(self._source, path)
        first, last = readahead.bounds(start, end, source.size)
        return await self._read(source, first, last)

    async def _read(self, source: Source, start: int, end: int) -> bytes:
        if source.path is not None:
            return await asyncio.to_thread(_read_local, source.path, start, end)
        return await self._reader.read(source, start, end)

    async def _cat_ranges(
        self,
        paths: list[str],
        starts: Any,
        ends: Any,
        max_gap: int | None = None,
        batch_size: int | None = None,
        on_error: str = "return",
        **_: Any,
    ) -> list[Any]:
        """Read many parts of many files: what lies close in one request, all requests together."""
        count = len(paths)
        starts = list(starts) if isinstance(starts, Iterable) else [starts] * count
        ends = list(ends) if isinstance(ends, Iterable) else [ends] * count
        results: list[Any] = [None] * count
        by_path: dict[str, list[int]] = {}
        for index, path in enumerate(paths):
            by_path.setdefault(path, []).append(index)
        gap = _GAP if max_gap is None else max_gap
        await asyncio.gather(
            *(
                self._cat_one(path, indices, starts, ends, gap, results)
                for path, indices in by_path.items()
            )
        )
        if on_error == "raise":
            for result in results:
                if isinstance(result, BaseException):
                    raise result
        return results

    async def _cat_one(
        self,
        path: str,
        indices: list[int],
        starts: list[Any],
        ends: list[Any],
        gap: int,
        results: list[Any],
    ) -> None:
        """Read the parts of one file into their places in `results`; so does an error go there."""
        try:
            source = await asyncio.to_thread(self._source, path)
        except Exception as error:
            for index in indices:
                results[index] = error
            return
        ranges = [readahead.bounds(starts[i], ends[i], source.size) for i in indices]

        async def fetch(start: int, end: int, served: list[int]) -> None:
            try:
                data: bytes | Exception = await self._read(source, start, end)
            except Exception as error:
                data = error
            for number in served:
                first, last = ranges[number]
                results[indices[number]] = (
                    data if isinstance(data, Exception) else data[first - start : last - start]
                )

        await asyncio.gather(
            *(fetch(*request) for request in readahead.merge(ranges, gap, _REQUEST))
        )

    async def _get_file(self, rpath: str, lpath: str, **_: Any) -> None:
        """Download a file: verified against the catalogue's checksum before it has its name."""
        info = await self._info(rpath)
        if info["type"] == "directory":
            await asyncio.to_thread(os.makedirs, lpath, exist_ok=True)
            return
        source = await asyncio.to_thread(self._source, rpath)
        # A name of its own: another process may be fetching the same.
        part = Path(f"{os.fspath(lpath)}.{uuid4().hex[:8]}.part")
        await asyncio.to_thread(part.parent.mkdir, parents=True, exist_ok=True)
        sums = Checksums()
        try:
            with part.open("wb") as file:
                for start in range(0, source.size, _REQUEST):
                    data = await self._read(source, start, min(start + _REQUEST, source.size))
                    await asyncio.to_thread(file.write, data)
                    sums.update(data)
            if source.adler32 and not same_adler32(source.adler32, sums.adler32):
                raise ChecksumMismatch(
                    f"{source.did} arrived with adler32 {sums.adler32}, not {source.adler32}."
                )
            await asyncio.to_thread(os.replace, part, lpath)
        finally:
            part.unlink(missing_ok=True)

    def _open(self, path: str, mode: str = "rb", block_size: Any = None, **options: Any) -> Any:
        """Open a file for reading: the local one where there is one, else a stream."""
        if mode != "rb":
            raise InvalidInput("rucio:// is for reading.", remedy="Write with Lake.upload().")
        source = self._source(path)
        if source.path is not None:
            return LocalFileSystem().open(source.path, mode)
        # What other filesystems take, and fsspec's caches pass on.
        for ours in ("autocommit", "size"):
            options.pop(ours, None)
        return RucioFile(
            self, self._strip_protocol(path), size=source.size, block_size=block_size, **options
        )

    def ukey(self, path: str) -> str:
        """Answer what changes when the contents do: the DID with checksum and size."""
        info = self.info(path)
        return f"{info.get('did', path)}+{info.get('adler32')}+{info['size']}"

    def checksum(self, path: str) -> str:
        """Answer the adler32 of a file."""
        return str(self.info(path).get("adler32"))


def _close(loop: asyncio.AbstractEventLoop | None, reader: Reader) -> None:
    if loop is None or not loop.is_running():
        return
    closing = asyncio.run_coroutine_threadsafe(reader.close(), loop)
    # The garbage collector comes on any thread: on the loop's own, waiting would be for ever.
    if asyncio._get_running_loop() is not loop:
        with suppress(Exception):
            closing.result(0.5)


def _reference(path: str) -> Reference:
    instance, scope, name = split_path(path)
    return Reference(DID(f"{scope}:{name}"), instance)


def _row(prefix: str, entry: Entry) -> dict[str, Any]:
    return {
        "name": f"{prefix}{entry.did.scope}/{entry.did.name}",
        "size": entry.bytes or 0,
        "type": "file" if entry.type == "file" else "directory",
        "did": str(entry.did),
        "adler32": entry.adler32,
    }


def _read_local(path: str, start: int, end: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(end - start)
