"""A notebook in the lake with all that it takes to repeat it, as one dataset.

    scope:name                      the dataset, closed when it is complete
    scope:name/higgs.ipynb          the notebook as it was
    scope:name/environment.txt      the software, for pip install -r
    scope:name/inputs.jsonl         every file that went in, with size and checksum
    scope:name/code/…               the notebook's own modules, and what was named
    scope:name/outputs.zip          what came out, in a bundle; large files beside it
    scope:name/provenance.json      sent last: where it is, all is

The name tells the contents, so that calling it again goes on with what an earlier try began.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaas import errors
from dlaas.lifetime import Lifetime, Until, seconds
from dlaas.model import DID, Problem, Rule
from dlaas.publish import notebooks, preparing, provenance, recording
from dlaas.publish.preparing import Part, Prepared
from dlaas.publish.provenance import Provenance
from dlaas.sizes import size_said
from dlaas.transfer.disk.checksums import same_adler32
from dlaas.transfer.upload import check as check_upload
from dlaas.transfer.upload.names import numbered
from dlaas.transfer.upload.plan import target_rse
from dlaas.transfer.upload.register import keep, taken
from dlaas.transfer.upload.sources import Named, Sources

if TYPE_CHECKING:
    from dlaas.lake import Lake

_DIGITS = 8
_TRIED = 20
_STEM = 60


@dataclass(frozen=True)
class Published:
    """A publication in the lake; `new` is False where all of it was there already."""

    did: DID
    files: tuple[DID, ...]
    bytes: int
    provenance: Provenance
    rule: Rule | None = None
    new: bool = True
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        count = len(self.files)
        came = "published" if self.new else "was published before"
        lines = [f"{self.did}: {came}, {count} files, {size_said(self.bytes)}"]
        ends = self.rule.expires_at if self.rule is not None else None
        lines += [f"  kept until {ends:%Y-%m-%d %H:%M} UTC"] if ends else []
        lines += [f"  from {one.reference}" for one in self.provenance.inputs[:10]]
        more = len(self.provenance.inputs) - 10
        lines += [f"  and {more} more inputs"] if more > 0 else []
        return "\n".join([*lines, *(f"  note: {remark}" for remark in self.remarks)])


@dataclass(frozen=True)
class _Order:
    """Where a publication goes, and who listens."""

    lake: Lake
    did: DID
    lifetime: int | None
    rse: str
    progress: Callable[[int, int], None] | None
    cancelled: Callable[[], bool] | None


def publish(
    lake: Lake,
    notebook: Named,
    scope: str,
    *,
    name: str | None = None,
    inputs: Iterable[str] = (),
    code: Sources = (),
    outputs: Sources = (),
    environment: str = "all",
    note: str | None = None,
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    rse: str | None = None,
    even_with_secrets: bool = False,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Published:
    """Publish a notebook; see `Lake.publish`."""
    with tempfile.TemporaryDirectory(prefix="dlaas-") as folder:
        prepared = preparing.prepare(
            lake, notebook, Path(folder),
            inputs=inputs, code=code, outputs=outputs, environment=environment,
            even_with_secrets=even_with_secrets,
        )  # fmt: skip
        did = _place(lake, DID(f"{scope.removesuffix(':')}:{name or _name(prepared)}"), prepared)
        if name is not None and did.name != name:
            raise taken(lake, DID(f"{did.scope}:{name}"))
        order = _Order(
            lake, did, seconds(lifetime, until), target_rse(lake, rse), progress, cancelled
        )
        return _publish(order, prepared, note, Path(folder))


def check(
    lake: Lake,
    notebook: Named,
    scope: str,
    *,
    name: str | None = None,
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    rse: str | None = None,
    even_with_secrets: bool = False,
) -> int:
    """Raise what `publish` would raise of the notebook itself, before anything is read or sent.

    Answers the size of the notebook in bytes.
    """
    found = notebooks.read(Path(notebook).expanduser())
    preparing.check_secrets(found, {}, {}, even_with_secrets, [])
    did = DID(f"{scope.removesuffix(':')}:{name or _stem(found)}")
    # Whether the name is free depends on what else there is to publish.
    probe = f"{did}-{'0' * _DIGITS}/{preparing.clean(found.name)}.ipynb"
    check_upload(lake, found.path, probe, lifetime=lifetime, until=until, rse=rse)
    return len(found.content)


def _name(prepared: Prepared) -> str:
    return f"{_stem(prepared.notebook)}-{prepared.digest[:_DIGITS]}"


def _stem(notebook: notebooks.Notebook) -> str:
    return preparing.clean(notebook.name)[:_STEM].rstrip("._-")


def _place(lake: Lake, did: DID, prepared: Prepared) -> DID:
    """Answer the name that it can have: one whose files were erased is lost, and the next tried."""
    files = {part.name for part in prepared.parts} | {provenance.MANIFEST}
    for candidate in chain([did], islice(numbered(did), _TRIED)):
        if not _is_closed(lake, candidate):
            return candidate
        held = {str(entry.did) for entry in islice(lake.list_contents(candidate), len(files) + 1)}
        if held == {f"{candidate}/{name}" for name in files}:
            return candidate
    raise taken(lake, did)


def _publish(order: _Order, prepared: Prepared, note: str | None, folder: Path) -> Published:
    lake, did = order.lake, order.did
    manifest = provenance.beside(did, is_file=False)
    told = Provenance(
        did, provenance.now(), lake.account, prepared.inputs, prepared.notebook.path.name,
        recording.sha256(prepared.notebook), recording.software_of(prepared.notebook), note,
        prepared.digest, tuple(_generated(did, part) for part in prepared.parts),
    )  # fmt: skip
    content = provenance.written(told)
    earlier = _earlier(lake, did, manifest, prepared)
    remarks = [*prepared.remarks]
    if earlier is not None:
        told, content = earlier
        remarks += [] if told.note == note else ["The note of the first time stays."]
    path = folder / provenance.MANIFEST
    path.write_bytes(content)
    is_closed = _is_closed(lake, did)
    if not is_closed or not lake.list_rules(did):
        # Of one whose rules have ended the files may be gone; nothing can be attached any more.
        _send(order, prepared, path, manifest, None if is_closed else did)
    rule = keep(lake, did, order.rse, 1, order.lifetime)
    remarks += [*_kept(lake, told), *([] if is_closed else _close(lake, did))]
    files = (*(DID(f"{did}/{part.name}") for part in prepared.parts), manifest)
    size = prepared.bytes + len(content)
    return Published(did, files, size, told, rule, earlier is None, tuple(remarks))


def _generated(did: DID, part: Part) -> dict[str, Any]:
    return {
        "did": f"{did}/{part.name}",
        "bytes": part.bytes,
        "adler32": part.adler32,
        "sha256": part.sha256,
    }


def _earlier(
    lake: Lake, did: DID, manifest: DID, prepared: Prepared
) -> tuple[Provenance, bytes] | None:
    """Answer what an earlier try said; raises `DataIdentifierAlreadyExists` for another's name."""
    content = provenance.content_of(lake, manifest)
    if content is not None:
        told = provenance.from_json(did, provenance.parsed(did, content))
        if told.digest == prepared.digest:
            return told, content
        raise taken(lake, did)
    ours = {f"{did}/{part.name}" for part in prepared.parts}
    with suppress(errors.DataIdentifierNotFound):
        # One more than ours, at most: a dataset of a million files is not listed.
        held = islice(lake.list_contents(did), len(ours) + 1)
        if not {str(entry.did) for entry in held} <= ours or lake.get(did).type != "dataset":
            raise taken(lake, did)
    return None


