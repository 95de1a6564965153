"""Downloads as they were asked for."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlaas.background import extent
from dlaas.errors import DlaasError, problem
from dlaas.lake import Lake
from dlaas.model import DID, DownloadRequest, JobFile, Problem
from dlaas.transfer.disk.part import remove_free
from dlaas.transfer.disk.place import OURS
from dlaas.transfer.download import Arrival, Downloaded, download
from jupyter_dlaas.transfers import places
from jupyter_dlaas.transfers.orders import Ending, Key, Listener, Order, Size, lacking

# What has come of files is kept so long for another try, in seconds.
_KEPT = 14 * 86400.0


@dataclass(frozen=True)
class DownloadOrder(Order):
    """A download; `request.folder` is below `root`, `hidden` allows hidden folders."""

    request: DownloadRequest
    root: str | None
    hidden: bool = False

    kind = "download"
    name = "download"

    @classmethod
    def restored(cls, values: dict[str, Any]) -> DownloadOrder:
        """Make it of what `write` wrote."""
        return cls(**{**values, "request": DownloadRequest(**values["request"])})

    @property
    def keys(self) -> frozenset[Key]:
        """The DID, where it goes."""
        return frozenset({("download", str(DID(self.request.did)), self.request.folder or "")})

    def renewed(self) -> DownloadOrder:
        """Answer this order; raises `InvalidInput` where it cannot be carried out any more."""
        self._folder()
        return self

    def told(self) -> dict[str, Any]:
        """Answer what a job says of it."""
        did = DID(self.request.did)
        return {"did": did, "source": str(did), "folder": self.request.folder}

    def check(self, lake: Lake) -> Size:
        """Raise what the download would raise before its first byte; answers how much it is."""
        return Size(*extent(lake, self.request.did))

    def carry_out(self, lake: Lake, listener: Listener) -> Ending:
        """Download it, going on with what has come already."""
        found = download(
            lake,
            DID(self.request.did),
            self._folder(),
            progress=listener.progress,
            cancelled=listener.cancelled,
            overwrite=self.request.overwrite,
            arrived=lambda arrival: listener.arrived(_file(arrival)),
        )
        return Ending(found.bytes, problem=_lacking(found))

    def tidy(self) -> None:
        """Remove what has come in part, for two weeks nobody has gone on with it; not the cache's,
        which is cleaned as a whole.
        """
        with suppress(DlaasError, OSError):
            folder = self._folder()
            # Named by the files' checksums, which are not known here.
            for part in Path(folder).glob(f"{OURS}-*.part") if folder is not None else ():
                if time.time() - part.lstat().st_mtime > _KEPT:
                    remove_free(part)

    def _folder(self) -> os.PathLike[str] | None:
        if self.request.folder is None:
            return None
        return places.folder(self.root, self.request.folder, hidden=self.hidden)


def _file(arrival: Arrival) -> JobFile:
    if arrival.error is not None:
        return JobFile(arrival.did, "", "failed", problem=problem(arrival.error))
    return JobFile(
        arrival.did, arrival.path, "fetched" if arrival.fetched else "skipped", arrival.bytes
    )


def _lacking(found: Downloaded) -> Problem | None:
    if not found.failed:
        return None
    files = found.failed + found.fetched + found.kept
    return lacking(found.failed, files, found.failures[0].problem)
