"""A file as it arrives: the bytes that were asked for, counted, and no others."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable

from dlaas.errors import Cancelled, StorageFailed
from dlaas.rucio.translate import from_network

# What a storage that stalls, or a kill, can lose.
CHUNK = 1 << 16


class Interrupted(StorageFailed):
    """The connection ended before all bytes had come; what came is kept."""


class Sink:
    """Takes the bytes of a file from `start` to its end, `size`, and hands them to `write`."""

    def __init__(
        self,
        rse: str,
        start: int,
        size: int,
        write: Callable[[memoryview], None],
        stopped: Callable[[], bool] | None = None,
    ) -> None:
        self.range = {"Range": f"bytes={start}-{size - 1}", "Accept-Encoding": "identity"}
        self._rse = rse
        self._at = start
        self._size = size
        self._write = write
        self._stopped = stopped

    def take(self, response: http.client.HTTPResponse) -> None:
        """Take in the body of an answer; raises `Interrupted`, `StorageFailed`, `Cancelled`."""
        buffer = memoryview(bytearray(min(CHUNK, self._size - self._at)))
        if response.status == 200:
            # A storage without ranges sends all of it.
            self._refuse_length(response.length)
            self._pass_over(response, buffer)
        else:
            self._refuse_range(response.headers.get("Content-Range", ""))
        while self._at < self._size:
            count = self._read(response, buffer[: self._size - self._at])
            self._write(buffer[:count])
            self._at += count

    def _pass_over(self, response: http.client.HTTPResponse, buffer: memoryview) -> None:
        left = self._at
        while left:
            left -= self._read(response, buffer[:left])

    def _read(self, response: http.client.HTTPResponse, buffer: memoryview) -> int:
        if self._stopped is not None and self._stopped():
            raise Cancelled("The download was cancelled.")
        try:
            count = response.readinto(buffer)
        except (OSError, http.client.HTTPException) as error:
            found = from_network(error, self._rse)
            raise Interrupted(found.message, blame=found.blame) from error
        if not count:
            raise Interrupted(
                f"{self._rse} ended the connection after {self._at} of {self._size} bytes."
            )
        return count

    def _refuse_length(self, length: int | None) -> None:
        if length not in (None, self._size):
            raise StorageFailed(
                f"{self._rse} has {length} bytes of it, the catalogue says {self._size}."
            )

    def _refuse_range(self, told: str) -> None:
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", told.strip())
        if found is None:
            # Nothing is told: the checksum will tell.
            return
        if found[3] != "*":
            self._refuse_length(int(found[3]))
        if int(found[1]) != self._at:
            raise StorageFailed(f"{self._rse} answered other bytes than were asked for.")
