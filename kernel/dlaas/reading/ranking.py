"""Which way to read a file is the best: pure, of what the catalogue and this machine know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlaas.model import DID, Access

if TYPE_CHECKING:
    from dlaas.config import Instance

HTTPS_SCHEMES = ("https", "davs")
ROOT_SCHEMES = ("root", "roots", "xroot", "xroots")
# An XRootD cache's PFN holds the origin's whole: root://cache:1094//root://origin:1094//path
_CACHED = re.compile(r"(x?roots?)://([^/]+)/+((?:x?roots?|https?|davs?)://.*)", re.DOTALL)
_NEAREST: tuple[Access, ...] = ("mount", "cache")
# Told as being in the way, and tried all the same when nothing else is left: logins are renewed.
REFUSED = "storage refused your login"


@dataclass(frozen=True)
class Way:
    """One way to read a file from here; where it is not `usable`, `why` says what is in the way.

    `url` is a path for kinds mount and cache, else a PFN, kept as the catalogue has it.
    """

    kind: Access
    rse: str
    url: str
    usable: bool = True
    why: str = ""


@dataclass(frozen=True)
class Ranking:
    """The ways to read a file from here, the best first; `print` shows them as a table.

    `holders` are the RSEs that have a copy, whether it can be read from here or not.
    """

    did: DID
    ways: tuple[Way, ...]
    holders: frozenset[str] = frozenset()

    @property
    def best(self) -> Way | None:
        """The way that is taken; None where the file cannot be read from here."""
        return next((way for way in self.ways if way.usable), None)

    @property
    def path(self) -> str | None:
        """The local path, where it is read from a mount or a cache."""
        best = self.best
        return best.url if best is not None and best.kind in _NEAREST else None

    @property
    def remote(self) -> tuple[Way, ...]:
        """The ways to stream it, in the order in which they are tried."""
        return tuple(
            way
            for way in self.ways
            if way.kind not in _NEAREST and (way.usable or way.why == REFUSED)
        )

    @property
    def why_not(self) -> str:
        """What is in the way, where it cannot be read from here."""
        reasons = (f"{way.rse} ({_scheme(way.url) or way.kind}): {way.why}" for way in self.ways)
        return "; ".join(dict.fromkeys(reasons))

    def __str__(self) -> str:
        if not self.ways:
            return f"{self.did}: no storage has a copy that can be read now."
        rows = [
            (str(number), way.kind if way.usable else "-", way.rse, way.url, way.why)
            for number, way in enumerate(self.ways, 1)
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = (
            "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[4]])
            for row in rows
        )
        return "\n".join([str(self.did), *(f"  {line}".rstrip() for line in lines)])


@dataclass(frozen=True)
class Copy:
    """What the catalogue says of one PFN; `priority` is its protocol's, 1 the preferred one."""

    rse: str
    pfn: str
    site: str | None = None
    tape: bool = False
    off: bool = False
    priority: int = 1

    @property
    def scheme(self) -> str:
        """The scheme of the PFN."""
        return _scheme(self.pfn)


@dataclass(frozen=True)
class Taste:
    """What whoever configured the instance prefers and blocks."""

    preferred_rses: Sequence[str] = ()
    blocked_rses: Sequence[str] = ()
    preferred_sites: Sequence[str] = ()
    blocked_sites: Sequence[str] = ()

    @classmethod
    def of(cls, instance: Instance) -> Taste:
        """Read it from an instance."""
        return cls(
            instance.preferred_rses,
            instance.blocked_rses,
            instance.preferred_sites,
            instance.blocked_sites,
        )

    def blocks(self, copy: Copy) -> str:
        """Say why a copy is not to be used; nothing where it is."""
        if copy.rse in self.blocked_rses:
            return f"{copy.rse} is blocked in the configuration"
        if copy.site is not None and copy.site in self.blocked_sites:
            return f"the site {copy.site} is blocked in the configuration"
        return ""

    def place(self, copy: Copy) -> tuple[int, int]:
        """Answer where a copy stands among the others: a preferred RSE first, then a site."""
        return (
            _index(copy.rse, self.preferred_rses),
            _index(copy.site, self.preferred_sites),
        )


