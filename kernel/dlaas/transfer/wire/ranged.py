"""The answer to a GET of a range, taken straight from the connection.

`http.client` does the same for any answer; of a small file its parser costs more than the bytes.
"""

from __future__ import annotations

import http.client
import re
import select
import socket
import ssl
import time
from collections.abc import Mapping

_LONGEST_HEAD = 1 << 16
_STATUS = re.compile(r"HTTP/1\.([01]) (\d{3})(?: (.*))?")
_UNSAFE = re.compile(r"[\r\n\0]")
_END = b"\r\n\r\n"
# The most that TLS hands over at once.
_RECORD = 1 << 14
# So long, in seconds, bytes are kept from whoever reads them, at most.
_HELD = 0.2
# How much of an error page is worth reading to keep the connection.
_REST = 1 << 16


class Unlikely(Exception):
    """An answer that is right, and of a kind that only `http.client` can read."""


def request(path: str, origin: str, headers: Mapping[str, str]) -> bytes:
    """Write a GET; raises `ValueError` for what would be more than one line."""
    host = origin.rpartition("/")[2].rpartition("@")[2]
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if _UNSAFE.search("".join(lines)):
        raise ValueError("a line break in a header")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Ranged:
    """Head and body of one answer; raises `OSError` and `http.client.HTTPException`.

    `length` are the bytes of the body that are still to come.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._early = memoryview(b"")
        self._failure: OSError | None = None
        self._is_full = True
        head = self._head()
        while head.startswith((b"HTTP/1.1 1", b"HTTP/1.0 1")):
            head = self._head()
        lines = head.decode("latin-1").split("\r\n")
        found = _STATUS.fullmatch(lines[0])
        if found is None:
            raise http.client.BadStatusLine(lines[0][:100])
        self.status, self.reason = int(found[2]), found[3] or ""
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        told = self.headers.get("content-length", "")
        if "transfer-encoding" in self.headers or not told.isdecimal():
            raise Unlikely
        self.length = int(told)
        closes = self.headers.get("connection", "").lower() == "close"
        self.will_close = closes or found[1] == "0"

    def _head(self) -> bytes:
        held = bytearray(self._early)
        buffer = bytearray(1 << 14)
        while (end := held.find(_END)) < 0:
            count = self._connection.recv_into(buffer)
            if not count:
                raise http.client.RemoteDisconnected("nothing was answered")
            held += memoryview(buffer)[:count]
            if len(held) > _LONGEST_HEAD:
                raise http.client.LineTooLong("head")
        self._early = memoryview(held)[end + len(_END) :]
        return bytes(held[:end])

    def readinto(self, buffer: memoryview) -> int:
        """Read of the body what comes without a stop; 0 where it has ended."""
        wanted = min(len(buffer), self.length)
        count = min(wanted, len(self._early))
        if count:
            buffer[:count] = self._early[:count]
            self._early = self._early[count:]
        until = time.monotonic() + _HELD
        self._is_full = True
        while count < wanted and self._is_full:
            came = self._receive(buffer[count:wanted], count)
            count += came
            # A whole record of TLS: more of them are on their way.
            self._is_full = came == _RECORD and time.monotonic() < until
        self.length -= count
        return count

    def _receive(self, buffer: memoryview, held: int) -> int:
        """Read what comes next; what fails after something came fails at the next call."""
        if self._failure is not None:
            raise self._failure
        try:
            return self._connection.recv_into(buffer)
        except OSError as error:
            if not held:
                raise
            self._failure = error
            return 0

    def stalls(self, milliseconds: int = 50) -> bool:
        """Tell whether nothing more comes for some time."""
        if self._is_full or self._early or not self.length:
            return False
        if isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
            return False
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return not poll.poll(milliseconds)

    def pass_over(self) -> bool:
        """Read the rest of a short body; False where the connection cannot be kept."""
        buffer = memoryview(bytearray(min(_REST, self.length)))
        while 0 < self.length <= _REST and self.readinto(buffer):
            pass
        return self.length == 0 and not self.will_close
