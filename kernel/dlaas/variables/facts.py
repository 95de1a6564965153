"""What a card tells of a variable: asked all at once, within seconds, and never failing."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dlaas.errors import DlaasError, InvalidInput
from dlaas.lifetime import said
from dlaas.model import DID, DIDType, Metadata, Rule, Status
from dlaas.sizes import size_said
from dlaas.variables.parts import said_step

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.variables import MultipleItemDID
    from dlaas.variables.item import Item

PATIENCE = 4.0
# A card is looked at, not studied: of more it says how many there are.
_MOST = 5
_MOST_DATASETS = 200
_MOST_CONTAINERS = 10
_MOST_FILES = 500
# It is a record, told in words of its own.
_PROVENANCE = "dlaas_provenance"

Rows = list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Facts:
    """What was answered in time, by question; and why what is missing is."""

    known: Mapping[str, Any] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


def ask(item: Item, patience: float = PATIENCE) -> Facts:
    """Ask all that a card tells, each question on a thread; what takes longer is left out."""
    ends = time.monotonic() + patience
    found = _asked({"lake": lambda: item.lake}, ends)
    lake: Lake | None = found.known.get("lake")
    if lake is None:
        return found
    questions: dict[str, Callable[[], Any]] = {
        "status": lambda: item.status,
        "metadata": lambda: item.metadata,
        "copies": lambda: _copies(item, lake),
        "parents": lambda: _parents(lake, item.did),
    }
    return _asked(questions, ends)


def summary(item: Item, found: Facts) -> dict[str, Any] | None:
    """Answer what a notebook may keep of a whole DID: nothing that is one person's or secret.

    None for a part, which has no name of its own, and where nobody could say what it is.
    """
    status: Status | None = found.known.get("status")
    metadata: Metadata | None = found.known.get("metadata")
    told = status or metadata
    if told is None or getattr(item, "is_part", False):
        return None
    return {
        "did": str(item.did),
        "instance": item.instance,
        "type": told.type,
        "name": item.did.name,
        "size": told.bytes,
        "state": status.state if status else None,
    }


def _asked(questions: Mapping[str, Callable[[], Any]], ends: float) -> Facts:
    known: dict[str, Any] = {}
    unknown = dict.fromkeys(questions, "No answer came in time.")

    def answer(name: str, question: Callable[[], Any]) -> None:
        try:
            known[name] = question()
        except DlaasError as error:
            unknown[name] = str(error)
        except Exception as error:
            unknown[name] = f"It could not be asked ({type(error).__name__})."

    # Daemons: a server that never answers must not keep Python from ending.
    threads = [
        threading.Thread(target=answer, args=pair, daemon=True, name="dlaas-card")
        for pair in questions.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))
    # A late answer must not change what is being shown.
    found = dict(known)
    return Facts(found, {name: why for name, why in unknown.items() if name not in found})


def _copies(item: Item, lake: Lake) -> list[str]:
    """Say where the copies are, in a few questions: per RSE how many of the files."""
    from dlaas.variables import MultipleItemDID

    did = item.did
    if isinstance(item, MultipleItemDID) and item.is_part:
        return _counted_files(item)
    row = lake._did(did)
    kind = str(row["type"]).upper()
    if kind == "FILE":
        rses = {replica.rse: replica.state for replica in lake._replicas([did])}
        return [
            rse if state == "AVAILABLE" else f"{rse} ({state.lower()})"
            for rse, state in rses.items()
        ]
    if kind == "DATASET":
        return _said_copies(lake.client.list_dataset_replicas(did.scope, did.name, deep=True))
    below = _datasets_below(lake, did)
    if below is None:
        return ["of many datasets, see .replicas"]
    return _said_copies(lake.client.list_dataset_replicas_bulk(below) if below else [])


def _counted_files(item: MultipleItemDID) -> list[str]:
    """Say where the files of a part are, where they are few."""
    if len(item) > _MOST_FILES:
        return ["of many files, see .replicas"]
    held = Counter(rse for _, rse in {(copy.did, copy.rse) for copy in item.replicas})
    return [f"{rse} ({count:,} of {len(item):,} files)" for rse, count in sorted(held.items())]


def _said_copies(counted: Iterable[Mapping[str, Any]]) -> list[str]:
    held: Counter[str] = Counter()
    lengths: dict[tuple[str, str], int] = {}
    for found in counted:
        held[found["rse"]] += found.get("available_length") or 0
        lengths[found["scope"], found["name"]] = found.get("length") or 0
    files = sum(lengths.values())
    return [f"{rse} ({count:,} of {files:,} files)" for rse, count in sorted(held.items())]


def _datasets_below(lake: Lake, did: DID) -> list[dict[str, Any]] | None:
    """List the datasets below a container; None where they are many or deep below."""
    found: list[dict[str, Any]] = []
    todo = [did]
    for _ in range(_MOST_CONTAINERS):
        if not todo:
            return found
        container = todo.pop()
        for row in lake.client.list_content(container.scope, container.name):
            if str(row["type"]).upper() == "CONTAINER":
                todo.append(DID(f"{row['scope']}:{row['name']}"))
            else:
                found.append({"scope": row["scope"], "name": row["name"]})
            if len(found) > _MOST_DATASETS:
                return None
    return None if todo else found


def _parents(lake: Lake, did: DID) -> list[str]:
    return [
        f"{row['scope']}:{row['name']}" for row in lake.client.list_parent_dids(did.scope, did.name)
    ]


def rows(item: Item, facts: Facts) -> Rows:
    """Write the rows of a card: a heading, and lines."""
    status: Status | None = facts.known.get("status")
    metadata: Metadata | None = facts.known.get("metadata")
    told: Rows = [("DID", [str(item.did)]), ("Type", _type(item, status, metadata))]
    told.append(("Instance", [item.instance or "the default one"]))
    told.append(("State", [f"{status.state}: {status.reason}"] if status else ["unknown"]))
    told.append(("Files", _files(status)))
    told.append(("Size", _size(status, metadata)))
    told.append(("Path", [status.path] if status and status.path else []))
    told.append(("Copies", _few(facts.known.get("copies") or [])))
    told.append(("Rules", _few(_rules(status.rules) if status else [])))
    told.append(("Expires", [_until(status.expires_at)] if status and status.expires_at else []))
    told.append(("In", _few(facts.known.get("parents") or [])))
    told.append(("Checksum", _checksum(metadata)))
    told.append(("Owner", [metadata.account] if metadata and metadata.account else []))
    if not getattr(item, "is_part", False):
        # What it counts is counted for the whole.
        told.append(("Metadata", _custom(metadata)))
        told.append(("Provenance", _few(_provenance(metadata))))
    told.append(("Not known", _unknown(facts)))
    return [(heading, lines) for heading, lines in told if lines]


def _type(item: Item, status: Status | None, metadata: Metadata | None) -> list[str]:
    kind: DIDType | None = metadata.type if metadata else status.type if status else None
    if kind is None:
        return []
    steps = ", ".join(map(said_step, getattr(item, "_recipe", ())))
    return [f"part of a {kind}: {steps}" if steps else kind]


def _files(status: Status | None) -> list[str]:
    if status is None or status.files is None or status.type == "file":
        return []
    return [f"{status.available_files:,} of {status.files:,} here"]


def _size(status: Status | None, metadata: Metadata | None) -> list[str]:
    size = status.bytes if status else metadata.bytes if metadata else None
    if size is None:
        return []
    return [f"{size_said(size)} ({size:,} bytes)" if size >= 1000 else size_said(size)]


def _rules(rules: Iterable[Rule]) -> list[str]:
    """Say each rule once; a part has one like the other on each of its files."""
    counted = Counter(map(_rule, rules))
    return [f"{count:,} times {line}" if count > 1 else line for line, count in counted.items()]


def _rule(rule: Rule) -> str:
    until = f", until {_until(rule.expires_at)}" if rule.expires_at else ", without end"
    error = f": {rule.error}" if rule.error and rule.state != "OK" else ""
    return f"{rule.rse_expression} by {rule.account}, {rule.state}{until}{error}"


def _until(end: datetime) -> str:
    left = (end - datetime.now(timezone.utc)).total_seconds()
    return f"{end:%Y-%m-%d %H:%M} UTC ({f'in {said(left)}' if left > 0 else 'over'})"


def _checksum(metadata: Metadata | None) -> list[str]:
    if metadata is None:
        return []
    sums = {"adler32": metadata.adler32, "md5": metadata.md5}
    return [f"{kind} {value}" for kind, value in sums.items() if value]


def _custom(metadata: Metadata | None) -> list[str]:
    if metadata is None:
        return []
    own = {key: value for key, value in metadata.custom.items() if key != _PROVENANCE}
    return _few([f"{key} = {str(value)[:200]}" for key, value in own.items()], 10)


def _provenance(metadata: Metadata | None) -> list[str]:
    """Say who made it, and of what, where its metadata tell."""
    told = metadata.custom.get(_PROVENANCE) if metadata else None
    if metadata is None or told is None:
        return []
    from dlaas.publish import provenance

    try:
        told = provenance.parsed(metadata.did, told) if isinstance(told, str) else told
        said = str(provenance.from_json(metadata.did, told))
    except InvalidInput as error:
        return [error.message]
    return [line.strip() for line in said.removeprefix(f"{metadata.did}: ").splitlines()]


def _few(lines: list[str], most: int = _MOST) -> list[str]:
    rest = len(lines) - most
    return [*lines[:most], f"and {rest:,} more"] if rest > 0 else lines


def _unknown(facts: Facts) -> list[str]:
    """Say once what several questions failed by."""
    by_reason: dict[str, list[str]] = {}
    for name, why in facts.unknown.items():
        by_reason.setdefault(why, []).append(name)
    return [f"{', '.join(names)}: {why}" for why, names in by_reason.items()]
