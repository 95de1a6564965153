"""`rucio://` for fsspec: a DID is a file that uproot, pandas, pyarrow and Dask can open.

A path is `[instance@]scope/name`, so one filesystem serves every instance and a pickle holds no
more than that. Logins are looked up where the filesystem is used, never stored in it.

The lake is written once: `put` uploads a file under a name that nobody has, and there is no
`mkdir`, `rm`, `mv` or `cp`. Scopes and collections list as folders, but the path of a file is
`scope/name`, whatever holds it. So of `fsspec.tests.abstract` the tests of `get` that name files
apply; those that copy a tree of folders, open for writing, or put the same name twice do not.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from fsspec.callbacks import DEFAULT_CALLBACK
from fsspec.utils import stringify_path

from dlaas.errors import DataIdentifierNotFound, InvalidInput, ScopeNotFound
from dlaas.reading import folders, readahead
from dlaas.reading.blocking import BlockingFileSystem, cancellable, finish
from dlaas.reading.remote import GAP, Reader, Source, Sources, reference_of
from dlaas.reading.stream import MountedFile, RucioFile, read_local
from dlaas.rucio.connection import lake_for


class RucioFileSystem(BlockingFileSystem):
    """The DIDs of the lakes that this process can log in to, for reading and for `put`.

    A path is `rucio://[instance@]scope/name`; without `instance@` it means the default instance,
    and `scope:name` is understood too. Scopes and collections list as folders: `ls` of a scope
    names its collections, `ls` of a collection what it holds, `find` the files at any depth;
    `glob` searches a scope (`scope/*GamGam*`) or a collection (`scope/collection/*.root`).

    No option is needed, and none is secret: the login is that of the panel or of the environment,
    looked up where the filesystem is used. `open` reads from the mount or the cache where the file
    is there, else from a storage; `block_size` is the first read-ahead in bytes (by default 256
    KiB, growing to 8 MiB in sequential reading), `cache_type` one of fsspec's instead of ours.
    What is not there raises `DataIdentifierNotFound`, what cannot be read from here
    `NotAvailable`, both a FileNotFoundError; a storage that fails `StorageFailed`,
    `StorageRefused`, `Unreachable` or `TookTooLong`, once no other copy can be read either.
    """

    protocol = "rucio"
    cachable = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._begin()

    def _begin(self) -> None:
        self._sources = Sources()
        self._reader = Reader()
        self._close_with_me(self._reader)

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

    async def _info(self, path: str, **_: Any) -> dict[str, Any]:
        """Answer name, size, type and checksum of a DID; a collection is a directory."""
        return await asyncio.to_thread(self._sources.describe, self._strip_protocol(path))

    async def _isfile(self, path: str) -> bool:
        """Tell whether a path is a file; a lake that cannot be asked is an error."""
        return await self._type(path) == "file"

    async def _isdir(self, path: str) -> bool:
        """Tell whether a path is a scope or collection; a lake that cannot be asked is an error."""
        return await self._type(path) == "directory"

    async def _type(self, path: str) -> str | None:
        try:
            return str((await self._info(path))["type"])
        except (DataIdentifierNotFound, ScopeNotFound):
            return None

    async def _exists(self, path: str, **_: Any) -> bool:
        """Tell whether a path is there; a lake that cannot be asked, or is none, is an error."""
        return await self._type(path) is not None

    async def _ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """List the scopes of the account, a scope's collections, or what a collection holds."""
        rows = await asyncio.to_thread(
            self._sources.listing, folders.listed, self._strip_protocol(path)
        )
        return rows if detail else [row["name"] for row in rows]

    def walk(self, path: str, *args: Any, on_error: Any = "raise", **options: Any) -> Any:
        """Walk through collections; a lake that cannot be asked is an error, not an empty one."""
        return super().walk(path, *args, on_error=on_error, **options)

    async def _walk(self, path: str, *args: Any, on_error: Any = "raise", **options: Any) -> Any:
        """Walk through collections; a lake that cannot be asked is an error, not an empty one."""
        async for found in super()._walk(path, *args, on_error=on_error, **options):
            yield found

    async def _du(
        self, path: str, total: bool = True, maxdepth: int | None = None, **_: Any
    ) -> Any:
        """Add up the sizes of the files below a DID."""
        rows = await self._find(path, maxdepth, detail=True)
        sizes = {name: row["size"] for name, row in rows.items()}
        return sum(sizes.values()) if total else sizes

    async def _find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, **options: Any
    ) -> Any:
        """List the files below a DID, at any depth; with `maxdepth=1` those it holds itself."""
        rows = await asyncio.to_thread(
            self._sources.listing, folders.below, self._strip_protocol(path), maxdepth
        )
        return _named(rows, options.pop("detail", False))

    async def _glob(self, path: str, maxdepth: int | None = None, **options: Any) -> Any:
        """Search a scope by a pattern such as `rucio://ATLAS_OD_EDU/*GamGam*`; also ? and [ab]."""
        rows = await asyncio.to_thread(
            self._sources.listing, folders.matching, self._strip_protocol(path)
        )
        return _named(rows, options.pop("detail", False))

    async def _cat(self, path: Any, recursive: bool = False, **options: Any) -> Any:
        """Read files whole: the bytes of one, or a dictionary by path."""
        if isinstance(path, list):
            await asyncio.to_thread(self._sources.prepare, self._strip_protocol(path))
        return await super()._cat(path, recursive=recursive, **options)

    async def _cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        """Read a part of a file."""
        source = await asyncio.to_thread(self._sources.find, self._strip_protocol(path))
        return await self._read_one(source, *readahead.bounds(start, end, source.size))

    async def _read_one(self, source: Source, start: int, end: int) -> bytes:
        (found,) = await self._read(source, [(start, end)], GAP)
        if isinstance(found, Exception):
            raise found
        return found

    async def _read(
        self, source: Source, ranges: list[tuple[int, int]], gap: int
    ) -> Sequence[bytes | Exception]:
        if source.path is not None:
            try:
                return await asyncio.to_thread(read_local, source.path, ranges)
            except OSError:
                # Its rule has ended, or the mount is gone: there may be a copy elsewhere.
                await asyncio.to_thread(source.leave_path)
        return await self._reader.read_many(source, ranges, gap)

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
        await asyncio.to_thread(self._sources.prepare, self._strip_protocol(list(by_path)))
        gap = GAP if max_gap is None else max_gap
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
            source = await asyncio.to_thread(self._sources.find, self._strip_protocol(path))
        except Exception as error:
            for index in indices:
                results[index] = error
            return
        ranges = [readahead.bounds(starts[i], ends[i], source.size) for i in indices]
        for index, one in zip(indices, await self._read(source, ranges, gap), strict=True):
            results[index] = one

    async def _get_file(
        self, rpath: str, lpath: str, callback: Any = DEFAULT_CALLBACK, **_: Any
    ) -> None:
        """Download a file: verified against the catalogue's checksum before it has its name."""
        from dlaas.transfer.download import fetch_to

        info = await self._info(rpath)
        if info["type"] == "directory":
            await asyncio.to_thread(os.makedirs, lpath, exist_ok=True)
            return
        reference = reference_of(self._strip_protocol(rpath))
        lake = lake_for(reference.instance)
        await cancellable(lambda asked: fetch_to(lake, reference.did, lpath, asked))
        callback.set_size(info["size"])
        callback.absolute_update(info["size"])

    async def _put_file(
        self,
        lpath: str,
        rpath: str,
        mode: str = "create",
        callback: Any = DEFAULT_CALLBACK,
        **options: Any,
    ) -> None:
        """Upload a file; `dataset`, `lifetime`, `until` and `rse` as `Lake.upload` has them.

        A name is for ever: raises `DataIdentifierAlreadyExists` whatever `mode` says.
        """
        reference = reference_of(self._strip_protocol(rpath))
        lake = lake_for(reference.instance)
        wanted = {name: options.pop(name) for name in _UPLOAD if name in options}
        size = await asyncio.to_thread(os.path.getsize, lpath)
        callback.set_size(size)
        await cancellable(
            lambda asked: lake.upload(
                os.fspath(lpath),
                reference.did,
                progress=lambda done, _: callback.absolute_update(done),
                cancelled=asked,
                **wanted,
            )
        )

    def _open(self, path: str, mode: str = "rb", block_size: Any = None, **options: Any) -> Any:
        """Open a file for reading: the local one where there is one, else a stream."""
        if mode != "rb":
            raise InvalidInput(
                "rucio:// is for reading.", remedy="Write with Lake.upload(), or put() a file."
            )
        path = self._strip_protocol(path)
        source = self._sources.find(path)
        # A caching layer of fsspec says the size: it wants a file to put its cache into.
        if source.path is not None and "size" not in options:
            with suppress(OSError):
                return MountedFile(source.path, path, self)
            source.leave_path()
        # What other filesystems take, and fsspec's caches pass on.
        for ours in ("autocommit", "size"):
            options.pop(ours, None)
        return RucioFile(self, path, size=source.size, block_size=block_size, **options)

    def ukey(self, path: str) -> str:
        """Answer what changes when the contents do: the DID with checksum and size."""
        info = self.info(path)
        return f"{info.get('did', path)}+{info.get('adler32')}+{info['size']}"

    async def _checksum(self, path: str) -> str:
        """Answer the adler32 of a file."""
        return str((await self._info(path)).get("adler32"))

    def checksum(self, path: str) -> str:
        """Answer the adler32 of a file."""
        loop = self.loop
        return finish(loop, self._checksum(path))


_UPLOAD = ("dataset", "lifetime", "until", "rse")


def _named(rows: list[folders.Row], detail: bool) -> Any:
    found = {row["name"]: row for row in rows}
    return found if detail else sorted(found)
