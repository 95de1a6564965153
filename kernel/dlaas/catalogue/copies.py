"""The copies of a DID by RSE: what each holds, and how it would be read from here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from dlaas import access
from dlaas.errors import InvalidInput
from dlaas.model import DID, Access, Copies, DIDType, Entry, Replica
from dlaas.reading.mounts import local_paths

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue
    from dlaas.config import Instance

# Each container below a container is a question, and so are some datasets together.
_MOST_CONTAINERS = 50
_MOST_DATASETS = 1000
_AT_ONCE = 200


@dataclass
class Held:
    """What one RSE holds of a DID; `pfns` are those of a file."""

    state: str
    files: int | None = None
    bytes: int | None = None
    available_files: int = 0
    available_bytes: int = 0
    pfns: list[str] = field(default_factory=list)

    @classmethod
    def part(cls, files: int | None, size: int | None, here: int, here_bytes: int) -> Held:
        """Make it of counts, and the state of them."""
        whole = files is not None and here >= files
        state = "AVAILABLE" if whole else "PARTIAL" if here else "UNAVAILABLE"
        return cls(state, files, size, here, here_bytes)


def list_copies(lake: Catalogue, did: DID, row: Mapping[str, Any], kind: DIDType) -> list[Copies]:
    """List the copies of a DID of which the catalogue has answered, those that can be read first.

    Raises `InvalidInput` for a container of more datasets than can be asked for.
    """
    found = held(lake, did, row, kind)
    facts = access.facts(lake, found)
    off = {rse for rse in found if facts[rse][0].get("availability_read") is False}
    ways = _ways_of_file(lake, did, row, found, off) if kind == "file" else _ways(lake, found)
    copies = [_copies(rse, one, *facts[rse], *ways[rse]) for rse, one in found.items()]
    return sorted(copies, key=lambda one: (one.access == "none", one.state != "AVAILABLE"))


def list_paths(lake: Catalogue, files: Iterator[Entry]) -> Iterator[str]:
    """Yield where files lie on this machine, on the mount or in the cache; others are left out."""
    while chunk := list(islice(files, _AT_ONCE)):
        for file, path in zip(chunk, local_paths(lake, chunk), strict=True):
            found = path or access.cached_path(lake, file.did, file.bytes, file.adler32)
            if found is not None:
                yield found


def held(lake: Catalogue, did: DID, row: Mapping[str, Any], kind: DIDType) -> dict[str, Held]:
    """Answer what each RSE holds of a DID, whatever the number of its files."""
    if kind == "file":
        return _held_file(lake, did, row)
    if kind == "dataset":
        return _held_parts(lake.client.list_dataset_replicas(did.scope, did.name, deep=True))
    datasets = datasets_below(lake, did)
    if datasets is None:
        raise InvalidInput(
            f"{did} holds too many datasets to say where all of it is.",
            remedy="Look at the copies of one of its datasets.",
        )
    found = _held_parts(replicas_of(lake, datasets))
    files, size = counted(lake, did)
    return {
        rse: Held.part(files, size, one.available_files, one.available_bytes)
        for rse, one in found.items()
    }


def _held_file(lake: Catalogue, did: DID, row: Mapping[str, Any]) -> dict[str, Held]:
    size = row.get("bytes")
    found: dict[str, Held] = {}
    with closing(lake.replica_rows([did], schemes=access.SCHEMES, every_state=True)) as rows:
        for told in rows:
            # An RSE without a protocol has a state and no PFN.
            for rse, state in told.get("states", {}).items():
                here = int(state == "AVAILABLE")
                found[rse] = Held(str(state), 1, size, here, here * (size or 0))
            for pfn, where in told.get("pfns", {}).items():
                found.setdefault(where["rse"], Held("AVAILABLE", 1, size, 1, size or 0))
                found[where["rse"]].pfns.append(pfn)
    return found


def _held_parts(rows: Iterable[Mapping[str, Any]]) -> dict[str, Held]:
    """Add up the rows of datasets by RSE."""
    found: dict[str, Held] = {}
    for row in rows:
        sums = found.setdefault(row["rse"], Held("UNAVAILABLE", 0, 0))
        sums.files = (sums.files or 0) + (row.get("length") or 0)
        sums.bytes = (sums.bytes or 0) + (row.get("bytes") or 0)
        sums.available_files += row.get("available_length") or 0
        sums.available_bytes += row.get("available_bytes") or 0
    return {
        rse: Held.part(one.files, one.bytes, one.available_files, one.available_bytes)
        for rse, one in found.items()
    }


def datasets_below(lake: Catalogue, did: DID) -> list[DID] | None:
    """List the datasets below a container, each once; None where there are too many to ask for."""
    found: dict[DID, None] = {}
    todo, seen, asked = [did], {did}, 0
    while todo:
        container = todo.pop()
        asked += 1
        if asked > _MOST_CONTAINERS:
            return None
        with closing(lake.client.list_content(container.scope, container.name)) as rows:
            for row in rows:
                child = DID(f"{row['scope']}:{row['name']}")
                if child in seen:
                    continue
                seen.add(child)
                if len(seen) > _MOST_DATASETS:
                    return None
                if str(row["type"]).upper() == "DATASET":
                    found[child] = None
                else:
                    todo.append(child)
    return list(found)


def replicas_of(lake: Catalogue, datasets: list[DID]) -> Iterator[dict[str, Any]]:
    """Yield what each RSE holds of each dataset, as the catalogue has counted it."""
    for start in range(0, len(datasets), _AT_ONCE):
        chunk = datasets[start : start + _AT_ONCE]
        asked = [{"scope": did.scope, "name": did.name} for did in chunk]
        yield from lake.client.list_dataset_replicas_bulk(asked)


def counted(lake: Catalogue, did: DID) -> tuple[int | None, int | None]:
    """Count the files below a collection and their bytes."""
    row = lake.client.get_did(did.scope, did.name, dynamic_depth="FILE")
    return row.get("length"), row.get("bytes")


def _ways(lake: Catalogue, found: Mapping[str, Held]) -> dict[str, tuple[Access, str]]:
    """Tell how files of a collection are read from each RSE, and else why not."""
    return {rse: _way(lake, rse, one.available_files) for rse, one in found.items()}


def _way(lake: Catalogue, rse: str, files: int) -> tuple[Access, str]:
    if not files:
        return "none", "nothing of it has arrived there"
    if rse == lake.instance.destination_rse and is_mounted(lake.instance):
        return "mount", ""
    return access.reading_from(lake, rse)


def is_mounted(instance: Instance) -> bool:
    """Tell whether the destination RSE's folder is on this machine."""
    mount = instance.rse_mount_path
    return bool(mount) and os.path.isdir(os.path.expanduser(str(mount)))


