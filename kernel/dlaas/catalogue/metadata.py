"""Metadata of DIDs: what Rucio keeps of each, and what users and experiments add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import islice
from math import isfinite
from typing import Any
from uuid import UUID

from dlaas.catalogue import Catalogue
from dlaas.errors import AccessDenied, DlaasError, InvalidInput, InvalidMetadata, RucioFailed
from dlaas.model import DID, Metadata
from dlaas.query.conditions import of_numpy
from dlaas.query.filters import COLUMNS, time_text
from dlaas.rucio.rows import type_of, utc

# Rucio's own columns that say nothing to a person, or that Metadata has a field for.
_NOT_CUSTOM = frozenset(
    {
        "scope", "name", "account", "did_type", "bytes", "length", "adler32", "md5", "is_open",
        "created_at", "monotonic", "hidden", "obsolete", "complete", "is_new", "availability",
        "suppressed", "updated_at", "expired_at", "deleted_at", "accessed_at", "closed_at",
        "eol_at", "is_archive", "constituent", "access_cnt", "purge_replicas", "vo",
        "transient",
    }
)  # fmt: skip
# These Rucio sets itself, and refuses as if it were a matter of rights; or they are no description,
# but make it hide or delete the DID.
_RESERVED = frozenset(
    {
        "scope", "name", "account", "type", "did_type", "is_open", "monotonic", "obsolete",
        "complete", "availability", "suppressed", "bytes", "length", "md5", "adler32", "access_cnt",
        "updated_at", "created_after", "created_before", "rule_evaluation_action",
        "rule_evaluation_required", "vo",
    }
    | {key for key, kind in COLUMNS.items() if kind in ("time", "flag")}
)  # fmt: skip
_SETTABLE = ", ".join(sorted(COLUMNS.keys() - _RESERVED))
_AT_ONCE = 500
# Rucio's columns are as long; its database refuses what is longer as if it had failed, or cuts it.
_LONGEST = {"provenance": 2, "phys_group": 25, "stream_name": 70}
_USUAL_LONGEST = 50
_LARGEST = 2**63 - 1


class Descriptions(Catalogue):
    """Reads and sets metadata."""

    def get(self, did: str) -> Metadata:
        """Answer what is known of a DID; raises `DataIdentifierNotFound`, `ScopeNotFound`."""
        did = DID(did)
        row = self._did(did)
        try:
            meta = dict(self.client.get_metadata(did.scope, did.name, plugin="ALL"))
        except (InvalidInput, RucioFailed):
            # A server without a plugin for custom metadata.
            meta = dict(self.client.get_metadata(did.scope, did.name))
        custom = {k: v for k, v in meta.items() if k not in _NOT_CUSTOM and v is not None}
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

    def created_at(self, dids: Iterable[str]) -> dict[DID, datetime]:
        """Answer when DIDs were made, in few questions; of what is not there nothing."""
        todo = iter(dict.fromkeys(map(DID, dids)))
        found: dict[DID, datetime] = {}
        while batch := list(islice(todo, _AT_ONCE)):
            asked = [{"scope": did.scope, "name": did.name} for did in batch]
            for row in self.client.get_metadata_bulk(asked):
                at = utc(row.get("created_at"))
                if at is not None:
                    found[DID(f"{row['scope']}:{row['name']}")] = at
        return found

    def set_metadata(self, did: str, metadata: Mapping[str, Any], recursive: bool = False) -> None:
        """Set metadata of a DID; what it has under other keys stays.

        Values are texts, numbers, true or false, and lists and mappings of them; dates are kept as
        texts that a search can compare. `recursive` sets them also on what the DID holds itself,
        which Rucio does for columns of its own alone, such as `campaign`. Raises
        `InvalidMetadata`, `AccessDenied`, `DataIdentifierNotFound`.
        """
        did = DID(did)
        given = _checked(metadata)
        custom = sorted(set(given) - set(COLUMNS))
        if recursive and custom:
            raise InvalidMetadata(
                f"Rucio would set {', '.join(custom)} on {did} alone, not on what it holds.",
                remedy="Use set_metadata_bulk() with the DIDs of list_contents() or list_files().",
            )
        self._did(did)
        try:
            self.client.set_metadata_bulk(did.scope, did.name, given, recursive)
        except (AccessDenied, InvalidMetadata) as error:
            if isinstance(error, AccessDenied):
                self._note(f"set_metadata {did.scope}", False)
            raise self._told(error, {did.scope}, custom) from error
        self._note(f"set_metadata {did.scope}", True)

    def set_metadata_bulk(self, metadata: Mapping[str, Mapping[str, Any]]) -> None:
        """Set metadata of many DIDs, each its own: `{"scope:name": {"energy": 13000}}`.

        They go in batches of 500, each wholly or not at all; calling it again is safe. Raises
        `InvalidMetadata`, `AccessDenied`, `DataIdentifierNotFound`.
        """
        given = {DID(did): _checked(meta) for did, meta in metadata.items()}
        todo = iter(given.items())
        while batch := list(islice(todo, _AT_ONCE)):
            rows = [{"scope": did.scope, "name": did.name, "meta": meta} for did, meta in batch]
            try:
                self.client.set_dids_metadata_bulk(rows)
            except (AccessDenied, InvalidMetadata) as error:
                keys = {key for _, meta in batch for key in meta} - set(COLUMNS)
                raise self._told(error, {did.scope for did, _ in batch}, sorted(keys)) from error

    def _told(self, error: DlaasError, scopes: set[str], custom: list[str]) -> DlaasError:
        """Say plainly why metadata were not set."""
        if isinstance(error, AccessDenied):
            foreign = sorted(scopes - set(self.list_scopes())) or sorted(scopes)
            return AccessDenied(
                f"Rucio does not let {self.account!r} set metadata in {', '.join(foreign)}.",
                remedy="Only the owner of a scope may, and administrators: ask them. Logging in"
                " again will not help.",
                details={**error.details, "scopes": foreign},
            )
        if "No plugin manages" in error.message:
            return InvalidMetadata(
                f"{self.instance.title} keeps no metadata of one's own: {', '.join(custom)}.",
                remedy=f"Rucio's own columns can be set there: {_SETTABLE}.",
                details=error.details,
            )
        return error


def _checked(metadata: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(metadata, Mapping) or not metadata:
        raise InvalidMetadata(f"{metadata!r} is no metadata: give {{key: value}}.")
    return {_key(key): _column(key, _plain(key, value)) for key, value in metadata.items()}


def _key(key: object) -> str:
    if not isinstance(key, str) or not _is_key(key):
        raise InvalidMetadata(
            f"{key!r} cannot be a metadata key.",
            remedy="A key is a text of one line without a dot, and without blanks around it.",
        )
    if key == "lifetime":
        raise InvalidMetadata(
            "Rucio would delete the DID itself when such a lifetime is over.",
            remedy="Give the key another name. How long data are kept is said by rules.",
        )
    if key in _RESERVED:
        raise InvalidMetadata(f"Rucio keeps {key} itself: it cannot be set.")
    return key


def _is_key(text: str) -> bool:
    return text != "" and text == text.strip() and text.isprintable() and "." not in text


def _column(key: str, value: Any) -> Any:
    """Refuse what does not fit Rucio's own column."""
    kind = COLUMNS.get(key)
    if value is None or kind not in ("number", "text"):
        return value
    if kind == "number":
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidMetadata(f"Rucio keeps {key} as a whole number: {value!r} is none.")
        if abs(value) > _LARGEST:
            raise InvalidMetadata(f"{value} is too large a number for {key}.")
        return value
    if not isinstance(value, str):
        raise InvalidMetadata(f"Rucio keeps {key} as a text: {value!r} is none.")
    return _text(key, value)


def _text(key: str, value: str) -> str:
    """Refuse a text that is none for Rucio's own column."""
    if key == "guid":
        try:
            UUID(value)
        except ValueError:
            raise InvalidMetadata(
                f"{value!r} is no guid.", remedy="A guid has 32 hexadecimal digits."
            ) from None
    elif len(value) > (longest := _LONGEST.get(key, _USUAL_LONGEST)):
        raise InvalidMetadata(f"Rucio keeps {longest} characters of {key}: this has {len(value)}.")
    return value


def _plain(key: str, value: Any) -> Any:
    """Make of a value what JSON can hold."""
    value = of_numpy(value)
    if isinstance(value, str) and "\0" in value:
        # No database takes it.
        raise InvalidMetadata(f"{key} has a NUL in its text.")
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, date):
        return time_text(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(key, one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(key, one) for one in value]
    raise InvalidMetadata(
        f"{key} cannot be {value!r}.",
        remedy="Metadata are texts, finite numbers, true or false, dates, lists and mappings.",
    )
