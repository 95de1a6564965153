"""What a notebook holds: a DID that is a path where there is one, and knows everything else when asked."""

from __future__ import annotations

import fnmatch
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, cast, overload

from dlaas.connection import lake_for
from dlaas.errors import DlaasError, NotAvailable
from dlaas.lifetime import Lifetime, Until
from dlaas.model import DID, Entry, Granted, Metadata, Reference, Replica, Rule, State, Status
from dlaas.waiting import Progress, wait

if TYPE_CHECKING:
    from dlaas.lake import Lake


class _Item:
    """What a file and a collection share: everything is asked of the lake when it is wanted."""

    did: DID
    instance: str | None
    _lake: Lake | None

    @property
    def lake(self) -> Lake:
        """The lake that knows it, found by the instance's name where the variable came from elsewhere."""
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


class SingleItemDID(_Item, str):
    """A file: the local path where there is one, else its `rucio://` reference; a string that is also an object.

    A string cannot change: what changes it answers with the renewed one (`x = x.wait()`), and `path` is always
    current. It pickles as its reference and finds its path where it is unpickled.
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
        """Wait until it is available, an hour at most unless told, and answer it renewed; see `waiting.wait`."""
        wait(self.lake, self.did, timeout, progress)
        return self.refresh()

    def open(self, mode: str = "rb", **options: Any) -> IO[Any]:
        """Open it for reading, from the local path or as a stream from a storage."""
        import fsspec  # type: ignore[import-untyped]

        if self.available:
            return open(self.path, mode, **options)
        return cast("IO[Any]", fsspec.open(self.reference, mode, **options).open())


class MultipleItemDID(_Item, Sequence[SingleItemDID]):
    """A dataset or container: a lazy sequence of its files, in the order of their names.

    Nothing is listed before it is looked into; it works when only a part has arrived (`available` is that part).
    Slicing and `glob` give one again.
    """

    def __init__(
        self,
        did: str,
        instance: str | None = None,
        *,
        lake: Lake | None = None,
        _entries: Callable[[], list[Entry]] | None = None,
        _selection: str = "",
    ) -> None:
        self.did = DID(did)
        self.instance = instance or (lake.instance.name if lake else None)
        self._lake = lake
        self._source = _entries
        self._files: list[Entry] | None = None
        self._lock = threading.Lock()
        self._selection = _selection

    def __reduce__(self) -> tuple[Any, ...]:
        if self._source is None:
            return (MultipleItemDID, (str(self.did), self.instance))
        return (
            _selected,
            (
                str(self.did),
                self.instance,
                [entry.did for entry in self._entries()],
                self._selection,
            ),
        )

    def _entries(self) -> list[Entry]:
        with self._lock:
            if self._files is None:
                listed = self._source() if self._source else list(self.lake.list_files(self.did))
                self._files = listed if self._source else _unique(listed)
            return self._files

    def __len__(self) -> int:
        return len(self._entries())

    @overload
    def __getitem__(self, index: int) -> SingleItemDID: ...

    @overload
    def __getitem__(self, index: slice) -> MultipleItemDID: ...

    def __getitem__(self, index: int | slice) -> SingleItemDID | MultipleItemDID:
        if isinstance(index, slice):
            return self._part(self._entries()[index], "part")
        return self._single(self._entries()[index])

    def __iter__(self) -> Iterator[SingleItemDID]:
        return (self._single(entry) for entry in self._entries())

    def __contains__(self, item: object) -> bool:
        wanted = getattr(item, "did", item)
        return any(wanted == entry.did for entry in self._entries())

    def __bool__(self) -> bool:
        # A collection is something even when the lake cannot be asked how long it is.
        return True

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MultipleItemDID):
            return NotImplemented
        same = (self.did, self.instance) == (other.did, other.instance)
        return same and (
            self._source is other._source is None or self._entries() == other._entries()
        )

    def __hash__(self) -> int:
        return hash((self.did, self.instance))

    def __repr__(self) -> str:
        part = f", {self._selection}" if self._selection else ""
        known = f", {len(self._files)} files" if self._files is not None else ""
        return f"MultipleItemDID({str(self.did)!r}{part}{known})"

    def _single(self, entry: Entry) -> SingleItemDID:
        return SingleItemDID(entry.did, self.instance, lake=self._lake, entry=entry)

    def _part(self, entries: list[Entry], selection: str) -> MultipleItemDID:
        return MultipleItemDID(
            self.did, self.instance, lake=self._lake, _entries=lambda: entries, _selection=selection
        )

    @property
    def available(self) -> MultipleItemDID:
        """The files of it that can be read as local files now."""
        return self._part([e for e in self._entries() if self._single(e).available], "available")

    @property
    def size(self) -> int | None:
        """The size of its files in bytes; None where the catalogue does not say."""
        sizes = [entry.bytes for entry in self._entries()]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def path(self) -> list[str]:
        """The local paths of all its files; raises `NotAvailable` when one is not here (see `available`)."""
        return [item.path for item in self]

    def glob(self, pattern: str) -> MultipleItemDID:
        """Answer the files whose names match, such as `*.root`."""
        found = [e for e in self._entries() if fnmatch.fnmatchcase(e.did.name, pattern)]
        return self._part(found, f"glob {pattern!r}")

    def refresh(self) -> MultipleItemDID:
        """Answer it anew: what has been added since is in it."""
        return MultipleItemDID(self.did, self.instance, lake=self._lake)

    def wait(
        self,
        timeout: str | float | None = None,
        progress: bool | Progress = True,
    ) -> MultipleItemDID:
        """Wait until all of it is available, an hour at most unless told; see `waiting.wait`."""
        wait(self.lake, self.did, timeout, progress)
        return self if self._source else self.refresh()


def did(
    text: str, type: str | None = None, *, lake: Lake | None = None
) -> SingleItemDID | MultipleItemDID:
    """Make a variable of `scope:name`, `instance@scope:name` or a `rucio://` reference.

    The catalogue is asked once whether it is a file; `type` ("file" or "collection") saves that. Raises `InvalidDID`,
    `DataIdentifierNotFound`, `ScopeNotFound`.
    """
    reference = Reference.parse(text)
    lake = lake or lake_for(reference.instance)
    instance = reference.instance or lake.instance.name
    entry = None
    if type is None:
        row = lake._did(reference.did)
        type = "file" if str(row["type"]).upper() == "FILE" else "collection"
        if type == "file":
            entry = Entry(reference.did, "file", row.get("bytes"), None, row.get("adler32"))
    if type == "file":
        return SingleItemDID(reference.did, instance, lake=lake, entry=entry)
    return MultipleItemDID(reference.did, instance, lake=lake)


def _unique(entries: list[Entry]) -> list[Entry]:
    return sorted(
        {entry.did: entry for entry in entries}.values(), key=lambda entry: str(entry.did)
    )


def _selected(did: str, instance: str | None, names: list[str], selection: str) -> MultipleItemDID:
    entries = [Entry(DID(name), "file") for name in names]
    return MultipleItemDID(did, instance, _entries=lambda: entries, _selection=selection)


def _path_or_none(
    did: DID, instance: str | None, lake: Lake | None, size: int | None
) -> str | None:
    """Find the local path; None also where the lake cannot be asked, for a variable can always be made."""
    from dlaas.access import local_path

    try:
        return local_path(lake or lake_for(instance), did, size)
    except (DlaasError, OSError):
        return None


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
