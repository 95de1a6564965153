"""What the library, the HTTP API and the panel share: frozen dataclasses in Rucio's words.

Times are UTC and aware; in JSON they are ISO 8601 with a Z. Sizes are bytes. Lifetimes are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from dlaas.errors import Blame
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
LoginMethod = Literal["userpass", "x509", "x509_proxy", "oidc"]
JobState = Literal["queued", "running", "waiting", "done", "failed", "cancelled"]
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
class Login:
    """How one is logged in to an instance; never a secret."""

    state: Literal["logged_in", "logged_out", "expired"]
    account: str | None = None
    method: LoginMethod | None = None
    expires_at: datetime | None = None
    problem: Problem | None = None


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


@dataclass(frozen=True)
class Problem:
    """An error as the HTTP API tells it."""

    error: str
    message: str
    blame: Blame
    remedy: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """A transfer that the server runs.

    In the state `waiting` it goes on after the next login. `problem` says why it waits or failed;
    `attempt` counts how often it was begun by a person.
    """

    id: str
    kind: Literal["upload"]
    instance: str
    did: DID
    source: str
    state: JobState
    bytes: int = 0
    done_bytes: int = 0
    created_at: datetime | None = None
    finished_at: datetime | None = None
    result: Uploaded | None = None
    problem: Problem | None = None
    attempt: int = 1


@dataclass(frozen=True)
class JobNote:
    """A line in the log of a transfer."""

    at: datetime
    text: str


@dataclass(frozen=True)
class Change:
    """A hint that something changed, as pushed to the panel; a gap in `seq` means: ask again."""

    server: str
    seq: int
    kind: ChangeKind
    instance: str
    did: DID | None = None
    job: str | None = None


@dataclass(frozen=True)
class LoginRequest:
    """A login by name and password; the password is used once and never kept on disk."""

    username: str
    password: str
    account: str | None = None


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
class UploadRequest:
    """Upload a file of the server's content folder; `path` as the file browser names it."""

    path: str
    did: str
    dataset: str | None = None
    lifetime: int | None = None
    until: str | None = None
    rse: str | None = None


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
