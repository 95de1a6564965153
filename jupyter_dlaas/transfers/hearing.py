"""What a transfer tells while it runs: bytes, their speed, what became of its files."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from dlaas.model import JobFile, Problem
from jupyter_dlaas.transfers.refusals import refusal, wants_login

# The speed is that of the last seconds.
_WINDOW = 5.0
_MOST_FILES = 1000
# So many in a row, and the others are not even asked for: of thousands each would be refused.
_MOST_REFUSED = 32


class Hearing:
    """Listens to one job on its worker; `tell` takes what has changed in the job."""

    def __init__(self, cancelled: Callable[[], bool], tell: Callable[..., None]) -> None:
        self.cancelled = cancelled
        self._tell = tell
        self._meter = Meter()
        self._files: list[JobFile] = []
        self._failed: list[JobFile] = []
        self._counts = [0, 0]
        self._in_a_row = 0
        # Why a login may help with some of the files.
        self.refused: Problem | None = None

    @property
    def files(self) -> list[JobFile]:
        """What became of the files, those that failed first; of each kind the first thousand."""
        return [*self._failed, *self._files]

    @property
    def counts(self) -> dict[str, int]:
        """How many files are done and how many failed, as a job tells it."""
        return {"done_files": self._counts[0], "failed_files": self._counts[1]}

    def progress(self, done: int, total: int) -> None:
        """Hear how many bytes are done, and how many there are in all."""
        self._tell(done_bytes=done, bytes=total, speed=self._meter.speed(done))

    def arrived(self, file: JobFile) -> None:
        """Hear what became of a file; raises `StorageRefused` where that will become of all."""
        failed = file.outcome == "failed"
        kept = self._failed if failed else self._files
        if len(kept) < _MOST_FILES:
            kept.append(file)
        self._counts[failed] += 1
        self._tell(**self.counts)
        if file.problem is not None and wants_login(file.problem):
            self.refused = self.refused or file.problem
            self._in_a_row += 1
            if self._in_a_row >= _MOST_REFUSED:
                raise refusal(file.problem)
        elif file.outcome != "skipped":
            self._in_a_row = 0


class Meter:
    """Measures speed from how far something has come."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def speed(self, done: int) -> float | None:
        """Note that `done` bytes are through; answers bytes per second, None at the beginning."""
        now = self._clock()
        if self._seen and done < self._seen[-1][1]:
            # It begins anew.
            self._seen.clear()
        if not self._seen or now - self._seen[-1][0] > _WINDOW / 20:
            self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        began, before = self._seen[0]
        return (done - before) / (now - began) if now - began > _WINDOW / 20 else None
