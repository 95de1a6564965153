"""Why a rule is as it is: what Rucio says of it, and of the files that are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any

from dlaas.model import DID, Explanation, Lock, LockState, Rule
from dlaas.rucio.rows import utc

if TYPE_CHECKING:
    from dlaas.rucio.connection import Connection

_PAGE = 100
# Rucio cannot be asked for the missing files alone: so far it is read to find some.
_MOST_ROWS = 10_000
_LOCK_STATES: dict[str, LockState] = {
    "O": "OK", "OK": "OK", "R": "REPLICATING", "REPLICATING": "REPLICATING",
    "S": "STUCK", "STUCK": "STUCK",
}  # fmt: skip


def explain(lake: Connection, rule: Rule) -> Explanation:
    """Explain a rule; of the files that are missing it names a hundred at most."""
    missing = rule.locks_stuck + rule.locks_replicating
    locks: list[Lock] = []
    if rule.state == "STUCK" and 0 < rule.locks_stuck <= _PAGE:
        # Rucio answers all stuck files at once, with several queries for each.
        told = lake.client.examine_replication_rule(rule.id)
        locks = [_stuck_from(row) for row in told.get("transfers") or []]
    room = min(_PAGE, missing) - len(locks)
    if room > 0:
        known = {(lock.did, lock.rse) for lock in locks}
        rest = (lock for lock in _missing(lake, rule) if (lock.did, lock.rse) not in known)
        locks += islice(rest, room)
    reason, remedy = _reason(rule, locks)
    return Explanation(rule, reason, remedy, tuple(locks), complete=len(locks) >= missing)


def _missing(lake: Connection, rule: Rule) -> Iterator[Lock]:
    with closing(lake.client.list_replica_locks(rule.id)) as rows:
        for row in islice(rows, _MOST_ROWS):
            lock = _lock_from(row)
            if lock.state != "OK":
                yield lock


def _lock_from(row: Mapping[str, Any]) -> Lock:
    state = str(row.get("state") or "").rpartition(".")[2].upper()
    did = DID(f"{row['scope']}:{row['name']}")
    return Lock(did, str(row["rse"]), _LOCK_STATES.get(state, "REPLICATING"))


def _stuck_from(row: Mapping[str, Any]) -> Lock:
    attempts = int(row.get("attempts") or 0)
    error = str(row.get("last_error") or "").rpartition(".")[2]
    readable = [str(rse) for rse, can_be_read in row.get("sources") or [] if can_be_read]
    return Lock(
        DID(f"{row['scope']}:{row['name']}"),
        str(row["rse"]),
        "STUCK",
        error=error if error not in ("", "None") else None,
        attempts=attempts,
        # Rucio looks for sources only where a transfer was tried.
        sources=tuple(readable) if attempts else None,
        tried_at=utc(row.get("last_time")),
    )


def _reason(rule: Rule, locks: list[Lock]) -> tuple[str, str]:
    """Say why in a sentence, and what to do about it in another."""
    total = rule.locks_ok + rule.locks_replicating + rule.locks_stuck
    where = rule.rse_expression
    if rule.state == "OK":
        return f"All {rule.locks_ok} files are on {where}.", ""
    if rule.state == "SUSPENDED":
        told = f": {rule.error}." if rule.error else "."
        return (
            f"The rule is suspended{told}",
            "Only administrators can wake it: ask them, or make a rule elsewhere.",
        )
    if rule.state == "WAITING_APPROVAL":
        return f"The rule waits for the approval of whoever runs {where}.", "Wait, or ask them."
    if rule.state == "INJECT":
        return "Rucio has accepted the rule and has not looked at it yet.", "Wait."
    if rule.state == "REPLICATING":
        return f"{rule.locks_ok} of {total} files are on {where}, the others on their way.", "Wait."
    return _reason_of_stuck(rule, locks, total)


def _reason_of_stuck(rule: Rule, locks: list[Lock], total: int) -> tuple[str, str]:
    told = f" Rucio's error: {rule.error}." if rule.error else ""
    text = f"{rule.locks_stuck} of {total} files could not be brought to {rule.rse_expression}."
    if locks and all(lock.sources == () for lock in locks if lock.state == "STUCK"):
        return f"{text} No copy of them can be read anywhere.{told}", "Ask the owner of the data."
    return (
        f"{text}{_tries(locks)}{told}",
        f"Rucio tries again by itself, hours later; now by update_rule('{rule.id}', boost=True)."
        " Or choose another RSE, or use what has arrived.",
    )


def _tries(locks: list[Lock]) -> str:
    attempts = max((lock.attempts or 0 for lock in locks), default=0)
    last = max((lock.tried_at for lock in locks if lock.tried_at), default=None)
    if not attempts or last is None:
        return ""
    return f" It was tried {attempts} times, last on {last:%Y-%m-%d %H:%M} UTC."
