"""One file from its copies: each in turn, going on where the last one ended."""

from __future__ import annotations

import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas import errors
from dlaas.errors import DlaasError
from dlaas.model import DID
from dlaas.reading.ranking import ROOT_SCHEMES, host_of
from dlaas.reading.troubles import troubles_of
from dlaas.transfer.checksums import CHUNK
from dlaas.transfer.disk import Unwritable
from dlaas.transfer.elsewhere import fetched_elsewhere, is_elsewhere
from dlaas.transfer.gate import FAR
from dlaas.transfer.keys import KeyRing, Keys
from dlaas.transfer.part import Part
from dlaas.transfer.sink import Interrupted, Sink, Whole
from dlaas.transfer.storage import Storage
from dlaas.transfer.together import BLOCK, LARGE, read_together

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.transfer.choose import Wanted

PER_HOST = 32
TRIES = 3
_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
# So old, in seconds, may a token be: files of a kibibyte come by the thousand in that time.
_FRESH = 0.3
_BUSY = (429, 502, 503, 504)
# Another copy does not help: the fault is here.
FATAL = (
    errors.Cancelled,
    errors.CannotAuthenticate,
    errors.ConfigurationError,
    errors.DiskFull,
    Unwritable,
)
# RSE and URL; of a local copy the URL is its path.
Copy = tuple[str, str]


class Doors:
    """Connections to the storages: kept for the next file, so many at most to each host."""

    def __init__(self, lake: Lake, stopped: threading.Event) -> None:
        self.lake = lake
        self.stopped = stopped
        # TLS contexts take long to make: a bundle of all the world's authorities is read for each.
        self._ring = lake._remember("keys", lambda: KeyRing(weakref.proxy(lake)))
        self._guard = threading.Condition(threading.Lock())
        self._renewing = threading.Lock()
        self._at: Counter[str] = Counter()
        self._idle: dict[tuple[str, str], list[Storage]] = {}
        self._busy: set[Storage] = set()
        self._known: dict[str, tuple[float, Keys]] = {}
        self._latencies: dict[str, float] = {}
        self._troubles = troubles_of(lake)

    def latency(self, url: str | None = None) -> float | None:
        """Answer the seconds until a host begins to answer, or the nearest; None not known yet."""
        if url is not None:
            return self._latencies.get(host_of(url))
        return min(list(self._latencies.values()), default=None)

    @contextmanager
    def storage(self, rse: str, url: str) -> Iterator[Storage]:
        """Lend a connection to a storage, with the keys of its RSE as they are now."""
        keys = self._keys(rse)
        with self.slot(rse, url) as host:
            with self._guard:
                idle = self._idle.setdefault((rse, host), [])
                found = idle.pop() if idle else Storage(rse, keys)
                self._busy.add(found)
            try:
                found.use(keys)
                yield found
            finally:
                with self._guard:
                    self._busy.discard(found)
                    idle.append(found)
                    if found.latency is not None:
                        known = self._latencies.get(host, found.latency)
                        self._latencies[host] = min(found.latency, known)
                if self.stopped.is_set():
                    found.close()

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
            with self._guard:
                self._at[host] -= 1
                self._guard.notify()

    def _keys(self, rse: str) -> Keys:
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


def fetch(doors: Doors, part: Part, wanted: Wanted) -> str:
    """Complete a part from the first copy that gives the right bytes, and answer its RSE.

    Raises what the first copy answered where none does, with what the others did.
    """
    problems: list[DlaasError] = []
    if part.size == part.wanted and not wanted.differs(part.sums):
        return ""
    for rse, url in doors.ordered(wanted.copies):
        try:
            _from_copy(doors, part, wanted, rse, url)
            return rse
        except FATAL:
            raise
        except DlaasError as error:
            problems.append(error)
    raise _together(wanted.did, problems)


