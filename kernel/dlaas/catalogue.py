"""What the catalogue knows: DIDs, their contents, metadata and replicas, scopes, RSEs, quotas."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import Any, Literal

from dlaas.connection import Connection
from dlaas.errors import (
    DataIdentifierNotFound,
    DlaasError,
    InvalidDID,
    InvalidInput,
    ScopeNotFound,
    WildcardRefused,
)
from dlaas.model import DID, RSE, Account, DIDType, Entry, Metadata, Replica, Usage
from dlaas.rows import entry_from, is_bare, type_of, usage_from, utc

SearchType = Literal["all", "collection", "file", "dataset", "container"]
_MEANT: dict[str, tuple[DIDType, ...]] = {
    "all": ("file", "dataset", "container"),
    "collection": ("dataset", "container"),
    "file": ("file",),
    "dataset": ("dataset",),
    "container": ("container",),
}
# Columns of Rucio's own that say nothing to a person, or that Metadata has a field for.
_COLUMNS = frozenset(
    {
        "scope", "name", "account", "did_type", "bytes", "length", "adler32", "md5", "is_open",
        "created_at", "monotonic", "hidden", "obsolete", "complete", "is_new", "availability",
        "suppressed", "updated_at", "expired_at", "deleted_at", "accessed_at", "closed_at",
        "eol_at", "is_archive", "constituent", "access_cnt", "purge_replicas", "vo",
        "transient",
    }
)  # fmt: skip
_FILLED = ("did_type", "bytes", "length", "adler32")
_AT_ONCE = 100
_MOST_PARENTS = 10


class Catalogue(Connection):
    """Questions to the catalogue; nothing here changes anything."""

    def whoami(self) -> Account:
        """Answer the account that Rucio takes this login for."""
        found = self.client.whoami()
        return Account(found["account"], found.get("email"))

    def search(
        self,
        pattern: str,
        type: SearchType = "all",  # noqa: A002
        where: str | Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Iterator[Entry]:
        """Search a scope by a pattern such as `ATLAS_OD_EDU:*GamGam*`, and by metadata such as
        `energy >= 13000`.

        In `where` a comma means and, a semicolon or. Raises `WildcardRefused`, `InvalidDID`,
        `ScopeNotFound` before the first row.
        """
        scope, name = self.check_pattern(pattern)
        if type not in _MEANT:
            raise InvalidInput(f"{type!r} is not a type of DID: {', '.join(_MEANT)}.")
        if limit is not None and limit < 1:
            raise InvalidInput("The limit must be at least 1.")
        filters = _filters(name, type, where)
        rows = self.client.list_dids(scope, filters, did_type=type, long=True)
        return self._found(scope, type, rows, limit)

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

    def _found(
        self, scope: str, kind: SearchType, rows: Generator[Any, None, None], limit: int | None
    ) -> Iterator[Entry]:
        known = False
        # Closed early, it lets the connection go.
        with closing(self._completed(rows)) as completed:
            entries = (entry_from(row) for row in completed)
            for count, entry in enumerate((e for e in entries if e.type in _MEANT[kind]), 1):
                known = True
                yield entry
                if count == limit:
                    return
        if not known and not self.knows_scope(scope):
            raise ScopeNotFound(f"{self.instance.title} has no scope {scope!r}.")

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

    def get(self, did: str) -> Metadata:
        """Answer what is known of a DID; raises `DataIdentifierNotFound`, `ScopeNotFound`."""
        did = DID(did)
        row = self._did(did)
        try:
            meta = dict(self.client.get_metadata(did.scope, did.name, plugin="ALL"))
        except InvalidInput:
            # A server without a plugin for custom metadata.
            meta = dict(self.client.get_metadata(did.scope, did.name))
        custom = {k: v for k, v in meta.items() if k not in _COLUMNS and v is not None}
        return Metadata(
            did=did,
            type=type_of(row["type"]),
            account=str(row.get("account") or meta.get("account") or ""),
            bytes=row.get("bytes"),
            files=None if type_of(row["type"]) == "file" else row.get("length"),
            adler32=row.get("adler32"),
            md5=row.get("md5"),
            open=row.get("open"),
            created_at=utc(meta.get("created_at")),
            custom=custom,
        )

    def list_contents(self, did: str) -> Iterator[Entry]:
        """List what a dataset or container holds itself; nothing for a file."""
        did = DID(did)
        self._did(did)
        rows = self.client.list_content(did.scope, did.name)
        return (entry_from(row) for row in self._completed(rows))

    def list_files(self, did: str) -> Iterator[Entry]:
        """List the files below a DID, at any depth; a file is its own."""
        did = DID(did)
        self._did(did)
        rows = self.client.list_files(did.scope, did.name)
        return (entry_from({**row, "type": "FILE"}) for row in rows)

    def list_parents(self, did: str) -> Iterator[DID]:
        """Yield the collections above a DID, the nearest first, each once, and some ten at most."""
        did = DID(did)
        todo, seen = [did], {did}
        while todo and len(seen) <= _MOST_PARENTS:
            child = todo.pop(0)
            for row in self.client.list_parent_dids(child.scope, child.name):
                parent = DID(f"{row['scope']}:{row['name']}")
                if parent not in seen:
                    seen.add(parent)
                    todo.append(parent)
                    yield parent

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
        location = {"site": self.instance.site_name} if self.instance.site_name else None
        rows = self.client.list_replicas(
            [{"scope": did.scope, "name": did.name} for did in dids],
            schemes=schemes,
            rse_expression=rse_expression,
            client_location=location,
            # Rucio's default order asks a GeoIP database and takes 2.3 times as long.
            sort=None if location else "random",
            ignore_availability=even_unavailable,
        )
        for row in rows:
            did = DID(f"{row['scope']}:{row['name']}")
            pfns = sorted(
                row.get("pfns", {}).items(), key=lambda item: item[1].get("priority") or 0
            )
            for pfn, told in pfns:
                state = row.get("states", {}).get(told["rse"], "AVAILABLE")
                yield Replica(did, told["rse"], pfn, state)

    def list_scopes(self) -> list[str]:
        """List the scopes of this account."""
        try:
            return sorted(self.client.list_scopes_for_account(self.account))
        except ScopeNotFound:
            return []

    def list_rses(self, expression: str = "*") -> list[RSE]:
        """List the RSEs that an expression matches; raises `InvalidRSEExpression`."""
        rows = list(self.client.list_rses(None if expression == "*" else expression))
        # Rucio answers the attributes of one RSE at a time, and a lake may have hundreds.
        with ThreadPoolExecutor(8) as pool:
            return sorted(pool.map(self._rse, rows), key=lambda rse: rse.name)

    def _rse(self, row: Mapping[str, Any]) -> RSE:
        name = str(row["rse"])
        attributes = self._remember(
            f"attributes {name}", lambda: dict(self.client.list_rse_attributes(name))
        )
        qos = attributes.get("QOS") or row.get("qos_class")
        site, writable = attributes.get("site"), row.get("availability_write") is not False
        return RSE(name, site, str(qos) if qos else None, writable)

    def rse_info(self, name: str) -> dict[str, Any]:
        """Answer what Rucio knows of an RSE, with its protocols; raises `RSENotFound`."""
        return self._remember(f"rse {name}", lambda: dict(self.client.get_rse(name)))

    def usage(self) -> list[Usage]:
        """List what this account uses of each RSE, and its quota there."""
        rows = self.client.get_local_account_usage(self.account)
        return sorted((usage_from(row) for row in rows), key=lambda usage: usage.rse)

    def is_admin(self) -> bool:
        """Tell whether neither ownership nor quota binds this account."""
        return self.account == "root" or bool(self._attributes().get("admin"))

    def _attributes(self) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            groups = self.client.list_account_attributes(self.account)
            return {item["key"]: item["value"] for group in groups for item in group}

        return self._remember("account attributes", ask)

    def _did(self, did: DID) -> dict[str, Any]:
        try:
            return dict(self.client.get_did(did.scope, did.name))
        except DataIdentifierNotFound as error:
            raise self._missing(did) from error

    def _missing(self, did: DID) -> DlaasError:
        """Tell an unknown name from an unknown scope."""
        if not self.knows_scope(did.scope):
            return ScopeNotFound(f"{self.instance.title} has no scope {did.scope!r}.")
        return DataIdentifierNotFound(f"{self.instance.title} knows no {did}.")

    def knows_scope(self, scope: str) -> bool:
        """Tell whether a scope exists; one that is new is looked for again."""
        if scope not in self._scopes():
            self._forget("scopes")
        return scope in self._scopes()

    def _scopes(self) -> frozenset[str]:
        return self._remember("scopes", lambda: frozenset(self.client.list_scopes()))


def _filters(
    name: str, kind: SearchType, where: str | Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    if not where:
        return [{"name": name}]
    if isinstance(where, Mapping):
        return [{**where, "name": name}]
    from rucio.common.utils import (
        parse_did_filter_from_string_fe,
    )

    try:
        found, _ = parse_did_filter_from_string_fe(where, name=name, type=kind)
    except Exception as error:
        raise InvalidInput(
            f"The condition {where!r} cannot be understood.",
            remedy="Write it as energy >= 13000, kind = mc (a comma means and, a semicolon or).",
        ) from error
    return list(found)
