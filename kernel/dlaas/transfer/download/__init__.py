"""Download: verified before a file has its name, resumed after any interruption."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.errors import InvalidInput, problem
from dlaas.model import DID, Entry, Problem
from dlaas.transfer.download.bring import Arrival as Arrival
from dlaas.transfer.download.engine import TICK, Asked, Engine
from dlaas.transfer.wire.body import Progress

if TYPE_CHECKING:
    from dlaas.lake import Lake

_MOST_PATHS = 100_000
_MOST_FAILURES = 1000


@dataclass(frozen=True)
class Failure:
    """A file that did not arrive, and why."""

    did: DID
    problem: Problem


@dataclass(frozen=True)
class Downloaded:
    """What a download brought: `fetched` files came, `kept` were here already and verified.

    `bytes` are those of both. `paths` is in no order, and empty above 100,000 files: iterate over
    `arrivals` then. Of `failed` files `failures` tells the first thousand. `checksums` holds, by
    path and name, those that were asked for.
    """

    did: DID
    folder: str
    paths: tuple[str, ...] = ()
    bytes: int = 0
    fetched: int = 0
    kept: int = 0
    failed: int = 0
    failures: tuple[Failure, ...] = ()
    checksums: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def download(
    lake: Lake,
    did: str,
    folder: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Asked | None = None,
    overwrite: bool = False,
    checksums: str | Iterable[str] = (),
    arrived: Callable[[Arrival], None] | None = None,
) -> Downloaded:
    """Download a file, or all files of a collection; see `Lake.download`.

    `arrived` hears what became of each file.
    """
    engine = Engine(lake, did, folder, overwrite, checksums=checksums)
    return _Report(engine, arrived).run(progress, cancelled)


def arrivals(
    lake: Lake,
    did: str,
    folder: str | os.PathLike[str] | None = None,
    *,
    cancelled: Asked | None = None,
    overwrite: bool = False,
    checksums: str | Iterable[str] = (),
    files: Sequence[Entry] | None = None,
) -> Iterator[Arrival]:
    """Download, and yield each file as it arrives; those that cannot be brought with their error.

    Of a part of a collection `files` are its own. Closing the iterator ends the download; what came
    is kept.
    """
    engine = Engine(lake, did, folder, overwrite, files=files, checksums=checksums)
    with closing(engine.events(cancelled)) as found:
        yield from (arrival for arrival in found if arrival is not None)


def fetch_to(
    lake: Lake, did: str, path: str | os.PathLike[str], cancelled: Asked | None = None
) -> None:
    """Download a file to this very path, replacing what is there once it is verified."""
    target = Path(os.path.abspath(path))
    engine = Engine(lake, did, target.parent, True, name=target.name)
    if not engine.is_file:
        raise InvalidInput(f"{engine.did} is no file: its files would replace each other.")
    _Report(engine).run(None, cancelled)


class _Report:
    """What is counted while files arrive."""

    def __init__(self, engine: Engine, arrived: Callable[[Arrival], None] | None = None) -> None:
        self._engine = engine
        self._arrived = arrived
        self._paths: list[str] = []
        self._checksums: dict[str, Mapping[str, str]] = {}
        self._failures: list[Failure] = []
        self._bytes = self._fetched = self._kept = self._failed = 0
        self._told = 0

    def run(self, progress: Progress | None, cancelled: Asked | None) -> Downloaded:
        """Run the engine to its end; raises what ends it, and for a single file what went wrong."""
        told = 0.0
        with closing(self._engine.events(cancelled)) as found:
            for arrival in found:
                if arrival is not None:
                    self._count(arrival)
                if progress is not None and time.monotonic() - told > TICK:
                    told = time.monotonic()
                    self._tell(progress)
        if progress is not None:
            self._tell(progress)
        few = len(self._paths) <= _MOST_PATHS
        paths = tuple(self._paths) if few else ()
        return Downloaded(
            self._engine.did,
            str(self._engine.root),
            paths,
            self._bytes,
            self._fetched,
            self._kept,
            self._failed,
            tuple(self._failures),
            self._checksums if few else {},
        )

    def _tell(self, progress: Progress) -> None:
        done, total = self._engine.bytes_so_far(self._bytes)
        # A file that has arrived and is not counted yet, wrong bytes that are forgotten: nobody
        # wants to see them go.
        self._told = max(done, self._told)
        progress(min(self._told, total), total)

    def _count(self, arrival: Arrival) -> None:
        if self._arrived is not None:
            self._arrived(arrival)
        if arrival.error is not None:
            if self._engine.is_file:
                raise arrival.error
            if len(self._failures) < _MOST_FAILURES:
                self._failures.append(Failure(arrival.did, problem(arrival.error)))
            self._failed += 1
            return
        if len(self._paths) <= _MOST_PATHS:
            self._paths.append(arrival.path)
            if arrival.checksums:
                self._checksums[arrival.path] = arrival.checksums
        self._bytes += arrival.bytes
        self._fetched += arrival.fetched
        self._kept += not arrival.fetched