def _is_closed(lake: Lake, did: DID) -> bool:
    try:
        return lake.get(did).open is False
    except errors.DataIdentifierNotFound:
        return False


def _send(
    order: _Order, prepared: Prepared, path: Path, manifest: DID, dataset: DID | None
) -> None:
    """Upload what is prepared, and the manifest when all the rest is there."""
    lake, rest = order.lake, path.stat().st_size
    files = {part.path: DID(f"{order.did}/{part.name}") for part in prepared.parts}
    heard = order.progress
    report = lake.upload_many(
        files,
        dataset=dataset,
        lifetime=order.lifetime,
        rses=order.rse,
        progress=None if heard is None else lambda done, total: heard(done, total + rest),
        cancelled=order.cancelled,
    )
    for row in report.failures:
        raise _raised(row.problem)
    sent = {row.did: row.adler32 for row in report.rows}
    for part in prepared.parts:
        if not same_adler32(sent.get(files[part.path]), part.adler32):
            raise errors.InvalidInput(
                f"{part.path} changed while it was being published.",
                remedy="Publish it when nothing writes to it any more, under another name.",
            )
    lake.upload(path, manifest, dataset=dataset, lifetime=order.lifetime, rse=order.rse)


def _raised(problem: Problem | None) -> errors.DlaasError:
    """Make the error again that a row of a report tells."""
    if problem is None:
        return errors.StorageFailed("An upload failed.")
    kind: type[errors.DlaasError] = getattr(errors, problem.error, errors.DlaasError)
    return kind(
        problem.message, remedy=problem.remedy, blame=problem.blame, details=problem.details
    )


def _kept(lake: Lake, told: Provenance) -> list[str]:
    """Keep the provenance as metadata too, where the server does; its file is there already."""
    if provenance.KEY in lake.get(told.did).custom:
        return []
    try:
        problem: errors.DlaasError | None = provenance.keep(lake, told)
    except errors.AccessDenied as error:
        problem = error
    return [f"{provenance.MANIFEST} tells where it is from: {problem.message}"] if problem else []


def _close(lake: Lake, did: DID) -> list[str]:
    try:
        lake.client.close(did.scope, did.name)
    except errors.AccessDenied:
        return ["Rucio does not let this account close the dataset: more can be attached to it."]
    return []
