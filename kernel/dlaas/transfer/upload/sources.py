"""Which files of this machine are meant, and which names they get."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dlaas.errors import DlaasError, InvalidInput
from dlaas.model import DID
from dlaas.transfer.upload.plan import checked_new, source

Named = str | os.PathLike[str]
# A folder, a glob, a path, several of them, or the DID of each path.
Sources = Named | Iterable[Named] | Mapping[Named, str]


@dataclass(frozen=True)
class Source:
    """A file to upload; one that cannot be says why in `problem`."""

    path: Path
    did: str
    bytes: int = 0
    problem: DlaasError | None = None


def sources(files: Sources, scope: str | None, base: Named | None = None) -> list[Source]:
    """List the files that are meant, with their DIDs; raises `InvalidInput` where that is unclear.

    Those of a folder or a glob are named by their path below it, others by the last part of theirs;
    with `base` all by their path below that. Hidden files of a folder are left out.
    """
    found: dict[Path, str] = {}
    for path, name in named(files, base):
        did = _did(name, scope)
        if found.setdefault(path, did) != did:
            raise InvalidInput(f"{path} would get two names: {found[path]} and {did}.")
    if not found:
        raise InvalidInput(f"There are no files in {_said(files)}.")
    _refuse_same(found)
    return [_looked_at(path, did) for path, did in found.items()]


def named(files: Sources, base: Named | None = None) -> Iterator[tuple[Path, str]]:
    """Yield the paths that are meant, absolute, and their names; see `sources`."""
    if isinstance(files, Mapping):
        yield from ((_path(path), str(did)) for path, did in files.items())
        return
    start = None if base is None else _path(base)
    for entry in [files] if isinstance(files, (str, os.PathLike)) else files:
        if not isinstance(entry, (str, os.PathLike)):
            raise InvalidInput(f"{entry!r} is no path.")
        for path, name in _expanded(_path(entry)):
            yield path, name if start is None else _below(path, start)


def _path(text: Named) -> Path:
    return Path(os.path.abspath(os.path.expanduser(os.fspath(text))))


def _expanded(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files that a path means, and their names."""
    if os.path.isdir(path):
        yield from ((found, found.relative_to(path).as_posix()) for found in _walked(path))
    elif glob.has_magic(str(path)) and not os.path.exists(path):
        # Up to its first wildcard.
        steady = Path(re.split(r"[*?\[]", str(path), maxsplit=1)[0] + "x").parent
        for text in sorted(glob.glob(str(path), recursive=True)):
            found = Path(text)
            if not found.is_dir():
                yield found, found.relative_to(steady).as_posix()
    else:
        yield path, path.name


def _walked(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_refuse_unread):
        folders[:] = sorted(name for name in folders if _is_meant(name))
        # It is not followed, for it may lead in a circle: named as a file, it is refused as one.
        linked = [name for name in folders if os.path.islink(os.path.join(place, name))]
        yield from (Path(place, name) for name in sorted(names + linked) if _is_meant(name))


def _refuse_unread(error: OSError) -> None:
    # Left to itself the walk would leave out what is in it.
    raise InvalidInput(f"{error.filename} cannot be read: {error.strerror}.")


def _is_meant(name: str) -> bool:
    return not name.startswith(".") and name != "__pycache__"


def _below(path: Path, base: Path) -> str:
    try:
        return path.relative_to(base).as_posix()
    except ValueError:
        raise InvalidInput(f"{path} is not below {base}.") from None


def _did(name: str, scope: str | None) -> str:
    if scope is None:
        if ":" not in name:
            raise InvalidInput(f"Say in which scope {name!r} is to be.")
        return name
    own = f"{scope.removesuffix(':')}:"
    return name if name.startswith(own) else f"{own}{name}"


def _refuse_same(found: Mapping[Path, str]) -> None:
    owners: dict[str, Path] = {}
    for path, did in found.items():
        other = owners.setdefault(did, path)
        if other != path:
            raise InvalidInput(
                f"{other} and {path} would have the same name: {did}.",
                remedy="Name a base folder that both are below, or the DID of each file.",
            )


def _looked_at(path: Path, did: str) -> Source:
    try:
        name = DID(did)
        checked_new(name)
        _, size = source(path)
    except DlaasError as error:
        return Source(path, did, problem=error)
    return Source(path, name, size)


def _said(files: Sources) -> str:
    return str(files) if isinstance(files, (str, os.PathLike)) else "what was named"
