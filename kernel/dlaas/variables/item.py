"""A file as a notebook holds it: a path where there is one, and all else when asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, cast

from dlaas.errors import InvalidInput, NotAvailable
from dlaas.lifetime import Lifetime, Until
from dlaas.model import DID, Entry, Granted, Metadata, Reference, Replica, Rule, Status
from dlaas.rucio.connection import lake_for
from dlaas.variables.paths import path_or_none, why_no_path
from dlaas.variables.waiting import Progress, watch

if TYPE_CHECKING:
    from dlaas.lake import Lake

    # Were it known at run time, jedi would stumble over a Literal and complete nothing at all.
    from dlaas.model import State
    from dlaas.reading.ranking import Ranking

# Of str, what is wanted of a path; a hundred others would hide what a DID can do.
_OF_STR = frozenset(vars(str)) - {"endswith", "startswith"}


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
    def parents(self) -> list[DID]:
        """The datasets and containers that hold it, the nearest first."""
        return list(self.lake.list_parents(self.did))

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

    def card(self) -> str:
        """Answer its card as text for `print`; what cannot be asked in a few seconds it says."""
        from dlaas.variables.display import text_card

        return text_card(self)

    def _repr_html_(self) -> str:
        from dlaas.variables.display import card

        return card(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from dlaas.variables.display import bundle

        return bundle(self)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        # IPython would print a str as one, without telling which DID it is.
        printer.text(repr(self))


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
        look: bool = True,
    ) -> SingleItemDID:
        """Make it of a DID; nothing is asked but what the destination RSE's paths look like.

        Without `look` neither lake nor disk is: it is its reference until `refresh()`.
        """
        parsed = DID(did)
        name = instance or (lake.instance.name if lake else None)
        path = path_or_none(parsed, name, lake, entry) if look else None
        return cls._at(path, parsed, name, lake, entry)

    @classmethod
    def _at(
        cls,
        path: str | None,
        did: DID,
        instance: str | None,
        lake: Lake | None,
        entry: Entry | None,
    ) -> SingleItemDID:
        """Make it of a path that has been looked for."""
        item = super().__new__(cls, path or str(Reference(did, instance)))
        item.did, item.instance, item._lake, item._entry = did, instance, lake, entry
        return item

    def __reduce__(self) -> tuple[Any, ...]:
        known = (self._entry.bytes, self._entry.adler32) if self._entry else ()
        plain = (_single, (str(self.did), self.instance, *known))
        return plain if self._lake is None else self._lake.pickled(self.did, plain)

    def __repr__(self) -> str:
        return f"SingleItemDID({str.__str__(self)!r}, did={str(self.did)!r})"

    def __dir__(self) -> list[str]:
        _offer_to_ipython()
        return [name for name in super().__dir__() if name[:1] == "_" or name not in _OF_STR]

    @property
    def name(self) -> str:
        """The name within its scope."""
        return self.did.name

    @property
    def path(self) -> str:
        """The local path now; raises `NotAvailable`, a FileNotFoundError that says what to do."""
        found = path_or_none(self.did, self.instance, self.lake, self._entry)
        if found:
            return found
        raise why_no_path(self.lake, self.did)

    @property
    def available(self) -> bool:
        """Whether it can be read as a local file now."""
        return path_or_none(self.did, self.instance, self._lake, self._entry) is not None

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

    def explain(self) -> Ranking:
        """Answer the ways to read it from here, the best first, and why; `print` shows a table."""
        return self.lake.explain(self.did)

    def urls(self, scheme: str | None = None) -> list[str]:
        """List the PFNs of its readable copies, the preferred first, of one scheme where told."""
        from dlaas.access import urls

        return [url for _, url in urls(self.lake, self.did, scheme)]

    def url(self, scheme: str | None = None) -> str:
        """Answer the PFN of its preferred copy; raises `NotAvailable` where there is none."""
        for url in self.urls(scheme):
            return url
        spoken = f" by {scheme}" if scheme else ""
        raise NotAvailable(
            f"No copy of {self.did} can be read{spoken} from here.",
            remedy="Its explain() tells what there is.",
        )

    def local(self, folder: str | os.PathLike[str] | None = None) -> str:
        """Answer a local path: the mounted one, else that of a download, kept in the cache.

        With `folder` it is downloaded into it. Raises as `Lake.download`.
        """
        if folder is None and self.available:
            return self.path
        from dlaas.variables.paths import fetched

        return fetched(self.lake, self.did, folder)

    def link(self, folder: str | os.PathLike[str]) -> str:
        """Make a link to its local path under its own name in a folder, and answer the link.

        Raises `NotAvailable`, and `AlreadyThere` where the folder has another file of that name.
        """
        from dlaas.variables.links import link_into

        return link_into(folder, self.did, self.path)

    def refresh(self) -> SingleItemDID:
        """Answer it anew: with the local path, once there is one."""
        return SingleItemDID(self.did, self.instance, lake=self._lake, entry=self._entry)

    def wait(
        self,
        timeout: str | float | None = None,
        progress: bool | Progress = True,
    ) -> SingleItemDID:
        """Wait until it is available, by default an hour, and answer it renewed."""
        watch(lambda: self.status, timeout, progress)
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


def _single(
    did: str, instance: str | None, size: int | None = None, adler32: str | None = None
) -> SingleItemDID:
    entry = None if size is None else Entry(DID(did), "file", size, None, adler32)
    return SingleItemDID(did, instance, entry=entry)


def _offer_to_ipython() -> None:
    # Without jedi it completes what the class has, whatever __dir__ says; it asks that first.
    if "IPython" in sys.modules:
        from IPython.utils.generics import complete_object

        complete_object.register(SingleItemDID, lambda item, _found: dir(item))
