"""A storage over https: verified TLS, timeouts, and errors that name the storage."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from dlaas import errors
from dlaas.rucio.translate import from_network, origin
from dlaas.transfer.disk.checksums import Checksums
from dlaas.transfer.wire.answers import Answer, digest
from dlaas.transfer.wire.answers import failed as failed
from dlaas.transfer.wire.body import Body, Progress
from dlaas.transfer.wire.keys import Keys, address, encoded
from dlaas.transfer.wire.ranged import Ranged, Unlikely, request
from dlaas.transfer.wire.route import asked, authority_of, connection_to, proxy_for, split
from dlaas.transfer.wire.shown import explained
from dlaas.transfer.wire.sink import Sink

# Between two chunks, and until a storage has written what it got.
READ_TIMEOUT = 120.0
_REDIRECTS = 5
_BUSY = (429, 502, 503, 504)
_TRIES = 3
_BYTES = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True)
class Stat:
    """What a storage says of a file; `adler32` None where it does not offer it."""

    bytes: int | None
    adler32: str | None


class Storage:
    """The https door of one RSE: one request at a time, on one connection."""

    def __init__(self, rse: str, keys: Keys) -> None:
        self.rse = rse
        self._keys = keys
        self._open: tuple[tuple[str, int], http.client.HTTPConnection] | None = None
        # http.client forgets it once it knows that the storage will hang up.
        self._socket: socket.socket | None = None
        # Seconds until it began to answer, the shortest time.
        self.latency: float | None = None
        self._is_plain = True  # Until it answers in a way that only http.client can read.
        # What is sent to the origin that was asked last, and its address.
        self._told: tuple[str, dict[str, str], tuple[str, int]] | None = None

    def close(self) -> None:
        """Close the connection."""
        if self._open is not None:
            self._open[1].close()
            self._open = self._socket = None

    def stat(self, url: str) -> Stat | None:
        """Answer size and checksum of a file; None where there is none."""
        answer = self._request("HEAD", url, {"Want-Digest": "adler32"})
        if answer.status == 404:
            return None
        self._check(answer, "look at")
        length = answer.headers.get("content-length")
        return Stat(int(length) if length else None, digest(answer.headers.get("digest", "")))

    def put(
        self,
        url: str,
        path: Path,
        size: int,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Checksums:
        """Stream a file of `size` bytes to `url`, computing its checksums as it goes.

        Raises `Cancelled` within a chunk, `InvalidInput` when the file changes meanwhile. The
        connection is cut then, so that the storage does not take the part for the whole. Where all
        was sent and the answer got lost, it is for the caller to look at what is there.
        """
        body = Body(path, size, progress, cancelled)
        for attempt in range(1, _TRIES + 1):
            try:
                answer = self._request("PUT", url, _BYTES, body)
            except (errors.Unreachable, errors.TookTooLong):
                if body.sums.bytes < size or not self._has(url, size):
                    raise
                return body.sums
            if answer.status not in _BUSY or attempt == _TRIES:
                break
            time.sleep(0.5 * 2**attempt)
        self._check(answer, "write to")
        return body.sums

    def _has(self, url: str, size: int) -> bool:
        """Give the storage some time to write what it got."""
        for attempt in range(_TRIES):
            time.sleep(0.5 * attempt)
            found = self.stat(url)
            if found is not None and found.bytes == size:
                return True
        return False

    def move(self, url: str, target: str) -> bool:
        """Rename a file on the storage; False where the storage cannot.

        Raises `AlreadyThere` rather than replace what lies at the target.
        """
        answer = self._request("MOVE", url, {"Destination": encoded(target), "Overwrite": "F"})
        if answer.status == 412:
            raise errors.AlreadyThere(f"{self.rse} has a file of that name already.")
        if answer.status in (400, 403, 405, 409, 415, 500, 501, 502):
            return False
        self._check(answer, "rename on")
        return True

    def delete(self, url: str) -> bool:
        """Delete a file; False where the storage does not let us, True where there was none."""
        try:
            answer = self._request("DELETE", url)
        except errors.DlaasError:
            return False
        return answer.status // 100 == 2 or answer.status == 404

    def _check(self, answer: Answer, act: str) -> None:
        if answer.status // 100 != 2:
            error = failed(self.rse, answer.status, answer.reason, answer.url, act)
            raise explained(error, self._keys.said(answer.url))

    def get(self, url: str, sink: Sink) -> None:
        """Hand the bytes of a file to `sink`; raises its errors, and those of the storage."""
        answer = self._request("GET", url, sink.range, sink)
        if answer.status not in (200, 206):
            error = failed(self.rse, answer.status, answer.reason, answer.url, "read from")
            error = explained(error, self._keys.said(answer.url))
            wait = answer.headers.get("retry-after", "")
            if wait.isdecimal():
                error.details["retry_after"] = int(wait)
            raise error

    def use(self, keys: Keys) -> None:
        """Show these keys from now on: a token is renewed while connections are kept."""
        if keys is not self._keys:
            self._keys, self._told = keys, None

    def authority(self, url: str) -> str | None:
        """Answer who vouched for the host of `url`, where it is connected with that very host."""
        where = address(url)
        if self._open is None or self._open[0] != where or proxy_for(where[0]) is not None:
            return None
        return authority_of(self._socket)

    def abort(self) -> None:
        """End what another thread waits for."""
        found = self._socket
        if found is not None:
            with suppress(OSError):
                # Below the TLS, whose state belongs to the thread that waits.
                socket.socket.shutdown(found, socket.SHUT_RDWR)

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: Body | Sink | None = None,
    ) -> Answer:
        target = asked(url)
        for _ in range(_REDIRECTS + 1):
            answer = self._once(method, target, headers or {}, body)
            location = answer.headers.get("location")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                return answer
            target = urljoin(target, location)
            if urlsplit(target).scheme != "https":
                raise errors.StorageFailed(
                    f"{self.rse} sends on to {origin(target)}, which is not https:"
                    " nothing was sent there."
                )
        raise errors.StorageFailed(f"{self.rse} sends from one address to the next.")

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | Sink | None
    ) -> Answer:
        fresh = self._open is None
        try:
            return self._exchange(method, url, headers, body)
        except errors.DlaasError:
            # Some of ours are OSErrors too.
            raise
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if fresh or not isinstance(error, ConnectionError):
                raise self._lost(error, url) from error
        # The storage closed a connection that we had kept: that is no failure yet.
        return self._once(method, url, headers, body)

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | Sink | None
    ) -> Answer:
        base, path = split(url)
        told, wanted = self._told_to(base)
        connection = self._connect(wanted, base)
        sent = {**headers, **told}
        if self._is_plain and isinstance(body, Sink) and "Range" in headers:
            try:
                return self._take_range(connection.sock, url, request(path, base, sent), body)
            except Unlikely:
                self._is_plain = False
                self.close()
                return self._exchange(method, url, headers, body)
        connection.putrequest(method, path, skip_accept_encoding=True)
        if isinstance(body, Body):
            sent["Content-Length"] = str(body.size)
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders()
        if isinstance(body, Body):
            self._send_body(connection, body)
        response = connection.getresponse()
        if isinstance(body, Sink) and response.status in (200, 206):
            self._take_body(response, body)
        else:
            # At most so much of an error page is worth reading to keep the connection.
            rest = response.read(1 << 16)
            if response.will_close or len(rest) == 1 << 16:
                self.close()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, response.reason, found, url)

    def _take_range(self, connection: socket.socket, url: str, asking: bytes, sink: Sink) -> Answer:
        began = time.monotonic()
        connection.sendall(asking)
        response = Ranged(connection)
        self._note(time.monotonic() - began)
        if response.status in (200, 206):
            self._take_body(response, sink)
        elif not response.pass_over():
            self.close()
        return Answer(response.status, response.reason, response.headers, url)

    def _send_body(self, connection: http.client.HTTPConnection, body: Body) -> None:
        try:
            for chunk in body:
                connection.send(chunk)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            # The storage has answered, and hung up, before it had all: its answer says why.
            return
        except BaseException:
            # A part must not become a file.
            self.close()
            raise

    def _take_body(self, response: http.client.HTTPResponse | Ranged, sink: Sink) -> None:
        try:
            sink.take(response)
        except BaseException:
            self.close()
            raise
        if response.will_close or response.length != 0:
            # What nobody asked for is not awaited.
            self.close()

    def _told_to(self, base: str) -> tuple[dict[str, str], tuple[str, int]]:
        """Answer what an origin is told of us, which is the same for all its files; its address."""
        if self._told is None or self._told[0] != base:
            told = {**self._keys.headers(base), "User-Agent": "jupyter-dlaas"}
            self._told = (base, told, address(base))
        return self._told[1:]

    def _connect(self, wanted: tuple[str, int], base: str) -> http.client.HTTPConnection:
        if self._open is not None and self._open[0] == wanted and self._open[1].sock is not None:
            return self._open[1]
        self.close()
        connection = connection_to(wanted, self._keys.context(base))
        began = time.monotonic()
        connection.connect()
        self._note(time.monotonic() - began)
        connection.sock.settimeout(READ_TIMEOUT)
        self._socket = connection.sock
        self._open = (wanted, connection)
        return connection

    def _note(self, seconds: float) -> None:
        self.latency = min(seconds, self.latency or seconds)

    def _lost(self, error: Exception, url: str) -> errors.DlaasError:
        found = from_network(error, f"{self.rse} ({origin(url)})")
        if isinstance(found, errors.TookTooLong):
            found.blame = "storage"
        return found
