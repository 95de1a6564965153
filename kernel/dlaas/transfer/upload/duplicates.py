"""What becomes of each file by what the catalogue has under its name: nothing, the same, others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from dlaas import errors
from dlaas.model import DID
from dlaas.transfer.disk.checksums import same_adler32
from dlaas.transfer.disk.sums_cache import Summed, sums_of
from dlaas.transfer.report import Outcome
from dlaas.transfer.upload.names import known_rows, numbered, taken, unusable, versions, with_rows
from dlaas.transfer.upload.plan import OTHER
from dlaas.transfer.upload.sources import Source

if TYPE_CHECKING:
    from dlaas.lake import Lake

Duplicates = Literal["fail", "skip", "rename", "version"]
_AT_ONCE = 8
# So many other names of each file are asked for together.
_NEAR = 5


@dataclass(frozen=True)
class Item:
    """One file of an order: what is to be done with it, or the `problem` why nothing is.

    `sums` are known where the catalogue has the same contents; `here` where it has them on the RSE.
    """

    source: Source
    did: str
    outcome: Outcome = "uploaded"
    url: str = ""
    sums: Summed | None = None
    here: bool = False
    problem: errors.DlaasError | None = None

    @property
    def name(self) -> DID:
        """Its DID, once it is known to be one."""
        return DID(self.did)


def items_of(
    lake: Lake,
    found: list[Source],
    duplicates: Duplicates,
    cancelled: Callable[[], bool] | None,
) -> list[Item]:
    """Find out which names are free, which have the same contents, and which have others."""
    rows = known_rows(lake, (DID(one.did) for one in found if one.problem is None))
    given = {one.did for one in found}

    def named(one: Source) -> Item:
        if cancelled is not None and cancelled():
            raise errors.Cancelled("The upload was cancelled; nothing was sent.")
        if one.problem is not None:
            return Item(one, one.did, "failed", problem=one.problem)
        row = rows.get(DID(one.did))
        if row is None:
            return Item(one, one.did)
        try:
            sums = _same(one, row)
        except errors.InvalidInput as unread:
            return Item(one, one.did, "failed", problem=unread)
        return Item(one, one.did, "skipped", sums=sums)

    # Where a name is known, the file is read.
    with ThreadPoolExecutor(_AT_ONCE if rows else 1) as pool:
        items = list(pool.map(named, found))
    clashing = [n for n, one in enumerate(items) if one.outcome == "skipped" and not one.sums]
    others = versions if duplicates == "version" else numbered
    near = [did for n in clashing for did in islice(others(items[n].name), _NEAR)]
    known = known_rows(lake, near)
    for n in clashing:
        item = items[n]
        names = _with_rows(lake, others(item.name), known)
        items[n] = _otherwise(item, rows[item.name], duplicates, names, given)
    return items


def _with_rows(
    lake: Lake, names: Iterator[DID], known: dict[DID, dict[str, Any]]
) -> Iterator[tuple[DID, dict[str, Any] | None]]:
    """Yield names with what the catalogue has of them; of the nearest that is `known`."""
    yield from ((did, known.get(did)) for did in islice(names, _NEAR))
    yield from with_rows(lake, names)


def _same(one: Source, row: dict[str, Any]) -> Summed | None:
    """Answer the checksums of a file where the catalogue has the same under a name."""
    if unusable(row) or row.get("bytes") != one.bytes:
        return None
    sums = sums_of(one.path)
    return sums if same_adler32(row.get("adler32"), sums.adler32) else None


def _otherwise(
    item: Item,
    row: dict[str, Any],
    duplicates: Duplicates,
    names: Iterator[tuple[DID, dict[str, Any] | None]],
    given: set[str],
) -> Item:
    """Decide what becomes of a file whose name other contents have."""
    another = duplicates in ("rename", "version")
    for free, known in names:
        if free in given:
            continue
        sums = _same(item.source, known) if another and known else None
        if sums is not None:
            # An earlier try brought it.
            return replace(item, did=free, sums=sums)
        if known is None:
            break
    if another:
        # No other file of this call gets it.
        given.add(free)
        return replace(item, did=free, outcome="renamed")
    error = taken(item.name, unusable(row) or OTHER, free)
    return replace(item, outcome="skipped" if duplicates == "skip" else "failed", problem=error)
