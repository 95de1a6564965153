"""What a notebook holds of a lake: one file, or a lazy sequence of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, overload

from dlaas.errors import DlaasError, LoginRequired, NotAvailable
from dlaas.model import DID, Entry, Granted, Reference, Replica, Rule, Status
from dlaas.rucio.connection import lake_for
from dlaas.variables import parts
from dlaas.variables.item import Item, SingleItemDID
from dlaas.variables.paths import paths_of, why_no_path
from dlaas.variables.waiting import Progress, watch

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.lifetime import Lifetime, Until
    from dlaas.reading.ranking import Ranking

__all__ = ["MultipleItemDID", "SingleItemDID", "did"]


class MultipleItemDID(Item, Sequence[SingleItemDID]):
    """A dataset or container: a lazy sequence of its files, in the order of their names.

    Nothing is listed before it is looked into; it works when only a part has arrived (`available`
    is that part). Slicing, `glob` and `filter` give one again: such a part is made available and
    waited for by rules on its files. It pickles as what it was made by, never as its names.
    """

    def __init__(
        self,
        did: str,
        instance: str | None = None,
        *,
        lake: Lake | None = None,
        _whole: MultipleItemDID | None = None,
        _recipe: parts.Recipe = (),
        _stamp: bytes | None = None,
    ) -> None:
        self.did = DID(did)
        self.instance = instance or (lake.instance.name if lake else None)
        self._lake = lake
        self._whole = _whole
        self._recipe = _recipe
        self._stamp = _stamp
        self._files: list[Entry] | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        plain: tuple[Any, ...] = (MultipleItemDID, (str(self.did), self.instance))
        if self._recipe:
            told = (str(self.did), self.instance, self._recipe, self._known_stamp())
            plain = (parts.unpickled, told)
        return plain if self._lake is None else self._lake.pickled(self.did, plain)

    def _known_stamp(self) -> bytes | None:
        # A glob means whatever matches; places mean those of the files that were there.
        if all(step[0] == parts.GLOB for step in self._recipe):
            return None
        whole = self._whole or self
        if whole._stamp is None and whole._files is not None:
            whole._stamp = parts.stamp_of(whole._files)
        return whole._stamp

    def _entries(self) -> list[Entry]:
        with self._lock:
            if self._files is None:
                self._files = self._listed() if self._whole is None else self._chosen(self._whole)
            return self._files

    def _listed(self) -> list[Entry]:
        try:
            found = _unique(self.lake.list_files(self.did))
        except LoginRequired:
            lake = self._as_nobody()
            if lake is None:
                raise
            found, self._lake = _unique(lake.list_files(self.did)), lake
        if self._stamp is not None and parts.stamp_of(found) != self._stamp:
            raise parts.changed_error(self.did)
        return found

    def _as_nobody(self) -> Lake | None:
        """Answer the lake of public open data, where it has it and nobody is logged in."""
        from dlaas.opendata.lake import nobody

        lake = nobody(self.lake.instance)
        with suppress(DlaasError):
            lake._did(self.did)
            return lake
        return None

    def _chosen(self, whole: MultipleItemDID) -> list[Entry]:
        found = whole._entries()
        for step in self._recipe:
            found = parts.applied(step, found)
        return found

    def __len__(self) -> int:
        return len(self._entries())

    @overload
    def __getitem__(self, index: int) -> SingleItemDID: ...

    @overload
    def __getitem__(self, index: slice) -> MultipleItemDID: ...

    def __getitem__(self, index: int | slice) -> SingleItemDID | MultipleItemDID:
        if isinstance(index, slice):
            return self._part((parts.SLICE, index.start, index.stop, index.step))
        return self._single(self._entries()[index])

    def __iter__(self) -> Iterator[SingleItemDID]:
        return self._singles(self._entries())

    def __contains__(self, item: object) -> bool:
        wanted = getattr(item, "did", item)
        return any(wanted == entry.did for entry in self._entries())

    def __bool__(self) -> bool:
        # A collection is something even when the lake cannot be asked how long it is.
        return True

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MultipleItemDID):
            return NotImplemented
        if (self.did, self.instance) != (other.did, other.instance):
            return False
        return self._recipe == other._recipe or self._entries() == other._entries()

    def __hash__(self) -> int:
        return hash((self.did, self.instance))

    def __repr__(self) -> str:
        steps = "".join(f", {parts.said_step(step)}" for step in self._recipe)
        known = f", {len(self._files)} files" if self._files is not None else ""
        return f"MultipleItemDID({str(self.did)!r}{steps}{known})"

    def _single(self, entry: Entry) -> SingleItemDID:
        return SingleItemDID(entry.did, self.instance, lake=self._lake, entry=entry)

    def _singles(self, entries: Sequence[Entry]) -> Iterator[SingleItemDID]:
        for entry, path in zip(entries, self._paths(entries), strict=True):
            yield SingleItemDID._at(path, entry.did, self.instance, self._lake, entry)

    def _paths(self, entries: Sequence[Entry]) -> Iterator[str | None]:
        return paths_of(self.instance, self._lake, entries)

    def _part(self, *steps: parts.Step) -> MultipleItemDID:
        return MultipleItemDID(
            self.did,
            self.instance,
            lake=self._lake,
            _whole=self._whole or self,
            _recipe=(*self._recipe, *steps),
        )

    @property
    def is_part(self) -> bool:
        """Whether it is a part of its collection."""
        return bool(self._recipe)

    @property
    def available(self) -> MultipleItemDID:
        """The files of it that can be read as local files now."""
        here = [path is not None for path in self._paths(self._entries())]
        return self._part(parts.picked(here, "available"))

    @property
    def status(self) -> Status:
        """How much of it can be read from here, and until when."""
        if not self._recipe:
            return self.lake.status(self.did)
        from dlaas.variables.part_status import status

        return status(self.lake, self.did, self._entries())

    @property
    def rules(self) -> list[Rule]:
        """The rules that keep it; of a part one's own on its files, and those on the collection."""
        if not self._recipe:
            return self.lake.list_rules(self.did)
        from dlaas.variables.part_status import rules_on

        return [*rules_on(self.lake, self._entries()), *self.lake.list_rules(self.did)]

    @property
    def replicas(self) -> Iterator[Replica]:
        """The copies of its files."""
        if not self._recipe:
            return self.lake.list_replicas(self.did)
        from dlaas.variables.part_status import replicas

        return replicas(self.lake, self._entries())

    @property
    def size(self) -> int | None:
        """The size of its files in bytes; None where the catalogue does not say."""
        sizes = [entry.bytes for entry in self._entries()]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def checksum(self) -> dict[str, str | None]:
        """The adler32 checksums of its files, by DID."""
        return {str(entry.did): entry.adler32 for entry in self._entries()}

    @property
    def path(self) -> list[str]:
        """The local paths of all its files; raises `NotAvailable` when one is not here."""
        entries, found = self._entries(), []
        for entry, path in zip(entries, self._paths(entries), strict=True):
            if path is None:
                raise why_no_path(self.lake, entry.did)
            found.append(path)
        return found

    def glob(self, pattern: str) -> MultipleItemDID:
        """Answer the files whose names match, such as `*.root`."""
        return self._part((parts.GLOB, str(pattern)))

    def filter(self, function: Callable[[SingleItemDID], object]) -> MultipleItemDID:
        """Answer the files for which a function says yes; it is called now, once for each.

        What it chose is kept as one bit per file, compressed: a pickle stays under 1 kB for some
        6,000 files whatever was chosen, and for a million where they lie in a row.
        """
        said = f"filter {getattr(function, '__name__', '…')}"
        return self._part(parts.picked([bool(function(item)) for item in self], said))

    def explain(self) -> Ranking:
        """Answer the ways to read its first file from here, the best first, and why."""
        if not len(self):
            raise NotAvailable(
                f"{self.did} holds no files.", remedy="There is nothing to explain yet."
            )
        return self[0].explain()

    def urls(self, scheme: str | None = None) -> list[str]:
        """List the PFN of the preferred copy of each of its files, in their order.

        Raises `NotAvailable` where a file has none.
        """
        from dlaas.variables.part_status import urls

        return urls(self.lake, self._entries(), scheme)

    def local(self, folder: str | os.PathLike[str] | None = None) -> list[str]:
        """List local paths of its files, in their order; what is not here is downloaded.

        With `folder` all are downloaded into it, else into the cache. Raises as `Lake.download`.
        """
        from dlaas.variables.paths import all_local

        return all_local(self, folder)

    def link(self, folder: str | os.PathLike[str]) -> list[str]:
        """Make links to its files in a folder, as `workspace` does, and answer the links."""
        from dlaas.variables.workspaces import workspace

        return list(workspace(folder, self, download=False))

    def refresh(self) -> MultipleItemDID:
        """Answer it anew: what has been added since is in it; a part stays that part."""
        if self._recipe:
            return self._part()
        return MultipleItemDID(self.did, self.instance, lake=self._lake)

    def make_available(
        self,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        **options: Any,
    ) -> Granted:
        """Have it put where the notebook can read it; see `Lake.make_available`.

        A part gets a rule on each of its files, all in one call; answers `part_rules.GrantedPart`.
        Raises `InvalidInput` for a part of more files than rules are sensible for.
        """
        if not self._recipe:
            return self.lake.make_available(self.did, lifetime, until, **options)
        from dlaas.variables.part_rules import make_available

        return make_available(self.lake, self.did, self._entries(), lifetime, until, **options)

    def wait(
        self,
        timeout: str | float | None = None,
        progress: bool | Progress = True,
    ) -> MultipleItemDID:
        """Wait until all of it is available, an hour at most unless told; see `waiting.wait`."""
        watch(self._arriving, timeout, progress)
        return self.refresh()

    def _arriving(self) -> Status:
        """Answer the status; rules on all its files bring a collection as one on it does."""
        found = self.status
        if self._recipe or found.state not in ("absent", "partial"):
            return found
        from dlaas.variables.part_status import by_files

        return by_files(self.lake, self.did, self._entries, found)

    def as_available(
        self, timeout: str | float | None = None, progress: bool | Progress = False
    ) -> Iterator[SingleItemDID]:
        """Yield its files as they arrive, each once, an hour at most unless told.

        What has arrived is always yielded before `RuleStuck`, `TookTooLong` or `NotAvailable` says
        why the rest has not. What is attached to the collection meanwhile is not in it.
        """
        from dlaas.variables.arrivals import as_available

        return as_available(self, timeout, progress)


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


def _unique(entries: Iterator[Entry]) -> list[Entry]:
    return sorted(
        {entry.did: entry for entry in entries}.values(), key=lambda entry: str(entry.did)
    )
