"""From paths of the file browser to folders that are downloaded to, and to many files at once."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path, PurePosixPath

from dlaas.errors import AccessDenied, ConfigurationError, InvalidInput
from jupyter_dlaas.transfers.sources import source

_MOST_FILES = 10_000
_REMEDY = "Choose a folder of the file browser."


def folder(root: str | None, path: str, *, hidden: bool = False) -> Path:
    """Answer the real folder behind a path of the content folder; it may be one still to be made.

    Raises `InvalidInput` for what is no folder below `root`, `AccessDenied` where nobody may write.
    """
    base = _root(root)
    parts = _parts(path, hidden)
    try:
        real = base.joinpath(*parts).resolve()
        there = next(place for place in (real, *real.parents) if os.path.lexists(place))
    except (OSError, RuntimeError, StopIteration):
        raise InvalidInput(f"{path!r} cannot be a folder.", remedy=_REMEDY) from None
    if not real.is_relative_to(base):
        raise InvalidInput(f"{path!r} points to outside of this server's folder.", remedy=_REMEDY)
    if not there.is_dir():
        raise InvalidInput(f"{path!r} is not a folder.", remedy=_REMEDY)
    if not os.access(there, os.W_OK | os.X_OK):
        raise AccessDenied(f"Nothing can be written to {path!r}.", remedy=_REMEDY)
    return real


def files(root: str | None, paths: list[str], *, hidden: bool = False) -> dict[str, str]:
    """Answer the files that some files and folders stand for, each with the name it is given.

    Those of a folder are named by their path below it, as `Lake.upload_many` does; hidden ones are
    left out. Raises what `sources.source` does, and `InvalidInput` where two would have one name,
    where there is none, and for more than 10,000, and `AccessDenied` for a folder that cannot be
    read.
    """
    base = _root(root)
    found: dict[str, str] = {}
    for path in paths:
        parts = _parts(path, hidden)
        inside = base.joinpath(*parts)
        if not inside.is_dir():
            _add(found, path.strip("/"), parts[-1] if parts else "")
            continue
        if not inside.resolve().is_relative_to(base):
            raise InvalidInput(f"{path!r} points to outside of this server's folder.")
        for relative in _walk(inside, hidden):
            _add(found, str(PurePosixPath(*parts, relative)), relative)
    twice = [name for name, count in Counter(found.values()).items() if count > 1]
    if twice:
        raise InvalidInput(f"Two of the files would have the name {twice[0]!r}.")
    if not found:
        raise InvalidInput("There is no file in what was chosen.", remedy="Choose some files.")
    for path in found:
        source(root, path, hidden=hidden)
    return found


def _walk(top: Path, hidden: bool) -> list[str]:
    found = []
    for place, folders, names in os.walk(top, onerror=_refuse_unread):
        folders[:] = sorted(name for name in folders if hidden or not name.startswith("."))
        for name in sorted(names):
            if hidden or not name.startswith("."):
                found.append(os.path.relpath(os.path.join(place, name), top))
        if len(found) > _MOST_FILES:
            break
    return found


def _refuse_unread(error: OSError) -> None:
    # Left to itself the walk would leave out what is in it.
    name = os.path.basename(error.filename or "")
    raise AccessDenied(f"The folder {name!r} cannot be read.", remedy="Change its permissions.")


def _add(found: dict[str, str], path: str, name: str) -> None:
    # As the panel proposes the name of a single file: Rucio has none with spaces.
    found[path] = re.sub(r"\s+", "_", name)
    if len(found) > _MOST_FILES:
        raise InvalidInput(
            f"These are more than {_MOST_FILES} files.", remedy="Upload them folder by folder."
        )


def _root(root: str | None) -> Path:
    base = Path(root or "").expanduser().resolve()
    if not root or not base.is_dir():
        raise ConfigurationError(
            "This server does not keep its files in a folder: nothing can be moved from or to it."
        )
    return base


def _parts(path: str, hidden: bool) -> tuple[str, ...]:
    parts = PurePosixPath(path.strip("/")).parts
    if ".." in parts or "\0" in path:
        raise InvalidInput(f"{path!r} is not below this server's folder.", remedy=_REMEDY)
    if not hidden and any(part.startswith(".") for part in parts):
        raise InvalidInput(f"{path!r} is hidden.", remedy="Choose another name.")
    return parts
