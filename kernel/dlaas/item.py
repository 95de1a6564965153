"""A file as a notebook holds it: a path where there is one, and all else when asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, cast

from dlaas.connection import lake_for
from dlaas.errors import DlaasError, InvalidInput, NotAvailable
from dlaas.lifetime import Lifetime, Until
from dlaas.model import DID, Entry, Granted, Metadata, Reference, Replica, Rule, State, Status
from dlaas.waiting import Progress, wait

if TYPE_CHECKING:
    from dlaas.lake import Lake


class Item:
    """What a file and a collection share: everything is asked of the lake when it is wanted."""

    did: DID
    instance: str | None
    _lake: Lake | None

    @property
    def lake(self) -> Lake:
        """The lake that knows it; found by the instance's name where it came from elsewhere."""
        if self._lake is None:
            self._lake = lake_for(self.instance)
        return self._lake

    @property
    def reference(self) -> str:
        """The `rucio://` reference, which fsspec opens and any machine with a login understands."""
        return str(Reference(self.did, self.instance))

    @property
    def metadata(self) -> Metadata:
        """What the catalogue knows of it."""
        return self.lake.get(self.did)

    @property
    def rules(self) -> list[Rule]:
        """The rules that keep it somewhere."""
        return self.lake.list_rules(self.did)

    @property
    def replicas(self) -> Iterator[Replica]:
        """The copies of its files."""
        return self.lake.list_replicas(self.did)

    @property
    def status(self) -> Status:
        """How much of it can be read from here, and until when."""
        return self.lake.status(self.did)

    @property
    def state(self) -> State:
        """Its state in a word, such as `available` or `replicating`."""
        return self.status.state

    @property
    def expires(self) -> datetime | None:
        """When the last rule that keeps it here ends; None where none does or it has no end."""
        return self.status.expires_at

    @property
    def size(self) -> int | None:
        """Its size in bytes; None where the catalogue does not say."""
        return self.metadata.bytes

    @property
    def did_available(self) -> bool:
        """Whether all of it is where the notebook can read it (the incumbent's word)."""
        return self.state == "available"

    def make_available(
        self,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        **options: Any,
    ) -> Granted:
        """Have it put where the notebook can read it; see `Lake.make_available`."""
        return self.lake.make_available(self.did, lifetime, until, **options)

    def _repr_html_(self) -> str:
        from dlaas.display import card

        return card(self)


class SingleItemDID(Item, str):
    """A file: its local path where there is one, else its `rucio://` reference.

    It is a string that is also an object. A string cannot change: what changes it answers with the
    renewed one (`x = x.wait()`), and `path` is always current. It pickles as its reference and
    finds its path where it is unpickled.
    """

    _entry: Entry | None

    def __new__(
        cls,
        did: str,
        instance: str | None = None,
        *,
        lake: Lake | None = None,
        entry: Entry | None = None,
    ) -> SingleItemDID:
        """Make it of a DID; nothing is asked but what the destination RSE's paths look like."""
        parsed = DID(did)
        name = instance or (lake.instance.name if lake else None)
        size = entry.bytes if entry else None
        text = _path_or_none(parsed, name, lake, size) or str(Reference(parsed, name))
        item = super().__new__(cls, text)
        item.did, item.instance, item._lake, item._entry = parsed, name, lake, entry
        return item

    def __reduce__(self) -> tuple[Any, ...]:
        return (SingleItemDID, (str(self.did), self.instance))

    def __repr__(self) -> str:
        return f"SingleItemDID({str.__str__(self)!r}, did={str(self.did)!r})"

    @property
    def name(self) -> str:
        """The name within its scope."""
        return self.did.name

    @property
    def path(self) -> str:
        """The local path now; raises `NotAvailable`, a FileNotFoundError that says what to do."""
        found = _path_or_none(
            self.did, self.instance, self.lake, self._entry.bytes if self._entry else None
        )
        if found:
            return found
        raise _why_no_path(self)

    @property
    def available(self) -> bool:
        """Whether it can be read as a local file now."""
        size = self._entry.bytes if self._entry else None
        return _path_or_none(self.did, self.instance, self._lake, size) is not None

    @property
    def pfn(self) -> str:
        """The physical file name of its preferred copy; raises `NotAvailable`."""
        for replica in self.replicas:
            return replica.pfn
        raise NotAvailable(f"No storage has a copy of {self.did}.")

    @property
    def checksum(self) -> str | None:
        """Its adler32 checksum, eight hexadecimal digits."""
        known = self._entry.adler32 if self._entry else None
        return known or self.metadata.adler32

    @property
    def size(self) -> int | None:
        """Its size in bytes."""
        known = self._entry.bytes if self._entry else None
        return self.metadata.bytes if known is None else known

    def refresh(self) -> SingleItemDID:
        """Answer it anew: with the local path, once there is one."""
        return SingleItemDID(self.did, self.instance, lake=self._lake, entry=self._entry)

    def wait(
        self,
        timeout: str | float | None = None,
        progress: bool | Progress = True,
    ) -> SingleItemDID:
        """Wait until it is available, by default an hour, and answer it renewed."""
        wait(self.lake, self.did, timeout, progress)
        return self.refresh()

    def open(self, mode: str = "rb", **options: Any) -> IO[Any]:
        """Open it for reading, from the local path or as a stream from a storage."""
        import fsspec

        if set(mode) & set("wax+"):
            # A mount may be writable, and what lies there is the lake's.
            raise InvalidInput(
                "Data of the lake is for reading.", remedy="Write with Lake.upload()."
            )
        if self.available:
            return open(self.path, mode, **options)
        return cast("IO[Any]", fsspec.open(self.reference, mode, **options).open())


def _path_or_none(
    did: DID, instance: str | None, lake: Lake | None, size: int | None
) -> str | None:
    """Find the local path; None also where the lake cannot be asked."""
    from dlaas.access import local_path

    try:
        lake = lake or lake_for(instance)
        path = local_path(lake, did, size)
        if path is None or size is not None:
            return path
    except (DlaasError, OSError):
        return None
    try:
        # It may still be on its way: only the catalogue knows how long it is to be.
        return local_path(lake, did, lake._did(did).get("bytes"))
    except DlaasError:
        return path


def _why_no_path(item: SingleItemDID) -> NotAvailable:
    rse = item.lake.instance.destination_rse
    mount = item.lake.instance.rse_mount_path
    try:
        state = item.lake.status(item.did)
    except DlaasError as error:
        return NotAvailable(
            f"{item.did} has no local path, and Rucio cannot be asked why: {error.message}"
        )
    if mount and not os.path.isdir(mount):
        return NotAvailable(
            f"{item.did} is not here: the folder {mount} is not mounted.",
            remedy="Ask whoever runs this hub.",
        )
    if state.state == "available" and not mount:
        return NotAvailable(
            f"{rse} is not mounted here.", remedy="Open it as a stream: fsspec.open(x.reference)."
        )
    return NotAvailable(f"{item.did} has no local path. {state.reason}")
