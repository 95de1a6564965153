"""Copies of files on this machine: on a mount, or in the cache."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from dlaas import access
from dlaas.cache import Cache
from dlaas.errors import DlaasError
from dlaas.model import DID
from dlaas.transfer.download.choose import Wanted
from dlaas.transfer.wire.doors import Copy

if TYPE_CHECKING:
    from dlaas.lake import Lake


class Nearby:
    """Looks for copies on this machine; `cache_of` answers the cache of a scope."""

    def __init__(self, lake: Lake, cache_of: Callable[[str], Cache]) -> None:
        self._lake = lake
        self._cache_of = cache_of
        self._cached: dict[str, bool] = {}

    def mounted(self, did: DID, size: int | None) -> str | None:
        """Answer where a file lies on the mount; None where it does not."""
        try:
            return access.local_path(self._lake, did, size)
        except DlaasError:
            # Where it would be mounted is not known now; it may be fetched all the same.
            return None

    def copies(self, wanted: Wanted, copies: list[Copy]) -> list[Copy]:
        """List those of a file whose `copies` the catalogue has told."""
        found = []
        rse = self._lake.instance.destination_rse or ""
        if any(copy[0] == rse for copy in copies):
            found.append((rse, self.mounted(wanted.did, wanted.size)))
        if self._is_cached(wanted.did.scope):
            with suppress(DlaasError, OSError):
                cache, name = self._cache_of(wanted.did.scope), self._lake.instance.name
                path = cache.find(name, wanted.did, wanted.size, wanted.adler32)
                found.append(("the cache", path))
        return [(where, path) for where, path in found if path]

    def _is_cached(self, scope: str) -> bool:
        """Tell whether anything of a scope was in the cache; else no file is looked for there."""
        if scope not in self._cached:
            self._cached[scope] = False
            with suppress(DlaasError, OSError):
                cache = self._cache_of(scope)
                folder = cache.path(self._lake.instance.name, f"{scope}:any").parent
                self._cached[scope] = folder.is_dir()
        return self._cached[scope]
