"""Files that are this user's alone: tokens, and what says where a login goes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write a file that only this user can read, whole or not at all; its folder is there."""
    # mkstemp makes the file 0600 before a byte is in it.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def is_own(status: os.stat_result) -> bool:
    """Tell whether a file is this user's: in a shared folder anybody may have put one."""
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
