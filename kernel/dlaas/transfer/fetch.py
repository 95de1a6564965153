"""One file from its copies: each in turn, going on where the last one ended."""

from __future__ import annotations

import threading
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
from dlaas.transfer.keys import KeyRing, Keys, address
from dlaas.transfer.part import Part
from dlaas.transfer.sink import Interrupted, Sink
from dlaas.transfer.storage import Storage

if TYPE_CHECKING:
    from dlaas.lake import Lake

PER_HOST = 16
TRIES = 3
_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
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
        self._ring = KeyRing(lake)
        self._guard = threading.Lock()
        self._renewing = threading.Lock()
        self._slots: dict[str, threading.Semaphore] = {}
        self._idle: dict[tuple[str, tuple[str, int]], list[Storage]] = {}
        self._busy: set[Storage] = set()
        self._troubles = troubles_of(lake)

    @contextmanager
    def storage(self, rse: str, url: str) -> Iterator[Storage]:
        """Lend a connection to a storage, with the keys of its RSE as they are now."""
        key = (rse, address(url))
        keys = self._keys(rse)
        with self.slot(rse, url):
            with self._guard:
                idle = self._idle.setdefault(key, [])
                found = idle.pop() if idle else Storage(rse, keys)
                self._busy.add(found)
            try:
                found.use(keys)
                yield found
            finally:
                with self._guard:
                    self._busy.discard(found)
                    idle.append(found)
                if self.stopped.is_set():
                    found.close()

    @contextmanager
    def slot(self, rse: str, url: str) -> Iterator[None]:
        """Wait for a turn at a host, and remember whether it answered."""
        with self._guard:
            slot = self._slots.setdefault(host_of(url), threading.Semaphore(PER_HOST))
        while not slot.acquire(timeout=0.1):
            self.refuse_stopped()
        try:
            yield
            self._troubles.clear(rse, url)
        except DlaasError as error:
            self._troubles.note(rse, url, error)
            raise
        finally:
            slot.release()

    def _keys(self, rse: str) -> Keys:
        # A login is renewed once, not by each thread.
        with self._renewing:
            return self._ring.for_rse(rse)

    def ordered(self, copies: Sequence[Copy]) -> list[Copy]:
        """Put the copies on hosts that did not answer last: each would cost its timeout."""
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


def fetch(doors: Doors, part: Part, did: DID, adler32: str | None, copies: Sequence[Copy]) -> str:
    """Complete a part from the first copy that gives the right bytes, and answer its RSE.

    Raises what the first copy answered where none does, with what the others did.
    """
    problems: list[DlaasError] = []
    if part.is_right(adler32):
        return ""
    for rse, url in doors.ordered(copies):
        try:
            _from_copy(doors, part, did, adler32, rse, url)
            return rse
        except FATAL:
            raise
        except DlaasError as error:
            problems.append(error)
    raise _together(did, problems)


def _from_copy(doors: Doors, part: Part, did: DID, adler32: str | None, rse: str, url: str) -> None:
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
        if part.is_right(adler32):
            return
        found = part.adler32
        part.restart()
        if began == 0 or anew:
            raise errors.ChecksumMismatch(
                f"{did} came from {rse} with adler32 {found}, not {adler32}."
            )
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
        return
    if url.startswith(tuple(f"{scheme}://" for scheme in ROOT_SCHEMES)):
        from dlaas.reading.xrootd import chunks

        with doors.slot(rse, url):
            for chunk in chunks(doors.lake, rse, url, part.size, part.wanted):
                part.write(memoryview(chunk))
                doors.refuse_stopped()
        return
    with doors.storage(rse, url) as storage:
        sink = Sink(rse, part.size, part.wanted, part.write, doors.stopped.is_set)
        storage.get(url, sink)


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
