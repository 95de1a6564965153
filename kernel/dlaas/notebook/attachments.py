"""The record of what a notebook holds of the lake, in its own metadata, and its reading.

The key and the first three fields are those of the incumbent, whose notebooks are read unchanged.
"""

from __future__ import annotations

import builtins
import json
import keyword
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlaas.errors import DlaasError, InvalidInput, NotThere
from dlaas.model import Reference, VariableRecord

KEY = "rucio_attachments"


@dataclass(frozen=True)
class Recorded:
    """A notebook file: its record as it was written, and the sources of its code cells."""

    path: Path
    raw: tuple[Any, ...]
    sources: frozenset[str]


def read(path: str | os.PathLike[str]) -> Recorded:
    """Read a notebook file; raises `NotThere`, and `InvalidInput` where it is no notebook."""
    file = Path(path).expanduser()
    try:
        content = json.loads(file.read_bytes())
        cells, metadata = content["cells"], content.get("metadata") or {}
        sources = frozenset(_source(cell) for cell in cells if cell.get("cell_type") == "code")
        raw = metadata.get(KEY)
    except OSError as error:
        raise NotThere(f"{file} cannot be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"{file} is no notebook.", remedy="Name an .ipynb file.") from error
    # What is no list is kept as one faulty record, so that it is told and not passed over.
    records = tuple(raw) if isinstance(raw, list) else () if raw is None else (raw,)
    return Recorded(file, records, sources)


def plain(source: str) -> str:
    """Write a cell's source so that two can be compared: runners drop the blank ends."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def parse(raw: Any) -> VariableRecord:
    """Read one variable; raises `InvalidInput` when it makes no sense."""
    if not isinstance(raw, Mapping):
        raise InvalidInput("A variable is a JSON object.")
    name = str(raw.get("variableName") or "")
    check_name(name)
    reference = Reference.parse(str(raw.get("did") or ""))
    kind, instance = raw.get("type"), raw.get("instance")
    if kind not in ("file", "collection"):
        raise InvalidInput(f"{kind!r} is neither file nor collection.")
    if instance is not None and not isinstance(instance, str):
        raise InvalidInput(f"{instance!r} is not the name of an instance.")
    return VariableRecord(name, str(reference.did), kind, instance or reference.instance)


def parse_each(raw: tuple[Any, ...]) -> Iterator[tuple[str, VariableRecord | DlaasError]]:
    """Yield what each variable is called and its record, or what is wrong with it."""
    for number, one in enumerate(raw, 1):
        named = one.get("variableName") if isinstance(one, Mapping) else None
        name = named if isinstance(named, str) and named.isprintable() else f"variable {number}"
        try:
            yield name, parse(one)
        except DlaasError as error:
            yield name, error


def check_name(name: str) -> None:
    """Refuse what cannot or must not name a variable; raises `InvalidInput`."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise InvalidInput(f"{name!r} is not a name for a Python variable.")
    if hasattr(builtins, name) or name.startswith("__"):
        raise InvalidInput(f"{name!r} is Python's own: choose another name.")


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return plain(source if isinstance(source, str) else "".join(source))
