"""Ranged reads over root:// by PyXRootD: vector reads, a login per URL, errors of our own.

Token and certificate reach XRootD as files of ours in a private folder, named in the URL: nothing
secret is in the environment, and two logins live side by side.
"""

from __future__ import annotations

import asyncio
import os
import queue
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlaas import errors
from dlaas.errors import DlaasError
from dlaas.reading.ranking import HTTPS_SCHEMES, ROOT_SCHEMES, behind_cache, host_of
from dlaas.reading.xrootd_keys import XRootDKeys, said, trust
from dlaas.rucio.translate import clean
from dlaas.transfer.wire.shown import explained

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue

# Left to itself XRootD tries a dead port for eight minutes.
_SETTINGS = {
    "ConnectionWindow": 10,
    "ConnectionRetry": 1,
    "StreamErrorWindow": 5,
    "RequestTimeout": 60,
    "StreamTimeout": 60,
    "TimeoutResolution": 1,
}
TIMEOUT = 60
# Were its own timeouts to fail, ours would not.
_GRACE = 15
_MOST_OPEN = 64
# What a server takes in one vector read: so many pieces, of so many bytes each and in all.
_PIECES = 1000
_PIECE = 2 * 1024 * 1024 - 16
_TOGETHER = 32 * 1024 * 1024

Piece = tuple[int, int]


class RootReader:
    """The files that are open over root://; lives on one event loop."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, asyncio.Task[Any]] = OrderedDict()

    async def close(self) -> None:
        """Close the files."""
        opened, self._open = self._open, OrderedDict()
        await asyncio.gather(*(_end(task) for task in opened.values()), return_exceptions=True)

    async def read(self, lake: Catalogue, rse: str, url: str, ranges: list[Piece]) -> list[bytes]:
        """Read ranges (start and end, none of them empty) of one file, together.

        Raises `StorageRefused`, `StorageFailed`, `Unreachable`, `TookTooLong`.
        """
        target = await asyncio.to_thread(address, lake, rse, url)
        where = f"{rse} (root://{host_of(url)})"
        try:
            file = await self._opened(target, where)
            batches = [batch async for batch in _fetch(file, ranges, where)]
        except DlaasError as error:
            # A connection that broke, a login that has ended: opened anew next time.
            self._open.pop(target, None)
            if isinstance(error, errors.StorageRefused):
                raise explained(error, await asyncio.to_thread(said, lake)) from error
            raise
        return _joined(ranges, dict(piece for batch in batches for piece in batch), rse)

    async def _opened(self, target: str, where: str) -> Any:
        task = self._open.get(target)
        if task is None:
            task = self._open[target] = asyncio.ensure_future(_open(target, where))
            while len(self._open) > _MOST_OPEN:
                _, oldest = self._open.popitem(last=False)
                # Whoever reads from it holds it; it closes when nobody does.
                oldest.add_done_callback(_retrieved)
        self._open.move_to_end(target)
        # Who gives up waiting must not end it for the others.
        return await asyncio.shield(task)


def chunks(
    lake: Catalogue, rse: str, url: str, start: int, end: int, size: int = 1 << 22
) -> Iterator[bytes]:
    """Read bytes `start` to `end` (exclusive) piece by piece; blocks, for a thread of a download.

    Raises what `RootReader.read` raises, also where less comes than was asked for.
    """
    where = f"{rse} (root://{host_of(url)})"
    file, target = _client().File(), address(lake, rse, url)
    try:
        _wait(lambda **options: file.open(target, **options), where)
        for at in range(start, end, size):
            wanted = min(size, end - at)
            data = _wait(lambda at=at, n=wanted, **options: file.read(at, n, **options), where)
            if len(data or b"") != wanted:
                raise errors.StorageFailed(f"{rse} answered {len(data or b'')} of {wanted} bytes.")
            yield bytes(data)
    except errors.StorageRefused as error:
        raise explained(error, said(lake)) from error
    finally:
        file.close(timeout=_GRACE)


def _wait(start: Callable[..., Any], where: str) -> Any:
    # By a callback as well: a request that blocks cannot be given up.
    done: queue.SimpleQueue[tuple[Any, Any]] = queue.SimpleQueue()
    begun = _begin(start, lambda status, answer: done.put((status, answer)))
    try:
        status, answer = done.get(timeout=TIMEOUT + _GRACE) if begun.ok else (begun, None)
    except queue.Empty:
        raise errors.TookTooLong(f"{where} did not answer in time.", blame="storage") from None
    if not status.ok:
        raise failed(status, where)
    return answer


def _retrieved(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()


async def _end(task: asyncio.Task[Any]) -> None:
    if task.done() and not task.cancelled() and task.exception() is None:
        await _call(task.result().close, "it")
    else:
        task.cancel()


async def _open(target: str, where: str) -> Any:
    file = _client().File()
    await _call(lambda **options: file.open(target, **options), where)
    return file


async def _fetch(file: Any, ranges: list[Piece], where: str) -> Any:
    """Yield what was read, as pairs of offset and bytes."""
    if len(ranges) == 1 and ranges[0][1] - ranges[0][0] > _PIECE:
        (start, end) = ranges[0]
        data = await _call(lambda **options: file.read(start, end - start, **options), where)
        yield [((start, end - start), bytes(data or b""))]
        return
    for chunks in batched(ranges):
        found = await _call(lambda c=chunks, **options: file.vector_read(c, **options), where)
        yield [((chunk.offset, chunk.length), bytes(chunk.buffer)) for chunk in found.chunks]


def batched(ranges: list[Piece]) -> list[list[Piece]]:
    """Cut ranges into the (offset, length) pieces of vector reads that a server takes.

    >>> batched([(0, 10), (50, 60)])
    [[(0, 10), (50, 10)]]
    """
    batches: list[list[Piece]] = [[]]
    held = 0
    for start, end in dict.fromkeys(ranges):
        for offset, length in _pieces(start, end):
            if len(batches[-1]) == _PIECES or (batches[-1] and held + length > _TOGETHER):
                batches.append([])
                held = 0
            batches[-1].append((offset, length))
            held += length
    return batches


def _pieces(start: int, end: int) -> list[Piece]:
    return [(at, min(_PIECE, end - at)) for at in range(start, end, _PIECE)]


def _joined(ranges: list[Piece], found: dict[Piece, bytes], rse: str) -> list[bytes]:
    joined = []
    for start, end in ranges:
        data = found.get((start, end - start))
        if data is None:
            data = b"".join(found.get(piece, b"") for piece in _pieces(start, end))
        if len(data) != end - start:
            raise errors.StorageFailed(f"{rse} answered {len(data)} of {end - start} bytes.")
        joined.append(data)
    return joined


async def _call(start: Callable[..., Any], where: str) -> Any:
    """Run a request of XRootD, which answers on a thread of its own; raises what it failed with."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(status: Any, answer: Any) -> None:
        if not future.done():
            future.set_result((status, answer))

    def answered(status: Any, answer: Any) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, status, answer)

    begun = _begin(start, answered)
    if not begun.ok:
        raise failed(begun, where)
    try:
        status, answer = await asyncio.wait_for(future, TIMEOUT + _GRACE)
    except asyncio.TimeoutError:
        raise errors.TookTooLong(f"{where} did not answer in time.", blame="storage") from None
    if not status.ok:
        raise failed(status, where)
    return answer


