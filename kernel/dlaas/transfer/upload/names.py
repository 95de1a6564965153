"""Names that files are to have in the catalogue: known, taken, free."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from dlaas import errors
from dlaas.model import DID
from dlaas.rucio.rows import type_of, utc

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue

AT_ONCE = 100
_TRIED = 20
# That Rucio takes for a name.
_LONGEST = 250
_STEM = re.compile(r"(.*?)((?:\.[A-Za-z0-9]{1,8}){0,2})")
_VERSION = re.compile(r"(.*)-v([1-9][0-9]{0,5})")


def chunked(dids: Iterable[DID], size: int = AT_ONCE) -> Iterator[list[DID]]:
    """Cut many names into as few questions as Rucio takes."""
    left = iter(dids)
    while chunk := list(islice(left, size)):
        yield chunk


def known_rows(lake: Catalogue, dids: Iterable[DID]) -> dict[DID, dict[str, Any]]:
    """Answer what the catalogue has of those names that it knows; a hundred in one question."""
    found = {}
    for chunk in chunked(dids):
        asked = [{"scope": did.scope, "name": did.name} for did in chunk]
        for row in lake.client.get_metadata_bulk(asked):
            found[DID(f"{row['scope']}:{row['name']}")] = row
    return found


def unusable(row: dict[str, Any]) -> str:
    """Say why a name cannot take the bytes of a file, whatever they are; nothing where it can."""
    kind = type_of(row.get("did_type") or row.get("type"))
    if kind != "file":
        return f"is a {kind} already"
    if row.get("expired_at"):
        return f"was erased: Rucio deletes it after {utc(row['expired_at']):%Y-%m-%d %H:%M} UTC"
    if str(row.get("availability") or "").upper() == "LOST":
        return "was declared lost"
    return ""


def taken(did: DID, why: str, free: DID) -> errors.DataIdentifierAlreadyExists:
    """Make the error for a name that cannot be used, with one that is free."""
    return errors.DataIdentifierAlreadyExists(
        f"{did} {why}; a name is for ever.",
        remedy=f"Choose another name, for example {free}.",
        details={"free_name": str(free)},
    )


def numbered(did: DID, start: int = 2) -> Iterator[DID]:
    """Yield the same name with -2, -3, … before its ending.

    >>> next(numbered(DID("user.alice:a/histos.tar.gz")))
    'user.alice:a/histos-2.tar.gz'
    """
    stem, ending = _parts(did.name)
    return (_with(did.scope, stem, f"-{n}{ending}") for n in range(start, 1_000_000))


def versions(did: DID) -> Iterator[DID]:
    """Yield the versions after this one: -v2, -v3, … before its ending.

    >>> list(islice(versions(DID("user.alice:histos-v7.root")), 2))
    ['user.alice:histos-v8.root', 'user.alice:histos-v9.root']
    """
    stem, ending = _parts(did.name)
    found = _VERSION.fullmatch(stem)
    first, last = (found[1], int(found[2])) if found else (stem, 1)
    return (_with(did.scope, first, f"-v{n}{ending}") for n in range(last + 1, 1_000_000))


def _with(scope: str, stem: str, ending: str) -> DID:
    return DID(f"{scope}:{stem[: _LONGEST - len(ending)]}{ending}")


def _parts(name: str) -> tuple[str, str]:
    found = _STEM.fullmatch(name)
    return (found[1], found[2]) if found else (name, "")


def with_rows(
    lake: Catalogue, candidates: Iterator[DID]
) -> Iterator[tuple[DID, dict[str, Any] | None]]:
    """Yield each candidate with what the catalogue has of it; twenty in one question."""
    for chunk in chunked(candidates, _TRIED):
        rows = known_rows(lake, chunk)
        yield from ((did, rows.get(did)) for did in chunk)


def free_name(lake: Catalogue, did: DID) -> DID:
    """Propose a name that is free: the same with -2, -3, … before its ending."""
    return next(found for found, row in with_rows(lake, numbered(did)) if row is None)
