"""Data for a colleague on another hub: what a notebook reads, told with checksums, and fetched.

{"format": "dlaas-manifest", "version": 1, "notebook": "higgs.ipynb", "at": "…",
 "items": [{"did": "scope:name", "type": "dataset", "instance": "escape", "files": 2,
            "bytes": 9, "sha256": "…", "contents": [{"did": "…", "bytes": 4, "adler32": "…"}]}]}
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dlaas.errors import InvalidInput, NotThere
from dlaas.model import to_json
from dlaas.publish import notebooks, recording
from dlaas.publish.inputs import Input, from_row, resolve
from dlaas.publish.provenance import now
from dlaas.transfer.upload.sources import Named

if TYPE_CHECKING:
    from dlaas.lake import Lake

FORMAT = "dlaas-manifest"
# Of a collection of more files only the sums are told.
_MOST_FILES = 10_000
_LARGEST = 256 << 20


@dataclass(frozen=True)
class Item:
    """A DID as it was; `contents` are name, size and checksum of its files where they are few."""

    input: Input
    contents: tuple[dict[str, Any], ...] | None = None


@dataclass(frozen=True)
class Found:
    """A DID as it is now: `missing` and `changed` files of it, and how many are `added`."""

    item: Item
    lake: Lake
    state: Literal["same", "changed", "missing"]
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    added: int = 0

    def __str__(self) -> str:
        if self.state == "missing":
            return "It is not in this lake."
        counts = (len(self.missing), "missing"), (len(self.changed), "changed"), (self.added, "new")
        told = [f"{count} {what}" for count, what in counts if count]
        return ", ".join(told) or ("other contents" if self.state == "changed" else "")


def export_manifest(lake: Lake, notebook: Named) -> tuple[dict[str, Any], list[str]]:
    """Tell what a notebook reads by its record, as JSON; and what is wrong in the record.

    Raises `NotThere`, `InvalidInput`, and what the catalogue says.
    """
    read = notebooks.read(Path(notebook).expanduser())
    wanted, wrong = recording.references(read)
    if not wanted:
        raise NotThere(
            f"The record of {read.path.name} names no data.", remedy="Attach some in the panel."
        )
    with tempfile.TemporaryDirectory(prefix="dlaas-") as folder:
        listing = Path(folder, "files")
        items = [_told(lake, one, listing) for one in resolve(lake, wanted, listing)]
    named = read.path.name
    told = {"format": FORMAT, "version": 1, "notebook": named, "at": now(), "items": items}
    return dict(to_json(told)), wrong


def _told(lake: Lake, one: Input, listing: Path) -> dict[str, Any]:
    # There the default instance may be another.
    told = to_json(replace(one, instance=one.instance or lake.instance.name))
    if one.files is not None and one.files <= _MOST_FILES:
        rows = (row for row in _rows(listing) if row.pop("input") == one.reference)
        told["contents"] = list(rows)
    return {key: value for key, value in told.items() if value is not None}


def _rows(listing: Path) -> Iterator[dict[str, Any]]:
    with listing.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def read_manifest(path: Named) -> list[Item]:
    """Read a manifest; raises `NotThere`, and `InvalidInput` where it is none."""
    file = Path(path).expanduser()
    try:
        with file.open("rb") as opened:
            told = json.loads(opened.read(_LARGEST))
        if told["format"] != FORMAT:
            raise ValueError(told["format"])
        return [Item(from_row(row), _contents(row.get("contents"))) for row in told["items"]]
    except OSError as error:
        raise NotThere(f"{file} cannot be read: {error.strerror or error}.") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(
            f"{file} is no manifest of ours.", remedy="dlaas export manifest writes one."
        ) from error


def _contents(rows: Any) -> tuple[dict[str, Any], ...] | None:
    if rows is None:
        return None
    keys = ("did", "bytes", "adler32")
    return tuple({key: row[key] for key in keys} for row in rows)


def compare(lake_of: Callable[[str | None], Lake], item: Item) -> Found:
    """Look whether a DID is what it was; `lake_of` answers the lake of an instance."""
    told = item.input
    lake = lake_of(told.instance)
    with tempfile.TemporaryDirectory(prefix="dlaas-") as folder:
        listing = Path(folder, "files")
        try:
            (here,) = resolve(lake, [str(told.did)], listing)
        except NotThere:
            return Found(item, lake, "missing")
        same = replace(here, instance=told.instance) == told
        if same or item.contents is None:
            return Found(item, lake, "same" if same else "changed")
        known = {row["did"]: row for row in item.contents}
        changed, added = [], 0
        for row in _rows(listing):
            del row["input"]
            before = known.pop(row["did"], None)
            added += before is None
            if before not in (None, row):
                changed.append(row["did"])
    return Found(item, lake, "changed", tuple(known), tuple(changed), added)
