"""Long transfers that a kernel hands to its Jupyter server, and how they get on.

An order is a file, written whole, in a folder of this user's alone that the hand-over names; so it
needs no token, and survives the kernel and a server that is killed. The server claims it by
renaming it, and tells in another file how it gets on. Both sides' names are here.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaas import errors, private
from dlaas.jobs import FINAL, Duplicates, Job, JobFile, JobState, file_from, job_from
from dlaas.reference import DID

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.lifetime import Lifetime, Until
    from dlaas.problems import Problem
    from dlaas.transfer.sources import Sources

# In the hand-over's folder: where orders go, and where one hears of them.
POINTER = "transfers"
TOLD = "told"
ORDER, CLAIMED, CANCEL = ".order", ".claimed", ".cancel"
_ANSWERS_WITHIN = 30.0
_LOOK_AGAIN = 0.2
_REMEDY = "Without background=True it is done here and now."


@dataclass(frozen=True)
class HandedOver:
    """An order for the server: absolute paths, `uploads` as pairs of path and DID.

    `options` are those of `UploadRequest` and `DownloadRequest`.
    """

    id: str
    kind: str
    instance: str
    account: str | None
    did: str | None = None
    path: str | None = None
    uploads: tuple[tuple[str, str], ...] = ()
    bytes: int = 0
    files: int = 1
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str, order_id: str) -> HandedOver:
        """Read what was written; raises `ValueError`, `TypeError` or `KeyError`."""
        values = json.loads(text)
        pairs = tuple((str(path), str(did)) for path, did in values.pop("uploads"))
        if values.pop("id") != order_id or len(order_id) != 32 or int(order_id, 16) < 0:
            raise ValueError(order_id)
        return cls(id=order_id, uploads=pairs, **values)


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


def upload(
    lake: Lake,
    path: str | os.PathLike[str],
    did: str,
    *,
    dataset: str | None = None,
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    rse: str | None = None,
) -> Transfer:
    """Let the Jupyter server upload a file; raises at once what can be known now."""
    inbox, told = _server_of(lake)
    lake.check_upload(path, did, dataset=dataset, lifetime=lifetime, until=until, rse=rse)
    options = _options(dataset=dataset, lifetime=lifetime, until=until, rse=rse)
    return _hand_over(
        lake, inbox, told, "upload", did=str(did), path=_absolute(path), options=options
    )


def upload_many(
    lake: Lake,
    files: Sources,
    scope: str | None = None,
    *,
    dataset: str | None = None,
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    rses: str | Sequence[str] | None = None,
    duplicates: Duplicates = "fail",
    base: str | os.PathLike[str] | None = None,
) -> Transfer:
    """Let the Jupyter server upload several files; `files` is what `Lake.upload_many` takes."""
    from dlaas.transfer.sources import sources

    inbox, told = _server_of(lake)
    found = sources(files, scope, base)
    for source in found:
        if source.problem is not None:
            raise source.problem
    options = _options(dataset=dataset, lifetime=lifetime, until=until, rse=None)
    options["rses"] = [rses] if isinstance(rses, str) else list(rses or ())
    return _hand_over(
        lake, inbox, told, "uploads",
        uploads=tuple((str(source.path), source.did) for source in found),
        files=len(found), options={**options, "duplicates": duplicates},
    )  # fmt: skip


def download(
    lake: Lake,
    did: str,
    folder: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
) -> Transfer:
    """Let the Jupyter server download a DID; raises at once what can be known now."""
    inbox, told = _server_of(lake)
    size, files = extent(lake, did)
    target = None if folder is None else _absolute(folder)
    return _hand_over(
        lake, inbox, told, "download",
        did=str(DID(did)), path=target, bytes=size, files=files, options={"overwrite": overwrite},
    )  # fmt: skip


def extent(lake: Lake, did: str) -> tuple[int, int]:
    """Answer the bytes and the files of a DID, 0 where the catalogue does not say.

    Raises `DataIdentifierNotFound` and `ScopeNotFound`.
    """
    found = lake.get(did)
    if found.type == "file":
        return found.bytes or 0, 1
    if found.bytes is None or found.files is None:
        row = lake.client.get_did(found.did.scope, found.did.name, dynamic_depth="FILE")
        return row.get("bytes") or 0, row.get("length") or 0
    return found.bytes, found.files


def pointing(inbox: Path, told: Path) -> str:
    """Write what the hand-over says of the inbox."""
    return json.dumps({"inbox": str(inbox), "told": str(told)})


def _server_of(lake: Lake) -> tuple[Path, Path]:
    """Find the inbox of the server whose login a lake uses; raises `InvalidInput`."""
    folder = lake.instance.handover
    if folder is None:
        raise errors.InvalidInput(
            "This login does not come from a Jupyter server: there is none to do it.",
            remedy=_REMEDY,
        )
    try:
        content = json.loads((Path(folder) / POINTER).read_text(encoding="utf-8"))
        inbox, told = Path(content["inbox"]), Path(content["told"])
    except (OSError, ValueError, KeyError, TypeError):
        inbox = None
    if inbox is None or not inbox.is_dir():
        raise errors.InvalidInput(
            "The Jupyter server of this kernel takes no transfers: it has ended, or is too old.",
            remedy=_REMEDY,
        )
    return inbox, told


def _hand_over(lake: Lake, inbox: Path, told: Path, kind: str, **values: Any) -> Transfer:
    order = HandedOver(secrets.token_hex(16), kind, lake.instance.name, lake.account, **values)
    path = inbox / f"{order.id}{ORDER}"
    answer = told / f"{order.id}.json"
    end = time.monotonic() + _ANSWERS_WITHIN
    try:
        private.write(path, json.dumps(asdict(order)))
        while not answer.exists() and time.monotonic() < end:
            time.sleep(0.05)
    except FileNotFoundError:
        raise errors.InvalidInput("The Jupyter server has just ended.", remedy=_REMEDY) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if not answer.exists() and _taken_back(path):
        raise errors.TookTooLong("The Jupyter server does not answer.", remedy=_REMEDY)
    return Transfer(order.id, told)


def _taken_back(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        # The server has claimed it, and will tell.
        return False
    return True


def _options(
    *,
    dataset: str | None,
    lifetime: Lifetime | None,
    until: Until | None,
    rse: str | None,
) -> dict[str, Any]:
    from dlaas.lifetime import moment, seconds

    seconds(lifetime, until)
    return {
        "dataset": dataset,
        "lifetime": seconds(lifetime),
        "until": None if until is None else moment(until).isoformat(),
        "rse": rse,
    }


def _absolute(path: str | os.PathLike[str]) -> str:
    return os.path.abspath(os.path.expanduser(os.fspath(path)))


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
