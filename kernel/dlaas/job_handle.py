"""The handle of a transfer that a Jupyter server carries out: heard of in a file, as it told it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas import errors, private
from dlaas.jobs import FINAL, Job, JobFile, JobState, file_from, job_from

if TYPE_CHECKING:
    from dlaas.lifetime import Lifetime
    from dlaas.problems import Problem

CANCEL = ".cancel"
_LOOK_AGAIN = 0.2


class Transfer:
    """A transfer that the Jupyter server carries out; it goes on when this kernel ends."""

    def __init__(self, job_id: str, told: Path) -> None:
        self.id = job_id
        self._path = told / f"{job_id}.json"

    @property
    def job(self) -> Job:
        """The job as it is now; raises `NotThere` once nobody remembers it."""
        return self._read()[1]

    @property
    def state(self) -> JobState:
        """One of queued, running, waiting (for a login), done, failed, cancelled."""
        return self.job.state

    @property
    def files(self) -> tuple[JobFile, ...]:
        """What became of its files, those that failed first, once it has ended."""
        return self._read()[2]

    def wait(
        self,
        timeout: Lifetime | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Job:
        """Wait for its end, and answer the job; raises why it failed, `Cancelled`, `TookTooLong`.

        `progress` hears bytes done and bytes in all. Interrupting the wait does not end the job.
        """
        from dlaas.lifetime import duration

        end = None if timeout is None else time.monotonic() + duration(timeout)
        while (job := self.job).state not in FINAL:
            if progress is not None:
                progress(job.done_bytes, job.bytes)
            if end is not None and time.monotonic() > end:
                raise errors.TookTooLong(
                    f"The {job.kind} of {job.source} is not over yet: {_said(job)}.",
                    remedy="It goes on: look at its state, or wait again.",
                )
            time.sleep(_LOOK_AGAIN)
        if progress is not None and job.state == "done":
            progress(job.done_bytes, job.bytes)
        if job.state == "cancelled":
            raise errors.Cancelled(f"The {job.kind} of {job.source} was cancelled.")
        if job.problem is not None:
            raise _error_of(job.problem)
        return job

    def cancel(self) -> None:
        """Ask for its end, within a second; one that has ended stays as it is."""
        inbox, job, _ = self._read()
        if job.state not in FINAL:
            with suppress(FileNotFoundError):
                private.write(inbox / f"{self.id}{CANCEL}", "")

    def __repr__(self) -> str:
        try:
            job = self.job
        except errors.NotThere:
            return f"<Transfer {self.id}: not remembered>"
        return f"<Transfer: {job.kind} of {job.source}, {_said(job)}>"

    def _read(self) -> tuple[Path, Job, tuple[JobFile, ...]]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            job = job_from(content["job"])
            files = tuple(filter(None, map(file_from, content["files"])))
        except (OSError, ValueError, KeyError, TypeError):
            job = None
        if job is None:
            raise errors.NotThere(
                "The Jupyter server does not remember this transfer.",
                remedy="Look at the transfers in the panel.",
            )
        return Path(content["inbox"]), job, files


def _error_of(problem: Problem) -> errors.DlaasError:
    kind = getattr(errors, problem.error, errors.InternalError)
    error: errors.DlaasError = kind(
        problem.message, remedy=problem.remedy, blame=problem.blame, details=problem.details
    )
    return error


def _said(job: Job) -> str:
    if job.state == "running" and job.bytes:
        return f"running, {100 * job.done_bytes // job.bytes} %"
    return "waiting for a login" if job.state == "waiting" else job.state
