"""Scopes and collections as folders: what `rucio://` lists, finds and globs. All of it blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from dlaas.errors import DataIdentifierNotFound, InvalidInput, ScopeNotFound
from dlaas.model import DID, Entry
from dlaas.reference import prefix_of, split_path
from dlaas.rucio.connection import lake_for

Row = dict[str, Any]


def describe(path: str) -> Row:
    """Answer name, size, type and checksum of a DID; a collection is a directory."""
    instance, scope, name = split_path(path)
    lake = lake_for(instance)
    if not name:
        if scope and not lake.knows_scope(scope):
            raise ScopeNotFound(f"{lake.instance.title} has no scope {scope!r}.")
        return {"name": path, "size": 0, "type": "directory"}
    row = lake._did(DID(f"{scope}:{name}"))
    is_file = str(row["type"]).upper() == "FILE"
    return {
        "name": path,
        "size": int(row.get("bytes") or 0),
        "type": "file" if is_file else "directory",
        "did": f"{scope}:{name}",
        "adler32": row.get("adler32"),
    }


def listed(path: str) -> list[Row]:
    """List the scopes of the account, a scope's collections, or what a collection holds."""
    instance, scope, name = split_path(path)
    lake, prefix = lake_for(instance), prefix_of(instance)
    if not scope:
        return [
            {"name": f"{prefix}{s}", "size": 0, "type": "directory"} for s in lake.list_scopes()
        ]
    if not name:
        return _rows(prefix, lake.search(f"{scope}:*", "collection"))
    info = describe(path)
    return (
        [info] if info["type"] == "file" else _rows(prefix, lake._contents(DID(f"{scope}:{name}")))
    )


def below(path: str, depth: int | None = None) -> list[Row]:
    """List the files below a DID, at any depth or only those that it holds itself."""
    instance, scope, name = split_path(path)
    if not name:
        raise InvalidInput("Name a DID: a scope may hold any number of files.")
    if depth == 1:
        return [row for row in listed(path) if row["type"] == "file"]
    return _rows(prefix_of(instance), lake_for(instance).list_files(f"{scope}:{name}"))


def matching(path: str) -> list[Row]:
    """Search a scope by a pattern with * ? and [ab]; or, as `collection/*.root`, what one holds."""
    instance, scope, name = split_path(path)
    # Rucio knows no other wildcard than the star.
    wider = re.sub(r"\[[^\]]*\]|\?", "*", name)
    found = lake_for(instance).search(f"{scope}:{wider}")
    rows = _rows(prefix_of(instance), (e for e in found if fnmatchcase(e.did.name, name)))
    return rows or list(_in_collection(instance, scope, name))


def _in_collection(instance: str | None, scope: str, pattern: str) -> Iterator[Row]:
    folder, _, inside = pattern.rpartition("/")
    if not folder or re.search(r"[*?\[]", folder):
        return
    path = f"{prefix_of(instance)}{scope}/{folder}"
    try:
        rows = below(path) if inside == "**" else listed(path)
    except DataIdentifierNotFound:
        return
    for row in rows:
        if row["name"] != path and fnmatchcase(row["name"].rpartition("/")[2], inside):
            yield row


def _rows(prefix: str, entries: Iterable[Entry]) -> list[Row]:
    return [
        {
            "name": f"{prefix}{entry.did.scope}/{entry.did.name}",
            "size": entry.bytes or 0,
            "type": "file" if entry.type == "file" else "directory",
            "did": str(entry.did),
            "adler32": entry.adler32,
        }
        for entry in entries
    ]
