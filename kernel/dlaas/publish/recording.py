"""Saying of a DID where it came from, after it was uploaded by whatever means."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.errors import DlaasError
from dlaas.lifetime import Lifetime, Until
from dlaas.model import DID, Reference, VariableRecord
from dlaas.notebook import attachments
from dlaas.publish import notebooks, provenance
from dlaas.publish.inputs import resolve
from dlaas.publish.provenance import Provenance
from dlaas.transfer.upload.sources import Named

if TYPE_CHECKING:
    from dlaas.lake import Lake


def record(
    lake: Lake,
    did: str,
    *,
    inputs: Iterable[str] = (),
    notebook: Named | None = None,
    note: str | None = None,
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    rse: str | None = None,
) -> Provenance:
    """Keep where a DID came from; see `Lake.set_provenance`."""
    about = DID(did)
    is_file = lake.get(about).type == "file"
    with tempfile.TemporaryDirectory(prefix="dlaas-") as folder:
        found = _made(lake, about, inputs, notebook, note, Path(folder))
        if provenance.keep(lake, found) is None:
            return found
        own = provenance.beside(about, is_file=is_file)
        content = provenance.written(found)
        earlier = provenance.content_of(lake, own)
        if earlier is not None:
            told = provenance.from_json(about, provenance.parsed(about, earlier))
            if replace(told, at=found.at) == found:
                # Said before, by a try that may have got no further.
                found, content = told, earlier
        path = Path(folder, provenance.MANIFEST)
        path.write_bytes(content)
        lake.upload(
            path,
            own,
            dataset=None if is_file else about,
            lifetime=lifetime, until=until, rse=rse,
        )  # fmt: skip
    return found


def _made(
    lake: Lake,
    did: DID,
    inputs: Iterable[str],
    notebook: Named | None,
    note: str | None,
    folder: Path,
) -> Provenance:
    wanted = list(inputs)
    if notebook is None:
        known = resolve(lake, wanted, folder / "inputs")
        software = provenance.software()
        return Provenance(did, provenance.now(), lake.account, known, software=software, note=note)
    found = notebooks.read(Path(notebook).expanduser())
    known = resolve(lake, [*wanted, *references(found)[0]], folder / "inputs")
    software = software_of(found)
    return Provenance(
        did, provenance.now(), lake.account, known, found.path.name, sha256(found), software, note
    )


def references(notebook: notebooks.Notebook) -> tuple[list[str], list[str]]:
    """List what a notebook's record says that it reads, and what is wrong in the record."""
    found, wrong = records(notebook)
    return [str(Reference(DID(one.did), one.instance)) for one in found], wrong


def records(notebook: notebooks.Notebook) -> tuple[list[VariableRecord], list[str]]:
    """List the variables of a notebook's record, and what is wrong in it."""
    raw = (notebook.document.get("metadata") or {}).get(attachments.KEY)
    rows = tuple(raw) if isinstance(raw, list) else () if raw is None else (raw,)
    found, wrong = [], []
    for name, one in attachments.parse_each(rows):
        if isinstance(one, DlaasError):
            wrong.append(f"{name} in the notebook's record is left out: {one.message}")
        else:
            found.append(one)
    return found, wrong


def software_of(notebook: notebooks.Notebook) -> dict[str, str]:
    """Answer the versions of what a notebook imports, as they are installed here."""
    if not notebook.is_python:
        return provenance.software(())
    return provenance.software(notebooks.imported(notebook.sources()))


def sha256(notebook: notebooks.Notebook) -> str:
    """Answer the sha256 of a notebook as it was read."""
    return hashlib.sha256(notebook.content).hexdigest()
