"""Where data came from: inputs with checksums, software, notebook, who and when.

It is kept as JSON metadata of the DID where the server keeps metadata of one's own, else in a file
beside it: `dataset/provenance.json` in a dataset, `name.provenance.json` beside a file. The words
are those of PROV, kept few:

    {"format": "dlaas-provenance", "version": 1,
     "generatedAtTime": "2026-11-21T00:10:00Z", "wasAttributedTo": "alice",
     "wasGeneratedBy": {"notebook": "higgs.ipynb", "sha256": "…", "software": {"python": "3.11.2"}},
     "used": [{"did": "scope:name", "type": "file", "bytes": 1, "adler32": "…"}]}
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from dlaas.errors import InvalidInput, InvalidMetadata, NotThere
from dlaas.model import DID, to_json
from dlaas.publish.environments import versions
from dlaas.publish.inputs import Input, from_row
from dlaas.sizes import size_said

if TYPE_CHECKING:
    from dlaas.lake import Lake

# Rucio has a column "provenance" of its own, of two letters.
KEY = "dlaas_provenance"
FORMAT = "dlaas-provenance"
MANIFEST = "provenance.json"
# Metadata are for searching and reading, not for a list that a file holds as well.
_MOST_INPUTS = 200
_LARGEST = 64 << 20


@dataclass(frozen=True)
class Provenance:
    """Where a DID came from; `sha256` is that of the notebook as it was then.

    `digest` tells two publications apart, and `generated` lists the files of one. `missing` counts
    inputs that the record has no room for; a publication's own file has all.
    """

    did: DID
    at: datetime
    account: str
    inputs: tuple[Input, ...] = ()
    notebook: str | None = None
    sha256: str | None = None
    software: dict[str, str] = field(default_factory=dict)
    note: str | None = None
    digest: str | None = None
    generated: tuple[dict[str, Any], ...] = ()
    missing: int = 0

    def __str__(self) -> str:
        made = f"{self.did}: made by {self.account}, {self.at:%Y-%m-%d %H:%M} UTC"
        lines = [f"{made}, with {self.notebook}" if self.notebook else made]
        lines += [f"  note: {self.note}"] if self.note else []
        lines += [f"  from {_said(one)}" for one in self.inputs] or ["  from no input that is told"]
        lines += [f"  and {self.missing} more inputs"] if self.missing else []
        software = ", ".join(f"{name} {number}" for name, number in self.software.items())
        return "\n".join([*lines, f"  software: {software}"] if software else lines)

    def to_json(self) -> dict[str, Any]:
        """Write it in the words of PROV."""
        by = {"notebook": self.notebook, "sha256": self.sha256, "software": self.software}
        told = {
            "format": FORMAT,
            "version": 1,
            "generatedAtTime": self.at,
            "wasAttributedTo": self.account,
            "wasGeneratedBy": _without_none(by),
            "used": [_without_none(to_json(one)) for one in self.inputs],
            "usedButNotListed": self.missing or None,
            "note": self.note,
            "digest": self.digest,
            "generated": list(self.generated) or None,
        }
        return dict(to_json(_without_none(told)))


def _said(one: Input) -> str:
    many = "" if one.files is None else f"{one.files} file{'' if one.files == 1 else 's'}, "
    checksum = f", adler32 {one.adler32}" if one.adler32 else ""
    return f"{one.reference} ({many}{size_said(one.bytes or 0)}{checksum})"


def _without_none(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value is not None}


def from_json(did: DID, told: Any) -> Provenance:
    """Read what was written; raises `InvalidInput` where it is no record of ours."""
    try:
        if told["format"] != FORMAT:
            raise ValueError(told["format"])
        by = told.get("wasGeneratedBy") or {}
        return Provenance(
            did=did,
            at=_moment(told["generatedAtTime"]),
            account=str(told["wasAttributedTo"]),
            inputs=tuple(from_row(row) for row in told.get("used") or ()),
            notebook=by.get("notebook"),
            sha256=by.get("sha256"),
            software=dict(by.get("software") or {}),
            note=told.get("note"),
            digest=told.get("digest"),
            generated=tuple(told.get("generated") or ()),
            missing=int(told.get("usedButNotListed") or 0),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(f"What is kept as the provenance of {did} cannot be read.") from error


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def software(modules: Iterable[str] | None = None) -> dict[str, str]:
    """Answer the versions of Python, of this library, and of what `modules` are from.

    Without `modules` they are those that this process has loaded.
    """
    loaded = {name.partition(".")[0] for name in sys.modules} if modules is None else modules
    ours = {"python": platform.python_version(), "jupyter-dlaas-kernel": _own()}
    return {**ours, **versions(loaded)}


def _own() -> str:
    return version("jupyter-dlaas-kernel")


def now() -> datetime:
    """Answer the time in whole seconds, as it is written."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def keep(lake: Lake, provenance: Provenance) -> InvalidMetadata | None:
    """Keep a record as metadata of its DID; answers why not where the server keeps none.

    Raises `AccessDenied`, `DataIdentifierNotFound`.
    """
    short = replace(
        provenance,
        generated=(),
        inputs=provenance.inputs[:_MOST_INPUTS],
        missing=provenance.missing + max(0, len(provenance.inputs) - _MOST_INPUTS),
    )
    try:
        lake.set_metadata(provenance.did, {KEY: short.to_json()})
    except InvalidMetadata as error:
        return error
    return None


def read(lake: Lake, did: str) -> Provenance:
    """Answer where a DID came from.

    Raises `NotThere` where nobody has said so, and what the catalogue says.
    """
    found = recorded(lake, DID(did))
    if found is None:
        raise NotThere(
            f"Nothing is kept of where {DID(did)} came from.",
            remedy="lake.set_provenance() keeps it, and lake.publish() does by itself.",
        )
    return found


def recorded(lake: Lake, did: DID) -> Provenance | None:
    """Answer what is kept of a DID: of it, else in the file beside it; None where nothing is."""
    meta = lake.get(did)
    if KEY in meta.custom:
        told = meta.custom[KEY]
        return from_json(did, parsed(did, told) if isinstance(told, str) else told)
    content = content_of(lake, beside(did, is_file=meta.type == "file"))
    return None if content is None else from_json(did, parsed(did, content))


def beside(did: DID, *, is_file: bool) -> DID:
    """Answer the name of the file that keeps the provenance of a DID."""
    return DID(f"{did}.{MANIFEST}" if is_file else f"{did.rstrip('/')}/{MANIFEST}")


def content_of(lake: Lake, did: DID) -> bytes | None:
    """Read a small file of the lake whole; None where there is none."""
    from dlaas.filesystem import RucioFileSystem
    from dlaas.model import Reference
    from dlaas.rucio.connection import register

    try:
        size = lake.get(did).bytes or 0
    except NotThere:
        return None
    if size > _LARGEST:
        raise InvalidInput(f"{did} is no provenance: it has {size_said(size)}.")
    # References find the lake by its instance's name.
    register(lake)
    return bytes(RucioFileSystem().cat_file(str(Reference(did, lake.instance.name))))


def written(provenance: Provenance) -> bytes:
    """Write a record as the file beside a DID holds it."""
    return f"{json.dumps(provenance.to_json(), indent=1, ensure_ascii=False)}\n".encode()


def parsed(did: DID, content: bytes | str) -> Any:
    """Read JSON; raises `InvalidInput`."""
    try:
        return json.loads(content)
    except ValueError:
        raise InvalidInput(f"What is kept as the provenance of {did} cannot be read.") from None
