"""Local paths by download: what a variable's `local()` does where nothing is mounted."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from dlaas.errors import InternalError, StorageFailed
from dlaas.model import DID

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.transfer.download import Downloaded
    from dlaas.variables import MultipleItemDID

_AT_ONCE = 4


def fetched(lake: Lake, did: DID, folder: str | os.PathLike[str] | None) -> str:
    """Download a file and answer its path; raises as `Lake.download`."""
    done = lake.download(did, folder)
    _refuse_failures(done)
    if not done.paths:
        raise InternalError(f"The download of {did} does not say where it is.")
    return done.paths[0]


def all_local(items: MultipleItemDID, folder: str | os.PathLike[str] | None) -> list[str]:
    """List local paths of all files of a variable, in their order; downloads what is not here."""
    if folder is None and not items.is_part and not len(items.available):
        # One download of the whole: it knows best what to do at once.
        _refuse_failures(items.lake.download(items.did))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda item: item.local(folder), items))


def _refuse_failures(done: Downloaded) -> None:
    if not done.failed:
        return
    first = done.failures[0]
    raise StorageFailed(
        f"{done.failed} files of {done.did} did not arrive, such as {first.did}:"
        f" {first.problem.message}",
        remedy=first.problem.remedy,
        blame=first.problem.blame,
    )
