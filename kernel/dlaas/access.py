"""From here, how is a DID read: from a mounted folder, a cached copy, over https, over root, or not
at all, and why.

What is known is looked up here; which way is the best is decided in `dlaas.reading.ranking`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dlaas.errors import DlaasError, InvalidInput, NotAvailable
from dlaas.model import DID, Access, Replica
from dlaas.reading.mounts import expected_paths as expected_paths
from dlaas.reading.mounts import has, path_of
from dlaas.reading.mounts import local_path as local_path
from dlaas.reading.ranking import HTTPS_SCHEMES as HTTPS_SCHEMES
from dlaas.reading.ranking import Copy, Taste, rank_copies
from dlaas.reading.ranking import Ranking as Ranking
from dlaas.reading.ranking import Way as Way
from dlaas.reading.ranking import as_https as as_https
from dlaas.reading.troubles import troubles_of

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue

# What Rucio's RSEs speak, so that a copy that cannot be read is told with its reason.
SCHEMES = (
    "file", "https", "davs", "root", "roots", "xroot", "http", "srm", "gsiftp", "gsidcap", "dcap",
    "s3", "s3s", "globus", "storm", "rclone", "scp", "rsync", "magnet", "mock",
)  # fmt: skip
# Reading over several schemes of one RSE is one protocol to Rucio and to people.
_ALIKE = {"davs": "https", "xroot": "root", "xroots": "root", "roots": "root"}


def rank(lake: Catalogue, did: str) -> Ranking:
    """Rank the ways to read a file from here; its text is a table that says what is in the way.

    Raises `DataIdentifierNotFound`, `ScopeNotFound`; `InvalidInput` for a collection.
    """
    did = DID(did)
    row = lake._did(did)
    if str(row["type"]).upper() != "FILE":
        raise InvalidInput(
            f"{did} is a {str(row['type']).lower()}, not a file.", remedy="Take one of its files."
        )
    return rank_file(lake, did, row.get("bytes"), row.get("adler32"), list_copies(lake, [did]))


def list_copies(lake: Catalogue, dids: list[DID], off: bool = False) -> list[Replica]:
    """List the PFNs of files by every protocol: unasked, Rucio names the first one of each RSE."""
    return list(each_copy(lake, dids, off))


def each_copy(lake: Catalogue, dids: list[DID], off: bool = False) -> Iterator[Replica]:
    """Yield the PFNs of files as the answer comes in; see `list_copies`."""
    return lake._replicas(dids, schemes=list(SCHEMES), even_unavailable=off)


def rank_file(
    lake: Catalogue,
    did: DID,
    size: int | None,
    adler32: str | None,
    replicas: Iterable[Replica],
) -> Ranking:
    """Rank the ways to read a file of which the catalogue has answered already."""
    usable = [replica for replica in replicas if replica.state == "AVAILABLE"]
    ways = [*_near(lake, did, size, adler32, usable), *_far(lake, usable)]
    if not any(way.usable for way in ways):
        known = {replica.pfn for replica in usable}
        off = [r for r in list_copies(lake, [did], off=True) if r.pfn not in known]
        ways += _far(lake, off, off=True)
    # Where nothing bars it, the nearest is the first; what cannot be used comes last.
    ways.sort(key=lambda way: not way.usable)
    return Ranking(did, tuple(ways), frozenset(replica.rse for replica in usable))


def urls(lake: Catalogue, did: str, scheme: str | None = None) -> list[tuple[str, str]]:
    """List RSE and URL of the copies of a file that can be read, the preferred first.

    With a scheme, also those that only other programs on this machine can read.
    """
    return chosen(rank(lake, did).ways, scheme)


def chosen(ways: Iterable[Way], scheme: str | None = None) -> list[tuple[str, str]]:
    """Take RSE and URL of the ways that can be read; see `urls`."""
    if scheme is None:
        return [(way.rse, way.url) for way in ways if way.usable and "://" in way.url]
    wanted = _ALIKE.get(scheme.lower(), scheme.lower())
    found = ((way, way.url.partition("://")[0].lower()) for way in ways)
    return [
        (way.rse, way.url)
        for way, own in found
        if _ALIKE.get(own, own) == wanted and (way.usable or "no library" in way.why)
    ]


def ordered(lake: Catalogue, copies: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Sort the (RSE, PFN) pairs of one file into the order in which they are tried.

    What cannot be read from here is left out; what the RSEs are like is asked once in minutes.
    """
    ways = _far(lake, [Replica(DID("any:file"), rse, pfn) for rse, pfn in copies])
    return [(way.rse, way.url) for way in Ranking(DID("any:file"), tuple(ways)).remote]


