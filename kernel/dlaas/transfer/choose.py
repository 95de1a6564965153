"""Which files a download is to bring, and where each goes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas import access
from dlaas.errors import AlreadyThere, CannotAuthenticate, DlaasError, RucioFailed
from dlaas.model import DID, Entry
from dlaas.rucio.rows import entry_from, type_of
from dlaas.transfer.checksums import Checksums, same_adler32
from dlaas.transfer.elsewhere import is_elsewhere
from dlaas.transfer.fetch import Copy
from dlaas.transfer.place import Place, written

if TYPE_CHECKING:
    from dlaas.lake import Lake

# So many files are asked for their copies in one question; the first question is a short one.
_FIRST, _AT_ONCE = 20, 200


@dataclass(frozen=True)
class Wanted:
    """A file to bring: where it goes, and from where it can come."""

    did: DID
    size: int
    adler32: str | None
    place: Place
    relative: str
    md5: str | None = None
    copies: tuple[Copy, ...] = ()
    problem: DlaasError | None = None

    @cached_property
    def path(self) -> Path:
        """Where it goes."""
        return self.place.path(self.relative)

    @cached_property
    def part(self) -> Path:
        """Where its bytes are until they are verified."""
        return self.place.part(self.relative, self.did, self.size, self.adler32)

    def kinds(self, asked: Iterable[str]) -> tuple[str, ...]:
        """Answer the checksums to compute: those asked for, and one that the catalogue has."""
        needs_md5 = self.md5 is not None and self.adler32 is None
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

    def take(self, did: DID) -> str:
        """Answer the path of a file below the folder: its name, else below its scope.

        Until `release` no other DID gets the same; afterwards what is remembered of it tells.
        """
        short, long = written(did.name.lstrip("/")), f"{written(did.scope)}/{written(did.name)}"
        with self._guard:
            owner = self._taken.get(short) or self._known(short)
            relative = short if owner in (None, did) else long
            if self._taken.setdefault(relative, did) != did:
                raise AlreadyThere(f"{self._place.path(relative)} is the place of another file.")
        return relative

    def _known(self, relative: str) -> str | None:
        path = self._place.path(relative)
        seen = self._place.seen(path) if os.path.lexists(path) else None
        return seen.did if seen else None

    def release(self, relative: str) -> None:
        """Let a name go, once its file is there, and remembered as that."""
        path = self._place.path(relative)
        if os.path.lexists(path) and self._place.seen(path) is None:
            return
        with self._guard:
            self._taken.pop(relative, None)


def with_copies(
    lake: Lake, wanted: Iterator[Wanted], local: Callable[[Wanted], list[Copy]], md5: bool = False
) -> Iterator[Wanted]:
    """Add to each file where it can be read, some hundred in one question.

    What `local` answers, copies on this machine, is tried first. With `md5` that of the catalogue
    is added too; where it has nothing else to verify a file by, it always is.
    """
    count = _FIRST
    while chunk := list(islice(wanted, count)):
        count = _AT_ONCE
        copies, problem = _copies(lake, [one.did for one in chunk])
        sums = _md5s(lake, [one.did for one in chunk if md5 or one.adler32 is None])
        for one in chunk:
            found = (*local(one), *copies.get(one.did, ()))
            known = None if found else problem
            yield replace(one, copies=found, problem=known, md5=sums.get(one.did))


def _md5s(lake: Lake, dids: list[DID]) -> dict[DID, str]:
    """Look up the md5 of files, where the catalogue has them."""
    if not dids:
        return {}
    asked = [{"scope": did.scope, "name": did.name} for did in dids]
    rows = lake.client.get_metadata_bulk(asked)
    return {DID(f"{row['scope']}:{row['name']}"): row["md5"] for row in rows if row.get("md5")}


def _copies(lake: Lake, dids: list[DID]) -> tuple[dict[DID, list[Copy]], DlaasError | None]:
    """List the copies of files; what goes wrong is told of each of them, and stops no others."""
    pfns: dict[DID, list[Copy]] = {}
    problem = None
    try:
        for replica in access.list_copies(lake, dids):
            if replica.state == "AVAILABLE":
                pfns.setdefault(replica.did, []).append((replica.rse, replica.pfn))
    except CannotAuthenticate:
        raise
    except DlaasError as error:
        problem = error
    return {did: _in_order(lake, copies) for did, copies in pfns.items()}, problem


def _in_order(lake: Lake, copies: list[Copy]) -> list[Copy]:
    """Sort the copies of a file: first what is read here, last what rucio-clients reads."""
    blocked = lake.instance.blocked_rses
    others = [copy for copy in copies if is_elsewhere(copy[1]) and copy[0] not in blocked]
    return [*access.ordered(lake, copies), *others]


def size_of(entry: Entry) -> int:
    """Answer the size of a file; raises `RucioFailed` where the catalogue has none."""
    if entry.bytes is None:
        raise RucioFailed(f"The catalogue does not know how long {entry.did} is.")
    return entry.bytes
