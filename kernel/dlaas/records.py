"""What Rucio knows of places and rules, and of the account that asks; part of `dlaas.model`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from dlaas.problems import Problem
from dlaas.reference import DID

Access = Literal["mount", "cache", "https", "root", "none"]
RuleState = Literal["OK", "REPLICATING", "STUCK", "SUSPENDED", "WAITING_APPROVAL", "INJECT"]
LockState = Literal["OK", "REPLICATING", "STUCK"]


@dataclass(frozen=True)
class RSE:
    """A storage element of the lake."""

    name: str
    site: str | None = None
    qos: str | None = None
    writable: bool = True
    attributes: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class QoS:
    """A quality of service: its label, and the RSEs that have it with the expression for them."""

    label: str
    expression: str
    rses: tuple[str, ...]


@dataclass(frozen=True)
class Account:
    """Who one is in Rucio."""

    name: str
    email: str | None = None


@dataclass(frozen=True)
class Usage:
    """What an account uses of an RSE and may use; `limit` None means without limit.

    With the locality `global` the limit is for all RSEs together that `rse`, an expression, means.
    """

    rse: str
    bytes: int
    files: int
    limit: int | None = None
    locality: Literal["local", "global"] = "local"


@dataclass(frozen=True)
class Copies:
    """The copies of a DID on one RSE, and how they would be read from here.

    `protocols` are those that the RSE speaks for reading, the preferred one first. `pfn` is there
    for a file alone. `reason` says what is in the way where `access` is `none`.
    """

    rse: str
    site: str | None
    qos: str | None
    tape: bool
    state: str
    access: Access
    reason: str
    files: int | None = None
    available_files: int = 0
    bytes: int | None = None
    available_bytes: int = 0
    protocols: tuple[str, ...] = ()
    pfn: str | None = None


@dataclass(frozen=True)
class Rule:
    """A replication rule: what is kept where, for how long, and how far that is.

    `subscription` is the name of the subscription that made it.
    """

    id: str
    did: DID
    account: str
    rse_expression: str
    state: RuleState
    copies: int = 1
    locks_ok: int = 0
    locks_replicating: int = 0
    locks_stuck: int = 0
    error: str | None = None
    expires_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    activity: str | None = None
    comment: str | None = None
    subscription: str | None = None


@dataclass(frozen=True)
class Lock:
    """One file of a rule on one RSE, and what its last transfer ended with.

    `sources` are the RSEs that have a copy that can be read.
    """

    did: DID
    rse: str
    state: LockState
    error: str | None = None
    attempts: int | None = None
    sources: tuple[str, ...] | None = None
    tried_at: datetime | None = None


@dataclass(frozen=True)
class Explanation:
    """Why a rule is as it is: a sentence for people, and a page of the files that are missing.

    `complete` is False where more files are missing than `locks` holds.
    """

    rule: Rule
    reason: str
    remedy: str
    locks: tuple[Lock, ...] = ()
    complete: bool = True

    def __str__(self) -> str:
        lines = [f"{self.reason} {self.remedy}".strip()]
        for lock in self.locks:
            told = f": {lock.error}" if lock.error else ""
            lines.append(f"  {lock.did} on {lock.rse}: {lock.state}{told}")
        return "\n".join(lines if self.complete else [*lines, "  and more"])


@dataclass(frozen=True)
class RulePreview:
    """What a rule would mean, before it is made.

    `rses` are those that its expression means, `present_files` and `present_bytes` what one of them
    has already (that with the most), None where that takes too long to find out; with `tape` the
    rest has to come from tape. `quota_left` is what the account may still put there, for one copy,
    None without a limit. `lifetime` and `expires_at` are what would be asked for. `rule` is the
    account's own such rule that is there already; where it lasts long enough, nothing new is made
    and `expires_at` is its own. `problem` is what stands in the way, as the act itself tells it.
    """

    did: DID
    rse_expression: str | None
    rses: tuple[str, ...] = ()
    files: int | None = None
    bytes: int | None = None
    present_files: int | None = None
    present_bytes: int | None = None
    tape: bool = False
    quota_left: int | None = None
    lifetime: int | None = None
    expires_at: datetime | None = None
    rule: Rule | None = None
    problem: Problem | None = None
