"""What the library, the HTTP API and the panel share: frozen dataclasses in Rucio's words.

Times are UTC and aware; in JSON they are ISO 8601 with a Z. Sizes are bytes. Lifetimes are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from dlaas.basket_records import BasketDownloadRequest as BasketDownloadRequest
from dlaas.basket_records import BasketHost as BasketHost
from dlaas.basket_records import BasketImportRequest as BasketImportRequest
from dlaas.basket_records import BasketInfo as BasketInfo
from dlaas.basket_records import BasketOutcome as BasketOutcome
from dlaas.basket_records import BasketReadRequest as BasketReadRequest
from dlaas.basket_records import BasketRemoveRequest as BasketRemoveRequest
from dlaas.basket_records import BasketRow as BasketRow
from dlaas.basket_records import BasketUseRequest as BasketUseRequest
from dlaas.jobs import DownloadRequest as DownloadRequest
from dlaas.jobs import Duplicates as Duplicates
from dlaas.jobs import Job as Job
from dlaas.jobs import JobFile as JobFile
from dlaas.jobs import JobKind as JobKind
from dlaas.jobs import JobNote as JobNote
from dlaas.jobs import JobOrigin as JobOrigin
from dlaas.jobs import JobState as JobState
from dlaas.jobs import Outcome as Outcome
from dlaas.jobs import PublishRequest as PublishRequest
from dlaas.jobs import Uploaded as Uploaded
from dlaas.jobs import UploadRequest as UploadRequest
from dlaas.local_records import CacheShare as CacheShare
from dlaas.local_records import CacheUse as CacheUse
from dlaas.local_records import Check as Check
from dlaas.local_records import Cleaned as Cleaned
from dlaas.local_records import Verdict as Verdict
from dlaas.logins import CertificateFile as CertificateFile
from dlaas.logins import Login as Login
from dlaas.logins import LoginMethod as LoginMethod
from dlaas.logins import LoginRequest as LoginRequest
from dlaas.logins import LoginState as LoginState
from dlaas.logins import PendingLogin as PendingLogin
from dlaas.open_records import OpenFile as OpenFile
from dlaas.open_records import OpenItem as OpenItem
from dlaas.open_records import OpenState as OpenState
from dlaas.problems import Problem as Problem
from dlaas.records import RSE as RSE
from dlaas.records import Access as Access
from dlaas.records import Account as Account
from dlaas.records import Copies as Copies
from dlaas.records import Explanation as Explanation
from dlaas.records import Lock as Lock
from dlaas.records import LockState as LockState
from dlaas.records import QoS as QoS
from dlaas.records import Rule as Rule
from dlaas.records import RulePreview as RulePreview
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
class Sought:
    """What became of one name of a list: what it names, and `missing` why that is nothing.

    A pattern may name many `entries`; where more of the same follow, `done` is False. `truncated`
    says that there are more than were asked for.
    """

    name: str
    entries: tuple[Entry, ...] = ()
    done: bool = True
    truncated: bool = False
    missing: Problem | None = None


@dataclass(frozen=True)
class Metadata:
    """What the catalogue knows of a DID; `custom` holds what users and experiments added.

    `editable` says whether this account may set it, None where only trying tells.
    """

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
    editable: bool | None = None


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
    """What the panel may know of a configured instance.

    `activities` are those to choose from when data is made available; `embargoed_scopes` are
    patterns of scopes.
    """

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
    webui_url: str | None = None
    site: str | None = None
    activities: tuple[str, ...] = ()
    embargoed_scopes: tuple[str, ...] = ()


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
class RuleMoveRequest:
    """Have what a rule keeps put elsewhere: on an RSE expression, or a quality of service."""

    rse_expression: str | None = None
    qos: str | None = None


@dataclass(frozen=True)
class MetadataRequest:
    """Set metadata of a DID; what it has under other keys stays, a null takes a value away."""

    did: str
    values: dict[str, Any]


@dataclass(frozen=True)
class LookUpRequest:
    """Look up names and patterns, a thousand at most; `limit` is for each pattern.

    `type` and `where` are those of a search.
    """

    names: tuple[str, ...]
    type: str = "all"
    where: str | None = None
    limit: int = 500


@dataclass(frozen=True)
class DatesRequest:
    """Ask when DIDs were made: a hundred at most."""

    dids: tuple[str, ...]


@dataclass(frozen=True)
class Snippet:
    """A cell that is ready to be run in a kernel's language."""

    title: str
    language: str
    code: str


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
