"""From what Rucio answers to our dataclasses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from dlaas.model import DID, DIDType, Entry, Replica, Rule, RuleState, Usage

_STATES: dict[str, RuleState] = {
    "O": "OK", "OK": "OK",
    "R": "REPLICATING", "REPLICATING": "REPLICATING",
    "S": "STUCK", "STUCK": "STUCK",
    "U": "SUSPENDED", "SUSPENDED": "SUSPENDED",
    "W": "WAITING_APPROVAL", "WAITING_APPROVAL": "WAITING_APPROVAL",
    "I": "INJECT", "INJECT": "INJECT",
}  # fmt: skip


def is_bare(row: Mapping[str, Any]) -> bool:
    """Tell whether Rucio left out of a row what it knows of the DID."""
    kind = row.get("did_type") or row.get("type")
    if kind is None:
        return True
    # `length` is only in what a search answers, which knows all that the catalogue knows.
    return type_of(kind) != "file" and row.get("bytes") is None and "length" not in row


def type_of(text: Any) -> DIDType:
    """Read the type of a DID, which Rucio writes in several ways."""
    kind = str(getattr(text, "name", text)).rpartition(".")[2].lower()
    return "file" if kind == "file" else "container" if kind == "container" else "dataset"


def entry_from(row: Mapping[str, Any]) -> Entry:
    """Read a row of a search or of contents."""
    kind = type_of(row.get("did_type") or row.get("type"))
    return Entry(
        DID(f"{row['scope']}:{row['name']}"),
        kind,
        row.get("bytes"),
        None if kind == "file" else row.get("length"),
        row.get("adler32"),
    )


def replicas_from(row: Mapping[str, Any]) -> Iterator[Replica]:
    """Read the copies of a file, nearest first as Rucio sorts them."""
    did = DID(f"{row['scope']}:{row['name']}")
    pfns: Any = sorted(row.get("pfns", {}).items(), key=lambda one: one[1].get("priority") or 0)
    for pfn, told in pfns:
        state = row.get("states", {}).get(told["rse"], "AVAILABLE")
        yield Replica(did, told["rse"], pfn, state)


def usage_from(row: Mapping[str, Any]) -> Usage:
    """Read what an account uses of an RSE."""
    return Usage(row["rse"], int(row["bytes"]), int(row["files"]), _limit(row))


def global_usage_from(row: Mapping[str, Any]) -> Usage:
    """Read what an account uses of all RSEs of an expression together."""
    used, files = int(row["bytes"]), int(row["files"])
    return Usage(row["rse_expression"], used, files, _limit(row), "global")


def _limit(row: Mapping[str, Any]) -> int | None:
    limit: Any = row.get("bytes_limit")
    # Rucio writes an endless quota as infinity or -1, and no quota as 0.
    endless = limit is None or limit < 0 or limit == float("inf")
    return None if endless else int(limit)


def utc(value: Any) -> datetime | None:
    """Make an aware time of what Rucio answers: a naive time in UTC, or the text of one."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    if not isinstance(value, str) or not value:
        return None
    for form in ("%a, %d %b %Y %H:%M:%S %Z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(value.split(".")[0], form).replace(tzinfo=timezone.utc)
        except ValueError:
            continue
    return None


def _error_from(row: Mapping[str, Any]) -> str | None:
    """Read why a rule is stuck, without the name that Rucio's program has for it."""
    told = re.sub(r"^RequestErrMsg\.\w+:(?=.)", "", str(row.get("error") or ""))
    return told.strip().rstrip(".") or None


def rule_from(row: Mapping[str, Any], subscription: str | None = None) -> Rule:
    """Read a rule as Rucio answers it; the name of its subscription is not in the row."""
    state = str(row.get("state") or "").rpartition(".")[2].upper()
    return Rule(
        id=str(row["id"]),
        did=DID(f"{row['scope']}:{row['name']}"),
        account=str(row["account"]),
        rse_expression=str(row["rse_expression"]),
        state=_STATES.get(state, "REPLICATING"),
        copies=int(row.get("copies") or 1),
        locks_ok=int(row.get("locks_ok_cnt") or 0),
        locks_replicating=int(row.get("locks_replicating_cnt") or 0),
        locks_stuck=int(row.get("locks_stuck_cnt") or 0),
        error=_error_from(row),
        expires_at=utc(row.get("expires_at")),
        created_at=utc(row.get("created_at")),
        updated_at=utc(row.get("updated_at")),
        activity=row.get("activity") or None,
        comment=row.get("comments") or None,
        subscription=subscription,
    )
