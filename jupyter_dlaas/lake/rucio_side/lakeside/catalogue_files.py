"""Local files on their way into the lake: their sums, and where a site keeps them."""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .layout import Layout, Site

BLOCK = 1 << 20


@dataclass(frozen=True)
class LocalFile:
    """A file of this machine, what it is called in the lake, and its sums."""

    path: Path
    name: str
    bytes: int
    adler32: str
    md5: str
    meta: dict[str, Any] = field(default_factory=dict)


def measure(path: Path, name: str = "", meta: dict[str, Any] | None = None) -> LocalFile:
    """Read a file once for its size, adler32 (8 hexadecimal digits) and md5."""
    adler, md5, size = 1, hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            adler, size = zlib.adler32(block, adler), size + len(block)
            md5.update(block)
    return LocalFile(path, name or path.name, size, f"{adler:08x}", md5.hexdigest(), meta or {})


def relative_path(scope: str, name: str) -> str:
    """Where Rucio's `hash` algorithm puts a file below the prefix of a deterministic RSE."""
    digest = hashlib.md5(f"{scope}:{name}".encode(), usedforsecurity=False).hexdigest()
    return "/".join([*scope.split("."), digest[0:2], digest[2:4], name])


def store(layout: Layout, site: Site, scope: str, files: Iterable[LocalFile]) -> None:
    """Copy files to where the site's RSE expects them; each appears there whole or not at all."""
    incoming = layout.incoming(site)
    incoming.mkdir(parents=True, exist_ok=True)
    for file in files:
        target = layout.store(site) / relative_path(scope, file.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = incoming / f"seed-{os.getpid()}"
        shutil.copyfile(file.path, temporary)
        temporary.replace(target)