def _near(
    lake: Catalogue, did: DID, size: int | None, adler32: str | None, replicas: list[Replica]
) -> Iterator[Way]:
    """Yield the ways on this machine: the mount, a folder of another RSE, the cache."""
    rse, mount = lake.instance.destination_rse or "", lake.instance.rse_mount_path
    arrived = any(replica.rse == rse for replica in replicas)
    path = _mounted_path(lake, did, size) if arrived else None
    if path is not None:
        yield Way("mount", rse, path)
    elif mount and arrived:
        shown = os.path.isdir(os.path.expanduser(mount))
        why = f"{mount} does not show it" if shown else f"the folder {mount} is not mounted"
        yield Way("mount", rse, mount, False, why)
    for replica in replicas:
        # Of the destination RSE the configuration says where it is mounted.
        elsewhere = replica.rse != rse and replica.pfn.startswith("file:")
        if elsewhere and has(here := path_of(replica.pfn), size):
            yield Way("mount", replica.rse, here)
    cached = cached_path(lake, did, size, adler32)
    if cached is not None:
        yield Way("cache", "", cached)


def _mounted_path(lake: Catalogue, did: DID, size: int | None) -> str | None:
    try:
        return local_path(lake, did, size)
    except DlaasError:
        return None


def cached_path(lake: Catalogue, did: DID, size: int | None, adler32: str | None) -> str | None:
    """Answer where the cache of this machine has a file; None where it has not."""
    if size is None:
        return None
    from dlaas.cache import cache_for

    try:
        cache = cache_for(lake.instance, did.scope)
        return cache.find(lake.instance.name, did, size, adler32)
    except (DlaasError, OSError):
        # A cache that cannot be looked at has nothing.
        return None


def _far(lake: Catalogue, replicas: list[Replica], off: bool = False) -> list[Way]:
    known = facts(lake, [replica.rse for replica in replicas])
    copies = []
    for replica in replicas:
        info, attributes = known[replica.rse]
        scheme = replica.pfn.partition("://")[0].lower()
        if scheme == "file" and (
            replica.rse == lake.instance.destination_rse or has(path_of(replica.pfn), None)
        ):
            # Told as a mount.
            continue
        copies.append(
            Copy(
                replica.rse,
                replica.pfn,
                site=attributes.get("site"),
                tape=on_tape(info, attributes),
                off=off,
                priority=_priority(info, scheme),
            )
        )
    return rank_copies(
        copies,
        Taste.of(lake.instance),
        reads_root=reads_root(),
        troubles=troubles_of(lake).known(),
    )


def facts(lake: Catalogue, rses: Iterable[str]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Answer protocols and attributes of RSEs; what cannot be asked is unknown and no error."""

    def ask(rse: str) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            return lake.rse_info(rse), lake.rse_attributes(rse)
        except DlaasError:
            return {}, {}

    names = list(dict.fromkeys(rses))
    if len(names) < 3:
        return {name: ask(name) for name in names}
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(names, pool.map(ask, names), strict=True))


def on_tape(info: Mapping[str, Any], attributes: Mapping[str, Any]) -> bool:
    """Tell whether an RSE is a tape, by what `facts` answers."""
    kind = str(attributes.get("type") or "").lower()
    return str(info.get("rse_type") or "").upper() == "TAPE" or kind.endswith("tape")


def _priority(info: Mapping[str, Any], scheme: str) -> int:
    """Answer which of an RSE's protocols its site prefers for reading from afar; 1 is the first."""
    found = [
        int(((p.get("domains") or {}).get("wan") or {}).get("read") or 0)
        for p in info.get("protocols") or []
        if str(p.get("scheme")) == scheme
    ]
    return min((priority for priority in found if priority), default=99)


def reads_root() -> bool:
    """Tell whether this Python can read root://."""
    return find_spec("XRootD") is not None


def reads_from(lake: Catalogue, rse: str) -> Access:
    """Answer how files of an RSE are read from here: `https`, `root` or `none`."""
    return reading_from(lake, rse)[0]


def reading_from(lake: Catalogue, rse: str) -> tuple[Access, str]:
    """Answer how files of an RSE are read from here; where it is `none`, also why."""
    info, attributes = facts(lake, [rse])[rse]
    copies = [
        Copy(
            rse,
            f"{scheme}://",
            site=attributes.get("site"),
            tape=on_tape(info, attributes),
            off=info.get("availability_read") is False,
            priority=_priority(info, scheme),
        )
        for scheme in protocols(info)
    ]
    ways = rank_copies(copies, Taste.of(lake.instance), reads_root=reads_root())
    if not ways:
        return "none", f"Rucio names no protocol that reads from {rse}"
    return (ways[0].kind, "") if ways[0].usable else ("none", ways[0].why)


def protocols(info: Mapping[str, Any]) -> tuple[str, ...]:
    """List the schemes by which an RSE is read, the one that its site prefers first."""
    schemes = {str(p.get("scheme")): None for p in info.get("protocols") or [] if _reads(p)}
    return tuple(sorted(schemes, key=lambda scheme: _priority(info, scheme)))


def _reads(protocol: Mapping[str, Any]) -> bool:
    domains = protocol.get("domains") or {}
    return any((domains.get(where) or {}).get("read") for where in ("wan", "lan"))


def not_available(ranking: Ranking) -> NotAvailable:
    """Make the error for a file that cannot be read from here, which says why and what to do."""
    if not ranking.ways:
        return NotAvailable(
            f"No storage has a copy of {ranking.did} that can be read now.",
            remedy="It may be lost, or still be written: ask its owner.",
        )
    return NotAvailable(f"{ranking.did} cannot be read from here. {ranking.why_not}.")
