"""How much of a DID can be read from here, and until when: few calls for any number of files."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dlaas import access
from dlaas.catalogue.copies import counted, datasets_below, is_mounted, replicas_of
from dlaas.errors import NotThere
from dlaas.lifetime import said
from dlaas.model import DID, Access, DIDType, Rule, State, Status
from dlaas.rucio.rows import type_of

if TYPE_CHECKING:
    from dlaas.lake import Lake

# Rules above a DID that are looked at for their state and expiry.
_MOST_RULES = 10


@dataclass
class _Counts:
    """How many files there are, how many of them at the destination, and who else holds some."""

    files: int | None = None
    bytes: int | None = None
    available_files: int = 0
    available_bytes: int = 0
    elsewhere: frozenset[str] = frozenset()


def status(lake: Lake, did: str) -> Status:
    """Answer the state of a DID as seen from this lake's destination RSE.

    Raises `DataIdentifierNotFound`, `ScopeNotFound`; a mount or protocol that cannot be looked at
    is no error.
    """
    did = DID(did)
    row = lake._did(did)
    kind: DIDType = type_of(row["type"])
    rse = lake.instance.destination_rse
    rules = lake.rules_of(did, kind == "file")
    here = _here(lake, did, kind, rules, rse)
    ranking = _rank(lake, did, row) if kind == "file" else None
    counts = _count_file(row, ranking, rse) if ranking else _counts(lake, did, kind, rse, here)
    state = _state(counts, here)
    how = _access_file(ranking) if ranking else _access(lake, counts, rse)
    return Status(
        did=did,
        type=kind,
        state=state,
        access=how,
        reason=_reason(lake, state, how, counts, here) + _why_not(ranking),
        files=counts.files,
        available_files=counts.available_files,
        bytes=counts.bytes,
        available_bytes=counts.available_bytes,
        rse=rse,
        expires_at=_expiry(here),
        path=ranking.path if ranking else None,
        rules=tuple(here or rules),
    )


def _here(lake: Lake, did: DID, kind: DIDType, rules: list[Rule], rse: str | None) -> list[Rule]:
    """Choose the rules that bring a DID to the destination RSE, or keep it there."""
    if rse is None:
        return []
    here = [rule for rule in rules if lake.aims_at(rule, rse)]
    if kind == "dataset":
        # Rules on the containers above it, and those whose expression left the choice to Rucio.
        locks = lake.client.get_dataset_locks(did.scope, did.name)
        known = {rule.id for rule in here}
        ids = {lock["rule_id"]: None for lock in locks if lock.get("rse") == rse}
        for rule_id in [found for found in ids if found not in known][:_MOST_RULES]:
            # One may have ended between the two questions.
            with suppress(NotThere):
                here.append(lake.get_rule(rule_id))
    elif kind == "container":
        above = (rule for parent in lake.list_parents(did) for rule in lake.rules_of(parent, False))
        here += [rule for rule in above if lake.aims_at(rule, rse)]
    return here


def _counts(lake: Lake, did: DID, kind: DIDType, rse: str | None, here: list[Rule]) -> _Counts:
    if kind == "dataset":
        return _count_dataset(lake, did, rse)
    counts = _count_container(lake, did, rse) or _count_locks(lake, did, here)
    if any(rule.did == did and rule.state == "OK" for rule in here):
        # The catalogue's counters per dataset follow later, and on some servers much later.
        counts.available_files, counts.available_bytes = counts.files or 0, counts.bytes or 0
    return counts


def _rank(lake: Lake, did: DID, row: dict[str, Any]) -> access.Ranking:
    replicas = access.list_copies(lake, [did])
    return access.rank_file(lake, did, row.get("bytes"), row.get("adler32"), replicas)


def _count_file(row: dict[str, Any], ranking: access.Ranking, rse: str | None) -> _Counts:
    size = row.get("bytes")
    at_rse = rse is not None and rse in ranking.holders
    return _Counts(
        1, size, int(at_rse), (size or 0) if at_rse else 0, ranking.holders - {rse or ""}
    )


def _count_dataset(lake: Lake, did: DID, rse: str | None) -> _Counts:
    counts = _Counts()
    elsewhere = set()
    for found in lake.client.list_dataset_replicas(did.scope, did.name, deep=True):
        counts.files, counts.bytes = found.get("length"), found.get("bytes")
        available = found.get("available_length") or 0
        if found["rse"] == rse:
            counts.available_files = available
            counts.available_bytes = found.get("available_bytes") or 0
        elif available:
            elsewhere.add(found["rse"])
    counts.elsewhere = frozenset(elsewhere)
    if counts.files is None:
        counts.files, counts.bytes = counted(lake, did)
    return counts


def _count_container(lake: Lake, did: DID, rse: str | None) -> _Counts | None:
    """Add up the datasets below a container; None where there are so many that the locks of its
    rules have to do.
    """
    datasets = datasets_below(lake, did)
    if datasets is None:
        return None
    files, size = counted(lake, did)
    counts = _Counts(files, size)
    elsewhere = set()
    for found in replicas_of(lake, datasets):
        if found["rse"] == rse:
            counts.available_files += found.get("available_length") or 0
            counts.available_bytes += found.get("available_bytes") or 0
        elif found.get("available_length"):
            elsewhere.add(found["rse"])
    counts.elsewhere = frozenset(elsewhere)
    return counts


def _count_locks(lake: Lake, did: DID, here: list[Rule]) -> _Counts:
    files, size = counted(lake, did)
    best = max((rule.locks_ok for rule in here if rule.did == did), default=0)
    share = best / files if files else 0
    return _Counts(files, size, best, int((size or 0) * share))


def _state(counts: _Counts, here: list[Rule]) -> State:
    """Sum up: what is there counts first, then the most hopeful rule that brings the rest."""
    if counts.files == 0:
        return "empty"
    if counts.files is not None and counts.available_files >= counts.files:
        return "available"
    states = {rule.state for rule in here}
    if states & {"REPLICATING", "INJECT", "OK"}:
        # OK with files missing: the catalogue's counters follow some seconds later.
        return "replicating"
    for rule_state, state in _WAITING:
        if rule_state in states:
            return state
    return "partial" if counts.available_files else "absent"


_WAITING: tuple[tuple[str, State], ...] = (
    ("STUCK", "stuck"),
    ("WAITING_APPROVAL", "waiting_approval"),
    ("SUSPENDED", "suspended"),
)


def _access_file(ranking: access.Ranking) -> Access:
    return ranking.best.kind if ranking.best else "none"


def _access(lake: Lake, counts: _Counts, rse: str | None) -> Access:
    if counts.available_files and is_mounted(lake.instance):
        return "mount"
    holders = set(counts.elsewhere)
    if counts.available_files and rse:
        holders.add(rse)
    ways = (access.reads_from(lake, holder) for holder in sorted(holders))
    return next((way for way in ways if way != "none"), "none")


def _expiry(here: list[Rule]) -> datetime | None:
    """Answer when the last of the rules ends; None where one has no end or there is none."""
    ends = [rule.expires_at for rule in here]
    return None if not ends or None in ends else max(end for end in ends if end is not None)


def _reason(lake: Lake, state: State, how: Access, counts: _Counts, here: list[Rule]) -> str:
    """Say in a sentence what the state means for whoever wants to read it."""
    rse = lake.instance.destination_rse
    files = f"{counts.available_files} of {counts.files} files"
    stuck = next((rule.error for rule in here if rule.state == "STUCK" and rule.error), None)
    text = {
        "empty": "It holds no files.",
        "available": f"It is on {rse}.",
        "replicating": f"It is on its way to {rse}: {files} there.",
        "stuck": f"Transfers to {rse} failed{f': {stuck}.' if stuck else '.'}",
        "suspended": "Its rule is suspended.",
        "waiting_approval": f"Its rule waits for the approval of whoever runs {rse}.",
        "partial": f"Only {files} are on {rse}, and no rule brings the rest.",
        "absent": f"It is not on {rse}." if rse else "No destination RSE is configured.",
    }[state]
    return f"{text}{_how(how, state, lake)}{_left(here)}"


def _how(how: Access, state: State, lake: Lake) -> str:
    if how == "none" and state == "available" and lake.instance.rse_mount_path:
        return f" But {lake.instance.rse_mount_path} does not show it."
    if how in ("https", "root"):
        return " It can be streamed."
    if how == "cache":
        return " A copy is in the cache of this machine."
    return ""


def _why_not(ranking: access.Ranking | None) -> str:
    if ranking is None or ranking.best or not ranking.ways:
        return ""
    return f" It cannot be read from here now: {ranking.why_not}."


def _left(here: list[Rule]) -> str:
    end = _expiry(here)
    if end is None:
        return ""
    left = (end - datetime.now(timezone.utc)).total_seconds()
    if left > 0:
        return f" It is kept for {said(left)} more."
    # Rucio ends a rule that is moved, and keeps its data until the new one is fulfilled.
    return " Its rule has just ended, or is being moved."
