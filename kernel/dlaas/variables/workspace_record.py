"""What a workspace has made in its folder, written down there; one at a time may change it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

from dlaas.errors import InvalidInput, TookTooLong
from dlaas.model import DID, Entry
from dlaas.variables.item import SingleItemDID
from dlaas.variables.links import OURS, PART

_NAME = f"{OURS}workspace.json"
_PATIENCE = 60.0


@dataclass(frozen=True)
class Made:
    """What is made of one file: a link to `target`, or a copy that was last changed at a time in
    ns. Where a link led `before` is remembered while it is made anew.
    """

    did: str
    instance: str | None
    target: str
    size: int | None = None
    adler32: str | None = None
    changed_at: int | None = None
    before: str | None = None

    @classmethod
    def of(cls, item: SingleItemDID, target: str, copy: bool) -> Made:
        """Say what is to be made of a file that lies at `target`."""
        entry = item._entry
        size, adler32 = (entry.bytes, entry.adler32) if entry else (None, None)
        if not copy:
            return cls(str(item.did), item.instance, target, size, adler32)
        if size is None or adler32 is None:
            known = item.metadata
            size, adler32 = known.bytes, known.adler32
        found = os.stat(target)
        # Whole seconds: some file systems know no finer ones.
        second = found.st_mtime_ns // 10**9 * 10**9
        size = found.st_size if size is None else size
        return cls(str(item.did), item.instance, target, size, adler32, second)

    @property
    def item(self) -> SingleItemDID:
        """The variable of the file, of what is known here: nothing is asked."""
        did, entry = DID(self.did), None
        if self.size is not None:
            entry = Entry(did, "file", self.size, None, self.adler32)
        return SingleItemDID._at(None, did, self.instance, None, entry)

    @property
    def is_copy(self) -> bool:
        """Whether it is a copy, not a link."""
        return self.changed_at is not None

    def is_at(self, path: Path) -> bool:
        """Tell whether it is still there as it was made."""
        if not self.is_copy:
            return path.is_symlink() and os.readlink(path) in (self.target, self.before)
        try:
            found = path.lstat()
        except OSError:
            return False
        return (found.st_size, found.st_mtime_ns) == (self.size, self.changed_at)


@dataclass
class Record:
    """What is made, by its path in the folder, and the folders that were made for it."""

    made: dict[str, Made] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Record:
        """Read what is written in a folder; raises `InvalidInput` where it makes no sense."""
        path = folder / _NAME
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            made = {_inside(name): Made(**entry) for name, entry in told["made"].items()}
            return cls(made, [_inside(name) for name in told["folders"]])
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(
                f"{path} cannot be read ({type(error).__name__}): it is not known what in"
                f" {folder} is a workspace's.",
                remedy="Remove the links there yourself, then that file.",
            ) from None

    def write(self, folder: Path) -> None:
        """Write it down, whole or not at all; once there is nothing to remember it goes."""
        path = folder / _NAME
        if not self.made and not self.folders:
            path.unlink(missing_ok=True)
            return
        made = {name: asdict(made) for name, made in self.made.items()}
        part = folder / f"{PART}{uuid4().hex[:8]}"
        try:
            part.write_text(json.dumps({"made": made, "folders": self.folders}), encoding="utf-8")
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


def _inside(name: str) -> str:
    # A record may come with a folder that somebody else made.
    if os.path.isabs(name) or ".." in name.split("/"):
        raise ValueError(name)
    return name


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Keep other processes and threads from changing a workspace; answers whether it is new.

    Raises `TookTooLong` when another is at work in it for a minute.
    """
    ends = time.monotonic() + _PATIENCE
    made: list[os.stat_result] = []
    while True:
        descriptor = _opened(folder, made)
        if descriptor is None:
            continue
        try:
            if not _locked(descriptor):
                if time.monotonic() > ends:
                    raise TookTooLong(
                        f"Another process is at work in {folder}.",
                        blame="you",
                        remedy="Wait until it is done, or use a folder for each.",
                    )
                time.sleep(0.05)
            elif _is_still(folder, descriptor):
                found = os.fstat(descriptor)
                yield any(os.path.samestat(one, found) for one in made)
                return
        finally:
            os.close(descriptor)


def _opened(folder: Path, made: list[os.stat_result]) -> int | None:
    """Open a folder, and make it where there is none: then it is noted in `made`.

    None where another process has removed it in between.
    """
    is_new = True
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        if folder.exists() and not folder.is_dir():
            raise
        is_new = False
    with suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY)
        if is_new:
            made.append(os.fstat(descriptor))
        return descriptor
    return None


def _locked(descriptor: int) -> bool:
    """Lock a folder; where its disk knows no locks nobody else is kept away."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return True
    return True


def _is_still(folder: Path, descriptor: int) -> bool:
    # Whoever had it before may have removed the folder.
    with suppress(OSError):
        return os.path.samestat(os.stat(folder), os.fstat(descriptor))
    return False
