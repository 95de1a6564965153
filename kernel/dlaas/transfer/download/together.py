"""Several ranges of one large file at once, for storages that are far: written in their order.

What lies on the disk is always the beginning of the file, so that whatever interrupts it, the next
goes on there, and checksums are those of one pass.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from dlaas.errors import DlaasError
from dlaas.transfer.disk.part import Part
from dlaas.transfer.wire.sink import Sink

if TYPE_CHECKING:
    from dlaas.transfer.wire.doors import Doors

# What is asked for at once, and so many times that is held in memory.
BLOCK = 4 << 20
AT_ONCE = 4
# Below this a file is one request.
LARGE = 4 * BLOCK


def read_together(doors: Doors, part: Part, rse: str, url: str) -> None:
    """Complete a part by ranges of a file; raises what the first of them failed with."""
    ended = threading.Event()

    def block(start: int) -> tuple[bytearray, DlaasError | None]:
        data = bytearray()
        end = min(start + BLOCK, part.wanted)

        def stopped() -> bool:
            return ended.is_set() or doors.stopped.is_set()

        try:
            with doors.storage(rse, url) as storage:
                storage.get(url, Sink(rse, start, part.wanted, data.extend, stopped, end))
        except DlaasError as error:
            return data, error
        return data, None

    starts = iter(range(part.size, part.wanted, BLOCK))
    with ThreadPoolExecutor(AT_ONCE, "dlaas-range") as pool:
        waiting = deque(pool.submit(block, start) for start in islice(starts, AT_ONCE))
        try:
            while waiting:
                data, error = waiting.popleft().result()
                if data:
                    part.write(memoryview(data))
                if error is not None:
                    raise error
                waiting.extend(pool.submit(block, start) for start in islice(starts, 1))
        finally:
            ended.set()
