"""A file as it is sent: chunk by chunk, summed up on the way."""

from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

from dlaas.errors import Cancelled, InvalidInput
from dlaas.transfer.disk.checksums import Checksums

# What is read, sent and summed up together: it stays in the processor's cache meanwhile.
_CHUNK = 1 << 18
_BEHIND = 8
Progress = Callable[[int, int], None]


class Body:
    """The first `size` bytes of a file; each iteration begins anew, as a redirect needs."""

    def __init__(
        self,
        path: Path,
        size: int,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self.size = size
        self.sums = Checksums()
        self._path = path
        self._progress = progress
        self._cancelled = cancelled

    def __iter__(self) -> Iterator[memoryview]:
        """Yield the chunks; raises `Cancelled`, or `InvalidInput` when the file changes."""
        self.sums = Checksums()
        try:
            with self._path.open("rb", buffering=0) as file:
                yield from self._chunks(file)
        except FileNotFoundError:
            raise _changed(self._path) from None
        except OSError as error:
            raise InvalidInput(f"{self._path} cannot be read: {error.strerror}.") from None

    def _chunks(self, file: io.FileIO) -> Iterator[memoryview]:
        before = os.fstat(file.fileno())
        self._refuse_changed(before)
        length = min(_CHUNK, self.size)
        buffers = cycle([memoryview(bytearray(length)) for _ in range(_BEHIND)])
        behind: deque[Future[None]] = deque()
        sent = 0
        # Md5 takes longer than sending: it goes on beside it, some chunks behind at most.
        with ThreadPoolExecutor(1, "dlaas-checksum") as pool:
            while sent < self.size:
                if len(behind) == _BEHIND:
                    behind.popleft().result()
                buffer = next(buffers)
                if self._cancelled is not None and self._cancelled():
                    raise Cancelled("The upload was cancelled.")
                count = file.readinto(buffer[: self.size - sent])
                if not count:
                    raise _changed(self._path)
                sent += count
                if sent == self.size:
                    # Before the last chunk leaves: what the storage has not whole is never a file,
                    # while what it has whole may become one after we have told it to delete that.
                    now = os.fstat(file.fileno())
                    self._refuse_changed(now, before.st_mtime_ns)
                behind.append(pool.submit(self.sums.update, buffer[:count]))
                yield buffer[:count]
                if self._progress is not None:
                    self._progress(sent, self.size)
        for summed in behind:
            summed.result()

    def _refuse_changed(self, now: os.stat_result, since: int | None = None) -> None:
        if now.st_size != self.size or since not in (None, now.st_mtime_ns):
            raise _changed(self._path)


def _changed(path: Path) -> InvalidInput:
    return InvalidInput(
        f"{path.name} changed while it was being read.",
        remedy="Upload it when nothing writes to it any more.",
    )
