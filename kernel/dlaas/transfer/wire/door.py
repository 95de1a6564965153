"""The way into a storage by which files are written: https or root://, as the address says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dlaas.reading.ranking import ROOT_SCHEMES
from dlaas.transfer.disk.checksums import Checksums
from dlaas.transfer.wire.body import Progress
from dlaas.transfer.wire.keys import KeyRing
from dlaas.transfer.wire.root_storage import RootStorage
from dlaas.transfer.wire.storage import Stat, Storage

if TYPE_CHECKING:
    from dlaas.lake import Lake


class Door(Protocol):
    """What an upload wants of a storage; see `Storage`."""

    rse: str

    def stat(self, url: str) -> Stat | None:
        """Answer size and checksum of a file; None where there is none."""

    def put(
        self,
        url: str,
        path: Path,
        size: int,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Checksums:
        """Stream a file to `url`."""

    def move(self, url: str, target: str) -> bool:
        """Rename a file; False where the storage cannot.

        It may replace what lies at the target, or raise `AlreadyThere`, as the storage has it.
        """

    def delete(self, url: str) -> bool:
        """Delete a file; False where the storage does not let us."""

    def abort(self) -> None:
        """End what another thread waits for."""

    def close(self) -> None:
        """Close the connection."""


def open_door(lake: Lake, rse: str, url: str) -> Door:
    """Open a storage for files whose addresses are like `url`."""
    if url.partition("://")[0] in ROOT_SCHEMES:
        return RootStorage(lake, rse)
    return Storage(rse, KeyRing(lake).for_rse(rse))
