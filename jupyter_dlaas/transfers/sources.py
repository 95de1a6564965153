"""From a path of the file browser to a file that may be uploaded."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from dlaas.errors import AccessDenied, ConfigurationError, InvalidInput, NotThere

_REMEDY = "Choose a file in the file browser."


def source(root: str | None, path: str, *, hidden: bool = False) -> Path:
    """Answer the real file behind a path of the content folder; links count as what they point to.

    Raises `InvalidInput` for what is no file below `root`, `NotThere`, and `AccessDenied` for a
    file that cannot be read.
    """
    folder = Path(root or "").expanduser().resolve()
    if not root or not folder.is_dir():
        raise ConfigurationError(
            "This server does not keep its files in a folder: they cannot be uploaded from here."
        )
    parts = PurePosixPath(path.strip("/")).parts
    if not parts or ".." in parts or "\0" in path:
        raise InvalidInput(f"{path!r} is not a file of this server.", remedy=_REMEDY)
    if not hidden and any(part.startswith(".") for part in parts):
        raise InvalidInput(f"{path!r} is hidden.", remedy="Rename or copy it first.")
    try:
        real = folder.joinpath(*parts).resolve(strict=True)
        inside = real.is_relative_to(folder)
        mode = real.stat().st_mode if inside else 0
    except (OSError, RuntimeError):
        # RuntimeError: links in a circle, before Python 3.13.
        raise NotThere(f"There is no file {path!r}.", remedy=_REMEDY) from None
    if not inside:
        raise InvalidInput(f"{path!r} points to outside of this server's folder.", remedy=_REMEDY)
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise InvalidInput(f"{path!r} is {kind}.", remedy="Choose a single file.")
    if not os.access(real, os.R_OK):
        raise AccessDenied(f"{path!r} cannot be read.", remedy="Change its permissions.")
    return real
