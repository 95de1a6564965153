"""Copying one file from one https storage to another, as the robot, with everything verified."""

from __future__ import annotations

import http.client
import ssl
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from urllib.parse import urlsplit

from .layout import Layout

BLOCK = 1 << 20
TIMEOUT = 30.0
PART = ".fts-part"


class TransferFailed(Exception):
    """A transfer that did not arrive; the message is what the rule's owner reads."""


class Copier:
    """Copies through this process: neither storage needs to know third-party copy."""

    def __init__(self, layout: Layout) -> None:
        self.context = ssl.create_default_context(cafile=str(layout.ca))
        robot = str(layout.pki / "robot.pem")
        self.context.load_cert_chain(robot, robot)

    def copy(
        self,
        source: str,
        destination: str,
        size: int | None,
        checksum: str | None,
        canceled: Callable[[], bool],
    ) -> None:
        """Copy and verify; the destination appears only when its bytes are known to be right.

        `checksum` is FTS's `ADLER32:<8 hexadecimal digits>`. Raises TransferFailed.
        """
        part = destination + PART
        wanted = _wanted(checksum)
        try:
            self._stream(source, part, size, wanted, canceled)
            self._verify(part, size, wanted)
            self._request("MOVE", part, (201, 204), {"Destination": destination, "Overwrite": "T"})
        except Exception as error:
            with suppress(Exception):
                self._request("DELETE", part, (200, 204, 404))
            if isinstance(error, TransferFailed):
                raise
            raise TransferFailed(f"TRANSFER [{type(error).__name__}] {error}") from error

    def _stream(
        self,
        source: str,
        part: str,
        size: int | None,
        wanted: str | None,
        canceled: Callable[[], bool],
    ) -> None:
        with closing(self._connect(source)) as connection:
            connection.request("GET", _target(source))
            response = connection.getresponse()
            if response.status != 200:
                raise TransferFailed(f"SOURCE [{response.status}] {response.reason}: {source}")
            length = int(response.headers["Content-Length"])
            if size is not None and length != size:
                raise TransferFailed(f"SOURCE [size] {length} bytes, not {size}: {source}")
            body = _Body(response, length, canceled)
            headers = {"Content-Length": str(length)}
            self._request("PUT", part, (200, 201, 204), headers, iter(body))
        if body.left:
            raise TransferFailed(f"SOURCE [size] ended {body.left} bytes early: {source}")
        if wanted and f"{body.adler32:08x}" != wanted:
            raise TransferFailed(f"SOURCE [checksum] {body.adler32:08x}, not {wanted}: {source}")

    def _verify(self, part: str, size: int | None, wanted: str | None) -> None:
        headers = self._request("HEAD", part, (200,), {"Want-Digest": "adler32"})
        length = int(headers["Content-Length"])
        if size is not None and length != size:
            raise TransferFailed(f"DESTINATION [size] {length} bytes, not {size}")
        digest = (headers.get("Digest") or "").partition("=")[2].lower().zfill(8)
        if wanted and digest != wanted:
            raise TransferFailed(f"DESTINATION [checksum] {digest}, not {wanted}")

    def _request(
        self,
        method: str,
        url: str,
        accepted: tuple[int, ...],
        headers: dict[str, str] | None = None,
        body: Iterator[bytes] | None = None,
    ) -> http.client.HTTPMessage:
        with closing(self._connect(url)) as connection:
            connection.request(method, _target(url), body, headers or {})
            response = connection.getresponse()
            if response.status not in accepted:
                raise TransferFailed(
                    f"DESTINATION [{response.status}] {response.reason}: {method} {url}"
                )
            response.read()
            return response.headers

    def _connect(self, url: str) -> http.client.HTTPSConnection:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "davs") or not parts.hostname:
            raise TransferFailed(f"The mini-FTS copies over https alone: {url}")
        return http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=TIMEOUT, context=self.context
        )


class _Body:
    """The source's bytes on their way, summed; it ends early when the job is canceled."""

    def __init__(
        self, response: http.client.HTTPResponse, length: int, canceled: Callable[[], bool]
    ) -> None:
        self.response, self.left, self.canceled = response, length, canceled
        self.adler32 = 1

    def __iter__(self) -> Iterator[bytes]:
        while self.left and (block := self.response.read(min(BLOCK, self.left))):
            if self.canceled():
                raise TransferFailed("The transfer was canceled")
            self.adler32 = zlib.adler32(block, self.adler32)
            self.left -= len(block)
            yield block


def _wanted(checksum: str | None) -> str | None:
    kind, _, value = (checksum or "").partition(":")
    return value.lower().zfill(8) if kind.upper() == "ADLER32" and value else None


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
