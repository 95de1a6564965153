"""Where on this machine the files of variables are, why one is nowhere, and how they get here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import groupby, repeat
from typing import TYPE_CHECKING

from dlaas.errors import DlaasError, InternalError, NotAvailable, StorageFailed, problem
from dlaas.model import DID, Entry, Problem
from dlaas.rucio.connection import lake_for

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.variables import MultipleItemDID
    from dlaas.variables.item import SingleItemDID


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


def paths_of(
    instance: str | None, lake: Lake | None, files: Sequence[Entry]
) -> Iterator[str | None]:
    """Yield the local path of each of many files, on the mount or in the cache; few calls for all.

    None also where the lake cannot be asked: that is tried once, not for each file.
    """
    from dlaas.access import cached_path

    try:
        lake = lake or lake_for(instance)
    except (DlaasError, OSError):
        yield from repeat(None, len(files))
        return
    for file, path in zip(files, _on_mount(lake, files), strict=False):
        yield path or cached_path(lake, file.did, file.bytes, file.adler32)


def _on_mount(lake: Lake, files: Sequence[Entry]) -> Iterator[str | None]:
    from dlaas.reading.mounts import local_paths

    try:
        yield from local_paths(lake, files)
    except DlaasError:
        yield from repeat(None)


def paths_of_items(items: Sequence[SingleItemDID]) -> list[str | None]:
    """List the local paths of variables, in their order; few calls for those of one lake."""
    found: list[str | None] = []
    for (instance, _, _), same in groupby(
        items, key=lambda item: (item.instance, id(item._lake), item._entry is None)
    ):
        group = list(same)
        files = [item._entry for item in group if item._entry is not None]
        if files:
            found += paths_of(instance, group[0]._lake, files)
        else:
            found += [path_or_none(item.did, instance, item._lake, None) for item in group]
    return found


def why_no_path(lake: Lake, did: DID) -> NotAvailable:
    """Make the error for a file without a local path, which says why and what to do."""
    rse = lake.instance.destination_rse
    mount = lake.instance.rse_mount_path
    try:
        state = lake.status(did)
    except DlaasError as error:
        return NotAvailable(
            f"{did} has no local path, and Rucio cannot be asked why: {error.message}",
            remedy=error.remedy,
            blame=error.blame,
        )
    if mount and not os.path.isdir(os.path.expanduser(mount)):
        return NotAvailable(
            f"{did} is not here: the folder {mount} is not mounted.",
            remedy="Ask whoever runs this hub.",
        )
    if state.state == "available" and not mount:
        return NotAvailable(
            f"{rse} is not mounted here.", remedy="Open it as a stream: fsspec.open(x.reference)."
        )
    return NotAvailable(f"{did} has no local path. {state.reason}")


def all_here(items: Sequence[SingleItemDID], download: bool | None) -> list[str]:
    """Answer where the files are; all that are missing are told at once, before any is fetched."""
    paths = paths_of_items(items)
    refused = [
        item
        for item, path in zip(items, paths, strict=True)
        if path is None
        and not (item.lake.instance.rse_mount_path is None if download is None else download)
    ]
    if refused:
        why = why_no_path(refused[0].lake, refused[0].did)
        raise NotAvailable(
            f"{len(refused)} of {len(items)} files are not here. {why.message}",
            remedy=f"{why.remedy} Or say download=True.",
            blame=why.blame,
        )
    missing = [item for item, path in zip(items, paths, strict=True) if path is None]
    found: dict[tuple[int, DID], str] = {}
    for lake, same in groupby(missing, key=lambda item: item.lake):
        files = [item._entry for item in same if item._entry is not None]
        if files:
            brought = _brought(lake, files[0].did, files)
            found.update({(id(lake), did): path for did, path in brought.items()})
    return [
        path or found.get((id(item.lake), item.did)) or item.local()
        for item, path in zip(items, paths, strict=True)
    ]


def fetched(lake: Lake, did: DID, folder: str | os.PathLike[str] | None) -> str:
    """Download a file and answer its path; raises as `Lake.download`."""
    done = lake.download(did, folder)
    if done.failures:
        raise _failed(did, done.failed, done.failures[0].did, done.failures[0].problem)
    if not done.paths:
        raise InternalError(f"The download of {did} does not say where it is.")
    return done.paths[0]


def all_local(items: MultipleItemDID, folder: str | os.PathLike[str] | None) -> list[str]:
    """List local paths of all files of a variable, in their order; downloads what is not here."""
    files = items._entries()
    paths = paths_of(items.instance, items._lake, files) if folder is None else repeat(None)
    found = {file.did: path for file, path in zip(files, paths, strict=False) if path}
    missing = [file for file in files if file.did not in found]
    found.update(_brought(items.lake, items.did, missing, folder))
    return [found[file.did] for file in files]


def _brought(
    lake: Lake, did: DID, files: Sequence[Entry], folder: str | os.PathLike[str] | None = None
) -> dict[DID, str]:
    """Download files, hundreds of them asked for at once, and answer where each is."""
    from dlaas.transfer.download import arrivals

    if not files:
        return {}
    found, failures = {}, []
    for arrival in arrivals(lake, did, folder, files=files):
        if arrival.error is None:
            found[arrival.did] = arrival.path
        else:
            failures.append((arrival.did, problem(arrival.error)))
    if failures:
        raise _failed(did, len(failures), *failures[0])
    return found


def _failed(did: DID, count: int, first: DID, why: Problem) -> StorageFailed:
    return StorageFailed(
        f"{count} files of {did} did not arrive, such as {first}: {why.message}",
        remedy=why.remedy,
        blame=why.blame,
    )
