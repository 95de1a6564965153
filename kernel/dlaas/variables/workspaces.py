"""A writable folder of links to read-only inputs under their own names.

What it made is written down in the folder, so that another process, or the same one after a crash,
knows it from what is the user's. It is removed only while it still is what was made.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.errors import AlreadyThere, DlaasError, InvalidInput, NotAvailable
from dlaas.model import DID, Reference
from dlaas.transfer.disk import free_on, full, local_error
from dlaas.variables import MultipleItemDID, did, links
from dlaas.variables.item import SingleItemDID
from dlaas.variables.paths import all_here, paths_of_items
from dlaas.variables.workspace_record import Made, Record, held

if TYPE_CHECKING:
    from dlaas.lake import Lake

Inputs = str | SingleItemDID | MultipleItemDID | Iterable["str | SingleItemDID | MultipleItemDID"]


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
    `NotAvailable`, `InvalidInput`, `DiskFull`, and `TookTooLong` where another process works in it;
    after any error nothing new is there.
    """
    found = Workspace(folder)
    found.add(dids, copy=copy, download=download, lake=lake)
    return found


class Workspace:
    """A folder of links; as a context manager what it was asked for goes at the end.

    It can be given where a path is wanted; iterating yields the paths of the inputs.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(os.path.abspath(os.path.expanduser(folder)))
        if self.folder.exists() and not self.folder.is_dir():
            raise AlreadyThere(f"{self.folder} is a file, not a folder.")
        self._record = Record.read(self.folder)
        self._asked: set[str] = set()

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        return f"Workspace({str(self.folder)!r}, {len(self)} files)"

    def __len__(self) -> int:
        return len(self._record.made)

    def __iter__(self) -> Iterator[str]:
        return (str(self.folder / name) for name in self._record.made)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        # Others may be at work in the same folder.
        self._clear(self._asked)

    @property
    def paths(self) -> dict[str, str]:
        """The path of each file in it, by DID."""
        return {made.did: str(self.folder / name) for name, made in self._record.made.items()}

    def add(
        self,
        dids: Inputs,
        *,
        copy: bool = False,
        download: bool | None = None,
        lake: Lake | None = None,
    ) -> None:
        """Add files; see `workspace`."""
        items = _files_of(dids, lake)
        if not items:
            return
        targets = all_here(items, download)
        with self._changing() as had:
            there = {(m.did, m.instance): name for name, m in self._record.made.items()}
            self._asked |= {there[key] for item in items if (key := _key(item)) in there}
            new = [pair for pair in zip(items, targets, strict=True) if _key(pair[0]) not in there]
            names = self._names([item.did for item, _ in new])
            made = {n: Made.of(i, t, copy) for n, (i, t) in zip(names, new, strict=True)}
            for name in made:
                if os.path.lexists(self.folder / name):
                    raise links.taken(self.folder / name)
            if copy:
                self._refuse_full_disk(made.values())
            self._make(made, had)
            self._asked |= set(made)

    @contextmanager
    def _changing(self) -> Generator[list[str], None, None]:
        """Change the record as it is now; answers the folders that are not of this change."""
        try:
            with held(self.folder) as is_new:
                self._record = Record.read(self.folder)
                had = list(self._record.folders)
                if is_new:
                    self._record.folders.append(".")
                try:
                    yield had
                except BaseException:
                    with suppress(OSError):
                        self._tidy([name for name in self._record.folders if name not in had])
                    raise
        except DlaasError:
            raise
        except OSError as error:
            raise local_error(error, self.folder) from error

    def _make(self, made: dict[str, Made], had: list[str]) -> None:
        """Make all of them or none; written down first, so that a crash leaves nothing unknown."""
        begun: list[str] = []
        try:
            for name in made:
                self._make_folders(name)
            self._record.made.update(made)
            self._record.write(self.folder)
            for name, one in made.items():
                begun.append(name)
                self._place(name, one)
        except BaseException as error:
            if isinstance(error, AlreadyThere) and begun:
                # That one is somebody else's, even if it looks like ours.
                begun.pop()
            self._remove(begun)
            for name in made:
                self._record.made.pop(name, None)
            raise

    def _make_folders(self, name: str) -> None:
        new = links.safe_folders(self.folder, self.folder / name)
        self._record.folders += [os.path.relpath(folder, self.folder) for folder in new]

    def _place(self, name: str, made: Made) -> None:
        path = self.folder / name
        if made.is_copy:
            links.place_copy(path, made.target, made.size or 0, made.adler32, made.changed_at)
        elif path.is_symlink() and made.before is not None and made.is_at(path):
            links.replace_link(path, made.target)
        else:
            links.place_link(path, made.target)

    def _refuse_full_disk(self, made: Iterable[Made]) -> None:
        needed, free = sum(one.size or 0 for one in made), free_on(self.folder)
        if free is not None and needed > free:
            raise full(self.folder, needed, free)

    def _names(self, new: list[DID]) -> list[str]:
        """Choose a name for each that nothing of this workspace has: what is there keeps its."""
        known = {DID(made.did): name for name, made in self._record.made.items()}
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
        if not self.folder.is_dir() and not self._record.made:
            return []
        kept = self._record
        with self._changing():
            if not self._record.made:
                # The whole folder is gone, and with it what was written there.
                self._record = kept
            mended, lost = self._mended(download)
            for name in mended:
                self._make_folders(name)
            self._record.made.update(mended)
            if mended:
                self._record.write(self.folder)
            for name, made in mended.items():
                self._place(name, made)
        if lost:
            raise NotAvailable(
                f"{len(lost)} files of {self.folder} are not here now. {lost[0]}",
                remedy="Make them available, wait, and repair again.",
            )
        return [str(self.folder / name) for name in mended]

    def _mended(self, download: bool | None) -> tuple[dict[str, Made], list[str]]:
        """Answer what has to be made anew, and what cannot be."""
        ours = {name: made for name, made in self._record.made.items() if self._is_ours(name, made)}
        items = [made.item for made in ours.values()]
        mended, lost = {}, []
        for (name, made), item, target in zip(
            ours.items(), items, paths_of_items(items), strict=True
        ):
            alive = (self.folder / name).exists()
            if target is None and alive:
                continue
            try:
                target = target or all_here([item], download)[0]
            except NotAvailable as error:
                lost.append(f"{made.did}: {error.message}")
                continue
            if not alive or target != made.target:
                mended[name] = replace(Made.of(item, target, made.is_copy), before=made.target)
        return mended, lost

    def _is_ours(self, name: str, made: Made) -> bool:
        """Tell whether nothing of the user's has the name, nor a copy that may be the user's."""
        path = self.folder / name
        if links.leads_through_link(self.folder, path):
            return False
        return not os.path.lexists(path) or (not made.is_copy and made.is_at(path))

    def clear(self) -> list[str]:
        """Remove what was made, and the folders made for it where they are empty.

        A link or copy that is no longer as it was made is the user's, and so is all else. Answers
        the paths of such copies and links.
        """
        return self._clear(None)

    def _clear(self, names: set[str] | None) -> list[str]:
        if not self.folder.is_dir():
            return []
        with self._changing():
            made = self._record.made
            kept = self._remove([name for name in made if names is None or name in names])
            self._tidy([] if made else list(self._record.folders))
        return kept

    def _tidy(self, folders: list[str]) -> None:
        """Remove some of the folders that were made, where they are empty, and what is unfinished;
        the record too, once there is nothing to remember.
        """
        paths = sorted((self.folder / name for name in folders), key=lambda p: -len(p.parts))
        own = [
            p for p in paths if not p.is_symlink() and not links.leads_through_link(self.folder, p)
        ]
        links.sweep_parts([*own, self.folder])
        self._record.folders = [name for name in self._record.folders if name not in folders]
        self._record.write(self.folder)
        for path in own:
            with suppress(OSError):
                path.rmdir()

    def _remove(self, names: list[str]) -> list[str]:
        kept = []
        for name in names:
            path, made = self.folder / name, self._record.made.pop(name)
            if links.leads_through_link(self.folder, path) or not made.is_at(path):
                if os.path.lexists(path):
                    kept.append(str(path))
                continue
            path.unlink()
        return kept


def _key(item: SingleItemDID) -> tuple[str, str | None]:
    return str(item.did), item.instance


def _files_of(dids: Inputs, lake: Lake | None) -> list[SingleItemDID]:
    """List the files that are meant, each once."""
    given = [dids] if isinstance(dids, (str, MultipleItemDID)) else dids
    found: dict[Reference, SingleItemDID] = {}
    for one in given:
        item = one if isinstance(one, (SingleItemDID, MultipleItemDID)) else did(one, lake=lake)
        for file in item if isinstance(item, MultipleItemDID) else [item]:
            found.setdefault(Reference(file.did, file.instance), file)
    return list(found.values())
