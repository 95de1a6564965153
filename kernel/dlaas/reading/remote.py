"""Where a file is read from, and ranged reads of it: from the next copy when one fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from dlaas import access, errors
from dlaas.errors import DlaasError, LoginRequired, NotAvailable
from dlaas.model import DID, Replica
from dlaas.reading import folders
from dlaas.reading.folders import Row
from dlaas.reading.https import HttpsReader
from dlaas.reading.troubles import troubles_of
from dlaas.reading.xrootd import RootReader
from dlaas.reference import Reference, split_path
from dlaas.rucio.connection import lake_for
from dlaas.rucio.rows import type_of

if TYPE_CHECKING:
    from dlaas.lake import Lake

# What is known of a file is asked again after so many seconds: a rule may have brought it nearer,
# or ended.
_REMEMBER = 60.0
_MOST_SOURCES = 10_000
# Files that are looked up in one question.
_TOGETHER = 100
# What lies closer together is one request.
GAP = 64 * 1024
# No other copy would help.
_OURS = (errors.ConfigurationError, errors.CannotAuthenticate)


@dataclass
class Source:
    """Where a file is read from: a local path, else copies, the preferred first."""

    lake: Lake
    did: DID
    size: int
    adler32: str | None
    path: str | None
    copies: list[tuple[str, str]] = field(default_factory=list)
    asked_at: float = field(default_factory=time.monotonic)
    # The lake that its reference means, where it is read as nobody.
    meant: Lake | None = None

    @property
    def current(self) -> bool:
        """Tell whether it may be used without asking again."""
        return time.monotonic() - self.asked_at < _REMEMBER

    def leave_path(self) -> None:
        """Read from a copy elsewhere, for the local file cannot be read any more. Blocks.

        Raises `NotAvailable` where there is none.
        """
        replicas = access.list_copies(self.lake, [self.did])
        ranking = access.rank_file(self.lake, self.did, self.size, self.adler32, replicas)
        self.path, self.copies = None, [(way.rse, way.url) for way in ranking.remote]
        if not self.copies:
            raise access.not_available(ranking)


def locate(lake: Lake, reference: Reference) -> Source:
    """Find where a file can be read from; raises `NotAvailable`, which says why. Blocks."""
    did = reference.did
    row = lake._did(did)
    if str(row["type"]).upper() != "FILE":
        raise errors.InvalidInput(
            f"{did} is a {str(row['type']).lower()}, not a file.", remedy="Open one of its files."
        )
    size = int(row.get("bytes") or 0)
    adler32 = row.get("adler32")
    source = Source(lake, did, size, adler32, _local(lake, did, size, adler32))
    if source.path is None:
        _find_copies(source, access.list_copies(lake, [did]))
    return source


def _local(lake: Lake, did: DID, size: int, adler32: str | None) -> str | None:
    """Find a file on the mount, else in the cache: neither needs a question about its copies."""
    return access.local_path(lake, did, size) or access.cached_path(lake, did, size, adler32)


def _find_copies(source: Source, replicas: list[Replica]) -> None:
    ranking = access.rank_file(source.lake, source.did, source.size, source.adler32, replicas)
    source.path = ranking.path
    source.copies = [(way.rse, way.url) for way in ranking.remote]
    if source.path is None and not source.copies:
        raise access.not_available(ranking)


def locate_many(lake: Lake, dids: list[DID]) -> dict[DID, Source]:
    """Find where many files can be read from, in two questions; leaves out what is no file, is not
    there or cannot be read. Blocks.
    """
    found = {}
    sources = {}
    for row in lake.client.get_metadata_bulk([{"scope": d.scope, "name": d.name} for d in dids]):
        if type_of(row["did_type"]) == "file":
            did = DID(f"{row['scope']}:{row['name']}")
            size = int(row.get("bytes") or 0)
            adler32 = row.get("adler32")
            sources[did] = Source(lake, did, size, adler32, _local(lake, did, size, adler32))
    replicas: dict[DID, list[Replica]] = {did: [] for did in sources}
    far = [did for did, source in sources.items() if source.path is None]
    for replica in access.list_copies(lake, far) if far else ():
        replicas[replica.did].append(replica)
    for did, source in sources.items():
        # Asked for by itself, it tells why it cannot be read.
        with suppress(NotAvailable):
            if source.path is None:
                _find_copies(source, replicas[did])
            found[did] = source
    return found


@dataclass
class _Listed:
    """The files of the last listing, and where in it each stands by its path."""

    lake: Lake
    files: list[Row]
    places: dict[str, int]
    asked_at: float = field(default_factory=time.monotonic)

    def current_for(self, lake: Lake) -> bool:
        return self.lake is lake and time.monotonic() - self.asked_at < _REMEMBER


class Sources:
    """Where files are read from, as found within the last minute; by path, for threads."""

    def __init__(self) -> None:
        self._known: dict[str, Source] = {}
        self._listed: _Listed | None = None

    def find(self, path: str) -> Source:
        """Find where the file at a path is read from; raises what `locate` raises. Blocks.

        Of a file that was listed, those that follow it are looked up with it.
        """
        reference = reference_of(path)
        lake = lake_for(reference.instance)
        found = self._current(path, lake)
        if found is None and (listed := self._listed) and path in listed.places:
            place = listed.places[path]
            self.prepare([row["name"] for row in listed.files[place : place + _TOGETHER]])
            found = self._current(path, lake)
        if found is None:
            try:
                found = locate(lake, reference)
            except LoginRequired:
                found = _as_nobody(lake, reference)
                if found is None:
                    raise
            self.keep(path, found)
        return found

    def _current(self, path: str, lake: Lake) -> Source | None:
        # Another login under the same name is another lake.
        found = self._known.get(path)
        if found is None or not found.current:
            return None
        return found if (found.meant or found.lake) is lake else None

    def listing(self, ask: Callable[..., list[Row]], path: str, *args: Any) -> list[Row]:
        """Ask for a listing, and remember its files: they are likely to be opened next. Blocks."""
        rows = ask(path, *args)
        files = list(islice((row for row in rows if row["type"] == "file"), _MOST_SOURCES))
        places = {row["name"]: place for place, row in enumerate(files)}
        self._listed = _Listed(lake_for(split_path(path)[0]), files, places)
        return rows

    def describe(self, path: str) -> Row:
        """Describe a DID as `folders.describe` does, by the last listing where it is in it."""
        listed = self._listed
        place = listed.places.get(path) if listed else None
        if place is None or not listed or not listed.current_for(lake_for(split_path(path)[0])):
            try:
                return folders.describe(path)
            except LoginRequired:
                source = self.find(path)
                row = {"name": path, "size": source.size, "type": "file"}
                return {**row, "did": str(source.did), "adler32": source.adler32}
        return dict(listed.files[place])

    def keep(self, path: str, source: Source) -> None:
        """Remember where the file at a path is read from."""
        if len(self._known) >= _MOST_SOURCES:
            self._known.clear()
        self._known[path] = source

    def prepare(self, paths: list[str]) -> None:
        """Find many files in few questions; who is left out is asked for by itself. Blocks."""
        unknown: dict[str | None, dict[DID, str]] = {}
        for path in dict.fromkeys(paths):
            with suppress(errors.InvalidDID):
                reference = reference_of(path)
                if self._current(path, lake_for(reference.instance)) is None:
                    unknown.setdefault(reference.instance, {})[reference.did] = path
        for instance, dids in unknown.items():
            wanted = list(dids) if len(dids) > 1 else []
            for start in range(0, len(wanted), _TOGETHER):
                try:
                    found = locate_many(lake_for(instance), wanted[start : start + _TOGETHER])
                except LoginRequired:
                    # Each may be public.
                    break
                for did, source in found.items():
                    self.keep(dids[did], source)


def _as_nobody(lake: Lake, reference: Reference) -> Source | None:
    """Find a file among the public open data of an instance; None where it is not. Blocks."""
    from dlaas.opendata.lake import nobody

    with suppress(DlaasError):
        found = locate(nobody(lake.instance).carrier, reference)
        found.meant = lake
        return found
    return None


def reference_of(path: str) -> Reference:
    """Read the path of a file, `[instance@]scope/name`."""
    instance, scope, name = split_path(path)
    return Reference(DID(f"{scope}:{name}"), instance)


class Reader:
    """The reads of one filesystem; lives on one event loop."""

    def __init__(self) -> None:
        self._https = HttpsReader()
        self._root = RootReader()

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(self._https.close(), self._root.close())

    def abandon(self) -> None:
        """Leave the connections to the process that this one was forked off from."""
        self._https.abandon()

    async def read_many(
        self, source: Source, ranges: list[tuple[int, int]], gap: int = GAP
    ) -> list[bytes | DlaasError]:
        """Read ranges together; what one copy does not give, the next is asked for.

        Answers in the place of a range that none gave why the first did not.
        """
        found: list[bytes | DlaasError | None] = [None if s < e else b"" for s, e in ranges]
        for copy in list(source.copies):
            wanted = [i for i, one in enumerate(found) if not isinstance(one, bytes)]
            if not wanted:
                break
            read = await self._from_copy(source, copy, [ranges[i] for i in wanted], gap)
            for index, one in zip(wanted, read, strict=True):
                # Of several problems the first is told.
                if isinstance(one, bytes) or found[index] is None:
                    found[index] = one
            if any(isinstance(one, _OURS) for one in read):
                break
        else:
            if any(not isinstance(one, bytes) for one in found):
                # Copies come and go: before the next read the catalogue is asked again.
                source.asked_at = -_REMEMBER
        return [_not_there(source) if one is None else one for one in found]

    async def _from_copy(
        self, source: Source, copy: tuple[str, str], ranges: list[tuple[int, int]], gap: int
    ) -> Sequence[bytes | DlaasError]:
        rse, url = copy
        try:
            if url.startswith("https:"):
                read = await self._https.read(source.lake, rse, url, ranges, gap, source.size)
            else:
                read = list(await self._root.read(source.lake, rse, url, ranges))
        except DlaasError as error:
            read = [error] * len(ranges)
        problem = next((one for one in read if isinstance(one, DlaasError)), None)
        troubles = troubles_of(source.lake)
        if problem is None:
            troubles.clear(rse, url)
        elif not isinstance(problem, _OURS):
            troubles.note(rse, url, problem)
            # The next read begins with a copy that works.
            source.copies = [*(c for c in source.copies if c != copy), copy]
        return read


def _not_there(source: Source) -> DlaasError:
    return errors.NotAvailable(f"No storage has a copy of {source.did} that can be read now.")
