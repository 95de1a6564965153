"""How much of a part of a collection is here: few calls for many files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from dlaas.access import chosen, list_copies, rank, rank_file, reads_from
from dlaas.errors import DlaasError, NotAvailable
from dlaas.model import DID, Access, Entry, Replica, Rule, State, Status
from dlaas.reading.mounts import is_computed, local_paths
from dlaas.rucio.rows import rule_from

if TYPE_CHECKING:
    from dlaas.lake import Lake

_AT_ONCE = 500
# From here on, one long answer about the collection is less than many about its files.
_MANY = 5000
_BY_RULE: dict[str, State] = {
    "OK": "replicating",
    "REPLICATING": "replicating",
    "INJECT": "replicating",
    "STUCK": "stuck",
    "WAITING_APPROVAL": "waiting_approval",
    "SUSPENDED": "suspended",
}
# The most hopeful first.
_ON_THE_WAY: tuple[State, ...] = ("replicating", "stuck", "waiting_approval", "suspended")
# A collection's rules are those of its part too.
_KEPT = (*_ON_THE_WAY, "available")


@dataclass
class _Look:
    """What of a part is where: on the mount, at the destination by the catalogue, or missing."""

    mounted: set[DID]
    here: list[Entry]
    missing: list[Entry]
    copying: set[DID]


def status(lake: Lake, did: DID, entries: Sequence[Entry]) -> Status:
    """Answer the state of some files of a collection as seen from the destination RSE."""
    rse = lake.instance.destination_rse
    look = _look(lake, did, entries, rse)
    own = rules_on(lake, entries, rse)
    ruled = {rule.did for rule in own}
    # With a rule on each file, those on the collection need not be asked for.
    whole = None if len(ruled) == len(entries) else lake.status(did)
    state = _state(entries, look, own, whole)
    rules = (*own, *(whole.rules if whole and whole.state in _KEPT else ()))
    access = _access(lake, entries, look, rse)
    streamed = " It can be streamed." if access in ("https", "root") else ""
    return Status(
        did=did,
        type=whole.type if whole else "dataset",
        state=state,
        access=access,
        reason=_reason(state, look, rules, rse) + streamed,
        files=len(entries),
        available_files=len(look.here),
        bytes=_bytes(entries),
        available_bytes=_bytes(look.here),
        rse=rse,
        expires_at=_expiry(entries, own, whole),
        rules=rules,
    )


def _look(lake: Lake, did: DID, entries: Sequence[Entry], rse: str | None) -> _Look:
    mounted = set(on_mount(lake, entries))
    away = [entry for entry in entries if entry.did not in mounted]
    states = _states_at(lake, did, away, rse) if rse and away else {}
    here = mounted | {did for did, state in states.items() if state == "AVAILABLE"}
    return _Look(
        mounted,
        [entry for entry in entries if entry.did in here],
        [entry for entry in entries if entry.did not in here],
        {did for did, state in states.items() if state == "COPYING"},
    )


def on_mount(lake: Lake, entries: Sequence[Entry]) -> dict[DID, float]:
    """Answer which files are on the mount, and since when in seconds; no call per file."""
    if not _is_seen(lake):
        return {}
    found = {}
    for entry, path in zip(entries, local_paths(lake, entries), strict=True):
        if path is not None:
            try:
                found[entry.did] = os.stat(path).st_mtime
            except OSError:
                continue
    return found


def arrived(lake: Lake, did: DID, entries: Sequence[Entry]) -> list[Entry]:
    """Answer which of some files are here now, in the order in which they arrived."""
    if _is_seen(lake):
        since = on_mount(lake, entries)
        return sorted((e for e in entries if e.did in since), key=lambda e: since[e.did])
    rse = lake.instance.destination_rse
    states = _states_at(lake, did, entries, rse) if rse else {}
    return [entry for entry in entries if states.get(entry.did) == "AVAILABLE"]


def _is_seen(lake: Lake) -> bool:
    """Tell whether paths of the destination RSE can be computed and looked at here."""
    rse, mount = lake.instance.destination_rse, lake.instance.rse_mount_path
    if rse is None or (mount and not os.path.isdir(os.path.expanduser(mount))):
        return False
    try:
        info = lake.rse_info(rse)
    except DlaasError:
        return False
    schemes = [protocol.get("scheme") for protocol in info.get("protocols") or []]
    return is_computed(info) and bool(mount or "file" in schemes)


def _states_at(lake: Lake, did: DID, entries: Sequence[Entry], rse: str) -> dict[DID, str]:
    """Answer in which state the destination RSE's replicas of some files are."""
    wanted = {entry.did for entry in entries}
    asked = [did] if len(wanted) > _MANY else [entry.did for entry in entries]
    found = {}
    for chunk in _chunks(asked):
        rows = lake.client.list_replicas(
            [{"scope": one.scope, "name": one.name} for one in chunk],
            all_states=True,
            rse_expression=rse,
            sort="random",
        )
        for row in rows:
            file = DID(f"{row['scope']}:{row['name']}")
            if file in wanted:
                found[file] = str(row.get("states", {}).get(rse, ""))
    return found


