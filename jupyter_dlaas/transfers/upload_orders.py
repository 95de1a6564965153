"""Uploads as they were asked for: of one file, or of several with a report on each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from dlaas.errors import DlaasError, InvalidInput, problem
from dlaas.lake import Lake
from dlaas.model import DID, JobFile, Problem, Uploaded, UploadRequest
from dlaas.transfer.report import Row
from dlaas.transfer.upload import check, upload
from dlaas.transfer.upload.many import check_many, upload_many
from jupyter_dlaas.transfers import places
from jupyter_dlaas.transfers.orders import Ending, Key, Listener, Order, Size, lacking
from jupyter_dlaas.transfers.sources import source

T = TypeVar("T")


@dataclass(frozen=True)
class UploadOrder(Order):
    """An upload of one file: `request.path` is below `root`, `hidden` allows hidden files.

    `bytes` and `modified_ns` are those of the file when it was asked for.
    """

    request: UploadRequest
    root: str | None
    hidden: bool = False
    bytes: int = 0
    modified_ns: int = 0

    kind = "upload"
    name = "upload"

    @classmethod
    def restored(cls, values: dict[str, Any]) -> UploadOrder:
        """Make it of what `write` wrote."""
        return cls(**{**values, "request": _request(values["request"])})

    @property
    def keys(self) -> frozenset[Key]:
        """The name that it takes."""
        return frozenset({("upload", str(self._did()))})

    @property
    def size(self) -> Size:
        """The size of the file when it was asked for."""
        return Size(self.bytes)

    def locate(self) -> Path:
        """Answer the file; looked for each time, for it may have become another one meanwhile.

        Raises what `sources.source` does, and `InvalidInput` when it has changed.
        """
        path = source(self.root, self.request.path or "", hidden=self.hidden)
        found = path.stat()
        if self.modified_ns and (found.st_size, found.st_mtime_ns) != (
            self.bytes,
            self.modified_ns,
        ):
            raise _changed(self.request.path or "")
        return path

    def renewed(self) -> UploadOrder:
        """Answer this order for the file as it is now."""
        found = replace(self, modified_ns=0).locate().stat()
        return replace(self, bytes=found.st_size, modified_ns=found.st_mtime_ns)

    def told(self) -> dict[str, Any]:
        """Answer what a job says of it."""
        return {"did": self._did(), "source": self.request.path or ""}

    def check(self, lake: Lake) -> Size:
        """Raise what the upload would raise before its first byte; answers the file's size."""
        return Size(self._apply(check, lake).bytes)

    def carry_out(self, lake: Lake, listener: Listener) -> Ending:
        """Upload the file; raises what `Lake.upload` does."""
        found = self._apply(upload, lake, progress=listener.progress, cancelled=listener.cancelled)
        listener.arrived(_uploaded(found, self.request.path or ""))
        return Ending(found.bytes, found)

    def _did(self) -> DID:
        return DID(self.request.did or "")

    def _apply(self, act: Callable[..., T], lake: Lake, **options: Any) -> T:
        return act(lake, self.locate(), self._did(), **_options(self.request), **options)


@dataclass(frozen=True)
class Wanted:
    """A file of several, as it was when it was asked for; `path` is below the content folder."""

    path: str
    did: str
    bytes: int
    modified_ns: int


