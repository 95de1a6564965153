"""A file as it arrives: the bytes that were asked for, counted, and no others."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable
from typing import Any

from dlaas.errors import Cancelled, StorageFailed
from dlaas.rucio.translate import from_network
from dlaas.transfer.wire.ranged import Ranged

# What a kill can lose, and what is read, summed up and written together.
CHUNK = 1 << 18
# However little has come: so long, in seconds, it is kept from the file at most.
_HELD = 0.2


class Interrupted(StorageFailed):
    """The connection ended before all bytes had come; what came is kept."""


class Whole(StorageFailed):
    """The storage sends all of a file where a part was asked for: once is enough."""


class Sink:
    """Takes the bytes of a file from `start` to `end`, and hands them to `write`.

    The file has `size` bytes; unless told otherwise they are its end.
    """

    def __init__(
        self,
        rse: str,
        start: int,
        size: int,
        write: Callable[[memoryview], None],
        stopped: Callable[[], bool] | None = None,
        end: int | None = None,
    ) -> None:
        self._end = size if end is None else end
        self.range = {"Range": f"bytes={start}-{self._end - 1}", "Accept-Encoding": "identity"}
        self._rse = rse
        self._at = start
        self._size = size
        self._write = write
        self._stopped = stopped

    def take(self, response: Any) -> None:
        """Take in the body of an answer; raises `Interrupted`, `StorageFailed`, `Cancelled`."""
        buffer = memoryview(bytearray(min(CHUNK, self._end - self._at)))
        if response.status == 200:
            # A storage without ranges sends all of it.
            self._refuse_length(response.length)
            if self._end < self._size:
                raise Whole(f"{self._rse} knows no ranges.")
            self._pass_over(response, buffer)
        else:
            told = response.headers
            self._refuse_range(told.get("content-range") or told.get("Content-Range") or "")
        while self._at < self._end:
            self._gather(response, buffer[: self._end - self._at])

    def _pass_over(self, response: Any, buffer: memoryview) -> None:
        left = self._at
        while left:
            left -= self._read(response, buffer[:left], 0)

    def _gather(self, response: Any, buffer: memoryview) -> None:
        """Write what comes, much of it together; what came before an error is kept."""
        held, until = 0, time.monotonic() + _HELD
        try:
            while held < len(buffer):
                held += self._read(response, buffer[held:], held)
                if time.monotonic() > until or _stalls(response):
                    break
        finally:
            if held:
                self._write(buffer[:held])
                self._at += held

    def _read(self, response: Any, buffer: memoryview, held: int) -> int:
        if self._stopped is not None and self._stopped():
            raise Cancelled("The download was cancelled.")
        try:
            count: int = response.readinto(buffer)
        except (OSError, http.client.HTTPException) as error:
            found = from_network(error, self._rse)
            raise Interrupted(found.message, blame=found.blame) from error
        if not count:
            raise Interrupted(
                f"{self._rse} ended the connection after {self._at + held} of {self._size} bytes."
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


def _stalls(response: Any) -> bool:
    return not isinstance(response, Ranged) or response.stalls()
