"""Downloads for which nobody has to be logged in: by an address, and of open data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from dlaas.basket.fetching import LARGEST, Wanted, as_https, fetch
from dlaas.lake import Lake
from dlaas.model import DID, DownloadRequest, JobFile
from jupyter_dlaas.transfers import places
from jupyter_dlaas.transfers.download_orders import DownloadOrder
from jupyter_dlaas.transfers.orders import Ending, Key, Listener, Order, Size

if TYPE_CHECKING:
    from jupyter_dlaas.login.session import Session
    from jupyter_dlaas.service import LakeService


@dataclass(frozen=True)
class UrlOrder(Order):
    """A download of an address, which may hold a ticket: it is told to nobody, `title` is."""

    url: str
    title: str
    folder: str
    root: str | None
    hidden: bool = False
    overwrite: bool = False
    largest: int = LARGEST

    kind = "download"
    name = "url"
    needs_login = False

    @classmethod
    def restored(cls, values: dict[str, Any]) -> UrlOrder:
        """Make it of what `write` wrote."""
        return cls(**values)

    @property
    def host(self) -> str:
        """The archive that has it, which stands in the place of an instance."""
        return urlsplit(self.url).hostname or ""

    @property
    def keys(self) -> frozenset[Key]:
        """The address, where it goes."""
        mark = hashlib.sha256(self.url.encode()).hexdigest()
        return frozenset({("download", self.title, self.folder, mark)})

    def renewed(self) -> UrlOrder:
        """Answer this order; raises `InvalidInput` where it cannot be carried out any more."""
        places.folder(self.root, self.folder, hidden=self.hidden)
        as_https(self.url)
        return self

    def told(self) -> dict[str, Any]:
        """Answer what a job says of it."""
        return {"did": None, "source": self.title, "folder": self.folder}

    async def checked(self, service: LakeService, instance: str) -> tuple[Size, str | None]:
        """Answer that nothing is known of its size, and that nobody's name is needed."""
        return Size(0), None

    async def opened(self, service: LakeService, instance: str) -> tuple[Session | None, Lake]:
        """Answer that it needs no lake."""
        return None, cast("Lake", None)

    def check(self, lake: Lake) -> Size:
        """Answer that nothing is known of its size."""
        return Size(0)

    def carry_out(self, lake: Lake, listener: Listener) -> Ending:
        """Download it; what came of it earlier is not fetched again."""
        folder = places.folder(self.root, self.folder, hidden=self.hidden)
        path, size = fetch(
            Wanted(
                self.url,
                Path(folder),
                self.largest,
                self.overwrite,
                listener.progress,
                listener.cancelled,
            )
        )
        # The log of a transfer names files by DIDs: the archive is the scope of this one.
        did = DID(f"{self.host.replace(':', '_')}:{Path(path).name}")
        listener.arrived(JobFile(did, path, "fetched", size))
        return Ending(size)


@dataclass(frozen=True)
class OpenOrder(DownloadOrder):
    """A download of public open data, by nobody's login."""

    name = "open"
    needs_login = False

    @classmethod
    def restored(cls, values: dict[str, Any]) -> OpenOrder:
        """Make it of what `write` wrote."""
        return cls(**{**values, "request": DownloadRequest(**values["request"])})

    async def checked(self, service: LakeService, instance: str) -> tuple[Size, str | None]:
        """Check it; answers how much it is, and that nobody's name is needed."""
        size = await service.ask_open(instance, lambda opened: self.check(opened.lake))
        return size, None

    async def opened(self, service: LakeService, instance: str) -> tuple[Session | None, Lake]:
        """Open the lake as nobody, with the tickets that its storages may want."""
        opened = await service.nobody(instance)
        return None, opened.lake.carrier
