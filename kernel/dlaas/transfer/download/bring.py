"""One file brought to its place, on a thread of a download: kept, copied or fetched."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas import access
from dlaas.errors import AlreadyThere, DlaasError
from dlaas.model import DID
from dlaas.transfer.disk import Room, local_error
from dlaas.transfer.disk.checksums import checked_of
from dlaas.transfer.disk.mark import looks
from dlaas.transfer.disk.part import Held, Part, remove_free, take, taken
from dlaas.transfer.download.choose import Wanted
from dlaas.transfer.download.fetch import fetch
from dlaas.transfer.wire.doors import Doors

if TYPE_CHECKING:
    from dlaas.lake import Lake


@dataclass(frozen=True)
class Arrival:
    """A file that is here, or could not be brought: then `error` says why.

    `checksums` holds, by name, those that were asked for.
    """

    did: DID
    path: str = ""
    bytes: int = 0
    fetched: bool = False
    error: DlaasError | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)


class Bringer:
    """Brings the files of one download; `is_own` tells of somebody's own folder.

    `kinds` are the checksums that are computed of each, besides adler32.
    """

    def __init__(
        self, lake: Lake, doors: Doors, is_own: bool, overwrite: bool, kinds: Iterable[str]
    ) -> None:
        self._lake = lake
        self._doors = doors
        self._is_own = is_own
        self._overwrite = overwrite
        self._kinds = tuple(kinds)
        self._room = Room()
        self._parts: set[Part] = set()

    @property
    def bytes_under_way(self) -> int:
        """The bytes of files that have come in part."""
        return sum(part.size for part in list(self._parts))

    def bring(self, wanted: Wanted) -> Arrival:
        """Answer a file once it is there; raises what is in the way."""
        self._doors.refuse_stopped()
        kept = self._kept(wanted)
        if kept is not None:
            with suppress(OSError):
                # Of one that was killed between the name and the end.
                remove_free(wanted.part)
            return Arrival(wanted.did, wanted.path, wanted.size, checksums=kept)
        if wanted.problem is not None:
            raise wanted.problem
        if not wanted.copies:
            raise access.not_available(access.rank(self._lake, wanted.did))
        self._make_folder(wanted)
        kinds = wanted.kinds(self._kinds)
        with taken(wanted.place, wanted.part, wanted.size, self._stopped, kinds) as part:
            if wanted.is_here:
                # Another process brought it while we waited for the lock.
                part.discard()
                kept = self._kept(wanted) or {}
                return Arrival(wanted.did, wanted.path, wanted.size, checksums=kept)
            return self._fetched(wanted, part)

    def hold(self, wanted: Wanted) -> Part | None:
        """Take the part of a file of which nothing is here, and room for it, until `let_go`.

        None where that is for `bring`; raises what is in the way.
        """
        self._make_folder(wanted)
        kinds = wanted.kinds(self._kinds)
        try:
            part = take(wanted.place, wanted.part, wanted.size, self._stopped, kinds, wait=False)
        except Held:
            return None
        try:
            if not part.size and not os.path.lexists(wanted.path):
                part.promise = self._room.keep(wanted.place.parts, wanted.size)
                return part
        except DlaasError:
            part.let_go()
            raise
        part.let_go()
        return None

    def let_go(self, part: Part) -> None:
        """Let others have a part; what it has is kept."""
        self._room.forget(part.promise)
        part.let_go()

    def give(self, wanted: Wanted, part: Part) -> Arrival:
        """Give a file that is whole its name, and answer it."""
        part.give(wanted.path, not self._is_own or self._overwrite, wanted.did)
        found = {kind: part.sums.of(kind) for kind in self._kinds}
        return Arrival(wanted.did, wanted.path, wanted.size, True, checksums=found)

    def _make_folder(self, wanted: Wanted) -> None:
        try:
            wanted.place.make_folder(os.path.dirname(wanted.path))
        except OSError as error:
            raise local_error(error, wanted.path, wanted.size) from error

    def _stopped(self) -> bool:
        return self._doors.stopped.is_set()

    def _fetched(self, wanted: Wanted, part: Part) -> Arrival:
        self._parts.add(part)
        try:
            with self._room.kept(os.path.dirname(part.path), wanted.size - part.size) as promise:
                part.promise = promise
                fetch(self._doors, part, wanted)
            return self.give(wanted, part)
        finally:
            self._parts.discard(part)

    def _kept(self, wanted: Wanted) -> dict[str, str] | None:
        """Answer the checksums of what lies there already, where it is the file; else None.

        It is read once, where nobody remembers it or checksums are asked for. Raises
        `AlreadyThere` for another file in somebody's own folder.
        """
        path = wanted.path
        if not os.path.lexists(path):
            return None
        if not self._kinds and wanted.is_here:
            return {}
        with suppress(OSError):
            before = os.stat(path)
            if stat.S_ISREG(before.st_mode) and before.st_size == wanted.size:
                kinds = wanted.kinds(self._kinds)
                sums = checked_of(Path(path), kinds, self._doors.refuse_stopped)
                if not wanted.differs(sums) and looks(os.stat(path)) == looks(before):
                    wanted.place.remember(path, wanted.did, sums.adler32, before)
                    return {kind: sums.of(kind) for kind in self._kinds}
        if not self._is_own or (self._overwrite and not os.path.isdir(path)):
            return None
        raise AlreadyThere(
            f"{path} is there already, and is not {wanted.did} as the catalogue has it.",
            remedy="Nothing was changed: move it away, or say overwrite=True.",
        )
