"""A writable folder of links to read-only inputs under their own names.

What it made is written down in the folder, so that another process, or the same one after a crash,
knows it from what is the user's. It is removed only while it still is what was made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from dlaas import links
from dlaas.errors import AlreadyThere, InvalidInput, NotAvailable
from dlaas.inputs import Inputs, files_of, paths_of
from dlaas.item import SingleItemDID
from dlaas.model import DID
from dlaas.transfer.disk import free_on, full

if TYPE_CHECKING:
    from dlaas.lake import Lake

_RECORD = f"{links.OURS}workspace.json"


@dataclass(frozen=True)
class _Made:
    """What is made of one file: a link to `target`, or a copy with its size and time in ns."""

    did: str
    instance: str | None
    target: str
    is_copy: bool = False
    size: int | None = None
    changed_at: int | None = None

    def is_at(self, path: Path) -> bool:
        """Tell whether it is still there as it was made."""
        if not self.is_copy:
            return path.is_symlink() and os.readlink(path) == self.target
        try:
            found = path.lstat()
        except OSError:
            return False
        return (found.st_size, found.st_mtime_ns) == (self.size, self.changed_at)


def workspace(
    folder: str | os.PathLike[str],
    dids: Inputs = (),
    *,
    copy: bool = False,
    download: bool | None = None,
    lake: Lake | None = None,
) -> Workspace:
    """Make a writable folder of links to files under their own names, or add to one.

    Two files of one name get a folder each, named by their scopes. With `copy` they are copies,
    verified. What is not here is downloaded into the cache where no folder is mounted; `download`
    says so, or not, for all. Nothing of the user's is overwritten: `AlreadyThere`. Raises
    `NotAvailable`, `InvalidInput`, `DiskFull`; after any error nothing new is there.
    """
    found = Workspace(folder)
    found.add(dids, copy=copy, download=download, lake=lake)
    return found


class Workspace:
    """A folder of links; as a context manager it is emptied at the end.

    It can be given where a path is wanted; iterating yields the paths of the inputs.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(os.path.abspath(os.path.expanduser(folder)))
        if self.folder.exists() and not self.folder.is_dir():
            raise AlreadyThere(f"{self.folder} is a file, not a folder.")
        self._made, self._folders = self._read()

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        return f"Workspace({str(self.folder)!r}, {len(self._made)} files)"

    def __len__(self) -> int:
        return len(self._made)

    def __iter__(self) -> Iterator[str]:
        return (str(self.folder / name) for name in self._made)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    @property
    def paths(self) -> dict[str, str]:
        """The path of each file in it, by DID."""
        return {made.did: str(self.folder / name) for name, made in self._made.items()}

    def add(
        self,
        dids: Inputs,
        *,
        copy: bool = False,
        download: bool | None = None,
        lake: Lake | None = None,
    ) -> None:
        """Add files; see `workspace`."""
        there = {(made.did, made.instance) for made in self._made.values()}
        items = [i for i in files_of(dids, lake) if (str(i.did), i.instance) not in there]
        names = self._names(items)
        targets = paths_of(items, download)
        for name in names:
            if os.path.lexists(self.folder / name):
                raise links.taken(self.folder / name)
        made = {
            name: _plan(item, target, copy)
            for name, item, target in zip(names, items, targets, strict=True)
        }
        if copy:
            self._refuse_full_disk(made.values())
        self._make(made, dict(zip(names, items, strict=True)))

    def _make(self, made: dict[str, _Made], items: dict[str, SingleItemDID]) -> None:
        """Make all of them or none; written down first, so that a crash leaves nothing unknown."""
        had = list(self._folders)
        try:
            for name in made:
                self._make_folders(name)
            self._made.update(made)
            self._write()
            for name, one in made.items():
                self._place(name, one, items[name])
        except BaseException:
            self._remove(list(made))
            self._tidy([folder for folder in self._folders if folder not in had])
            raise

    def _make_folders(self, name: str) -> None:
        new = links.safe_folders(self.folder, self.folder / name)
        self._folders += [os.path.relpath(folder, self.folder) for folder in new]

    def _place(self, name: str, made: _Made, item: SingleItemDID) -> None:
        path = self.folder / name
        if made.is_copy:
            links.place_copy(path, made.target, made.size or 0, item.checksum, made.changed_at)
        else:
            links.place_link(path, made.target)

    def _refuse_full_disk(self, made: Iterable[_Made]) -> None:
        needed, free = sum(one.size or 0 for one in made), free_on(self.folder)
        if free is not None and needed > free:
            raise full(self.folder, needed, free)

    def _names(self, items: list[SingleItemDID]) -> list[str]:
        """Choose a name for each that nothing of this workspace has: what is there keeps its."""
        known = {DID(made.did): name for name, made in self._made.items()}
        new = [item.did for item in items]
        if len({*known, *new}) < len(known) + len(new):
            raise InvalidInput(
                "Two instances have files of the same DID here.", remedy="Use a folder for each."
            )
        names = links.names_for([*known, *new], known)
        return [names[did] for did in new]

    def repair(self, *, download: bool | None = None) -> list[str]:
        """Make links anew that are gone, dead or lead to where the file no longer is.

        Answers their paths. What the user has put in their place stays. Raises `NotAvailable` where
        a file is not here now, after all others have been repaired.
        """
        mended, lost = [], []
        for name, made in list(self._made.items()):
            path = self.folder / name
            if links.leads_through_link(self.folder, path):
                continue
            if os.path.lexists(path) and (made.is_copy or not made.is_at(path)):
                continue
            item = SingleItemDID(made.did, made.instance)
            try:
                target = paths_of([item], download)[0]
            except NotAvailable as error:
                if not path.exists():
                    lost.append(f"{made.did}: {error.message}")
                continue
            if target != made.target or not path.exists():
                self._mend(name, item, _plan(item, target, made.is_copy))
                mended.append(str(path))
        if lost:
            raise NotAvailable(
                f"{len(lost)} files of {self.folder} are not here now. {lost[0]}",
                remedy="Make them available, wait, and repair again.",
            )
        return mended

    def _mend(self, name: str, item: SingleItemDID, made: _Made) -> None:
        self._make_folders(name)
        self._made[name] = made
        self._write()
        path = self.folder / name
        if path.is_symlink() and not made.is_copy:
            links.replace_link(path, made.target)
        else:
            self._place(name, made, item)

    def clear(self) -> list[str]:
        """Remove what was made, and the folders made for it where they are empty.

        A link or copy that is no longer as it was made is the user's, and so is all else. Answers
        the paths of such copies and links.
        """
        kept = self._remove(list(self._made))
        self._tidy(list(self._folders))
        return kept

    def _tidy(self, folders: list[str]) -> None:
        """Remove some of the folders that were made, where they are empty, and what is unfinished;
        the record too, once there is nothing to remember.
        """
        self._folders = [folder for folder in self._folders if folder not in folders]
        paths = sorted((self.folder / folder for folder in folders), key=lambda p: -len(p.parts))
        own = [
            p for p in paths if not p.is_symlink() and not links.leads_through_link(self.folder, p)
        ]
        links.sweep_parts([*own, self.folder])
        if self._made or self._folders:
            self._write()
        else:
            (self.folder / _RECORD).unlink(missing_ok=True)
        for path in own:
            with suppress(OSError):
                path.rmdir()

    def _remove(self, names: list[str]) -> list[str]:
        kept = []
        for name in names:
            path, made = self.folder / name, self._made.pop(name)
            if links.leads_through_link(self.folder, path) or not made.is_at(path):
                if os.path.lexists(path):
                    kept.append(str(path))
                continue
            path.unlink()
        return kept

    def _read(self) -> tuple[dict[str, _Made], list[str]]:
        record = self.folder / _RECORD
        try:
            told = json.loads(record.read_text(encoding="utf-8"))
            made = {str(name): _Made(**entry) for name, entry in told["made"].items()}
            return made, [str(folder) for folder in told["folders"]]
        except FileNotFoundError:
            return {}, []
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(
                f"{record} cannot be read ({type(error).__name__}): it is not known what in"
                f" {self.folder} is a workspace's.",
                remedy="Remove the links there yourself, then that file.",
            ) from None

    def _write(self) -> None:
        """Write the record, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        record = self.folder / _RECORD
        part = record.with_name(f"{_RECORD}.{uuid4().hex[:8]}")
        told = {
            "made": {name: asdict(made) for name, made in self._made.items()},
            "folders": self._folders,
        }
        try:
            part.write_text(json.dumps(told), encoding="utf-8")
            os.replace(part, record)
        finally:
            part.unlink(missing_ok=True)


def _plan(item: SingleItemDID, target: str, copy: bool) -> _Made:
    if not copy:
        return _Made(str(item.did), item.instance, target)
    found = os.stat(target)
    # Whole seconds: some file systems know no finer ones.
    second = found.st_mtime_ns // 10**9 * 10**9
    size = item.size
    return _Made(
        str(item.did), item.instance, target, True, found.st_size if size is None else size, second
    )
