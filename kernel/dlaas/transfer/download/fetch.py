"""One file from its copies: each in turn, going on where the last one ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlaas import errors
from dlaas.errors import DlaasError
from dlaas.model import DID
from dlaas.reading.ranking import ROOT_SCHEMES
from dlaas.transfer.disk import Unwritable
from dlaas.transfer.disk.checksums import CHUNK
from dlaas.transfer.disk.part import Part
from dlaas.transfer.download.gate import FAR
from dlaas.transfer.download.stream import read_plainly
from dlaas.transfer.download.together import BLOCK, LARGE, read_together
from dlaas.transfer.wire.doors import Doors
from dlaas.transfer.wire.elsewhere import fetched_elsewhere, is_elsewhere
from dlaas.transfer.wire.sink import Interrupted, Sink, Whole

if TYPE_CHECKING:
    from dlaas.transfer.download.choose import Wanted

TRIES = 3
_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_BUSY = (429, 502, 503, 504)
# What a storage answers to a login that is over.
_UNKNOWN = 401
# Another copy does not help: the fault is here.
FATAL = (
    errors.Cancelled,
    errors.CannotAuthenticate,
    errors.ConfigurationError,
    errors.DiskFull,
    Unwritable,
)


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
    if end is None:
        read_plainly(doors, part, rse, url)
        if part.size == part.wanted:
            return
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
    """Make one error of those of all copies: of the kind of the one that a login mends, or the
    first.
    """
    if not problems:
        return errors.NotAvailable(f"No storage has a copy of {did} that can be read from here.")
    mended = (error for error in problems if error.details.get("status") == _UNKNOWN)
    first = next(mended, problems[0])
    if len(problems) > 1:
        told = " ".join(dict.fromkeys(error.message for error in problems))
        first = type(first)(
            f"None of the {len(problems)} copies of {did} could be read. {told}",
            remedy=first.remedy,
            blame=first.blame,
            details=first.details,
        )
    return first
