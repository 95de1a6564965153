"""Ranged reads over https: closed ranges, counted bytes, the next copy when one fails."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from dlaas import access, errors
from dlaas.errors import DlaasError
from dlaas.model import DID, Reference
from dlaas.transfer.keys import KeyRing, Keys, encoded
from dlaas.transfer.storage import failed
from dlaas.translate import from_network, origin

if TYPE_CHECKING:
    from dlaas.lake import Lake

TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
_AT_ONCE = 16
_REDIRECTS = 5
_TRIES = 3
_BUSY = (429, 502, 503, 504)
# What is known of a file is asked again after so many seconds: a rule may have brought it nearer,
# or ended.
_REMEMBER = 60.0


@dataclass
class Source:
    """Where a file is read from: a local path, else copies, the preferred first."""

    lake: Lake
    did: DID
    size: int
    adler32: str | None
    path: str | None
    copies: list[tuple[str, str]] = field(default_factory=list)
    asked_at: float = field(default_factory=time.monotonic)

    @property
    def current(self) -> bool:
        """Tell whether it may be used without asking again."""
        return time.monotonic() - self.asked_at < _REMEMBER


def locate(lake: Lake, reference: Reference) -> Source:
    """Find where a file can be read from; raises `NotAvailable`, which says why. Blocks."""
    did = reference.did
    row = lake._did(did)
    if str(row["type"]).upper() != "FILE":
        raise errors.InvalidInput(
            f"{did} is a {str(row['type']).lower()}, not a file.", remedy="Open one of its files."
        )
    size = int(row.get("bytes") or 0)
    path = access.local_path(lake, did, size)
    source = Source(lake, did, size, row.get("adler32"), path)
    if path is None:
        source.copies = access.https_replicas(lake, did)
        if not source.copies:
            raise access.not_available(lake, did)
    return source


class Reader:
    """The https requests of one filesystem; lives on one event loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._rings: dict[int, KeyRing] = {}
        self._slots: asyncio.Semaphore | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def read(self, source: Source, start: int, end: int) -> bytes:
        """Read bytes `start` to `end` (exclusive) from the first copy that gives them."""
        if start >= end:
            return b""
        if self._slots is None:
            self._slots = asyncio.Semaphore(_AT_ONCE)
        problems: list[DlaasError] = []
        for copy in list(source.copies):
            try:
                async with self._slots:
                    return await self._from_copy(source, copy, start, end)
            except (errors.ConfigurationError, errors.CannotAuthenticate):
                raise
            except DlaasError as error:
                problems.append(error)
                # The next read begins with a copy that works.
                source.copies = [*(c for c in source.copies if c != copy), copy]
        raise problems[0]

    async def _from_copy(
        self, source: Source, copy: tuple[str, str], start: int, end: int
    ) -> bytes:
        rse, url = copy
        ring = self._rings.setdefault(id(source.lake), KeyRing(source.lake))
        # Blocks: the login may have to be renewed.
        keys = await asyncio.to_thread(ring.for_rse, rse)
        for attempt in range(1, _TRIES + 1):
            status, reason, body = await self._get(rse, url, keys, start, end, source.size)
            if status not in _BUSY or attempt == _TRIES:
                break
            await asyncio.sleep(0.3 * 2**attempt)
        if status not in (200, 206):
            raise failed(rse, status, reason, url, "read")
        if len(body) != end - start:
            raise errors.StorageFailed(f"{rse} answered {len(body)} of {end - start} bytes.")
        return body

    async def _get(
        self, rse: str, url: str, keys: Keys, start: int, end: int, size: int
    ) -> tuple[int, str, bytes]:
        session = self._session = self._session or aiohttp.ClientSession(
            timeout=TIMEOUT,
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=_AT_ONCE),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        target = encoded(url)
        for _ in range(_REDIRECTS + 1):
            headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
            options: dict[str, Any] = {"ssl": keys.context(target), "proxy": _proxy(target)}
            try:
                async with session.get(
                    # As it is: a signature is over these very characters.
                    URL(target, encoded=True),
                    headers={**headers, **keys.headers(target)},
                    allow_redirects=False,
                    **options,
                ) as answer:
                    location = answer.headers.get("Location")
                    if answer.status not in (301, 302, 303, 307, 308) or not location:
                        body = await _body(answer, start, end, size)
                        return answer.status, answer.reason or "", body
                    target = encoded(urljoin(target, location))
            except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
                raise from_network(error, f"{rse} ({origin(target)})") from error
            if urlsplit(target).scheme != "https":
                raise errors.StorageFailed(
                    f"{rse} sends on to {origin(target)}, which is not https."
                )
        raise errors.StorageFailed(f"{rse} sends from one address to the next.")


async def _body(answer: aiohttp.ClientResponse, start: int, end: int, size: int) -> bytes:
    """Read what was asked for and no more: neither a lying storage nor one without ranges, which
    answers the whole file, must fill the memory.
    """
    whole = answer.status == 200
    another = whole and answer.content_length not in (None, size)
    if answer.status not in (200, 206) or another:
        return b""
    skipped = start if whole else 0
    wanted = end - start
    body = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 18):
        body += chunk[skipped:]
        skipped = max(0, skipped - len(chunk))
        if len(body) > wanted or (whole and len(body) >= wanted):
            break
    return bytes(body[:wanted] if whole else body)


def _proxy(url: str) -> str | None:
    host = urlsplit(url).hostname or ""
    proxy = urllib.request.getproxies().get("https")
    return None if not proxy or urllib.request.proxy_bypass(host) else proxy
