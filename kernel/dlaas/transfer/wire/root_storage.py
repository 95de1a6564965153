"""A storage over root://, written to by PyXRootD as one over https is: checked, named, verified."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaas import errors
from dlaas.reading import xrootd
from dlaas.reading.ranking import host_of
from dlaas.reading.xrootd_keys import said
from dlaas.transfer.disk.checksums import Checksums
from dlaas.transfer.wire.body import Body, Progress
from dlaas.transfer.wire.shown import explained
from dlaas.transfer.wire.storage import Stat

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue

_MISSING = 3011
# A server computes few checksums at a time, and lets all others wait for half a minute.
_one_sum = threading.Lock()
# Many round trips for one chunk of a body would make a far storage slow.
_PIECE = 8 << 20


class RootStorage:
    """The root door of one RSE, as `Storage` is its https door; raises the same errors."""

    def __init__(self, lake: Catalogue, rse: str) -> None:
        self.rse = rse
        self._lake = lake

    def close(self) -> None:
        """Nothing is held: XRootD shares its connections and ends them itself."""

    def abort(self) -> None:
        """Nothing can be ended from here: what XRootD waits for ends by its own timeouts."""

    def stat(self, url: str) -> Stat | None:
        """Answer size and checksum of a file; None where there is none."""
        try:
            found = self._ask(url, "stat")
        except errors.StorageFailed as error:
            if _is_missing(error):
                return None
            raise
        return Stat(int(found.size), self._adler32(url))

    def _adler32(self, url: str) -> str | None:
        from XRootD.client.flags import QueryCode

        try:
            with _one_sum:
                told = bytes(self._ask(url, "query", QueryCode.CHECKSUM))
        except errors.StorageFailed:
            # It computes none, or is busy: the size has to do.
            return None
        kind, _, text = told.rstrip(b"\0 \n").decode("ascii", "replace").partition(" ")
        return text.lower().zfill(8) if kind == "adler32" else None

    def put(
        self,
        url: str,
        path: Path,
        size: int,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Checksums:
        """Stream a file of `size` bytes to `url`, computing its checksums as it goes."""
        from XRootD.client.flags import OpenFlags

        body = Body(path, size, progress, cancelled)
        # XRootD goes on telling the checksum of what it overwrote for a second: a file that is
        # there is removed. Persisted on close alone, a part never becomes a file.
        self.delete(url)
        flags = OpenFlags.NEW | OpenFlags.MAKEPATH | OpenFlags.POSC
        target, where = xrootd.address(self._lake, self.rse, url), self._where(url)
        file = xrootd._client().File()
        self._wait(partial(file.open, target, flags), where)
        try:
            self._write(file, body, where)
        except BaseException:
            with suppress(errors.DlaasError):
                self._end(file, where)
            # Closed it is a file, and it is a part.
            self.delete(url)
            raise
        self._end(file, where)
        return body.sums

    def _write(self, file: Any, body: Body, where: str) -> None:
        at = 0
        for piece in _pieces(body):
            self._wait(partial(file.write, piece, at, len(piece)), where)
            at += len(piece)

    def _end(self, file: Any, where: str) -> None:
        self._wait(file.close, where)

    def move(self, url: str, target: str) -> bool:
        """Rename a file on the storage, which replaces what lies at the target."""
        self._ask(url, "mv", self._path(target))
        return True

    def delete(self, url: str) -> bool:
        """Delete a file; False where the storage does not let us, True where there was none."""
        try:
            self._ask(url, "rm")
        except errors.DlaasError as error:
            return _is_missing(error)
        return True

    def _ask(self, url: str, act: str, *told: Any) -> Any:
        files = xrootd._client().FileSystem(xrootd.address(self._lake, self.rse, url))
        path = self._path(url)
        # A query names what it asks for before the path, a rename the new path after it.
        given = (*told, path) if act == "query" else (path, *told)
        return self._wait(partial(getattr(files, act), *given), self._where(url))

    def _wait(self, start: Callable[..., Any], where: str) -> Any:
        try:
            return xrootd._wait(start, where)
        except errors.StorageRefused as error:
            raise explained(error, said(self._lake)) from error

    def _path(self, url: str) -> str:
        target = xrootd.address(self._lake, self.rse, url)
        return str(xrootd._client().URL(target).path_with_params)

    def _where(self, url: str) -> str:
        return f"{self.rse} (root://{host_of(url)})"


def _pieces(body: Body) -> Iterator[bytes]:
    held = bytearray()
    for chunk in body:
        held += chunk
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _is_missing(error: errors.DlaasError) -> bool:
    return error.details.get("errno") == _MISSING
