"""What went into a result: DIDs, their checksums, and of collections every file."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from dlaas.model import DID, DIDType, Entry, Reference
from dlaas.rucio.connection import lake_for

if TYPE_CHECKING:
    from dlaas.lake import Lake


@dataclass(frozen=True)
class Input:
    """A DID that was read.

    `instance` is None for the lake of the result itself. Of a collection `files` and `bytes` are
    sums, and `sha256` is of the sorted lines that say name, size and checksum of each file.
    """

    did: DID
    type: DIDType
    instance: str | None = None
    bytes: int | None = None
    files: int | None = None
    adler32: str | None = None
    md5: str | None = None
    sha256: str | None = None

    @property
    def reference(self) -> str:
        """How it is named where its instance may be another than the default."""
        return str(Reference(self.did, self.instance)) if self.instance else str(self.did)


def from_row(row: Mapping[str, Any]) -> Input:
    """Read an input as JSON has it; raises `KeyError`, `InvalidDID`."""
    known = {one.name: row[one.name] for one in fields(Input) if one.name in row}
    return Input(**{**known, "did": DID(row["did"])})


def resolve(lake: Lake, references: Iterable[str], listing: Path) -> tuple[Input, ...]:
    """Ask the catalogue what DIDs are, and write the files of all of them to `listing`.

    It is one JSON object a line, `{"input", "did", "bytes", "adler32"}`, in an order that depends
    on nothing but what is said; sorted on disk, for there may be a million. Nothing is written
    where there is no input. Raises `DataIdentifierNotFound`, `ScopeNotFound`, `InvalidDID`.
    """
    wanted = {str(one): one for one in (_reference(lake, text) for text in references)}
    if not wanted:
        return ()
    sorting = listing.with_suffix(".sorting")
    try:
        with closing(sqlite3.connect(sorting)) as table:
            table.execute("PRAGMA journal_mode=OFF")
            table.execute("CREATE TABLE files (did TEXT PRIMARY KEY, row TEXT) WITHOUT ROWID")
            with listing.open("w", encoding="utf-8") as out:
                return tuple(_resolved(lake, one, table, out) for _, one in sorted(wanted.items()))
    finally:
        sorting.unlink(missing_ok=True)


def _reference(lake: Lake, text: str) -> Reference:
    did, instance = getattr(text, "did", None), getattr(text, "instance", None)
    # A variable is a local path where there is one: its DID is what counts.
    one = Reference.parse(text) if did is None else Reference(DID(did), instance)
    return Reference(one.did, None if one.instance in (None, lake.instance.name) else one.instance)


def _resolved(lake: Lake, one: Reference, table: sqlite3.Connection, out: TextIO) -> Input:
    source = lake if one.instance is None else lake_for(one.instance)
    meta = source.get(one.did)
    named = str(one) if one.instance else str(one.did)
    rows = ((str(entry.did), _row(entry)) for entry in source.list_files(one.did))
    table.execute("DELETE FROM files")
    table.executemany("INSERT OR REPLACE INTO files VALUES (?, ?)", rows)
    sha256, files, size = hashlib.sha256(), 0, 0
    for row in _sorted(table):
        told = json.loads(row)
        out.write(f"{json.dumps({'input': named, **told})}\n")
        # How it was named here is another matter: elsewhere the instance may be the default.
        sha256.update(row.encode())
        files, size = files + 1, size + (told["bytes"] or 0)
    if meta.type == "file":
        return Input(one.did, meta.type, one.instance, meta.bytes, None, meta.adler32, meta.md5)
    return Input(one.did, meta.type, one.instance, size, files, sha256=sha256.hexdigest())


def _row(entry: Entry) -> str:
    row = {"did": str(entry.did), "bytes": entry.bytes, "adler32": entry.adler32}
    return json.dumps(row) + "\n"


def _sorted(table: sqlite3.Connection) -> Iterator[str]:
    for (row,) in table.execute("SELECT row FROM files ORDER BY did"):
        yield row
