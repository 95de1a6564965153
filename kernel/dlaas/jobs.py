"""Transfers that a Jupyter server carries out, as they are asked for and told; part of
`dlaas.model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from dlaas.problems import Problem
from dlaas.records import Rule
from dlaas.reference import DID

JobKind = Literal["upload", "download", "publish"]
JobState = Literal["queued", "running", "waiting", "done", "failed", "cancelled"]
JobOrigin = Literal["panel", "kernel"]
Outcome = Literal["uploaded", "renamed", "fetched", "skipped", "failed"]
Duplicates = Literal["fail", "skip", "rename", "version"]
FINAL: tuple[JobState, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Uploaded:
    """What an upload left in the lake; `new` is False where the same file was there already."""

    did: DID
    rse: str
    bytes: int
    adler32: str
    rule: Rule | None = None
    dataset: DID | None = None
    new: bool = True


@dataclass(frozen=True)
class Job:
    """A transfer that the server runs.

    `did` is what is downloaded, or what is uploaded: a file, or the dataset of several, None
    without one. `source` is the path of what is uploaded, or the DID; `folder` is where a download
    goes, None for the cache. `speed` is in bytes per second, None while nothing moves. In the state
    `waiting` it goes on after the next login. `problem` says why it waits or failed; `attempt`
    counts how often it was begun by a person.
    """

    id: str
    kind: JobKind
    instance: str
    did: DID | None
    source: str
    state: JobState
    bytes: int = 0
    done_bytes: int = 0
    created_at: datetime | None = None
    finished_at: datetime | None = None
    result: Uploaded | None = None
    problem: Problem | None = None
    attempt: int = 1
    folder: str | None = None
    files: int = 1
    done_files: int = 0
    failed_files: int = 0
    speed: float | None = None
    origin: JobOrigin = "panel"


@dataclass(frozen=True)
class JobFile:
    """What became of one file of a transfer; `skipped` means that it was there already."""

    did: DID
    path: str
    outcome: Outcome
    bytes: int = 0
    problem: Problem | None = None


@dataclass(frozen=True)
class JobNote:
    """A line in the log of a transfer."""

    at: datetime
    text: str


@dataclass(frozen=True)
class UploadRequest:
    """Upload a file of the server's content folder, `path` as the file browser names it, as `did`;
    or several files and folders, `paths`, each under its own name in `scope`.

    `duplicates` says what becomes of a file whose name is taken by another. The bytes go to the
    first of `rses`, rules keep them on the others, too.
    """

    path: str | None = None
    did: str | None = None
    dataset: str | None = None
    lifetime: int | None = None
    until: str | None = None
    rse: str | None = None
    paths: tuple[str, ...] = ()
    scope: str | None = None
    duplicates: Duplicates = "fail"
    rses: tuple[str, ...] = ()


@dataclass(frozen=True)
class DownloadRequest:
    """Download a DID into a folder of the server's content folder, or into the cache.

    The folder is made; files that are there are only replaced by others with `overwrite`.
    """

    did: str
    folder: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class PublishRequest:
    """Publish a notebook of the server's content folder with all that it takes to repeat it.

    `notebook`, `code` and `outputs` are paths as the file browser names them; `inputs` are DIDs
    beside those of the notebook's record. Without a `name` it gets one made of its contents.
    """

    notebook: str
    scope: str
    name: str | None = None
    lifetime: int | None = None
    until: str | None = None
    inputs: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    environment: Literal["all", "imported"] = "all"
    note: str | None = None
    rse: str | None = None
    even_with_secrets: bool = False


def job_from(values: dict[str, Any]) -> Job | None:
    """Read what `to_json` made of a job; None for what another version wrote and we cannot read."""
    try:
        values = dict(values)
        if values["did"] is not None:
            values["did"] = DID(values["did"])
        _times(values, "created_at", "finished_at")
        if values["result"] is not None:
            values["result"] = _uploaded(dict(values["result"]))
        if values["problem"] is not None:
            values["problem"] = Problem(**values["problem"])
        return Job(**values)
    except (TypeError, KeyError, ValueError):
        return None


def file_from(values: dict[str, Any]) -> JobFile | None:
    """Read what `to_json` made of a file of a job; None for what cannot be read."""
    try:
        problem = Problem(**values["problem"]) if values["problem"] is not None else None
        return JobFile(**{**values, "did": DID(values["did"]), "problem": problem})
    except (TypeError, KeyError, ValueError):
        return None


def _uploaded(values: dict[str, Any]) -> Uploaded:
    values["did"] = DID(values["did"])
    if values["dataset"] is not None:
        values["dataset"] = DID(values["dataset"])
    if values["rule"] is not None:
        rule = dict(values["rule"])
        rule["did"] = DID(rule["did"])
        _times(rule, "expires_at", "created_at", "updated_at")
        values["rule"] = Rule(**rule)
    return Uploaded(**values)


def _times(values: dict[str, Any], *names: str) -> None:
    for name in names:
        if values[name] is not None:
            moment = datetime.strptime(values[name], "%Y-%m-%dT%H:%M:%SZ")
            values[name] = moment.replace(tzinfo=timezone.utc)
