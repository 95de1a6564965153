"""A part of a collection, in a few bytes.

The recipe of a part is a tuple of steps, each applied to the files that the one before it left.
"""

from __future__ import annotations

import fnmatch
import threading
import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from dlaas.errors import NotAvailable
from dlaas.model import DID, Entry

if TYPE_CHECKING:
    from dlaas.variables import MultipleItemDID

SLICE, GLOB, PICK = "slice", "glob", "pick"
Step = tuple[Any, ...]
Recipe = tuple[Step, ...]


def applied(step: Step, entries: list[Entry]) -> list[Entry]:
    """Answer the files that a step leaves."""
    kind, *told = step
    if kind == SLICE:
        return entries[slice(*told)]
    if kind == GLOB:
        return [entry for entry in entries if fnmatch.fnmatchcase(entry.did.name, told[0])]
    bits = zlib.decompress(told[0])
    return [entry for i, entry in enumerate(entries) if bits[i >> 3] >> (i & 7) & 1]


def picked(chosen: Sequence[bool], said: str) -> Step:
    """Make the step that leaves the chosen files: a bit for each, compressed."""
    bits = bytearray((len(chosen) + 7) // 8)
    for i, is_chosen in enumerate(chosen):
        bits[i >> 3] |= bool(is_chosen) << (i & 7)
    return (PICK, zlib.compress(bytes(bits), 9), said)


def said_step(step: Step) -> str:
    """Say a step as a person would have written it.

    >>> said_step(("slice", None, 3, None)), said_step(("glob", "*.root"))
    ('[:3]', "glob '*.root'")
    """
    kind, *told = step
    if kind == SLICE:
        start, stop, stride = ("" if number is None else str(number) for number in told)
        return f"[{start}:{stop}{f':{stride}' if stride else ''}]"
    return f"glob {told[0]!r}" if kind == GLOB else str(told[1])


def stamp_of(entries: Iterable[Entry]) -> bytes:
    """Answer what tells this list of files from another, in eight bytes."""
    stamp = blake2b(digest_size=8)
    for entry in entries:
        stamp.update(f"{entry.did}\n".encode())
    return stamp.digest()


def changed_error(did: DID) -> NotAvailable:
    """Make the error for a collection that is no longer what a part was made of."""
    return NotAvailable(
        f"{did} holds other files than when this part of it was made: its places have moved.",
        remedy="Make the part anew, or choose it by glob() or by the DIDs of its files.",
    )


# A hundred tasks of a Dask worker on parts of one dataset list it once. Files that were added since
# are not missed: what a stamp stands for never changes.
_wholes: dict[tuple[str, str | None, bytes], MultipleItemDID] = {}
_MOST = 4
_guard = threading.Lock()


def unpickled(
    did: str, instance: str | None, recipe: Recipe, stamp: bytes | None
) -> MultipleItemDID:
    """Make a part of its recipe, and of the stamp that tells whether its collection has changed."""
    from dlaas.variables import MultipleItemDID

    if stamp is None:
        return MultipleItemDID(did, instance)._part(*recipe)
    with _guard:
        whole = _wholes.pop((did, instance, stamp), None)
        whole = whole or MultipleItemDID(did, instance, _stamp=stamp)
        if whole._files is None:
            # Its last listing may have failed by a login that is over.
            whole._lake = None
        _wholes[did, instance, stamp] = whole
        for oldest in list(_wholes)[:-_MOST]:
            del _wholes[oldest]
    return whole._part(*recipe)