def _ways_of_file(
    lake: Catalogue, did: DID, row: Mapping[str, Any], found: Mapping[str, Held], off: set[str]
) -> dict[str, tuple[Access, str]]:
    """Tell how a file is read from each RSE, and else why not."""
    replicas = [
        Replica(did, rse, pfn, one.state)
        for rse, one in found.items()
        for pfn in one.pfns
        if rse not in off
    ]
    ranking = access.rank_file(lake, did, row.get("bytes"), row.get("adler32"), replicas)
    told: dict[str, tuple[Access, str]] = {}
    for way in ranking.ways:
        told.setdefault(way.rse, (way.kind, "") if way.usable else ("none", way.why))
    for rse, one in found.items():
        told.setdefault(rse, ("none", _why_not(rse, one, rse in off)))
    return told


def _why_not(rse: str, one: Held, is_off: bool) -> str:
    if one.state != "AVAILABLE":
        return f"the copy is {one.state.replace('_', ' ').lower()}"
    if is_off:
        return f"Rucio has reading from {rse} switched off"
    return f"Rucio names no protocol that reads from {rse}"


def _copies(
    rse: str,
    one: Held,
    info: Mapping[str, Any],
    attributes: Mapping[str, Any],
    how: Access,
    why: str,
) -> Copies:
    site, qos = attributes.get("site"), attributes.get("QOS") or info.get("qos_class")
    return Copies(
        rse=rse,
        site=str(site) if site else None,
        qos=str(qos) if qos else None,
        tape=access.on_tape(info, attributes),
        state=one.state,
        access=how,
        reason=why,
        files=one.files,
        available_files=one.available_files,
        bytes=one.bytes,
        available_bytes=one.available_bytes,
        protocols=access.protocols(info),
        pfn=one.pfns[0] if one.pfns else None,
    )
