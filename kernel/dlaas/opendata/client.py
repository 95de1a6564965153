"""What `Lake` asks of Rucio, answered from open data: the same methods, for public DIDs alone."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, NoReturn

from dlaas.errors import DataIdentifierNotFound, DlaasError, InvalidInput, LoginRequired
from dlaas.model import DID
from dlaas.opendata.items import OpenFile, OpenItem, item_from
from dlaas.opendata.service import Service
from dlaas.opendata.tickets import needs_ticket
from dlaas.reading.ranking import host_of

# A ticket lasts longer, and what was suspended is to be noticed.
_REMEMBER = 300.0
_MOST_ITEMS = 8
_MOST_FILES = 200_000
# Items in which a file is looked for.
_MOST_LOOKED = 100
PAGE = 200
# A list that changes while it is read is read again, but not for ever.
_PASSES = 3
Row = dict[str, Any]


@dataclass(frozen=True)
class _Known:
    """An item with its files; `addresses` may hold tickets, and are never shown."""

    item: OpenItem
    files: Mapping[DID, OpenFile]
    addresses: Mapping[DID, tuple[str, ...]] = field(repr=False)
    until: float = field(default_factory=lambda: time.monotonic() + _REMEMBER)


class OpenClient:
    """Answers as rucio-clients does; all that needs a login raises `LoginRequired`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = (os.getpid(), threading.RLock())
        self._carries = False
        self._known: OrderedDict[DID, _Known] = OrderedDict()
        self._parents: dict[DID, DID] = {}
        # Until when no file of a scope is looked for again.
        self._looked: dict[str, float] = {}

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        if name.startswith("_"):
            raise AttributeError(name)

        def refuse(*_: Any, **__: Any) -> NoReturn:
            raise LoginRequired(
                f"Nobody is logged in to {self._service.title}: its public open data can be read,"
                " and no more.",
            )

        return refuse

    def carrying(self) -> OpenClient:
        """Answer this one with tickets in its addresses, for what reads and shows nothing."""
        found = copy(self)
        found._carries = True
        return found

    def close_connections(self) -> None:
        """Close the connections."""
        self._service.close()

    def entries(self) -> Iterator[OpenItem]:
        """Yield the list, each DID once, a page at a time."""
        seen: set[DID] = set()
        for _ in range(_PASSES):
            offset = total = 0
            while offset <= total:
                page = self._service.page(offset, PAGE)
                rows, total = page.get("dids") or [], int(page.get("total") or 0)
                for row in rows:
                    item = item_from(row, self._service.title)
                    if item.did not in seen:
                        seen.add(item.did)
                        yield item
                offset += len(rows) or 1
            # What changes moves to the end of the list, and others then stand before their place.
            if len(seen) >= total:
                return

    def known(self, did: DID) -> tuple[OpenItem, OpenFile | None]:
        """Answer the item that a DID is or is in, and the file that it is; raises what `item` does.

        A file is known by its dataset: once that was asked for, else it is looked for among the
        items of its scope.
        """
        try:
            found = self._item(self._parents.get(did, did))
        except DataIdentifierNotFound:
            holder = self._holder(did)
            if holder is None:
                raise
            found = self._item(holder)
        file = found.files.get(did)
        if file is None and found.item.did != did:
            raise self._service.not_public(did)
        return found.item, file

    def belongs(self, item: DID, files: Iterable[DID]) -> None:
        """Remember in which item files are."""
        found = dict.fromkeys(files, item)
        if len(self._parents) + len(found) > _MOST_FILES:
            self._parents.clear()
        self._parents.update(found)

    def holder_of(self, did: DID) -> DID | None:
        """Answer in which item a file is, as far as that is known."""
        return self._parents.get(did)

    def _holder(self, did: DID) -> DID | None:
        """Look for the item that a file is in: Rucio tells it to nobody, so each is asked for."""
        if self._looked.get(did.scope, 0.0) > time.monotonic():
            return None
        of_scope = (item.did for item in self.entries() if item.did.scope == did.scope)
        for item in islice(of_scope, _MOST_LOOKED):
            with suppress(DataIdentifierNotFound):
                if did in self._item(item).files:
                    return item
        self._looked[did.scope] = time.monotonic() + _REMEMBER
        return None

    def _item(self, did: DID) -> _Known:
        if self._lock[0] != os.getpid():
            # A thread of the process that this one was forked off from may have held it.
            self._lock = (os.getpid(), threading.RLock())
        # Asked once by many threads.
        with self._lock[1]:
            found = self._known.get(did)
            if found is None or found.until < time.monotonic():
                found = self._known[did] = self._asked(did)
            self._known.move_to_end(did)
            while len(self._known) > _MOST_ITEMS:
                self._known.popitem(last=False)
            return found

    def _asked(self, did: DID) -> _Known:
        row = self._service.item(did, files=True)
        item = item_from(row, self._service.title)
        if needs_ticket(self._service.instance, row["files"]):
            # They cost Rucio a question for each file, and most storages want none.
            row = self._service.item(did, files=True, tickets=True)
        files = {file.did: file for file in item.files or ()}
        addresses = {
            DID(f"{file['scope']}:{file['name']}"): tuple(
                dict.fromkeys([*(file.get("download_urls") or ()), *(file.get("uris") or ())])
            )
            for file in row.get("files") or ()
        }
        self.belongs(did, files)
        return _Known(item, files, addresses)

    def get_did(self, scope: str, name: str, **_: Any) -> Row:
        """Answer type, size and checksum of a DID."""
        item, file = self.known(DID(f"{scope}:{name}"))
        return _row_of(item, file)

    def get_metadata(self, scope: str, name: str, **_: Any) -> Row:
        """Answer what the publisher says of an item; of a file in it what is said of all."""
        item, _file = self.known(DID(f"{scope}:{name}"))
        own = {"doi": item.doi, "record_id": item.record_id, "created_at": item.created_at}
        return {**(item.metadata or {}), **own}

    def get_metadata_bulk(self, dids: Iterable[Mapping[str, str]], **_: Any) -> list[Row]:
        """Answer type, size and checksum of those that are public."""
        found = []
        for one in dids:
            try:
                row = self.get_did(one["scope"], one["name"])
            except DlaasError:
                continue
            found.append({**row, "did_type": row["type"]})
        return found

    def list_files(self, scope: str, name: str, **_: Any) -> Iterator[Row]:
        """Yield the files below a DID; a file is its own."""
        item, file = self.known(DID(f"{scope}:{name}"))
        for one in (file,) if file else item.files or ():
            yield {**_name_of(one.did), "bytes": one.bytes, "adler32": one.adler32}

    def list_content(self, scope: str, name: str, **_: Any) -> Iterator[Row]:
        """Yield what a collection holds: its files, for nobody is told of datasets between."""
        if self.known(DID(f"{scope}:{name}"))[1] is None:
            for row in self.list_files(scope, name):
                yield {**row, "type": "FILE"}

    def list_parent_dids(self, scope: str, name: str) -> Iterator[Row]:
        """Yield the item by which a file is known."""
        did = DID(f"{scope}:{name}")
        parent = self._parents.get(did, did)
        if parent != did:
            yield _name_of(parent)

    def list_replicas(self, dids: Iterable[Mapping[str, str]], **_: Any) -> Iterator[Row]:
        """Yield the addresses of files; nobody is told of RSEs, so hosts stand for them."""
        for one in dids:
            asked = DID(f"{one['scope']}:{one['name']}")
            item, file = self.known(asked)
            known = self._item(item.did)
            for did in (asked,) if file else known.files:
                shown = known.files[did].urls
                urls = known.addresses.get(did, shown) if self._carries else shown
                pfns = {
                    url: {"rse": host_of(url), "priority": place} for place, url in enumerate(urls)
                }
                yield {**_name_of(did), "pfns": pfns, "states": {}}

    def list_scopes(self) -> list[str]:
        """List the scopes that have open data."""
        return sorted({item.did.scope for item in self.entries()})

    def list_dids(
        self, scope: str, filters: Iterable[Mapping[str, Any]], **_: Any
    ) -> Iterator[Row]:
        """Yield the items of a scope by the patterns of their names; raises `InvalidInput`."""
        groups = list(filters)
        if any(set(group) - {"name"} for group in groups):
            raise InvalidInput(
                "Without a login open data is found by its name alone here.",
                remedy="Search its metadata by OpenData.search(), or dlaas opendata search.",
            )
        patterns = [str(group.get("name", "*")) for group in groups] or ["*"]
        for item in self.entries():
            named = any(fnmatchcase(item.did.name, pattern) for pattern in patterns)
            if item.did.scope == scope and named:
                yield {**_name_of(item.did), "did_type": "DATASET", "length": None}


def _name_of(did: DID) -> Row:
    return {"scope": did.scope, "name": did.name}


def _row_of(item: OpenItem, file: OpenFile | None) -> Row:
    if file is not None:
        kind, size, count, adler32 = "FILE", file.bytes, None, file.adler32
    else:
        kind, size, count, adler32 = "DATASET", item.bytes, len(item.files or ()), None
    return {
        **_name_of(file.did if file else item.did),
        "type": kind, "bytes": size, "length": count, "adler32": adler32, "open": False,
    }  # fmt: skip
