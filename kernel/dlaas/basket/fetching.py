"""Data that has an address of its own: over verified https, without any credential, and bounded."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dlaas.basket.archive import Archive, Asked, heeding
from dlaas.config import Instance
from dlaas.errors import (
    AlreadyThere,
    Cancelled,
    DlaasError,
    InvalidInput,
    StorageFailed,
    StorageRefused,
    TookTooLong,
    Unreachable,
)
from dlaas.model import DID
from dlaas.rucio.translate import from_network, origin
from dlaas.sizes import size_said
from dlaas.transfer.disk import free_on, full, local_error
from dlaas.transfer.disk.place import OURS, Place
from dlaas.transfer.wire.keys import Keys, trusting
from dlaas.transfer.wire.sink import CHUNK, Interrupted, Sink

LARGEST = 10 * 10**9
# Seconds, and then bytes per second: a trickle ends too.
_PATIENCE = 120.0
_SLOWEST = 20_000
_TRIES = 3
_PAUSE = 0.5
_LONGEST_NAME = 180
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
Progress = Callable[[int, int], None]


@dataclass
class Wanted:
    """What is fetched, whereto, and within what bounds."""

    url: str
    folder: Path
    largest: int = LARGEST
    overwrite: bool = False
    progress: Progress | None = None
    cancelled: Asked | None = None

    @property
    def did(self) -> DID:
        """What a file of this address is remembered by; the address itself may hold a ticket."""
        return DID(f"url:{hashlib.sha256(self.url.encode()).hexdigest()}")

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody wants it any more."""
        return self.cancelled is not None and self.cancelled()


def fetch(wanted: Wanted) -> tuple[str, int]:
    """Download an address into a folder, and answer the path and its bytes.

    A file that came from there earlier and has not changed is not fetched again; another of its
    name is never replaced, but with `overwrite`. Raises `InvalidInput`, `StorageRefused`,
    `StorageFailed`, `DiskFull`, `TookTooLong`, `Unreachable`, `Cancelled`.
    """
    url = as_https(wanted.url)
    context = trusting(Instance("archives", url))
    storage = Archive(origin(url), Keys(context, context, frozenset()))
    sink = _Arriving(wanted, Place(wanted.folder, shared=False))
    try:
        for attempt in range(1, _TRIES + 1):
            try:
                with heeding(storage, wanted.cancelled):
                    storage.get(url, sink)
                break
            except StorageFailed as error:
                again = error.details.get("status") in (429, 502, 503, 504)
                if attempt == _TRIES or not (again or isinstance(error, Interrupted)):
                    raise
                time.sleep(_PAUSE * 2**attempt)
    except DlaasError as error:
        if wanted.is_cancelled:
            raise Cancelled("The download was cancelled.") from None
        raise _spoken(error, url) from None
    finally:
        storage.close()
    return str(sink.path), sink.size


def as_https(url: str) -> str:
    """Answer the address by https; raises `InvalidInput` where there is no such.

    >>> as_https("http://archive.example/a.fits")
    'https://archive.example/a.fits'
    """
    try:
        parts = urlsplit(url.strip())
        port, host = parts.port, parts.hostname
    except ValueError:
        port, host, parts = None, None, urlsplit("")
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise InvalidInput("The item has no address that can be downloaded.")
    if parts.scheme == "http" and port not in (None, 80):
        raise InvalidInput(
            f"{origin(url)} is not https: anybody on the way could change the data.",
            remedy="Look for it at another archive, or download it in the browser.",
        )
    bare = f"[{host}]" if ":" in host else host
    netloc = bare if port in (None, 80) and parts.scheme == "http" else parts.netloc
    return parts._replace(scheme="https", netloc=netloc, fragment="").geturl()


def _spoken(error: DlaasError, url: str) -> DlaasError:
    """Say it of an archive, of which no catalogue of a lake knows."""
    status = error.details.get("status")
    where = origin(url)
    if isinstance(error, StorageRefused) and status:
        return StorageRefused(
            f"{where} answered {status}: it gives this data only to those whom it knows.",
            remedy="Log in there in the browser and download it; no login of yours was sent.",
            details=error.details,
        )
    if status in (404, 410):
        return StorageFailed(
            f"{where} answered {status}: the data is not there any more.",
            remedy="Search for it anew, and replace the item in the basket.",
            details=error.details,
        )
    if isinstance(error, Interrupted):
        return StorageFailed(error.message, remedy="Try again later.", blame=error.blame)
    if isinstance(error, Unreachable) and "rucio_ca_cert" in error.remedy:
        return Unreachable(error.message, remedy="Nothing was sent. Ask who runs the archive.")
    return error