def _from_copy(doors: Doors, part: Part, wanted: Wanted, rse: str, url: str) -> None:
    failures, anew = 0, False
    while True:
        began = part.size
        try:
            if began < part.wanted:
                _read(doors, part, rse, url)
        except DlaasError as error:
            failures += 1
            if not _is_worth_more(error, part.size > began, failures):
                raise
            doors.stopped.wait(_pause(error, failures))
            doors.refuse_stopped()
            continue
        found = wanted.differs(part.sums)
        if not found:
            return
        part.restart()
        if began == 0 or anew:
            raise errors.ChecksumMismatch(f"{wanted.did} came from {rse} with {found}.")
        # The first bytes may have been those of another copy, or of a disk that failed.
        anew = True


def _is_worth_more(error: DlaasError, came_further: bool, failures: int) -> bool:
    """Tell whether the same copy is asked again."""
    if isinstance(error, FATAL):
        return False
    if isinstance(error, Interrupted) and came_further:
        return failures < 10 * TRIES
    busy = error.details.get("status") in _BUSY or isinstance(error, Interrupted)
    return busy and failures < TRIES


def _pause(error: DlaasError, failures: int) -> float:
    told = error.details.get("retry_after")
    wanted = float(told) if told is not None else _PAUSE * 2 ** min(failures - 1, 4)
    return min(wanted, _LONGEST_PAUSE)


def _read(doors: Doors, part: Part, rse: str, url: str) -> None:
    if "://" not in url:
        _read_local(doors, part, rse, Path(url))
    elif url.partition("://")[0] in ROOT_SCHEMES:
        _read_root(doors, part, rse, url)
    elif is_elsewhere(url):
        _read_elsewhere(doors, part, rse, url)
    elif part.wanted - part.size >= LARGE:
        try:
            _read_far(doors, part, rse, url)
        except Whole:
            _read_range(doors, part, rse, url)
    else:
        _read_range(doors, part, rse, url)


def _read_root(doors: Doors, part: Part, rse: str, url: str) -> None:
    from dlaas.reading.xrootd import chunks

    with doors.slot(rse, url):
        for chunk in chunks(doors.lake, rse, url, part.size, part.wanted):
            part.write(memoryview(chunk))
            doors.refuse_stopped()


def _read_elsewhere(doors: Doors, part: Part, rse: str, url: str) -> None:
    folder = Path(part.path).parent
    with doors.slot(rse, url), fetched_elsewhere(doors, rse, url, folder) as path:
        part.restart()
        _read_local(doors, part, rse, path)


def _read_range(doors: Doors, part: Part, rse: str, url: str, end: int | None = None) -> None:
    with doors.storage(rse, url) as storage:
        sink = Sink(rse, part.size, part.wanted, part.write, doors.stopped.is_set, end)
        storage.get(url, sink)


def _read_far(doors: Doors, part: Part, rse: str, url: str) -> None:
    """Read a large file: by several ranges at once where the storage is far."""
    if doors.latency(url) is None:
        # The first block tells.
        _read_range(doors, part, rse, url, part.size + BLOCK)
    if (doors.latency(url) or 0.0) >= FAR:
        read_together(doors, part, rse, url)
    else:
        _read_range(doors, part, rse, url)


def _read_local(doors: Doors, part: Part, rse: str, path: Path) -> None:
    """Copy what lies in a mounted folder or in the cache."""
    buffer = memoryview(bytearray(min(CHUNK, part.wanted - part.size)))
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(part.size)
            while part.size < part.wanted:
                doors.refuse_stopped()
                count = file.readinto(buffer[: part.wanted - part.size])
                if not count:
                    raise errors.StorageFailed(f"{path} has {part.size} of {part.wanted} bytes.")
                part.write(buffer[:count])
    except DlaasError:
        raise
    except OSError as error:
        raise errors.StorageFailed(
            f"{path} of {rse} cannot be read: {error.strerror}.", details={"rse": rse}
        ) from error


def _together(did: DID, problems: list[DlaasError]) -> DlaasError:
    """Make one error of those of all copies: its kind is that of the first."""
    if not problems:
        return errors.NotAvailable(f"No storage has a copy of {did} that can be read from here.")
    first = problems[0]
    if len(problems) > 1:
        told = " ".join(dict.fromkeys(error.message for error in problems))
        first = type(first)(
            f"None of the {len(problems)} copies of {did} could be read. {told}",
            remedy=first.remedy,
            blame=first.blame,
            details=first.details,
        )
    return first
