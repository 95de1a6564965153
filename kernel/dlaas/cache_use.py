"""What the caches of some instances take up, and cleaning them together."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

from dlaas.cache import Cache, Cleaned, private_cache, private_folder
from dlaas.config import Instance
from dlaas.lifetime import Lifetime
from dlaas.model import CacheShare, CacheUse

# Each file is looked at: a person who waits for the sum sees it in seconds.
_MOST_FILES = 200_000


def caches(instances: Iterable[Instance]) -> list[Cache]:
    """List the caches that instances use, each once, and the private one where there is one."""
    found = {cache.folder: cache for cache in map(Cache, _folders(instances))}
    if private_folder().is_dir():
        found[private_folder()] = private_cache()
    return list(found.values())


def _folders(instances: Iterable[Instance]) -> list[str | None]:
    return list(dict.fromkeys(one.cache_folder for one in instances)) or [None]


def use(instances: Iterable[Instance]) -> list[CacheUse]:
    """Answer what each cache of these instances holds, and the room on its disk."""
    return [_use(cache) for cache in caches(instances)]


def _use(cache: Cache) -> CacheUse:
    files: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    entries = cache.entries()
    for entry in islice(entries, _MOST_FILES):
        files[entry.instance] += 1
        sizes[entry.instance] += entry.bytes
    complete = next(entries, None) is None
    free, total = _room(cache.folder)
    return CacheUse(
        folder=str(cache.folder),
        files=files.total(),
        bytes=sizes.total() + cache.parts_size(),
        free_bytes=free,
        total_bytes=total,
        private=cache.folder == private_folder(),
        complete=complete,
        shares=tuple(CacheShare(name, files[name], sizes[name]) for name in sorted(files)),
    )


def _room(folder: Path) -> tuple[int | None, int | None]:
    """Answer the free and all bytes of a disk; a folder that is still to be made is on its own."""
    for place in (folder, *folder.parents):
        with suppress(OSError):
            found = shutil.disk_usage(place)
            return found.free, found.total
    return None, None


def clean(
    instances: Iterable[Instance],
    older_than: Lifetime | None = None,
    instance: str | None = None,
    did: str | None = None,
) -> Cleaned:
    """Delete from the caches of these instances what was not used for so long, of one instance, or
    of a DID; without any of these, all. What is being fetched, or held, stays.
    """
    found = [
        cache.clean(older_than=older_than, did=did, instance=instance)
        for cache in caches(instances)
    ]
    return Cleaned(
        sum(one.files for one in found),
        sum(one.bytes for one in found),
        sum(one.in_use for one in found),
    )
