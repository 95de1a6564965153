"""What the catalogue knows: DIDs, their contents, metadata and replicas, scopes, RSEs, quotas."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from dlaas.catalogue.rights import Rights
from dlaas.errors import (
    DataIdentifierNotFound,
    DlaasError,
    InvalidDID,
    InvalidMetadata,
    ScopeNotFound,
    WildcardRefused,
)
from dlaas.model import DID, Entry, Replica
from dlaas.query import TYPES, Query
from dlaas.query import SearchType as SearchType
from dlaas.query.conditions import Written
from dlaas.query.filters import COLUMNS, is_named, sent_name
from dlaas.rucio.rows import entry_from, is_bare, replicas_from

_FILLED = ("did_type", "bytes", "length", "adler32")
_AT_ONCE = 100


class Catalogue(Rights):
    """Questions to the catalogue; nothing here changes anything."""

    def query(
        self,
        pattern: str,
        type: SearchType = "all",  # noqa: A002
        where: Written | None = None,
        limit: int | None = None,
    ) -> Query:
        """Make a search that can be looked at, and is sent when it is iterated.

        `pattern` is such as `ATLAS_OD_EDU:*GamGam*`. `where` is a text, `energy >= 13000, kind =
        mc` (a comma means and, a semicolon or), a mapping `{"energy.gte": 13000}`, or
        `dlaas.key("energy") >= 13000`, combined by & and |. Raises `InvalidInput`, `InvalidDID`,
        `WildcardRefused`.
        """
        return Query(self, pattern, type, where, limit)

    def search(
        self,
        pattern: str,
        type: SearchType = "all",  # noqa: A002
        where: Written | None = None,
        limit: int | None = None,
    ) -> Iterator[Entry]:
        """Search a scope by a pattern such as `ATLAS_OD_EDU:*GamGam*`, and by metadata such as
        `energy >= 13000`; see `query`.

        Raises what `query` raises, and `ScopeNotFound` before the first row.
        """
        return iter(self.query(pattern, type, where, limit))

    def send(self, query: Query) -> Iterator[Entry]:
        """Send a query and yield what is found."""
        # rucio-clients writes into what it is given.
        filters = [dict(group) for group in query.filters]
        try:
            rows = self.client.list_dids(query.scope, filters, did_type=query.type, long=True)
        except InvalidMetadata as error:
            raise self._unsearchable(query, error) from error
        return self._found(query, rows)

    def _unsearchable(self, query: Query, error: InvalidMetadata) -> DlaasError:
        if "Database query failed" in error.message:
            return InvalidMetadata(
                f"The database of {self.instance.title} cannot compare {query.where}: some DIDs"
                " have a value of another type there.",
                remedy="Put the value in quotes if it is kept as a text, or narrow the pattern.",
                details={"class": "InvalidMetadata"},
            )
        if "no metadata plugin" not in error.message:
            return error
        return InvalidMetadata(
            f"{self.instance.title} keeps no metadata of one's own: it cannot search by"
            f" {query.where}.",
            remedy=f"It can search by Rucio's own columns: {', '.join(sorted(COLUMNS))}.",
            details=error.details,
        )

    def check_pattern(self, pattern: str) -> tuple[str, str]:
        """Split a search pattern into scope and name; raises `InvalidDID`, `WildcardRefused`."""
        text = str(pattern).strip()
        scope, _, name = text.partition(":")
        if not text or any(character.isspace() for character in text):
            raise InvalidDID(f"{text!r} is not a pattern of DIDs.")
        if set(scope) & set("*%?"):
            raise WildcardRefused("A search needs a scope without wildcards.")
        if not scope or "/" in scope or "@" in scope:
            raise InvalidDID(f"{text!r} does not begin with a scope.")
        if not name.strip("*%?") and not self.instance.wildcard_enabled:
            raise WildcardRefused(f"{text!r} would list the whole scope.")
        return scope, name or "*"

    def _found(self, query: Query, rows: Generator[Any, None, None]) -> Iterator[Entry]:
        known = False
        kinds, widened = TYPES[query.type], sent_name(query.name) != query.name
        # Closed early, it lets the connection go.
        with closing(self._completed(rows)) as completed:
            entries = (entry_from(row) for row in completed)
            wanted = (
                entry
                for entry in entries
                if entry.type in kinds and (not widened or is_named(entry.did.name, query.name))
            )
            for count, entry in enumerate(wanted, 1):
                known = True
                yield entry
                if count == query.limit:
                    return
        if not known and not self.knows_scope(query.scope):
            raise self._no_scope(query)

    def _no_scope(self, query: Query) -> ScopeNotFound:
        # Who writes one word often means a part of a name.
        teach = f"Name a scope: to find a word in its names, write scope:*{query.scope}*."
        return ScopeNotFound(
            f"{self.instance.title} has no scope {query.scope!r}.",
            remedy=teach if query.name == "*" else None,
        )

    def _completed(
        self, rows: Generator[dict[str, Any], None, None]
    ) -> Generator[dict[str, Any], None, None]:
        """Fill in type and size where Rucio leaves them out, a hundred rows in one question.

        It does for searches by custom metadata, which also answer other types than those asked for,
        and for what is in a container.
        """
        with closing(rows):
            while chunk := list(islice(rows, _AT_ONCE)):
                bare = [{"scope": r["scope"], "name": r["name"]} for r in chunk if is_bare(r)]
                known = {}
                if bare:
                    for row in self.client.get_metadata_bulk(bare):
                        known[row["scope"], row["name"]] = row
                for row in chunk:
                    found = known.get((row["scope"], row["name"]), {})
                    yield {**row, **{key: found[key] for key in _FILLED if key in found}}

    def list_contents(self, did: str, recursive: bool = False) -> Iterator[Entry]:
        """List what a dataset or container holds itself, or at any depth; nothing for a file."""
        did = DID(did)
        self._did(did)
        return self._below(did) if recursive else self._contents(did)

    def _contents(self, did: DID) -> Generator[Entry, None, None]:
        with closing(self._completed(self.client.list_content(did.scope, did.name))) as rows:
            for row in rows:
                yield entry_from(row)

    def _below(self, did: DID) -> Iterator[Entry]:
        todo, seen = [did], {did}
        while todo:
            with closing(self._contents(todo.pop())) as entries:
                for entry in entries:
                    # Only collections are remembered: there are few.
                    if entry.type != "file":
                        if entry.did in seen:
                            continue
                        seen.add(entry.did)
                        todo.append(entry.did)
                    yield entry

    def list_files(self, did: str) -> Iterator[Entry]:
        """List the files below a DID, at any depth; a file is its own."""
        did = DID(did)
        self._did(did)
        return self._files(self.client.list_files(did.scope, did.name))

    def _files(self, rows: Generator[Any, None, None]) -> Iterator[Entry]:
        with closing(rows):
            for row in rows:
                yield entry_from({**row, "type": "FILE"})

    def list_parents(self, did: str, recursive: bool = True) -> Iterator[DID]:
        """Yield the collections above a DID, the nearest first, each once."""
        rows = self._parents(DID(did), recursive)
        with closing(rows):
            for row in rows:
                yield DID(f"{row['scope']}:{row['name']}")

    def list_collections(self, did: str) -> Iterator[Entry]:
        """Yield the collections above a DID, the nearest first, each once, with their sizes.

        Raises `DataIdentifierNotFound`, `ScopeNotFound`.
        """
        did = DID(did)
        self._did(did)
        with closing(self._completed(self._parents(did, recursive=True))) as rows:
            for row in rows:
                yield entry_from(row)

    def _parents(self, did: DID, recursive: bool) -> Generator[dict[str, Any], None, None]:
        todo, seen = [did], {did}
        while todo:
            child = todo.pop(0)
            with closing(self.client.list_parent_dids(child.scope, child.name)) as rows:
                for row in rows:
                    parent = DID(f"{row['scope']}:{row['name']}")
                    if parent not in seen:
                        seen.add(parent)
                        todo.append(parent)
                        yield row
            if not recursive:
                return

    def list_replicas(
        self, did: str, *, schemes: list[str] | None = None, rse_expression: str | None = None
    ) -> Iterator[Replica]:
        """List the copies of the files below a DID, nearest first as Rucio sorts them."""
        did = DID(did)
        self._did(did)
        return self._replicas([did], schemes=schemes, rse_expression=rse_expression)

    def _replicas(
        self,
        dids: list[DID],
        *,
        schemes: list[str] | None = None,
        rse_expression: str | None = None,
        even_unavailable: bool = False,
    ) -> Iterator[Replica]:
        rows = self.replica_rows(dids, schemes, rse_expression, even_unavailable=even_unavailable)
        with closing(rows):
            for row in rows:
                yield from replicas_from(row)

    def replica_rows(
        self,
        dids: list[DID],
        schemes: Sequence[str] | None = None,
        rse_expression: str | None = None,
        *,
        even_unavailable: bool = False,
        every_state: bool = False,
    ) -> Generator[dict[str, Any], None, None]:
        """Begin to read the copies of files as Rucio answers them, a row for each file.

        Also from RSEs that are switched off with `even_unavailable`, and those that cannot be read
        with `every_state`.
        """
        location = {"site": self.instance.site_name} if self.instance.site_name else None
        rows: Generator[dict[str, Any], None, None] = self.client.list_replicas(
            [{"scope": did.scope, "name": did.name} for did in dids],
            schemes=list(schemes) if schemes else None,
            rse_expression=rse_expression,
            client_location=location,
            # Rucio's default order asks a GeoIP database and takes 2.3 times as long.
            sort=None if location else "random",
            ignore_availability=even_unavailable or every_state,
            all_states=every_state,
        )
        return rows

    def _did(self, did: DID) -> dict[str, Any]:
        try:
            return dict(self.client.get_did(did.scope, did.name))
        except DataIdentifierNotFound as error:
            raise self._missing(did) from error

    def _missing(self, did: DID, known: bool | None = None) -> DlaasError:
        """Tell an unknown name from an unknown scope; `known` is whether the scope exists."""
        if not (self.knows_scope(did.scope) if known is None else known):
            return ScopeNotFound(f"{self.instance.title} has no scope {did.scope!r}.")
        return DataIdentifierNotFound(f"{self.instance.title} knows no {did}.")

    def knows_scope(self, scope: str) -> bool:
        """Tell whether a scope exists; one that is new is looked for again."""
        if scope not in self._scopes():
            self._forget("scopes")
        return scope in self._scopes()

    def _scopes(self) -> frozenset[str]:
        return self._remember("scopes", lambda: frozenset(self.client.list_scopes()))
