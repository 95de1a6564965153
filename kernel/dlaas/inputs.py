"""The files that are meant by DIDs, references and variables, and their paths on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dlaas.errors import NotAvailable
from dlaas.item import SingleItemDID
from dlaas.model import Reference
from dlaas.variables import MultipleItemDID, did

if TYPE_CHECKING:
    from dlaas.lake import Lake

Inputs = str | SingleItemDID | MultipleItemDID | Iterable["str | SingleItemDID | MultipleItemDID"]


def files_of(dids: Inputs, lake: Lake | None) -> list[SingleItemDID]:
    """List the files that are meant, each once."""
    given = [dids] if isinstance(dids, (str, MultipleItemDID)) else dids
    found: dict[Reference, SingleItemDID] = {}
    for one in given:
        item = one if isinstance(one, (SingleItemDID, MultipleItemDID)) else did(one, lake=lake)
        for file in item if isinstance(item, MultipleItemDID) else [item]:
            found.setdefault(Reference(file.did, file.instance), file)
    return list(found.values())


def paths_of(items: list[SingleItemDID], download: bool | None) -> list[str]:
    """Answer where the files are; all that are missing are told at once, before any is fetched."""
    missing = [item for item in items if not item.available]
    refused = [
        item
        for item in missing
        if not (item.lake.instance.rse_mount_path is None if download is None else download)
    ]
    if refused:
        raise NotAvailable(
            f"{len(refused)} of {len(items)} files are not here, such as {refused[0].did}.",
            remedy="Call make_available() and wait(), or say download=True.",
        )
    return [item.local() for item in items]
