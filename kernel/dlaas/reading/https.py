"""Ranged reads over https: closed ranges, close ones merged, counted bytes."""

from __future__ import annotations

import asyncio
import os
import urllib.request
import weakref
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from dlaas import errors
from dlaas.errors import DlaasError
from dlaas.reading import readahead
from dlaas.rucio.translate import from_network, origin
from dlaas.transfer.wire.keys import KeyRing, Keys, encoded
from dlaas.transfer.wire.shown import explained
from dlaas.transfer.wire.storage import failed

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue

CONNECT_TIMEOUT = 10.0
# Between two pieces of an answer, and for the whole of it at the slowest speed that is waited for.
READ_TIMEOUT = 60.0
SLOWEST = 20_000
_REQUEST = 8 * 1024 * 1024
_AT_ONCE = 16
_REDIRECTS = 5
_TRIES = 3
_BUSY = (429, 502, 503, 504)


def timeout(size: int) -> aiohttp.ClientTimeout:
    """Answer how long a read of `size` bytes may take, so that a trickle ends too."""
    return aiohttp.ClientTimeout(
        total=CONNECT_TIMEOUT + READ_TIMEOUT + size / SLOWEST,
        sock_connect=CONNECT_TIMEOUT,
        sock_read=READ_TIMEOUT,
    )


class _Connector(aiohttp.TCPConnector):
    """Connections that a process that was forked off does not close: their loop would go deaf."""

    def __init__(self) -> None:
        super().__init__(limit=0, limit_per_host=_AT_ONCE)
        self._owner = os.getpid()

    def __del__(self, *args: Any, **options: Any) -> None:
        if os.getpid() == self._owner:
            super().__del__(*args, **options)


class HttpsReader:
    """The https requests of one filesystem; lives on one event loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._rings: weakref.WeakKeyDictionary[Catalogue, KeyRing] = weakref.WeakKeyDictionary()
        self._slots: asyncio.Semaphore | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def abandon(self) -> None:
        """Leave the connections to the process that this one was forked off from."""
        if self._session is not None:
            self._session.detach()
            self._session = None

    async def read(
        self,
        lake: Catalogue,
        rse: str,
        url: str,
        ranges: list[tuple[int, int]],
        gap: int,
        size: int,
    ) -> list[bytes | DlaasError]:
        """Read ranges (start and end, none empty) of a file of `size` bytes, all at once.

        Answers an error in the place of each range that could not be read.
        """
        keys = await self._keys(lake, rse)
        results: list[Any] = [None] * len(ranges)

        async def fetch(start: int, end: int, served: list[int]) -> None:
            try:
                data = await self._part(rse, url, keys, start, end, size)
            except DlaasError as error:
                for index in served:
                    results[index] = error
                return
            for index in served:
                first, last = ranges[index]
                results[index] = data[first - start : last - start]

        await asyncio.gather(
            *(fetch(*request) for request in readahead.merge(ranges, gap, _REQUEST))
        )
        return results

    async def _keys(self, lake: Catalogue, rse: str) -> Keys:
        ring = self._rings.get(lake)
        if ring is None:
            # A ring that held its lake would keep it in this dictionary for ever.
            ring = self._rings[lake] = KeyRing(weakref.proxy(lake))
        # Blocks: the login may have to be renewed.
        return await asyncio.to_thread(ring.for_rse, rse)

    async def _part(self, rse: str, url: str, keys: Keys, start: int, end: int, size: int) -> bytes:
        if self._slots is None:
            self._slots = asyncio.Semaphore(_AT_ONCE)
        async with self._slots:
            for attempt in range(1, _TRIES + 1):
                status, reason, body = await self._get(rse, url, keys, start, end, size)
                if status not in _BUSY or attempt == _TRIES:
                    break
                await asyncio.sleep(0.3 * 2**attempt)
        if status not in (200, 206):
            raise explained(failed(rse, status, reason, url, "read"), keys.said(url))
        if len(body) != end - start:
            raise errors.StorageFailed(f"{rse} answered {len(body)} of {end - start} bytes.")
        return body

    async def _get(
        self, rse: str, url: str, keys: Keys, start: int, end: int, size: int
    ) -> tuple[int, str, bytes]:
        session = self._session = self._session or aiohttp.ClientSession(
            connector=_Connector(),
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
                    timeout=timeout(end - start),
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
