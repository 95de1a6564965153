"""What a notebook holds of a lake: one file, or a lazy sequence of them."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from dlaas.connection import lake_for
from dlaas.errors import InvalidInput
from dlaas.item import Item, SingleItemDID
from dlaas.model import DID, Entry, Granted, Reference
from dlaas.waiting import Progress, wait

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.lifetime import Lifetime, Until

__all__ = ["MultipleItemDID", "SingleItemDID", "did"]


class MultipleItemDID(Item, Sequence[SingleItemDID]):
    """A dataset or container: a lazy sequence of its files, in the order of their names.

    Nothing is listed before it is looked into; it works when only a part has arrived (`available`
    is that part). Slicing and `glob` give one again.
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
        """The local paths of all its files; raises `NotAvailable` when one is not here."""
        return [item.path for item in self]

    def glob(self, pattern: str) -> MultipleItemDID:
        """Answer the files whose names match, such as `*.root`."""
        found = [e for e in self._entries() if fnmatch.fnmatchcase(e.did.name, pattern)]
        return self._part(found, f"glob {pattern!r}")

    def refresh(self) -> MultipleItemDID:
        """Answer it anew: what has been added since is in it; a part stays that part."""
        if self._source is not None:
            return self._part(self._entries(), self._selection)
        return MultipleItemDID(self.did, self.instance, lake=self._lake)

    def make_available(
        self,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        **options: Any,
    ) -> Granted:
        """Have all of it put where the notebook can read it; raises `InvalidInput` for a part."""
        self._refuse_part("made available")
        return super().make_available(lifetime, until, **options)

    def wait(
        self,
        timeout: str | float | None = None,
        progress: bool | Progress = True,
    ) -> MultipleItemDID:
        """Wait until all of it is available, an hour at most unless told; see `waiting.wait`.

        Raises `InvalidInput` for a part.
        """
        self._refuse_part("waited for")
        wait(self.lake, self.did, timeout, progress)
        return self.refresh()

    def _refuse_part(self, what: str) -> None:
        # A rule on the collection would fetch all of it, where a few files were meant.
        if self._source is not None:
            raise InvalidInput(
                f"A part of {self.did} cannot be {what} as one.",
                remedy="Do it for the whole collection, or for each file of the part.",
            )


def did(
    text: str,
    type: Literal["file", "collection"] | None = None,  # noqa: A002
    *,
    lake: Lake | None = None,
) -> SingleItemDID | MultipleItemDID:
    """Make a variable of `scope:name`, `instance@scope:name` or a `rucio://` reference.

    The catalogue is asked once whether it is a file; `type` ("file" or "collection") saves that.
    Raises `InvalidDID`, `DataIdentifierNotFound`, `ScopeNotFound`.
    """
    reference = _reference(text)
    lake = lake or lake_for(reference.instance)
    instance = reference.instance or lake.instance.name
    entry, is_file = None, type == "file"
    if type is None:
        row = lake._did(reference.did)
        is_file = str(row["type"]).upper() == "FILE"
        if is_file:
            entry = Entry(reference.did, "file", row.get("bytes"), None, row.get("adler32"))
    if is_file:
        return SingleItemDID(reference.did, instance, lake=lake, entry=entry)
    return MultipleItemDID(reference.did, instance, lake=lake)


def _reference(text: str) -> Reference:
    if isinstance(text, Item):
        return Reference(text.did, text.instance)
    return Reference(DID(text)) if hasattr(text, "did") else Reference.parse(text)


def _unique(entries: list[Entry]) -> list[Entry]:
    return sorted(
        {entry.did: entry for entry in entries}.values(), key=lambda entry: str(entry.did)
    )


def _selected(did: str, instance: str | None, names: list[str], selection: str) -> MultipleItemDID:
    entries = [Entry(DID(name), "file") for name in names]
    return MultipleItemDID(did, instance, _entries=lambda: entries, _selection=selection)
