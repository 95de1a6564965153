"""Where on this machine a variable's file is, and why it is nowhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dlaas.connection import lake_for
from dlaas.errors import DlaasError, NotAvailable
from dlaas.model import DID, Entry

if TYPE_CHECKING:
    from dlaas.lake import Lake


def path_or_none(
    did: DID, instance: str | None, lake: Lake | None, entry: Entry | None
) -> str | None:
    """Find the local path; None also where the lake cannot be asked."""
    size, adler32 = (entry.bytes, entry.adler32) if entry else (None, None)
    try:
        lake = lake or lake_for(instance)
        path = _here(lake, did, size, adler32)
        if path is None or size is not None:
            return path
    except (DlaasError, OSError):
        return None
    try:
        # It may still be on its way: only the catalogue knows how long it is to be.
        row = lake._did(did)
        return _here(lake, did, row.get("bytes"), row.get("adler32"))
    except DlaasError:
        return path


def _here(lake: Lake, did: DID, size: int | None, adler32: str | None) -> str | None:
    """Find a file on the mount, else in the cache."""
    from dlaas.access import local_path
    from dlaas.cache import cache_for

    try:
        path = local_path(lake, did, size)
    except DlaasError:
        # Without a word from Rucio the mount's paths are unknown; the cache's are not.
        path = None
    if path is not None:
        return path
    cache = cache_for(lake.instance, did.scope)
    return cache.find(lake.instance.name, did, size, adler32)


def why_no_path(lake: Lake, did: DID) -> NotAvailable:
    """Make the error for a file without a local path, which says why and what to do."""
    rse = lake.instance.destination_rse
    mount = lake.instance.rse_mount_path
    try:
        state = lake.status(did)
    except DlaasError as error:
        return NotAvailable(
            f"{did} has no local path, and Rucio cannot be asked why: {error.message}"
        )
    if mount and not os.path.isdir(mount):
        return NotAvailable(
            f"{did} is not here: the folder {mount} is not mounted.",
            remedy="Ask whoever runs this hub.",
        )
    if state.state == "available" and not mount:
        return NotAvailable(
            f"{rse} is not mounted here.", remedy="Open it as a stream: fsspec.open(x.reference)."
        )
    return NotAvailable(f"{did} has no local path. {state.reason}")