class _Arriving(Sink):
    """Takes a body of unknown length into a file whose name the answer says."""

    def __init__(self, wanted: Wanted, place: Place) -> None:
        self.range = {"Accept-Encoding": "identity"}
        self._wanted = wanted
        self._place = place
        self.path = wanted.folder
        self.size = 0

    def take(self, response: http.client.HTTPResponse) -> None:
        """Take in the body of an answer; raises what is wrong with it, and keeps no part."""
        promised = response.length
        self._refuse(response, promised)
        name = safe_name(response.headers, self._wanted.url)
        try:
            self._place.make_folder(self._wanted.folder)
            self.path, here = self._choose(name)
            if here:
                self.size = self.path.stat().st_size
                return
            self._fill(response, promised)
        except OSError as error:
            if isinstance(error, DlaasError):
                raise
            raise local_error(error, self.path, promised or self.size) from error

    def _refuse(self, response: http.client.HTTPResponse, promised: int | None) -> None:
        if response.status != 200:
            raise StorageFailed("The archive answered a part of it, which nobody asked for.")
        if promised is not None and promised > self._wanted.largest:
            raise self._too_large(promised)
        kind = response.headers.get_content_type()
        ending = urlsplit(self._wanted.url).path.lower().rpartition(".")[2]
        if kind == "text/html" and ending not in ("html", "htm", "xhtml"):
            raise StorageFailed(
                f"{origin(self._wanted.url)} answered a web page, not data: it may want a login.",
                remedy="Open the item's link in the browser, and download what is behind it.",
            )

    def _too_large(self, size: int) -> InvalidInput:
        return InvalidInput(
            f"It has {size_said(size)} or more, and {size_said(self._wanted.largest)} are allowed.",
            remedy="Allow more (max_bytes, --max-size).",
        )

    def _choose(self, name: str) -> tuple[Path, bool]:
        """Choose a path, and tell whether what lies there came from this address."""
        stem, dot, ending = name.partition(".")
        marked = f"{stem}-{self._wanted.did.name[:8]}{dot}{ending}"
        for candidate in (name, marked):
            path = self._wanted.folder / candidate
            if not os.path.lexists(path) or self._wanted.overwrite:
                return path, False
            if self._place.is_verified(path, self._wanted.did, None, None):
                return path, True
        raise AlreadyThere(
            f"{path} is there already, and is not this item, or was changed.",
            remedy="Choose another folder, or overwrite it.",
        )

    def _fill(self, response: http.client.HTTPResponse, promised: int | None) -> None:
        free = free_on(self._wanted.folder)
        if free is not None and promised is not None and free < promised:
            raise full(self._wanted.folder, promised, free)
        part = self._wanted.folder / f"{OURS}-{uuid.uuid4().hex}.part"
        try:
            with part.open("xb") as file:
                self._copy(response, file.write, promised)
                file.flush()
                os.fsync(file.fileno())
            _name(part, self.path, self._wanted.overwrite)
        finally:
            with suppress(OSError):
                part.unlink()
        self._place.remember(self.path, self._wanted.did, None)

    def _copy(
        self,
        response: http.client.HTTPResponse,
        write: Callable[[bytes], int],
        promised: int | None,
    ) -> None:
        started = time.monotonic()
        self.size = 0
        while data := self._some(response):
            write(data)
            self.size += len(data)
            if self.size > self._wanted.largest:
                raise self._too_large(self.size)
            if time.monotonic() - started > _PATIENCE + self.size / _SLOWEST:
                raise TookTooLong(f"{origin(self._wanted.url)} sends too slowly.", blame="storage")
            if self._wanted.is_cancelled:
                raise Cancelled("The download was cancelled.")
            if self._wanted.progress is not None:
                self._wanted.progress(self.size, max(promised or 0, self.size))
        if promised is not None and self.size != promised:
            raise Interrupted(
                f"{origin(self._wanted.url)} ended after {self.size} of {promised} bytes."
            )

    def _some(self, response: http.client.HTTPResponse) -> bytes:
        try:
            # What has come, however little: a full buffer of a trickle may take for ever.
            return response.read1(CHUNK)
        except (OSError, http.client.HTTPException) as error:
            found = from_network(error, origin(self._wanted.url))
            raise Interrupted(found.message, blame=found.blame) from error


def _name(part: Path, path: Path, overwrite: bool) -> None:
    """Give a file its name; what has come to lie there meanwhile is never replaced unasked."""
    if overwrite:
        os.replace(part, path)
        return
    try:
        os.link(part, path)
    except FileExistsError:
        raise AlreadyThere(f"{path} is there already.") from None
    except OSError as error:
        if error.errno not in _NO_LINKS or os.path.lexists(path):
            raise
        os.rename(part, path)


def safe_name(headers: Message, url: str) -> str:
    """Answer a name for a file: what the answer says, else the end of its address, made harmless.

    >>> safe_name(Message(), "https://a.example/x/..%2f..%2F.bashrc?sig=1")
    'bashrc'
    """
    told = headers.get_filename() or unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    last = re.split(r"[/\\]", told)[-1]
    name = re.sub(r"[^A-Za-z0-9_.+@=-]+", "_", last).lstrip(".-_")
    if len(name) > _LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        name = f"{(stem or name)[: _LONGEST_NAME - 20]}{dot}{ending[:19]}"
    return name or "data"