def _index(name: str | None, preferred: Sequence[str]) -> int:
    return preferred.index(name) if name in preferred else len(preferred)


def rank_copies(
    copies: Iterable[Copy],
    taste: Taste,
    *,
    reads_root: bool,
    troubles: Mapping[tuple[str, str], str] | None = None,
) -> list[Way]:
    """Rank remote copies: caches of XRootD, what is preferred, then in the order of the catalogue.

    `troubles` tells by RSE and host what went wrong there lately: those are tried last.
    """
    troubles = troubles or {}
    copies = list(copies)
    order = {rse: index for index, rse in enumerate(dict.fromkeys(copy.rse for copy in copies))}
    ranked = []
    for copy in copies:
        for hops, pfn in enumerate(_with_origin(copy.pfn)):
            trouble = troubles.get((copy.rse, host_of(pfn)), "")
            way = _way(copy, pfn, taste, reads_root, trouble)
            through = 0 if behind_cache(pfn) and hops == 0 else 1
            key = (not way.usable, bool(trouble), through, *taste.place(copy))
            ranked.append(((*key, order[copy.rse], copy.priority), way))
    return [way for _, way in sorted(ranked, key=lambda item: item[0])]


def _way(copy: Copy, pfn: str, taste: Taste, reads_root: bool, trouble: str) -> Way:
    scheme = _scheme(pfn)
    kind: Access = "none"
    if scheme in HTTPS_SCHEMES:
        kind = "https"
    elif scheme in ROOT_SCHEMES:
        kind = "root"
    why = taste.blocks(copy) or _unreadable(copy, scheme, kind, reads_root)
    if why:
        return Way(kind, copy.rse, pfn, False, why)
    if trouble:
        return Way(kind, copy.rse, pfn, trouble != REFUSED, trouble)
    cached = behind_cache(pfn)
    return Way(kind, copy.rse, pfn, True, f"through the XRootD cache {cached[0]}" if cached else "")


def _unreadable(copy: Copy, scheme: str, kind: Access, reads_root: bool) -> str:
    if copy.tape:
        return "only on tape: make it available first"
    if copy.off:
        return f"Rucio has reading from {copy.rse} switched off"
    if kind == "root" and not reads_root:
        return "no library for root: pip install jupyter-dlaas-kernel[xrootd]"
    if scheme == "http":
        return "http is not encrypted: nothing is read over it"
    if scheme == "file":
        return "that folder is not on this machine"
    return f"no library for {scheme}" if kind == "none" else ""


def behind_cache(pfn: str) -> tuple[str, str] | None:
    """Split the PFN of an XRootD cache into the cache's host and the origin's PFN.

    >>> behind_cache("root://xcache:1094//root://origin:1094//data/f")
    ('xcache:1094', 'root://origin:1094//data/f')
    >>> behind_cache("root://origin:1094//data/f") is None
    True
    """
    found = _CACHED.fullmatch(pfn)
    return (found[2], found[3]) if found else None


def _with_origin(pfn: str) -> list[str]:
    # The origin is the way out when the cache is down.
    cached = behind_cache(pfn)
    return [pfn, as_https(cached[1])] if cached else [as_https(pfn)]


def as_https(pfn: str) -> str:
    """Write davs as what it is; the rest of a PFN is kept whole."""
    return "https" + pfn[4:] if pfn.startswith("davs:") else pfn


def host_of(pfn: str) -> str:
    """Answer host and port of a PFN as it is written.

    >>> host_of("root://Alice@xcache:1094//root://origin//f")
    'xcache:1094'
    """
    return pfn.partition("://")[2].partition("/")[0].rpartition("@")[2].lower()


def _scheme(pfn: str) -> str:
    scheme, separator, _ = pfn.partition("://")
    return scheme.lower() if separator else ""
