"""Small files over https, several at once on one thread: the next come while one is verified.

Only what is plain comes so. Whatever is in the way of a file, and whatever is answered but all of
its bytes, is left for `Bringer.bring`, which goes on where this ended, and says what is wrong.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dlaas.errors import DlaasError
from dlaas.transfer.disk.part import Part
from dlaas.transfer.download.bring import Arrival, Bringer
from dlaas.transfer.download.choose import Wanted
from dlaas.transfer.download.gate import SMALL
from dlaas.transfer.wire import curl
from dlaas.transfer.wire.curl import Line, Way
from dlaas.transfer.wire.doors import Doors

AT_ONCE = 8
_TICK = 0.1
# So many are told of together: waking who listens takes as long as a file.
_TOLD = 64


@dataclass
class _Held:
    """A file that nobody else can bring now, asked for at a host at which it has a turn."""

    wanted: Wanted
    part: Part
    host: str


class Small:
    """Brings the small files of one download; a batch for each thread that does."""

    def __init__(self, doors: Doors, bringer: Bringer) -> None:
        self._doors = doors
        self._bringer = bringer

    def bring(
        self, batch: Sequence[Wanted], left: list[Wanted]
    ) -> Generator[list[tuple[Wanted, Arrival]], None, None]:
        """Yield what has come, some at a time, and add to `left` what is to be brought by itself.

        Raises `Cancelled`.
        """
        todo, came, until = deque(batch), [], time.monotonic() + _TICK
        with self._doors.line() as line:
            try:
                while todo or line.busy:
                    self._doors.refuse_stopped()
                    while todo and line.busy < AT_ONCE:
                        wanted = todo.popleft()
                        if not self._ask(line, wanted):
                            left.append(wanted)
                    for found in line.answered(_TICK):
                        arrival = self._taken(found)
                        if arrival is None:
                            left.append(found.work.wanted)
                        else:
                            came.append((found.work.wanted, arrival))
                    late = time.monotonic() > until
                    if late:
                        _write(line)
                    if late or len(came) >= _TOLD:
                        yield came
                        came, until = [], time.monotonic() + _TICK
                yield came
            finally:
                for found in line.end():
                    self._taken(found)

    def _ask(self, line: Line[_Held], wanted: Wanted) -> bool:
        """Ask for a file; False where that has to be done by itself."""
        if not 0 < wanted.size <= SMALL or wanted.adler32 is None or not wanted.copies:
            return False
        # What is in the way here is in the way again when it is brought by itself.
        with suppress(DlaasError, curl.Failed):
            way = self._doors.way(*self._doors.ordered(wanted.copies)[0])
            if way is not None and self._doors.enter(way.host):
                begun = False
                try:
                    begun = self._begin(line, wanted, way)
                finally:
                    if not begun:
                        self._doors.leave(way.host)
                return begun
        return False

    def _begin(self, line: Line[_Held], wanted: Wanted, way: Way) -> bool:
        part = self._bringer.hold(wanted)
        if part is None:
            return False
        try:
            line.ask(_Held(wanted, part, way.host), way, 0, wanted.size)
        except BaseException:
            self._bringer.let_go(part)
            raise
        return True

    def _taken(self, found: curl.Asked[_Held]) -> Arrival | None:
        held = found.work
        # What goes wrong here is said when it is brought by itself.
        with suppress(DlaasError):
            try:
                held.part.write(found.taken())
                if held.part.size == held.wanted.size and not held.wanted.differs(held.part.sums):
                    return self._bringer.give(held.wanted, held.part)
                self._doors.note_odd(held.host)
            finally:
                self._bringer.let_go(held.part)
                self._doors.leave(held.host)
        return None


def _write(line: Line[_Held]) -> None:
    """Write what comes slowly: no kill shall lose more than some tenths of a second."""
    for found in line.under_way():
        with suppress(DlaasError):
            found.work.part.write(found.taken())
