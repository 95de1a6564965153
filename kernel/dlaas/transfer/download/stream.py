"""The rest of one file, by libcurl, as far as it comes plainly: that costs less than Python's TLS.

What does not come so is left for `Storage`, which goes on where this ended, and says what is wrong.
"""

from __future__ import annotations

import time

from dlaas.transfer.disk.part import Part
from dlaas.transfer.wire import curl
from dlaas.transfer.wire.curl import Line
from dlaas.transfer.wire.doors import Doors

_TICK = 0.1
# Pieces of TLS that are summed up and written together: what a kill can lose.
_TOGETHER = 16


def read_plainly(doors: Doors, part: Part, rse: str, url: str) -> None:
    """Add to a part what comes; raises `Cancelled`, and what its disk says."""
    way = doors.way(rse, url)
    if way is None:
        return
    with doors.slot(rse, url), doors.line() as line:
        try:
            line.ask(part, way, part.size, part.wanted)
            _take(doors, part, line)
        except curl.Failed:
            pass
        finally:
            for found in line.end():
                part.write(found.taken())
    if part.size < part.wanted:
        doors.note_odd(way.host)


def _take(doors: Doors, part: Part, line: Line[Part]) -> None:
    until = time.monotonic() + _TICK
    while line.busy:
        doors.refuse_stopped()
        for found in line.answered(_TICK):
            part.write(found.taken())
        for found in line.under_way():
            if len(found.chunks) >= _TOGETHER or time.monotonic() > until:
                part.write(found.taken())
                until = time.monotonic() + _TICK
