"""Where a file of the lake lies in the folders of this machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlaas.model import DID, Entry

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue
    from dlaas.config import Instance

_ALGORITHMS = ("hash", "identity")
_AT_ONCE = 500
# Scheme, prefix and path of a PFN.
_Place = tuple[str, str, str]


def local_path(lake: Catalogue, did: DID, size: int | None = None) -> str | None:
    """Answer where a file lies on the mount; None where it does not, or not yet `size` bytes.

    The path is computed from what is known of the destination RSE: no call per file.
    """
    return next((path for path in expected_paths(lake, did) if has(path, size)), None)


def has(path: str, size: int | None) -> bool:
    """Tell whether a file is there, with `size` bytes where that is known."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return False
    return size is None or found.st_size == size


def local_paths(lake: Catalogue, files: Sequence[Entry]) -> Iterator[str | None]:
    """Yield where each of many files lies on the mount, as `local_path` does; few calls for all.

    A file whose size nobody knows is not taken for whole.
    """
    expected = _expected(lake, [file.did for file in files])
    for file, paths in zip(files, expected, strict=True):
        usable = paths if file.bytes is not None else []
        yield next((path for path in usable if has(path, file.bytes)), None)


def expected_paths(lake: Catalogue, did: DID) -> Iterator[str]:
    """Yield where a file will be on this machine once the destination RSE has it."""
    for paths in _expected(lake, [did]):
        yield from paths


def is_computed(info: Mapping[str, Any]) -> bool:
    """Tell whether the paths of an RSE follow from the names of its files."""
    algorithm = str(info.get("lfn2pfn_algorithm") or "hash")
    return bool(info.get("deterministic", True)) and algorithm in _ALGORITHMS


def _expected(lake: Catalogue, dids: Sequence[DID]) -> Iterator[list[str]]:
    """Yield for each file where it may lie below the mount, the likeliest first."""
    rse = lake.instance.destination_rse
    info = lake.rse_info(rse) if rse else {}
    if rse is None or is_computed(info):
        found: Iterator[list[_Place]] = (_computed(info, did) if rse else [] for did in dids)
    else:
        found = _listed(lake, rse, info, dids)
    for places in found:
        yield list(dict.fromkeys(_candidates(lake.instance, places)))


def _candidates(instance: Instance, places: Sequence[_Place]) -> Iterator[str]:
    """Yield by each protocol: the PFN's path without its leading components, below the mount; then
    what follows the protocol's prefix.
    """
    mount = instance.rse_mount_path
    if not mount:
        yield from (os.path.normpath(path) for scheme, _, path in places if scheme == "file")
        return
    found = [under_mount(path, mount, instance.path_begins_at) for _, _, path in places]
    found += [under_mount(path[len(start) :], mount, 0) for _, start, path in places if start]
    yield from (path for path in found if path is not None)


def under_mount(pfn_path: str, mount: str, begins_at: int) -> str | None:
    """Map the path of a PFN to the mount: drop `begins_at` leading components, join the rest.

    None where the result would lie outside the mount, for a name may hold `..`.

    >>> under_mount("//rucio/test/49/ad/f1.txt", "/eos/rucio", 1)
    '/eos/rucio/test/49/ad/f1.txt'
    >>> under_mount("/rucio/a/../../../etc/passwd", "/eos/rucio", 1) is None
    True
    """
    rest = pfn_path.lstrip("/").split("/")[begins_at:]
    root = os.path.normpath(os.path.expanduser(mount))
    path = os.path.normpath(os.path.join(root, *(part for part in rest if part)))
    return path if path.startswith(root.rstrip("/") + "/") else None


def _prefixes(info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List scheme and prefix of each protocol of an RSE."""
    return [
        (str(p.get("scheme")), str(p.get("prefix") or "/").rstrip("/") + "/")
        for p in info.get("protocols") or []
    ]


def _computed(info: Mapping[str, Any], did: DID) -> list[_Place]:
    relative = relative_path(did, str(info.get("lfn2pfn_algorithm") or "hash"))
    return [(scheme, prefix, f"{prefix}{relative}") for scheme, prefix in _prefixes(info)]


def _listed(
    lake: Catalogue, rse: str, info: Mapping[str, Any], dids: Sequence[DID]
) -> Iterator[list[_Place]]:
    """Yield what the catalogue says of each file, asked for hundreds at a time."""
    prefixes = _prefixes(info)
    schemes = list(dict.fromkeys(scheme for scheme, _ in prefixes)) or None
    for start in range(0, len(dids), _AT_ONCE):
        chunk = list(dids[start : start + _AT_ONCE])
        found: dict[DID, list[_Place]] = {did: [] for did in chunk}
        for replica in lake._replicas(chunk, schemes=schemes, rse_expression=rse):
            scheme, path = replica.pfn.partition("://")[0], path_of(replica.pfn)
            known = (p for s, p in prefixes if s == scheme and path.startswith(p))
            found[replica.did].append((scheme, next(known, ""), path))
        yield from found.values()


def path_of(pfn: str) -> str:
    """Answer the path of a PFN, with all its slashes but the first of them."""
    # A PFN is no URL: "#", "?" and "%" are letters of a name.
    return f"/{pfn.partition('://')[2].partition('/')[2]}"


def relative_path(did: DID, algorithm: str) -> str | None:
    """Compute the path of a file below a deterministic RSE's prefix; None if nobody knows how.

    `hash` and `identity` are Rucio's own, written anew because `rucio.rse` cannot be imported
    without a rucio.cfg; a test holds them against the server's answers.

    >>> relative_path(DID("user.alice:x.root"), "hash"), relative_path(DID("data:a/b"), "identity")
    ('user/alice/b7/62/x.root', 'data/a/b')
    """
    personal = did.scope.startswith(("user", "group"))
    scope = did.scope.replace(".", "/") if personal else did.scope
    if algorithm == "identity":
        return f"{scope}/{did.name}"
    if algorithm != "hash":
        return None
    digest = hashlib.md5(did.encode(), usedforsecurity=False).hexdigest()
    return f"{scope}/{digest[:2]}/{digest[2:4]}/{did.name}"
