"""What helps a person who types: scopes and DIDs that begin so, and keys to filter by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any

from dlaas.catalogue.metadata import Descriptions
from dlaas.errors import InvalidInput, NotThere, Refused, RucioFailed
from dlaas.model import Metadata
from dlaas.query.filters import COLUMNS, is_named, sent_name

_MOST = 1000
# Rucio's names end long before.
_LONGEST = 1000
# A DID may be written as a reference, and with the instance that knows it.
_BEGIN = re.compile(r"(rucio://)?([^@/:]+@)?")
# Wildcards are for patterns, and no DID has blanks.
_SURPLUS = re.compile(r"[*%?\s]")
# What Rucio's filters also know, and nobody looks for data by.
_SELDOM = frozenset(
    {
        "access_cnt", "accessed_at", "closed_at", "constituent", "deleted_at", "eol_at",
        "expired_at", "hidden", "is_archive", "is_new", "purge_replicas", "transient",
    }
)  # fmt: skip


class Suggestions(Descriptions):
    """Answers fast, while somebody types; what cannot be completed is an empty answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen_keys: dict[str, None] = {}

    def get(self, did: str) -> Metadata:
        """Answer what is known of a DID; raises `DataIdentifierNotFound`, `ScopeNotFound`."""
        found = super().get(did)
        if len(self._seen_keys) < _MOST:
            self._seen_keys.update(dict.fromkeys(found.custom))
        return found

    def complete(self, text: str, limit: int = 20) -> list[str]:
        """List what begins with a text: scopes, as `scope:`, or DIDs of a scope.

        A reference, `rucio://[instance@]scope/na`, is completed in kind. Upper and lower case of a
        scope are alike. Rucio is asked for no more than `limit` names, so which of more are
        answered is its choice. The answer is empty for an unknown scope, a text with wildcards, and
        a bare `scope:` where the instance refuses to list whole scopes. Raises `InvalidInput` for a
        limit that is none.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _MOST:
            raise InvalidInput(f"The limit must be a whole number from 1 to {_MOST}.")
        begin, separator, rest = _split(str(text).lstrip())
        if len(rest) > _LONGEST or _SURPLUS.search(rest):
            return []
        scope, named, name = rest.partition(separator)
        if not named:
            scopes = islice(self._scopes_like(scope), limit)
            return [f"{begin}{found}{separator}" for found in scopes]
        if scope in ("", ".", "..") or not (name or self.instance.wildcard_enabled):
            return []
        names = sorted(islice(self._names_like(scope, name, limit), limit))
        return [f"{begin}{scope}{separator}{found}" for found in names]

    def _scopes_like(self, text: str) -> Iterator[str]:
        """Yield the scopes that begin so, the account's own first."""
        own = self._remember("own scopes", lambda: frozenset(self.list_scopes()))
        begin = text.casefold()
        for scope in sorted(self._scopes(), key=lambda scope: (scope not in own, scope)):
            if scope.casefold().startswith(begin):
                yield scope

    def _names_like(self, scope: str, begin: str, limit: int) -> Iterator[str]:
        pattern = f"{begin}*"
        sent = sent_name(pattern)
        # Where more is asked for than is meant, the first ones may all be others.
        most = limit if sent == pattern else 10 * _MOST
        try:
            with closing(self.client.first_dids(scope, sent, most)) as rows:
                names = (str(row["name"]) for row in rows)
                yield from (name for name in names if is_named(name, pattern))
        except NotThere:
            return

    def list_keys(self) -> list[str]:
        """List names of metadata to search by: Rucio's own, the server's, and those seen so far."""
        known = self._remember("metadata keys", self._server_keys)
        return sorted({*known, *self._seen_keys, *(COLUMNS.keys() - _SELDOM)})

    def _server_keys(self) -> frozenset[str]:
        try:
            return frozenset(map(str, self.client.list_keys() or ()))
        except (NotThere, Refused, InvalidInput, RucioFailed):
            return frozenset()


def _split(text: str) -> tuple[str, str, str]:
    """Split off what stands before a scope; answer it, what ends the scope, and the rest."""
    found = _BEGIN.match(text)
    begin = found[0] if found else ""
    return begin, "/" if begin.startswith("rucio:") else ":", text[len(begin) :]
