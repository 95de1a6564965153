"""Where a file of the lake lies in the folders of this machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dlaas.model import DID

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue


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


def expected_paths(lake: Catalogue, did: DID) -> Iterator[str]:
    """Yield where a file will be on this machine once the destination RSE has it."""
    rse = lake.instance.destination_rse
    if not rse:
        return
    seen = set()
    for path in _candidates(lake, rse, did):
        if path is not None and path not in seen:
            seen.add(path)
            yield path


def _candidates(lake: Catalogue, rse: str, did: DID) -> Iterator[str | None]:
    """Yield by each protocol: the PFN's path without its leading components, below the mount; then
    what follows the protocol's prefix.
    """
    mount = lake.instance.rse_mount_path
    below = []
    for scheme, prefix, path in _paths_on(lake, rse, lake.rse_info(rse), did):
        if mount:
            yield under_mount(path, mount, lake.instance.path_begins_at)
            if prefix:
                below.append(under_mount(path[len(prefix) :], mount, 0))
        elif scheme == "file":
            yield os.path.normpath(path)
    yield from below


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


def _paths_on(
    lake: Catalogue, rse: str, info: Mapping[str, Any], did: DID
) -> Iterator[tuple[str, str, str]]:
    """Yield scheme, prefix and path of a file's PFN by each protocol of an RSE."""
    prefixes = [
        (str(p.get("scheme")), str(p.get("prefix") or "/").rstrip("/") + "/")
        for p in info.get("protocols") or []
    ]
    algorithm = str(info.get("lfn2pfn_algorithm") or "hash")
    relative = relative_path(did, algorithm) if info.get("deterministic", True) else None
    if relative is not None:
        for scheme, prefix in prefixes:
            yield scheme, prefix, f"{prefix}{relative}"
        return
    schemes = list(dict.fromkeys(scheme for scheme, _ in prefixes)) or None
    for replica in lake._replicas([did], schemes=schemes, rse_expression=rse):
        scheme, path = replica.pfn.partition("://")[0], path_of(replica.pfn)
        yield scheme, next((p for s, p in prefixes if s == scheme and path.startswith(p)), ""), path


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