# The requests that XRootD has not answered yet.
_pending: set[object] = set()
_FORK_WAIT = 5.0


def _begin(start: Callable[..., Any], answered: Callable[[Any, Any], None]) -> Any:
    request = object()

    def called(status: Any, answer: Any, _hosts: Any) -> None:
        try:
            answered(status, answer)
        finally:
            _pending.discard(request)

    _pending.add(request)
    begun = start(timeout=TIMEOUT, callback=called)
    if not begun.ok:
        _pending.discard(request)
    return begun


def _settle() -> None:
    """Let XRootD's threads be done before a fork: it waits for them, and they would for Python."""
    end = time.monotonic() + _FORK_WAIT
    while _pending and time.monotonic() < end:
        time.sleep(0.01)
    # The last of them may still be on its way out of Python.
    time.sleep(0.05)


_REFUSED = {3010, 3030}
_MISSING = 3011
_FULL = 3009
_LOGIN = {203, 204}
_TIMES = {103, 206}
_NETWORK = {101, 102, 104, 107, 108}
_TLS = 110


def failed(status: Any, where: str) -> DlaasError:
    """Turn the status of an XRootD request into one of our errors, saying whose fault it is."""
    told = clean(re.sub(r"^\[\w+\]\s*", "", str(status.message)))
    details = {"errno": status.errno}
    if status.code in _LOGIN or status.errno in _REFUSED:
        return errors.StorageRefused(f"{where} does not accept your credential: {told}")
    if status.errno == _MISSING:
        remedy = "The catalogue lists a file that the storage does not have: tell its site."
        return errors.StorageFailed(f"{where} answered: {told}", remedy=remedy, details=details)
    if status.errno == _FULL:
        remedy = "It is full: use another RSE, or ask its site."
        return errors.StorageFailed(f"{where} answered: {told}", remedy=remedy, details=details)
    if status.code in _TIMES:
        return errors.TookTooLong(f"{where} did not answer in time.", blame="storage")
    if status.code == _TLS:
        return errors.Unreachable(f"No secure connection to {where} could be made: {told}")
    if status.code in _NETWORK:
        return errors.Unreachable(f"The connection to {where} failed: {told}")
    return errors.StorageFailed(f"{where} answered: {told}", details=details)


def _client() -> Any:
    # Its types are none.
    return import_module("XRootD.client")


_configured = False


def _configure() -> None:
    """Set what XRootD waits for, once; what somebody has set in the environment stays."""
    global _configured
    if not _configured:
        for name, value in _SETTINGS.items():
            _client().EnvPutInt(name, value)
        os.register_at_fork(before=_settle)
        _configured = True


def address(lake: Catalogue, rse: str, url: str) -> str:
    """Add to a PFN what names our credentials, where they may go. Blocks.

    They go to the hosts that the RSE's protocols name; the proxy also to a cache that the catalogue
    puts before one of these, for no secret is sent with it. Nothing goes anywhere else.
    """
    _configure()
    trust(lake.instance)
    origins = {
        _server(f"{p['scheme']}://{p['hostname']}:{p.get('port') or ''}")
        for p in lake.rse_info(rse).get("protocols") or []
        if p.get("scheme") in (*ROOT_SCHEMES, *HTTPS_SCHEMES)
    }
    keys = XRootDKeys.of(lake)
    cached = behind_cache(url)
    if _server(url) in origins:
        shown = keys.ours()
    elif cached and _server(cached[1]) in origins:
        shown = keys.cache()
    else:
        shown = keys.stranger()
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    joint = "&" if "?" in path else "?"
    return (
        f"{scheme}://{shown.user}@{authority.rpartition('@')[2]}{slash}{path}{joint}{shown.query}"
    )


def _server(url: str) -> tuple[bool, str]:
    """Answer what tells a server from others: that it speaks root, its host and its port."""
    root, host = url.partition(":")[0].lower() in ROOT_SCHEMES, host_of(url).rstrip(":")
    return root, host if ":" in host else f"{host}:{1094 if root else 443}"
