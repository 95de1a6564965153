"""Links and verified copies of the lake's files in a user's folder; nothing of the user's is
touched.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from dlaas.errors import AlreadyThere, ChecksumMismatch, DlaasError, StorageFailed
from dlaas.model import DID
from dlaas.transfer.disk import local_error
from dlaas.transfer.disk.checksums import CHUNK, Checksums, same_adler32

OURS = ".dlaas-"
PART = f"{OURS}part-"


def link_into(folder: str | os.PathLike[str], did: DID, target: str) -> str:
    """Make a link to a file under its DID's name in a folder; the same link twice is no error.

    Raises `AlreadyThere` where something else has the name.
    """
    root = Path(os.path.abspath(os.path.expanduser(folder)))
    link = root / names_for([did])[did]
    try:
        safe_folders(root, link)
    except AlreadyThere:
        raise
    except OSError as error:
        raise local_error(error, link) from error
    if not (link.is_symlink() and os.readlink(link) == target):
        place_link(link, target)
    return str(link)


def names_for(dids: Iterable[DID], given: Mapping[DID, str] | None = None) -> dict[DID, str]:
    """Choose a relative path for each DID: its name; its scope before it where two are alike.

    A `/` in a name makes folders; where these are in each other's way it is written `%2F`. What
    has a `given` path keeps it.

    >>> sorted(names_for([DID("a:x"), DID("b:x"), DID("a:/s/y"), DID("a:../z")]).values())
    ['%2E%2E/z', 'a/x', 'b/x', 's/y']
    """
    dids = list(dict.fromkeys(dids))
    given = given or {}
    chosen = {did: given.get(did) or _path(did.name) for did in dids}
    for did in _in_the_way(chosen):
        chosen[did] = given.get(did) or _in_scope(did)
    # No two flat names are alike, but one may be like another's folder in its scope.
    while still := [did for did in _in_the_way(chosen) if chosen[did] not in _last(did, given)]:
        chosen.update((did, _flat(did)) for did in still)
    return chosen


def _path(name: str) -> str:
    parts = (_quoted(part) for part in name.split("/") if part)
    return "/".join(parts) or quote(name, safe="")


def _quoted(part: str) -> str:
    # Neither out of the folder, nor in the place of what is ours there.
    reserved = part in (".", "..") or part.startswith(OURS)
    return part.replace(".", "%2E") if reserved else part


def _in_scope(did: DID) -> str:
    return f"{did.scope}/{_path(did.name)}"


def _flat(did: DID) -> str:
    return f"{did.scope}/{quote(did.name, safe='')}"


def _last(did: DID, given: Mapping[DID, str]) -> tuple[str | None, str]:
    return given.get(did), _flat(did)


def _in_the_way(chosen: Mapping[DID, str]) -> list[DID]:
    """Name the DIDs whose path another has too, or needs as a folder."""
    by_path: dict[str, list[DID]] = {}
    for did, path in chosen.items():
        by_path.setdefault(path, []).append(did)
    found = {did: None for same in by_path.values() if len(same) > 1 for did in same}
    for did, path in chosen.items():
        for end in (i for i, letter in enumerate(path) if letter == "/"):
            for other in by_path.get(path[:end], []):
                found[did] = found[other] = None
    return list(found)


def safe_folders(root: Path, path: Path) -> list[Path]:
    """Make the folders between a root and a path, and answer those that are new, outermost first.

    Raises `AlreadyThere` where a file or a link is in the way: nothing is done behind a link.
    """
    new = []
    for folder in [root, *reversed([p for p in path.parents if root in p.parents])]:
        if folder != root and (folder.is_symlink() or (folder.exists() and not folder.is_dir())):
            raise AlreadyThere(f"{folder} is not a folder of its own.")
        if not folder.exists():
            folder.mkdir(parents=folder == root)
            new.append(folder)
    return new


def leads_through_link(root: Path, path: Path) -> bool:
    """Tell whether a folder between a root and a path is a link."""
    return any(p.is_symlink() for p in path.parents if root in p.parents)


def place_link(link: Path, target: str) -> None:
    """Make a link; raises `AlreadyThere` where something has its name."""
    try:
        os.symlink(target, link)
    except FileExistsError:
        raise taken(link) from None
    except OSError as error:
        raise local_error(error, link) from error


def replace_link(link: Path, target: str) -> None:
    """Let a link that is ours lead elsewhere, at once."""
    new = link.with_name(f"{PART}{uuid4().hex[:8]}")
    os.symlink(target, new)
    os.replace(new, link)


def place_copy(
    copy: Path, source: str, size: int, adler32: str | None = None, changed_at: int | None = None
) -> None:
    """Copy a file, verified before it has its name; raises `AlreadyThere` where that is taken.

    `changed_at` is the time in ns that the copy gets. Raises `ChecksumMismatch`, `StorageFailed`,
    `DiskFull`; of what failed nothing is left.
    """
    if os.path.lexists(copy):
        raise taken(copy)
    part = copy.with_name(f"{PART}{uuid4().hex[:8]}")
    try:
        sums = _copied(source, part)
        if sums.bytes != size:
            raise StorageFailed(f"{source} has {sums.bytes} bytes, not {size}.")
        if adler32 and not same_adler32(adler32, sums.adler32):
            raise ChecksumMismatch(f"{source} has adler32 {sums.adler32}, not {adler32}.")
        if changed_at is not None:
            os.utime(part, ns=(changed_at, changed_at))
        _name(part, copy)
    except DlaasError:
        raise
    except OSError as error:
        raise local_error(error, copy, size) from error
    finally:
        part.unlink(missing_ok=True)


def _copied(source: str, part: Path) -> Checksums:
    sums = Checksums()
    with open(source, "rb") as reading, part.open("xb") as writing:
        while data := reading.read(CHUNK):
            writing.write(data)
            sums.update(data)
    return sums


def _name(part: Path, final: Path) -> None:
    """Give a file its name unless another has it."""
    try:
        os.link(part, final)
    except FileExistsError:
        raise taken(final) from None
    except OSError:
        # A file system without hard links.
        if os.path.lexists(final):
            raise taken(final) from None
        os.rename(part, final)


def taken(path: Path) -> AlreadyThere:
    """Make the error for a name that something of the user's has."""
    return AlreadyThere(
        f"{path} is there already, and it is not one of these files.",
        remedy="Move it away, or choose another folder.",
    )


def sweep_parts(folders: Iterable[Path]) -> None:
    """Remove what a killed copy left in some folders."""
    for folder in folders:
        for part in folder.glob(f"{PART}*"):
            with suppress(OSError):
                part.unlink()
