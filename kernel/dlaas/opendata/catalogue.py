"""Open data of a Rucio instance: found, looked at, downloaded and opened without an account."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import islice
from typing import IO, TYPE_CHECKING, cast

from dlaas import credentials
from dlaas.config import Instance
from dlaas.errors import DataIdentifierNotFound, DlaasError, InvalidInput, NotAvailable, NotThere
from dlaas.model import DID, Reference
from dlaas.opendata.items import OpenItem, doi_of, is_doi, item_from
from dlaas.opendata.lake import OpenLake
from dlaas.opendata.service import instance_of
from dlaas.rucio import connection

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.transfer.download import Downloaded
    from dlaas.variables import MultipleItemDID, SingleItemDID

_AT_ONCE = 8
_WHY = {
    "draft": "is a draft: its owner has not published it yet",
    "suspended": "was public and is suspended: its owner has taken it back",
}
_NOT_OPEN = (DataIdentifierNotFound, NotAvailable)


class OpenData:
    """The public open data of an instance; nobody has to be logged in, and no login is sent.

    `instance` is a name, a configuration, the address of a Rucio server, or None for the default
    one. `url` is where open data is asked for, where that is another host. With `lake`, somebody's
    login, what is not public is told as draft or suspended; it is asked for nothing else.

    Where nobody is logged in to the instance, `rucio://` references of public DIDs open too, as
    long as this object is kept. Wherever a DID is wanted, the DOI of one does too.
    """

    def __init__(
        self,
        instance: str | Instance | None = None,
        *,
        url: str | None = None,
        lake: Lake | None = None,
    ) -> None:
        found = lake.instance if lake is not None and instance is None else instance_of(instance)
        self._login = lake
        self._dois: dict[str, DID] = {}
        self.lake = OpenLake(found, url)
        self._service = self.lake.service
        if lake is None and not _has_login(found) and connection._alive(found.name) is None:
            connection.register(self.lake)

    @property
    def instance(self) -> Instance:
        """The instance, without what belongs to a login."""
        return self.lake.instance

    def close(self) -> None:
        """Close the connections; it may be used again."""
        self.lake.close()

    def __iter__(self) -> Iterator[OpenItem]:
        return self.list()

    def list(self, limit: int | None = None) -> Iterator[OpenItem]:
        """Yield what is public, the longest unchanged first, without DOI, metadata and files."""
        return islice(self.lake.open_client.entries(), _checked(limit))

    def search(self, text: str, limit: int | None = None) -> Iterator[OpenItem]:
        """Yield the items that all words of a text fit, with DOI and metadata.

        A word with a star is a pattern of names, `*4lep*` or `scope:*`; any other is looked for in
        DID, DOI and metadata, where capitals do not matter. Rucio cannot search open data: each
        item is asked for by itself.
        """
        words = str(text).split()
        if not words:
            raise InvalidInput("Nothing is searched for.", remedy="Say a word, or list all.")
        patterns = [word for word in words if "*" in word]
        plain = [_as_written(word) for word in words if "*" not in word]
        named = (item for item in self.list() if all(_is_named(item.did, p) for p in patterns))
        found = (item for item in self._looked_at(named) if _fits(item, plain))
        return islice(found, _checked(limit))

    def get(self, did: str, *, files: bool = True) -> OpenItem:
        """Answer state, DOI, metadata and files of a DID, which may be given by its DOI.

        Raises `DataIdentifierNotFound` for what is not public, `NotAvailable` for a draft and for
        what is suspended where that is told, `NotThere` where the server has no open data; `why` in
        the details of each says it in a word.
        """
        asked = self._named(did)
        try:
            item = item_from(self._service.item(asked, files=files), self.instance.title)
        except DataIdentifierNotFound:
            self._tell_why(asked)
            raise
        if item.state != "public":
            raise self._not_open(asked, item.state)
        self.lake.open_client.belongs(item.did, (file.did for file in item.files or ()))
        return item

    def resolve(self, doi: str) -> DID:
        """Find the DID of a DOI; raises `NotThere`.

        Rucio cannot be asked for it: every item is, until it is found.
        """
        wanted = doi_of(doi)
        if wanted not in self._dois:
            for item in self._looked_at(self.list(), metadata=False):
                if item.doi:
                    self._dois[item.doi.casefold()] = item.did
                if wanted in self._dois:
                    break
        if wanted not in self._dois:
            raise NotThere(
                f"No public open data of {self.instance.title} has the DOI {wanted}.",
                remedy="Check the DOI: it may be of another instance, a draft, or suspended.",
                details={"why": "unknown_doi"},
            )
        return self._dois[wanted]

    def download(
        self,
        did: str,
        folder: str | os.PathLike[str] | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        overwrite: bool = False,
        checksums: str | Iterable[str] = (),
    ) -> Downloaded:
        """Download an item, or a file of one; see `Lake.download`."""
        found: Downloaded = self.lake.download(
            self._public(did), folder,
            progress=progress, cancelled=cancelled, overwrite=overwrite, checksums=checksums,
        )  # fmt: skip
        return found

    def open(self, did: str) -> IO[bytes]:
        """Open a file of a public item as a stream."""
        from dlaas.opendata.stream import OpenFileSystem

        asked = self._public(did)
        return cast(
            "IO[bytes]", OpenFileSystem(self.lake.carrier).open(f"{asked.scope}/{asked.name}")
        )

    def did(self, did: str) -> SingleItemDID | MultipleItemDID:
        """Make a variable of a DID; see `dlaas.did`."""
        from dlaas.variables import did as variable

        return variable(self._public(did), lake=self.lake)

    def _named(self, text: str) -> DID:
        """Read a DID, a reference, or a DOI."""
        if is_doi(text):
            return self.resolve(text)
        if hasattr(text, "did") or isinstance(text, DID):
            return DID(text)
        reference = Reference.parse(text)
        if reference.instance not in (None, self.instance.name):
            raise InvalidInput(f"{text} is not of the instance {self.instance.name!r}.")
        return reference.did

    def _public(self, text: str) -> DID:
        """Read a DID or DOI; raises what `get` raises for what cannot be read."""
        did = self._named(text)
        try:
            item, _ = self.lake.open_client.known(did)
        except DataIdentifierNotFound:
            self._tell_why(did)
            raise
        if item.state != "public":
            raise self._not_open(did, item.state)
        return did

    def _tell_why(self, did: DID) -> None:
        """Raise why a DID is not public, where somebody is logged in who may be told."""
        if self._login is None:
            return
        state = "public"
        with suppress(DlaasError):
            row = self._login.client.get_opendata_did(scope=did.scope, name=did.name)
            state = item_from(row, self.instance.title).state
        if state != "public":
            raise self._not_open(did, state)

    def _not_open(self, did: DID, state: str) -> NotAvailable:
        return NotAvailable(
            f"{did} {_WHY[state]}.",
            remedy="Ask its owner, or log in to read it.",
            details={"why": state},
        )

    def _looked_at(self, items: Iterator[OpenItem], metadata: bool = True) -> Iterator[OpenItem]:
        """Ask for each of many items, some at a time; leave out what is not public any more."""

        def ask(item: OpenItem) -> OpenItem | None:
            with suppress(*_NOT_OPEN):
                row = self._service.item(item.did, metadata=metadata)
                return item_from(row, self.instance.title)
            return None

        with ThreadPoolExecutor(_AT_ONCE, "dlaas-opendata") as pool:
            while chunk := list(islice(items, 4 * _AT_ONCE)):
                yield from (found for found in pool.map(ask, chunk) if found is not None)


def _has_login(instance: Instance) -> bool:
    """Tell whether there is a login; who is logged in is not asked over the network."""
    from dlaas.handover import HandoverCredential

    try:
        found = credentials.for_instance(instance)
        if isinstance(found, (HandoverCredential, credentials.TokenFile)):
            found()
    except DlaasError:
        return False
    return True


def _checked(limit: int | None) -> int | None:
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise InvalidInput("The limit must be a whole number, at least 1.")
    return limit


def _is_named(did: DID, pattern: str) -> bool:
    return fnmatchcase(did if ":" in pattern else did.name, pattern)


def _as_written(word: str) -> str:
    """Bring a word into the form in which it is looked for: a DOI may be a link."""
    return doi_of(word) if is_doi(word) else word.casefold()


def _fits(item: OpenItem, words: Iterable[str]) -> bool:
    known = " ".join([item.did, item.doi or "", *_texts(item.metadata)]).casefold()
    return all(word in known for word in words)


def _texts(value: object) -> Iterator[str]:
    """Yield keys and values of metadata, however deep."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield str(key)
            yield from _texts(below)
    elif isinstance(value, (list, tuple)):
        for below in value:
            yield from _texts(below)
    elif value is not None:
        yield str(value)
