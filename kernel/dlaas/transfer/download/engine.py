"""The engine of downloads: many files at once, each on its way by itself.

One thread lists what is wanted and asks for its copies, others fetch, and the caller's own is told
what arrived; none of them holds more than what is under way.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.cache import Cache, cache_for
from dlaas.errors import AlreadyThere, Cancelled, DlaasError, RucioFailed
from dlaas.model import DID, Entry
from dlaas.rucio.rows import type_of
from dlaas.transfer.disk import Unwritable, free_on, full
from dlaas.transfer.disk.checksums import known_kinds
from dlaas.transfer.disk.place import Place
from dlaas.transfer.download.bring import Arrival, Bringer
from dlaas.transfer.download.choose import Names, Wanted, entries, size_of, with_copies
from dlaas.transfer.download.fetch import FATAL
from dlaas.transfer.download.gate import AT_ONCE, Gate
from dlaas.transfer.download.nearby import Nearby
from dlaas.transfer.download.small import Small
from dlaas.transfer.wire import curl
from dlaas.transfer.wire.doors import Copy, Doors

if TYPE_CHECKING:
    from dlaas.lake import Lake

TICK = 0.1
# So much may still wait to begin when copies are asked for again.
_AHEAD = 500
# So many are told of together: waking who listens takes as long as a small file.
_TOLD = 8
Asked = Callable[[], bool]
# An arrival, what ends the download, or None at its end.
Found = Arrival | BaseException | None


class Engine:
    """One download under way; used once."""

    def __init__(
        self,
        lake: Lake,
        did: str,
        folder: str | os.PathLike[str] | None,
        overwrite: bool,
        name: str | None = None,
        files: Sequence[Entry] | None = None,
        checksums: str | Iterable[str] = (),
    ) -> None:
        self._kinds = known_kinds(checksums)
        self._lake = lake
        self._files = files
        self.did = DID(did)
        self._row = lake._did(self.did)
        self.is_file = type_of(self._row["type"]) == "file"
        self._own = None
        if folder is not None:
            root = Path(os.path.abspath(os.path.expanduser(os.fspath(folder))))
            self._own = Place(root, shared=False)
            self._names = Names(self._own)
        self._name = name
        self._caches: dict[str, Cache] = {}
        self._nearby = Nearby(lake, self._cache)
        self._stopped = threading.Event()
        self._closing = threading.Lock()
        self._doors = Doors(lake, self._stopped)
        self._bringer = Bringer(lake, self._doors, folder is not None, overwrite, self._kinds)
        self._small = Small(self._doors, self._bringer)
        self._gate = Gate[Wanted](self._stopped, self._start, self._doors.latency, curl.IS_HERE)
        self._doors.heard = self._gate.look
        self._pool = ThreadPoolExecutor(AT_ONCE, "dlaas-download")
        self._arrived: queue.Queue[list[Found]] = queue.Queue(1000)
        self._listed = 0
        self._total: int | None = None

    @property
    def root(self) -> Path:
        """The folder that it downloads to."""
        return self._own.root if self._own else self._cache(self.did.scope).folder

    # What the caller's thread does.

    def bytes_so_far(self, done: int) -> tuple[int, int]:
        """Add what is under way to the bytes that are done, and answer them and those in all."""
        total = max(self._total or 0, self._listed)
        return min(done + self._bringer.bytes_under_way, total), total

    def events(self, cancelled: Asked | None) -> Generator[Arrival | None, None, None]:
        """Yield what arrives, and None now and then where nothing does."""
        feeder = threading.Thread(target=self._feed, name="dlaas-download", daemon=True)
        try:
            _refuse(cancelled)
            feeder.start()
            while True:
                try:
                    arrived = self._arrived.get(timeout=TICK)
                except queue.Empty:
                    arrived = []
                    yield None
                for found in arrived:
                    if found is None:
                        return
                    if isinstance(found, BaseException):
                        raise found
                    yield found
                _refuse(cancelled)
        finally:
            with self._closing:
                self._stopped.set()
            self._doors.close()
            self._pool.shutdown(wait=False, cancel_futures=True)
            # They end within a chunk; one that connects to a silent host takes its time alone.
            self._gate.wait_ended(1.0)

    # What the thread that lists does.

    def _feed(self) -> None:
        try:
            self._check_room()
            found = with_copies(
                self._lake,
                self._missing(),
                self._locals,
                lambda: self._gate.wait_short(_AHEAD),
                "md5" in self._kinds,
            )
            for wanted in found:
                self._doors.refuse_stopped()
                self._gate.put(wanted, wanted.size)
            self._gate.wait_empty()
            self._put(None)
        except BaseException as error:
            with suppress(Cancelled):
                self._put(error)

    def _start(self, batch: list[Wanted], size: int) -> bool:
        with self._closing:
            if self._stopped.is_set():
                return False
            self._pool.submit(self._bring, batch, size)
            return True

    def _put(self, *found: Found) -> None:
        while True:
            self._doors.refuse_stopped()
            with suppress(queue.Full):
                self._arrived.put(list(found), timeout=TICK)
                return

    def _check_room(self) -> None:
        """Refuse a collection that cannot fit before its first byte is fetched."""
        root = self.root
        if os.path.lexists(root) and not root.is_dir():
            raise Unwritable(f"{root} is not a folder.")
        self._total = self._row.get("bytes")
        if self.is_file and self._files is None:
            return
        if self._files is not None:
            self._total = sum(file.bytes or 0 for file in self._files)
        elif self._total is None:
            row = self._lake.client.get_did(*self.did.split(":", 1), dynamic_depth="FILE")
            self._total = row.get("bytes")
        free = free_on(root)
        if free is None or (self._total is not None and self._total <= free):
            return
        needed = sum(
            self._lacking(entry) for entry in entries(self._lake, self.did, self._row, self._files)
        )
        if needed > free:
            raise full(root, needed, free)

    def _lacking(self, entry: Entry) -> int:
        self._doors.refuse_stopped()
        if self._own is None and self._nearby.mounted(entry.did, entry.bytes):
            return 0
        place, relative, _ = self._where(entry.did)
        if self._own is not None:
            self._names.release(relative)
        path = place.path(relative)
        here = place.is_verified(path, entry.did, entry.bytes, entry.adler32)
        return 0 if here else entry.bytes or 0

    def _missing(self) -> Iterator[Wanted]:
        """List the files that have to come; tell of those that are here."""
        for entry in entries(self._lake, self.did, self._row, self._files):
            try:
                size = size_of(entry)
                self._listed += size
                path = self._nearby.mounted(entry.did, size) if self._own is None else None
                if path is not None:
                    self._put(Arrival(entry.did, path, size))
                    continue
                place, relative, is_there = self._where(entry.did)
                wanted = Wanted(entry.did, size, entry.adler32, place, relative)
            except (AlreadyThere, RucioFailed) as error:
                self._put(Arrival(entry.did, error=error))
                continue
            if is_there and not self._kinds and wanted.is_here:
                place.note_use(wanted.path)
                self._release(wanted, True)
                self._put(Arrival(entry.did, wanted.path, size))
            else:
                yield wanted

    def _locals(self, wanted: Wanted, copies: list[Copy]) -> list[Copy]:
        """List the copies on this machine, for somebody's own folder."""
        return [] if self._own is None else self._nearby.copies(wanted, copies)

    def _where(self, did: DID) -> tuple[Place, str, bool]:
        """Answer where a file goes, and whether something may lie there."""
        if self._own is None:
            cache = self._cache(did.scope)
            return cache.place, cache.relative(self._lake.instance.name, did), True
        if self._name is not None:
            return self._own, self._name, True
        return self._own, *self._names.take(did)

    def _release(self, wanted: Wanted, is_known: bool) -> None:
        if self._own is not None:
            self._names.release(wanted.relative, is_known)

    def _cache(self, scope: str) -> Cache:
        if scope not in self._caches:
            self._caches[scope] = cache_for(self._lake.instance, scope)
        return self._caches[scope]

    # What the threads that fetch do.

    def _bring(self, batch: list[Wanted], size: int) -> None:
        while batch:
            with suppress(Cancelled):
                try:
                    with closing(self._all_brought(batch)) as some:
                        for found in some:
                            self._gate.moved()
                            self._put(*found)
                except Exception as error:
                    self._put(error)
            batch, size = self._gate.done(size)

    def _all_brought(self, batch: list[Wanted]) -> Generator[list[Found], None, None]:
        """Bring small files several at once, and by itself what does not come so."""
        left = [] if curl.IS_HERE else batch
        if left is not batch:
            with closing(self._small.bring(batch, left)) as some:
                for came in some:
                    for wanted, _ in came:
                        self._release(wanted, True)
                    yield [arrival for _, arrival in came]
        for start in range(0, len(left), _TOLD):
            yield [self._brought(wanted) for wanted in left[start : start + _TOLD]]

    def _brought(self, wanted: Wanted) -> Arrival | BaseException:
        is_known = False
        try:
            found = self._bringer.bring(wanted)
            is_known = True
            return found
        except FATAL as error:
            return error
        except DlaasError as error:
            return Arrival(wanted.did, error=error)
        except BaseException as error:
            return error
        finally:
            self._release(wanted, is_known)


def _refuse(cancelled: Asked | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled("The download was cancelled; what came is kept.")
