"""What the library, the HTTP API and the panel share: frozen dataclasses in Rucio's words.

Times are UTC and aware; in JSON they are ISO 8601 with a Z. Sizes are bytes. Lifetimes are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from dlaas.jobs import DownloadRequest as DownloadRequest
from dlaas.jobs import Duplicates as Duplicates
from dlaas.jobs import Job as Job
from dlaas.jobs import JobFile as JobFile
from dlaas.jobs import JobKind as JobKind
from dlaas.jobs import JobNote as JobNote
from dlaas.jobs import JobOrigin as JobOrigin
from dlaas.jobs import JobState as JobState
from dlaas.jobs import Outcome as Outcome
from dlaas.jobs import Uploaded as Uploaded
from dlaas.jobs import UploadRequest as UploadRequest
from dlaas.logins import CertificateFile as CertificateFile
from dlaas.logins import Login as Login
from dlaas.logins import LoginMethod as LoginMethod
from dlaas.logins import LoginRequest as LoginRequest
from dlaas.logins import LoginState as LoginState
from dlaas.logins import PendingLogin as PendingLogin
from dlaas.problems import Problem as Problem
from dlaas.records import RSE as RSE
from dlaas.records import Account as Account
from dlaas.records import Explanation as Explanation
from dlaas.records import Lock as Lock
from dlaas.records import LockState as LockState
from dlaas.records import QoS as QoS
from dlaas.records import Rule as Rule
from dlaas.records import RuleState as RuleState
from dlaas.records import Usage as Usage
from dlaas.reference import DID as DID
from dlaas.reference import Reference as Reference

DIDType = Literal["file", "dataset", "container"]
State = Literal[
    "available",
    "partial",
    "replicating",
    "stuck",
    "suspended",
    "waiting_approval",
    "absent",
    "empty",
]
Access = Literal["mount", "cache", "https", "root", "none"]
ChangeKind = Literal["status", "job", "login"]


@dataclass(frozen=True)
class Entry:
    """One row of a search or of a collection's contents.

    `bytes` and `files` are None where the catalogue does not say without counting.
    """

    did: DID
    type: DIDType
    bytes: int | None = None
    files: int | None = None
    adler32: str | None = None


@dataclass(frozen=True)
class Metadata:
    """What the catalogue knows of a DID; `custom` holds what users and experiments added."""

    did: DID
    type: DIDType
    account: str
    bytes: int | None = None
    files: int | None = None
    adler32: str | None = None
    md5: str | None = None
    open: bool | None = None
    created_at: datetime | None = None
    custom: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Replica:
    """One copy of a file."""

    did: DID
    rse: str
    pfn: str
    state: str = "AVAILABLE"


@dataclass(frozen=True)
class Status:
    """How much of a DID can be read from here, and until when, whatever the number of files.

    `rse` is the instance's destination RSE; `rules` are those that put the DID there. `access` is
    how it would be read from here now, `path` the local path of an available file, `reason` a
    sentence for people.
    """

    did: DID
    type: DIDType
    state: State
    access: Access
    reason: str
    files: int | None = None
    available_files: int = 0
    bytes: int | None = None
    available_bytes: int = 0
    rse: str | None = None
    expires_at: datetime | None = None
    path: str | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Granted:
    """What was granted when data was made available; `new` is False where a rule was there."""

    rule: Rule
    new: bool
    note: str


@dataclass(frozen=True)
class InstanceInfo:
    """What the panel may know of a configured instance."""

    name: str
    display_name: str
    default: bool
    login: Login
    methods: tuple[LoginMethod, ...]
    destination_rse: str | None = None
    upload_rse: str | None = None
    default_lifetime: int | None = None
    wildcard_enabled: bool = False
    problem: Problem | None = None
    issuers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A hint that something changed, as pushed to the panel; a gap in `seq` means: ask again.

    `state` is that of the job.
    """

    server: str
    seq: int
    kind: ChangeKind
    instance: str
    did: DID | None = None
    job: str | None = None
    state: JobState | None = None


@dataclass(frozen=True)
class RuleRequest:
    """Make a DID available for a lifetime (seconds), until a time, or the instance's default.

    `extend` lengthens the account's own shorter rule instead of refusing a second one.
    """

    did: str
    lifetime: int | None = None
    until: str | None = None
    rse_expression: str | None = None
    qos: str | None = None
    copies: int = 1
    activity: str | None = None
    comment: str | None = None
    extend: bool = False


@dataclass(frozen=True)
class RuleChangeRequest:
    """Let a rule last for a lifetime (seconds) from now or until a time; `boost` tries a stuck one
    again.
    """

    lifetime: int | None = None
    until: str | None = None
    boost: bool = False


@dataclass(frozen=True)
class VariableRecord:
    """A DID that a notebook holds under a name, as its metadata keeps it (key `rucio_attachments`).

    The first three keys are the incumbent's; `instance` None means the default one.
    """

    variableName: str
    did: str
    type: Literal["file", "collection"]
    instance: str | None = None


def to_json(value: Any) -> Any:
    """Turn what this module holds into what `json.dumps` takes."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item) for item in value]
    if isinstance(value, str):
        return str(value)
    return value
