"""Reading a bundle, on this machine or in the lake: the index first, then closed ranges only."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dlaas.errors import ChecksumMismatch, InvalidInput, NotThere
from dlaas.publish.bundles import FORMAT, INDEX, Member
from dlaas.reference import Reference
from dlaas.sizes import size_said
from dlaas.transfer.upload.sources import Named


class OpenBundle(Mapping[str, bytes]):
    """A bundle as a mapping from name to bytes; each is read alone, and verified."""

    def __init__(self, archive: Named) -> None:
        from fsspec.core import url_to_fs

        self.archive = _place(archive)
        self._fs, self._path = url_to_fs(self.archive)
        self._members = _indexed(self._fs, self._path, self.archive)

    @property
    def members(self) -> tuple[Member, ...]:
        """What it holds, sorted by name."""
        return tuple(self._members.values())

    def __getitem__(self, name: str) -> bytes:
        return self.read([name])[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __repr__(self) -> str:
        size = sum(member.size for member in self.members)
        return f"<{self.archive}: {len(self)} files, {size_said(size)}>"

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        """Read some members, all together; raises `NotThere`, `ChecksumMismatch`."""
        wanted = [self._member(name) for name in dict.fromkeys(names)]
        found = self._fs.cat_ranges(
            [self._path] * len(wanted),
            [member.offset for member in wanted],
            [member.offset + member.size for member in wanted],
            on_error="raise",
        )
        return {
            member.name: self._verified(member, data)
            for member, data in zip(wanted, found, strict=True)
        }

    def url(self, name: str) -> str:
        """Answer what fsspec, pandas and others open as that member: `zip://name::rucio://…`."""
        return f"zip://{self._member(name).name}::{self.archive}"

    def _member(self, name: str) -> Member:
        try:
            return self._members[name]
        except KeyError:
            raise NotThere(f"{self.archive} holds no {name!r}.") from None

    def _verified(self, member: Member, data: bytes) -> bytes:
        if len(data) == member.size and f"{zlib.adler32(data):08x}" == member.adler32:
            return data
        raise ChecksumMismatch(f"{member.name} in {self.archive} is not what its index says.")


def open_bundle(archive: Named) -> OpenBundle:
    """Open a bundle: a path, a DID, a `rucio://` reference, or a variable of `dlaas.did`.

    Raises `InvalidInput` for what is no bundle, and what reading raises.
    """
    return OpenBundle(archive)


def members(archive: Named) -> tuple[Member, ...]:
    """List what a bundle holds without reading it, sorted by name; raises as `open_bundle`."""
    return OpenBundle(archive).members


def _place(archive: Named) -> str:
    text = str.__str__(archive) if isinstance(archive, str) else os.fspath(archive)
    if "://" in text or os.path.exists(text):
        return text
    try:
        return str(Reference.parse(text))
    except InvalidInput:
        raise NotThere(f"There is no bundle {text}.") from None


def _indexed(fs: Any, path: str, archive: str) -> dict[str, Member]:
    """Read the index, which lies at the end beside the zip's own directory."""
    size = int(fs.size(path))
    try:
        with fs.open(path, "rb") as file, zipfile.ZipFile(file) as zipped:
            if zipped.getinfo(INDEX).compress_type != zipfile.ZIP_STORED:
                # Ours is stored; what unfolds to gigabytes is not.
                raise ValueError("compressed")
            told = json.loads(zipped.read(INDEX))
        if told["format"] != FORMAT:
            raise ValueError(told["format"])
        found = [Member(**row) for row in told["members"]]
        if not all(0 <= m.offset <= m.offset + m.size <= size for m in found):
            raise ValueError("a member lies outside")
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            f"{archive} is no bundle of ours.",
            remedy="Any zip is opened by fsspec: zip://member::rucio://scope/name.zip.",
        ) from error
    return {member.name: member for member in found}
