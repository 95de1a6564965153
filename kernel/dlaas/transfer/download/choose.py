"""Which files a download is to bring, and where each goes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, islice, repeat
from operator import attrgetter
from typing import TYPE_CHECKING

from dlaas import access
from dlaas.errors import AlreadyThere, CannotAuthenticate, DlaasError, RucioFailed
from dlaas.model import DID, Entry
from dlaas.rucio.rows import entry_from, type_of
from dlaas.transfer.disk.checksums import Checksums, same_adler32
from dlaas.transfer.disk.place import Place, written
from dlaas.transfer.wire.doors import Copy
from dlaas.transfer.wire.elsewhere import is_elsewhere

if TYPE_CHECKING:
    from dlaas.lake import Lake

# So many files are asked for their copies in one question; in the first fewer, so that fetching
# begins while the others are listed.
_AT_ONCE, _AT_FIRST = 1000, 100


@dataclass
class Wanted:
    """A file to bring: where it goes, and from where it can come once that has been asked."""

    did: DID
    size: int
    adler32: str | None
    place: Place
    relative: str
    md5: str | None = None
    copies: tuple[Copy, ...] = ()
    problem: DlaasError | None = None

    def __post_init__(self) -> None:
        self.path = self.place.path(self.relative)

    @property
    def part(self) -> str:
        """Where its bytes are until they are verified."""
        return self.place.part(self.relative, self.did, self.size, self.adler32)

    def kinds(self, asked: Iterable[str]) -> tuple[str, ...]:
        """Answer the checksums to compute: those asked for, and one that the catalogue has."""
        if self.md5 is None:
            return tuple(asked)
        needs_md5 = self.adler32 is None
        return tuple(dict.fromkeys([*asked, *(["md5"] if needs_md5 else [])]))

    def differs(self, sums: Checksums) -> str:
        """Say which checksum is another than the catalogue has; nothing where none is."""
        if self.adler32 is not None and not same_adler32(self.adler32, sums.adler32):
            return f"adler32 {sums.adler32}, not {self.adler32}"
        if self.md5 is not None and "md5" in sums.kinds and sums.md5 != self.md5.lower():
            return f"md5 {sums.md5}, not {self.md5}"
        return ""

    @property
    def is_here(self) -> bool:
        """Whether it is there, unchanged since it was verified."""
        return self.place.is_verified(self.path, self.did, self.size, self.adler32)


def entries(
    lake: Lake, did: DID, row: dict[str, object], files: Sequence[Entry] | None = None
) -> Iterator[Entry]:
    """List the files below a DID whose row is known; those of a part of it are given."""
    if files is not None:
        return iter(files)
    if type_of(row["type"]) == "file":
        return iter([entry_from({**row, "scope": did.scope, "name": did.name})])
    rows = lake.client.list_files(did.scope, did.name)
    return (entry_from({**found, "type": "FILE"}) for found in rows)


class Names:
    """The names of files in somebody's folder; those of two scopes may be the same."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._guard = threading.Lock()
        self._taken: dict[str, DID] = {}

    def take(self, did: DID) -> tuple[str, bool]:
        """Answer the path of a file below the folder, and whether something may lie there.

        It is its name, else below its scope.

        Until `release` no other DID gets the same; afterwards what is remembered of it tells.
        """
        short = written(did.name.lstrip("/"))
        with self._guard:
            is_there = os.path.lexists(self._place.path(short))
            owner = self._taken.get(short) or (self._known(short) if is_there else None)
            if owner in (None, did):
                relative = short
            else:
                is_there = True
                relative = f"{written(did.scope)}/{written(did.name)}"
            if self._taken.setdefault(relative, did) != did:
                raise AlreadyThere(f"{self._place.path(relative)} is the place of another file.")
        return relative, is_there

    def _known(self, relative: str) -> str | None:
        seen = self._place.seen(self._place.path(relative))
        return seen.did if seen else None

    def release(self, relative: str, is_known: bool = False) -> None:
        """Let a name go, once its file is there, and remembered as that."""
        if not is_known:
            path = self._place.path(relative)
            if os.path.lexists(path) and self._place.seen(path) is None:
                return
        with self._guard:
            self._taken.pop(relative, None)