@dataclass(frozen=True)
class FilesOrder(Order):
    """An upload of several files: `request.paths` are below `root`; `files` is what they stood for.

    Files that appear in a folder later are not part of it. `rules` are further ones, as
    `Lake.upload_many` takes them.
    """

    request: UploadRequest
    root: str | None
    hidden: bool = False
    files: tuple[Wanted, ...] = ()
    rules: tuple[Any, ...] = ()

    kind = "upload"
    name = "files"

    @classmethod
    def restored(cls, values: dict[str, Any]) -> FilesOrder:
        """Make it of what `write` wrote."""
        files = tuple(Wanted(**file) for file in values["files"])
        rules = tuple(values.get("rules", ()))
        read = {"request": _request(values["request"]), "files": files, "rules": rules}
        return cls(**{**values, **read})

    @property
    def keys(self) -> frozenset[Key]:
        """The names that they take."""
        return frozenset(("upload", file.did) for file in self.files)

    @property
    def size(self) -> Size:
        """The sizes of the files when they were asked for."""
        return Size(sum(file.bytes for file in self.files), len(self.files))

    def renewed(self) -> FilesOrder:
        """Answer this order for the files as they are now; those of the first time, where known."""
        known = {file.path: file.did for file in self.files} or self._named()
        return replace(self, files=tuple(self._wanted(path, did) for path, did in known.items()))

    def told(self) -> dict[str, Any]:
        """Answer what a job says of it."""
        dataset = DID(self.request.dataset) if self.request.dataset else None
        chosen = self.request.paths or tuple(file.path for file in self.files)
        more = f" and {len(chosen) - 2} more" if len(chosen) > 3 else ""
        return {"did": dataset, "source": ", ".join(chosen[: 2 if more else 3]) + more}

    def check(self, lake: Lake) -> Size:
        """Raise what would fail for all files alike; answers how much they are."""
        first = self.files[0]
        check_many(lake, {self._locate(first): first.did}, **self._options())
        return self.size

    def carry_out(self, lake: Lake, listener: Listener) -> Ending:
        """Upload them, one that fails does not stop the others; raises what stops them all."""
        failed, asked = self._sorted(listener)
        if not asked:
            return Ending(0, problem=lacking(len(failed), len(self.files), failed[0]))
        found = upload_many(
            lake,
            {path: file.did for path, file in asked.items()},
            **self._options(),
            progress=listener.progress,
            cancelled=listener.cancelled,
            arrived=lambda row: listener.arrived(_row(row, asked)),
        )
        failed += [row.problem for row in found.failures if row.problem is not None]
        why = lacking(len(failed), len(self.files), failed[0]) if failed else None
        return Ending(sum(row.bytes for row in found.rows if row.outcome != "failed"), problem=why)

    def _sorted(self, listener: Listener) -> tuple[list[Problem], dict[Path, Wanted]]:
        """Tell of the files that are not as they were; answer the problems, and the others."""
        problems: list[Problem] = []
        asked: dict[Path, Wanted] = {}
        for file in self.files:
            try:
                asked[self.locate(file)] = file
            except DlaasError as error:
                problems.append(problem(error))
                listener.arrived(JobFile(DID(file.did), file.path, "failed", problem=problems[-1]))
        return problems, asked

    def locate(self, file: Wanted) -> Path:
        """Answer one of the files; raises as `UploadOrder.locate` does."""
        path = self._locate(file)
        found = path.stat()
        if (found.st_size, found.st_mtime_ns) != (file.bytes, file.modified_ns):
            raise _changed(file.path)
        return path

    def _options(self) -> dict[str, Any]:
        asked = self.request
        return {
            "dataset": asked.dataset,
            "lifetime": asked.lifetime,
            "until": asked.until,
            "rses": asked.rses or asked.rse,
            "rules": self.rules,
            "duplicates": asked.duplicates,
        }

    def _locate(self, file: Wanted) -> Path:
        return source(self.root, file.path, hidden=self.hidden)

    def _named(self) -> dict[str, str]:
        scope = (self.request.scope or "").removesuffix(":")
        named = places.files(self.root, list(self.request.paths), hidden=self.hidden)
        return {path: DID(f"{scope}:{name}") for path, name in named.items()}

    def _wanted(self, path: str, did: str) -> Wanted:
        found = source(self.root, path, hidden=self.hidden).stat()
        return Wanted(path, str(did), found.st_size, found.st_mtime_ns)


def _uploaded(found: Uploaded, path: str) -> JobFile:
    return JobFile(found.did, path, "uploaded" if found.new else "skipped", found.bytes)


def _row(row: Row, asked: dict[Path, Wanted]) -> JobFile:
    file = asked[Path(row.path)]
    return JobFile(DID(row.did), file.path, row.outcome, row.bytes, row.problem)


def _options(asked: UploadRequest) -> dict[str, Any]:
    return {
        "dataset": asked.dataset,
        "lifetime": asked.lifetime,
        "until": asked.until,
        "rse": asked.rse,
    }


def _request(values: dict[str, Any]) -> UploadRequest:
    several = {name: tuple(values.get(name, ())) for name in ("paths", "rses")}
    return UploadRequest(**{**values, **several})


def _changed(path: str) -> InvalidInput:
    return InvalidInput(
        f"{path!r} has changed since its upload was asked for.",
        remedy="Upload it again: then it goes as it is now.",
    )
