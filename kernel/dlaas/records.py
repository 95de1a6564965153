"""What Rucio knows of places and rules, and of the account that asks; part of `dlaas.model`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from dlaas.reference import DID

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