def with_copies(
    lake: Lake,
    wanted: Iterator[Wanted],
    local: Callable[[Wanted, list[Copy]], list[Copy]],
    before_each: Callable[[], None],
    md5: bool = False,
) -> Iterator[Wanted]:
    """Add to each file where it can be read, in the order in which the catalogue tells it.

    Some hundred are asked for in one question, each after `before_each`. What `local` answers,
    copies on this machine, is tried first. With `md5` that of the catalogue is added too; where it
    has nothing else to verify a file by, it always is.
    """
    for most in chain([_AT_FIRST], repeat(_AT_ONCE)):
        chunk = list(islice(wanted, most))
        if not chunk:
            return
        before_each()
        sums = _md5s(lake, [one.did for one in chunk if md5 or one.adler32 is None])
        for one in chunk:
            one.md5 = sums.get(one.did)
        for one, copies in _told(lake, chunk):
            one.copies = (*local(one, copies), *copies)
            if one.copies:
                one.problem = None
            yield one


def _told(lake: Lake, chunk: list[Wanted]) -> Iterator[tuple[Wanted, list[Copy]]]:
    """Tell the copies of each file, those of which there is none at the end.

    What goes wrong is told of each file that it left without, and stops no others.
    """
    waiting: dict[DID, list[Wanted]] = {}
    for one in chunk:
        # What is in two datasets of a container is listed twice.
        waiting.setdefault(one.did, []).append(one)
    problem = None
    try:
        for did, copies in _copies(lake, list(waiting)):
            for one in waiting.pop(did, ()) if copies else ():
                yield one, copies
    except CannotAuthenticate:
        raise
    except DlaasError as error:
        problem = error
    for one in chain.from_iterable(waiting.values()):
        one.problem = problem
        yield one, []


def _md5s(lake: Lake, dids: list[DID]) -> dict[DID, str]:
    """Look up the md5 of files, where the catalogue has them."""
    if not dids:
        return {}
    asked = [{"scope": did.scope, "name": did.name} for did in dids]
    rows = lake.client.get_metadata_bulk(asked)
    return {DID(f"{row['scope']}:{row['name']}"): row["md5"] for row in rows if row.get("md5")}


def _copies(lake: Lake, dids: list[DID]) -> Iterator[tuple[DID, list[Copy]]]:
    """Yield the copies of files, in the order in which they are tried, as the answer comes in."""
    known: dict[object, list[tuple[str, str, int]]] = {}
    for did, replicas in groupby(access.each_copy(lake, dids), attrgetter("did")):
        copies = [(r.rse, r.pfn) for r in replicas if r.state == "AVAILABLE"]
        yield did, _in_order(lake, copies, known)


def _in_order(
    lake: Lake, copies: list[Copy], known: dict[object, list[tuple[str, str, int]]]
) -> list[Copy]:
    """Sort the copies of a file: first what is read here, last what rucio-clients reads.

    Those of most files lie at the same hosts, whose order is `known` then.
    """
    blocked = lake.instance.blocked_rses
    others = [copy for copy in copies if is_elsewhere(copy[1]) and copy[0] not in blocked]
    split = [(rse, *_host_and_path(pfn)) for rse, pfn in copies]
    if any("://" in path for _, _, path in split):
        # The PFN of a cache holds another.
        return [*access.ordered(lake, copies), *others]
    key = tuple((rse, host) for rse, host, _ in split)
    if key not in known:
        likewise = [(rse, f"{host}/{n}") for n, (rse, host) in enumerate(key)]
        known[key] = [
            (rse, url.rpartition("/")[0], int(url.rpartition("/")[2]))
            for rse, url in access.ordered(lake, likewise)
        ]
    return [*((rse, host + split[n][2]) for rse, host, n in known[key]), *others]


def _host_and_path(pfn: str) -> tuple[str, str]:
    start = pfn.find("/", pfn.find("://") + 3)
    return (pfn[:start], pfn[start:]) if start > 0 else (pfn, "")


def size_of(entry: Entry) -> int:
    """Answer the size of a file; raises `RucioFailed` where the catalogue has none."""
    if entry.bytes is None:
        raise RucioFailed(f"The catalogue does not know how long {entry.did} is.")
    return entry.bytes
