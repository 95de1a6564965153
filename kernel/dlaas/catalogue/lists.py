"""Lists of names, as people paste them: many in one question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from dlaas.errors import DlaasError, InvalidDID, InvalidInput, NotThere, problem
from dlaas.model import DID, Entry, Sought
from dlaas.query import TYPES, SearchType
from dlaas.query.conditions import Where, Written, where_from
from dlaas.query.filters import rucio_filters
from dlaas.rucio.rows import entry_from

if TYPE_CHECKING:
    from dlaas.lake import Lake

# Rucio refuses more than 1000; PostgreSQL is fastest with these, and they take a tenth of a second.
_AT_ONCE = 500
# So few are searched for one by one, where Rucio refuses to be asked for them together.
_FEW = 8
_WILDCARDS = frozenset("*%")


def look_up(
    lake: Lake,
    names: Iterable[str],
    type: SearchType,  # noqa: A002
    where: Written | None,
    limit: int | None,
) -> Iterator[Sought]:
    """Do what `Lake.look_up` says."""
    if isinstance(names, str):
        raise InvalidInput("A list of DIDs is wanted, not one text.")
    if type not in TYPES:
        raise InvalidInput(f"{type!r} is not a type of DID: {', '.join(TYPES)}.")
    return _LookUp(lake, type, where_from(where), limit).all(names)


class _LookUp:
    """What is the same for all names of a list."""

    def __init__(
        self, lake: Lake, kind: SearchType, where: Where | None, limit: int | None
    ) -> None:
        # What is wrong with the conditions is wrong for every name.
        rucio_filters("*", where)
        self._lake = lake
        self._kind: SearchType = kind
        self._where = where
        self._limit = limit
        # One that is unknown would be looked for again with each name of it.
        self._knows_scope: Callable[[str], bool] = cache(lake.knows_scope)

    def all(self, names: Iterable[str]) -> Iterator[Sought]:
        todo = iter(names)
        while batch := list(islice(todo, _AT_ONCE)):
            plain = {name: did for name in batch if (did := self._plain(name))}
            known = self._known(list(plain.values()))
            for name in batch:
                did = plain.get(name)
                if did is not None and did in known:
                    yield self._told(name, did, known[did])
                else:
                    yield from self._searched(name)

    def _plain(self, name: str) -> DID | None:
        """Answer the DID that is named, where it need not be searched for."""
        if self._where is not None or _WILDCARDS & set(name):
            return None
        try:
            return DID(name)
        except InvalidDID:
            return None

    def _known(self, dids: list[DID]) -> dict[DID, Entry | None]:
        """Ask for DIDs; one that Rucio would not be asked for like that is not in the answer."""
        if not dids:
            return {}
        asked = [{"scope": did.scope, "name": did.name} for did in dids]
        try:
            rows = list(self._lake.client.get_metadata_bulk(asked))
        except DlaasError as error:
            if error.blame != "you":
                raise
            # Rucio refuses all where one is longer than its schema allows, or holds a "+".
            half = len(dids) // 2
            return {} if half < _FEW else self._known(dids[:half]) | self._known(dids[half:])
        found: dict[DID, Entry | None] = dict.fromkeys(dids)
        # A search does not find what is suppressed either.
        found |= {e.did: e for row in rows if not row.get("suppressed") for e in [entry_from(row)]}
        return found

    def _told(self, name: str, did: DID, entry: Entry | None) -> Sought:
        if entry is None:
            missing = self._lake._missing(did, self._knows_scope(did.scope))
            return Sought(name, missing=problem(missing))
        if entry.type not in TYPES[self._kind]:
            return Sought(name, missing=problem(NotThere(f"{did} is a {entry.type}.")))
        return Sought(name, (entry,))

    def _searched(self, name: str) -> Iterator[Sought]:
        part: list[Entry] = []
        try:
            for number, entry in enumerate(self._found(name)):
                if number == self._limit:
                    yield Sought(name, tuple(part), truncated=True)
                    return
                if len(part) == _AT_ONCE:
                    yield Sought(name, tuple(part), done=False)
                    part = []
                part.append(entry)
            if not part:
                raise self._nothing(name)
        except DlaasError as error:
            # It says nothing of the others; a lake that is down does.
            if error.blame != "you":
                raise
            yield Sought(name, tuple(part), missing=problem(error))
        else:
            yield Sought(name, tuple(part))

    def _found(self, name: str) -> Iterator[Entry]:
        if not _WILDCARDS & set(name) and not name.strip().endswith(":"):
            DID(name)
        limit = None if self._limit is None else self._limit + 1
        return self._lake.search(name, self._kind, self._where, limit)

    def _nothing(self, name: str) -> DlaasError:
        did = self._plain(name)
        if did is not None:
            return self._lake._missing(did, known=True)
        like = "" if self._where is None else f" with {self._where}"
        return NotThere(f"{self._lake.instance.title} has nothing named {name}{like}.")