def rules_on(lake: Lake, entries: Sequence[Entry], rse: str | None = None) -> list[Rule]:
    """List this account's own rules on some files, all or those for an RSE, in one question."""
    wanted = {entry.did for entry in entries}
    scopes = {did.scope for did in wanted}
    scope = scopes.pop() if len(scopes) == 1 else None
    return [rule for rule in _file_rules(lake, rse, scope) if rule.did in wanted]


def _file_rules(lake: Lake, rse: str | None, scope: str | None = None) -> Iterator[Rule]:
    filters = {"account": lake.account, "did_type": "F"}
    told = {"rse_expression": rse, "scope": scope}
    filters.update({key: value for key, value in told.items() if value is not None})
    return map(rule_from, lake.client.list_replication_rules(filters))


def by_files(lake: Lake, did: DID, entries: Callable[[], Sequence[Entry]], found: Status) -> Status:
    """Answer the status of a collection that no rule of its own brings: by those on its files."""
    if found.rse is None or next(_file_rules(lake, found.rse), None) is None:
        return found
    files = entries()
    return status(lake, did, files) if rules_on(lake, files, found.rse) else found


def _state(
    entries: Sequence[Entry], look: _Look, own: Sequence[Rule], whole: Status | None
) -> State:
    if not entries:
        return "empty"
    if not look.missing:
        return "available"
    missing = {entry.did for entry in look.missing}
    found = {_BY_RULE[rule.state] for rule in own if rule.did in missing}
    uncovered = missing - {rule.did for rule in own}
    if uncovered and whole is not None and whole.state in _KEPT:
        # Available with files missing: the catalogue's counters follow some seconds later.
        found.add("replicating" if whole.state == "available" else whole.state)
    elif uncovered - look.copying:
        return "partial" if look.here else "absent"
    elif uncovered:
        found.add("replicating")
    return next(state for state in _ON_THE_WAY if state in found)


def _access(lake: Lake, entries: Sequence[Entry], look: _Look, rse: str | None) -> Access:
    if look.mounted:
        return "mount"
    if look.here and rse:
        return reads_from(lake, rse)
    best = rank(lake, entries[0].did).best if entries else None
    return best.kind if best else "none"


def _reason(state: State, look: _Look, rules: Sequence[Rule], rse: str | None) -> str:
    """Say in a sentence what the state means for whoever wants to read it."""
    here, every = len(look.here), len(look.here) + len(look.missing)
    error = next((rule.error for rule in rules if rule.state == "STUCK" and rule.error), None)
    return {
        "empty": "It holds no files.",
        "available": f"All {every} files are on {rse}.",
        "replicating": f"They are on their way to {rse}: {here} of {every} files there.",
        "stuck": f"Transfers to {rse} failed{f': {error}.' if error else '.'}",
        "suspended": "Their rules are suspended.",
        "waiting_approval": f"Their rules wait for the approval of whoever runs {rse}.",
        "partial": f"Only {here} of {every} files are on {rse}, and no rule brings the rest.",
        "absent": f"They are not on {rse}." if rse else "No destination RSE is configured.",
    }[state]


def _bytes(entries: Sequence[Entry]) -> int:
    return sum(entry.bytes or 0 for entry in entries)


def _expiry(entries: Sequence[Entry], own: Sequence[Rule], whole: Status | None) -> datetime | None:
    """Answer until when all of it is kept; None where nothing ends, or nothing keeps it."""
    kept: dict[DID, list[datetime | None]] = {}
    for rule in own:
        kept.setdefault(rule.did, []).append(rule.expires_at)
    if whole is not None and whole.state in _KEPT:
        for entry in entries:
            kept.setdefault(entry.did, []).append(whole.expires_at)
    ends = [max(e for e in found if e) for found in kept.values() if None not in found]
    return min(ends, default=None)


def replicas(lake: Lake, entries: Sequence[Entry]) -> Iterator[Replica]:
    """Yield the copies of some files, asked for in chunks."""
    for chunk in _chunks([entry.did for entry in entries]):
        yield from lake._replicas(list(chunk))


def urls(lake: Lake, entries: Sequence[Entry], scheme: str | None = None) -> list[str]:
    """List the PFN of the preferred copy of each file, in their order; few calls for many files.

    Raises `NotAvailable` where a file has none.
    """
    copies: dict[DID, list[Replica]] = {}
    for chunk in _chunks([entry.did for entry in entries]):
        for copy in list_copies(lake, list(chunk)):
            copies.setdefault(copy.did, []).append(copy)
    found = []
    for entry in entries:
        ranking = rank_file(lake, entry.did, entry.bytes, entry.adler32, copies.get(entry.did, []))
        readable = chosen(ranking.ways, scheme)
        if not readable:
            raise NotAvailable(
                f"No copy of {entry.did} can be read{f' by {scheme}' if scheme else ''} from here.",
                remedy="Its explain() tells what there is.",
            )
        found.append(readable[0][1])
    return found


def _chunks(dids: Sequence[DID]) -> Iterator[Sequence[DID]]:
    for start in range(0, len(dids), _AT_ONCE):
        yield dids[start : start + _AT_ONCE]
