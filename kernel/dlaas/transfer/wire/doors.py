"""Connections to the storages of one download."""

from __future__ import annotations

import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dlaas import errors
from dlaas.errors import DlaasError
from dlaas.reading.ranking import host_of
from dlaas.reading.troubles import troubles_of
from dlaas.transfer.wire import curl
from dlaas.transfer.wire.curl import Line, Way
from dlaas.transfer.wire.keys import KeyRing, Keys
from dlaas.transfer.wire.route import asked, split
from dlaas.transfer.wire.storage import Storage

if TYPE_CHECKING:
    from dlaas.lake import Lake

PER_HOST = 32
# So old, in seconds, may a token be: files of a kibibyte come by the thousand in that time.
_FRESH = 0.3
# RSE and URL; of a local copy the URL is its path.
Copy = tuple[str, str]


class Doors:
    """Connections to the storages: kept for the next file, so many at most to each host."""

    def __init__(self, lake: Lake, stopped: threading.Event) -> None:
        self.lake = lake
        self.stopped = stopped
        # Told when it is known how far a host is.
        self.heard: Callable[[], None] = lambda: None
        # TLS contexts take long to make: a bundle of all the world's authorities is read for each.
        self._ring = lake._remember("key ring", lambda: KeyRing(weakref.proxy(lake)))
        self._guard = threading.Condition(threading.Lock())
        self._renewing = threading.Lock()
        self._at: Counter[str] = Counter()
        self._idle: dict[tuple[str, str], list[Storage]] = {}
        self._busy: set[Storage] = set()
        self._known: dict[str, tuple[float, Keys]] = {}
        self._latencies: dict[str, float] = {}
        self._lines: list[Line[Any]] = []
        self._authorities: dict[str, str | None] = {}
        self._troubles = troubles_of(lake)

    def latency(self, url: str | None = None) -> float | None:
        """Answer the seconds until a host begins to answer, or the nearest; None not known yet."""
        if url is not None:
            return self._latencies.get(host_of(url))
        return min(list(self._latencies.values()), default=None)

    def authority(self, host: str) -> str | None:
        """Answer who vouched for a host that has answered by itself, and plainly, in PEM."""
        return self._authorities.get(host)

    def note_odd(self, host: str) -> None:
        """Remember a host that does not answer plainly: each file would be asked for twice."""
        self._authorities[host] = None

    def way(self, rse: str, url: str) -> Way | None:
        """Answer how libcurl asks for a file; None where it is not for libcurl."""
        host = host_of(url)
        authority = self.authority(host) if curl.IS_HERE else None
        if authority is None or not url.startswith("https://"):
            return None
        target = asked(url)
        base = split(target)[0]
        # libcurl would log in with a name that is part of an address.
        return None if "@" in base else Way(host, base, target, self.keys(rse), authority)

    @contextmanager
    def line(self) -> Iterator[Line[Any]]:
        """Lend a line; what is still on its way at the end is given up."""
        try:
            found = self._lines.pop()
        except IndexError:
            found = Line[Any]()
        try:
            yield found
        except BaseException:
            found.close()
            raise
        self._lines.append(found)
        if self.stopped.is_set():
            self._close_lines()

    def _close_lines(self) -> None:
        with suppress(IndexError):
            while True:
                self._lines.pop().close()

    @contextmanager
    def storage(self, rse: str, url: str) -> Iterator[Storage]:
        """Lend a connection to a storage, with the keys of its RSE as they are now."""
        keys = self.keys(rse)
        with self.slot(rse, url) as host:
            with self._guard:
                idle = self._idle.setdefault((rse, host), [])
                found = idle.pop() if idle else Storage(rse, keys)
                self._busy.add(found)
            try:
                found.use(keys)
                yield found
                if host not in self._authorities:
                    self._authorities[host] = found.authority(url)
            finally:
                with self._guard:
                    self._busy.discard(found)
                    idle.append(found)
                    is_new = found.latency is not None and host not in self._latencies
                    if found.latency is not None:
                        known = self._latencies.get(host, found.latency)
                        self._latencies[host] = min(found.latency, known)
                if self.stopped.is_set():
                    found.close()
                elif is_new:
                    self.heard()

    @contextmanager
    def slot(self, rse: str, url: str) -> Iterator[str]:
        """Wait for a turn at a host, and remember whether it answered."""
        host = host_of(url)
        with self._guard:
            while self._at[host] >= PER_HOST:
                self._guard.wait(0.1)
                self.refuse_stopped()
            self._at[host] += 1
        try:
            yield host
            self._troubles.clear(rse, url)
        except DlaasError as error:
            self._troubles.note(rse, url, error)
            raise
        finally:
            self.leave(host)

    def enter(self, host: str) -> bool:
        """Take a turn at a host until `leave`; False where that has to be waited for."""
        with self._guard:
            if self._at[host] >= PER_HOST:
                return False
            self._at[host] += 1
            return True

    def leave(self, host: str) -> None:
        """End a turn at a host."""
        with self._guard:
            self._at[host] -= 1
            self._guard.notify()

    def keys(self, rse: str) -> Keys:
        """Answer the keys of an RSE as they are now."""
        at, keys = self._known.get(rse) or (0.0, None)
        if keys is not None and time.monotonic() - at < _FRESH:
            return keys
        # A login is renewed once, not by each thread.
        with self._renewing:
            keys = self._ring.for_rse(rse)
        self._known[rse] = (time.monotonic(), keys)
        return keys

    def ordered(self, copies: Sequence[Copy]) -> list[Copy]:
        """Put the copies on hosts that did not answer last: each would cost its timeout."""
        if len(copies) < 2:
            return list(copies)
        known = self._troubles.known()
        return sorted(copies, key=lambda copy: (copy[0], host_of(copy[1])) in known)

    def refuse_stopped(self) -> None:
        """Raise `Cancelled` when the download is over."""
        if self.stopped.is_set():
            raise errors.Cancelled("The download was cancelled.")

    def close(self) -> None:
        """End all connections, also those that threads wait for."""
        with self._guard:
            for storage in self._busy:
                storage.abort()
            for idle in self._idle.values():
                for storage in idle:
                    storage.close()
                idle.clear()
        self._close_lines()
