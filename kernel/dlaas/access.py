"""From here, how is a DID read: from a mounted folder, over https, or not at all, and why."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dlaas.errors import DlaasError, NotAvailable
from dlaas.model import DID

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue

HTTPS_SCHEMES = ("https", "davs")


def local_path(lake: Catalogue, did: DID, size: int | None = None) -> str | None:
    """Answer where a file lies on this machine; None where it does not, or not yet `size` bytes.

    The path is computed from what is known of the destination RSE: no call per file.
    """
    for path in expected_paths(lake, did):
        try:
            found = os.stat(path)
        except OSError:
            continue
        if size is None or found.st_size == size:
            return path
    return None


def expected_paths(lake: Catalogue, did: DID) -> Iterator[str]:
    """Yield where a file will be on this machine once the destination RSE has it."""
    rse, mount = lake.instance.destination_rse, lake.instance.rse_mount_path
    if not rse:
        return
    info = lake.rse_info(rse)
    seen = set()
    for protocol, path in _paths_on(lake, rse, info, did):
        found = None
        if mount:
            found = under_mount(path, mount, lake.instance.path_begins_at)
        elif protocol == "file":
            found = os.path.normpath(path)
        if found and found not in seen:
            seen.add(found)
            yield found


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
) -> Iterator[tuple[str, str]]:
    """Yield scheme and path of a file's PFN by each protocol of an RSE."""
    protocols = info.get("protocols") or []
    algorithm = str(info.get("lfn2pfn_algorithm") or "hash")
    relative = relative_path(did, algorithm) if info.get("deterministic", True) else None
    if relative is not None:
        for protocol in protocols:
            prefix = str(protocol.get("prefix") or "/").rstrip("/")
            yield str(protocol.get("scheme")), f"{prefix}/{relative}"
        return
    for replica in lake._replicas([did], rse_expression=rse):
        # A PFN is no URL: "#", "?" and "%" are letters of a name.
        scheme, _, rest = replica.pfn.partition("://")
        yield scheme, f"/{rest.partition('/')[2]}"


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


def https_replicas(lake: Catalogue, did: DID) -> list[tuple[str, str]]:
    """List RSE and https URL of the copies of a file that can be streamed, the preferred first."""
    found = lake._replicas([did], schemes=list(HTTPS_SCHEMES))
    return [(r.rse, as_https(r.pfn)) for r in found if r.state == "AVAILABLE"]


def as_https(pfn: str) -> str:
    """Write davs as what it is; the rest of a PFN is kept whole."""
    return "https" + pfn[4:] if pfn.startswith("davs:") else pfn


def speaks_https(lake: Catalogue, rse: str) -> bool:
    """Tell whether an RSE can be read over https."""
    try:
        protocols = lake.rse_info(rse).get("protocols") or []
    except DlaasError:
        return False
    return any(_reads(p) for p in protocols if p.get("scheme") in HTTPS_SCHEMES)


def _reads(protocol: Mapping[str, Any]) -> bool:
    domains = protocol.get("domains") or {}
    return any((domains.get(where) or {}).get("read") for where in ("wan", "lan"))


def not_available(lake: Catalogue, did: DID) -> NotAvailable:
    """Make the error for a file that cannot be read from here, which says why and what to do."""
    copies = list(lake._replicas([did]))
    if not copies:
        return NotAvailable(
            f"No storage has a copy of {did} that can be read now.",
            remedy="It may be lost, or still be written: ask its owner.",
        )
    where = ", ".join(sorted({f"{copy.rse} ({urlsplit(copy.pfn).scheme})" for copy in copies}))
    return NotAvailable(f"{did} is on {where}, which cannot be read from here.")
