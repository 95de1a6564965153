"""What an upload of many files ended with: each file, and the sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dlaas.model import DID, Problem, Rule
from dlaas.sizes import size_said

Outcome = Literal["uploaded", "skipped", "renamed", "failed"]
_SHOWN = 20


@dataclass(frozen=True)
class Row:
    """One file of an upload: where it went, or why it did not.

    `skipped` was there already; with a `problem` it is other contents that are there.
    """

    path: str
    did: str
    bytes: int
    outcome: Outcome
    adler32: str | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Report:
    """An upload of many files, in the order in which they were named; `print` shows the sums.

    `bytes` were sent now. `rules` are those of the dataset.
    """

    rse: str
    dataset: DID | None = None
    rules: tuple[Rule, ...] = ()
    uploaded: int = 0
    skipped: int = 0
    renamed: int = 0
    failed: int = 0
    bytes: int = 0
    rows: tuple[Row, ...] = ()

    @property
    def failures(self) -> list[Row]:
        """The files that are not there, or not protected."""
        return [row for row in self.rows if row.outcome == "failed"]

    def __str__(self) -> str:
        counted = (
            (self.uploaded, "uploaded"),
            (self.renamed, "uploaded under another name"),
            (self.skipped, "skipped"),
            (self.failed, "failed"),
        )
        said = ", ".join(f"{count} {what}" for count, what in counted if count) or "nothing to do"
        where = f", in {self.dataset}" if self.dataset else ""
        lines = [f"{said}; {size_said(self.bytes)} sent to {self.rse}{where}"]
        told = [row for row in self.rows if row.problem is not None or row.outcome == "renamed"]
        lines += [f"  {_line(row)}" for row in told[:_SHOWN]]
        if len(told) > _SHOWN:
            lines.append(f"  and {len(told) - _SHOWN} more")
        return "\n".join(lines)


def _line(row: Row) -> str:
    if row.problem is None:
        return f"{row.path} is {row.did}"
    return f"{row.path} {row.outcome}: {row.problem.message} {row.problem.remedy}".rstrip()


def report(
    rse: str, dataset: DID | None, rules: Iterable[Rule], rows: Iterable[Row], sent: int
) -> Report:
    """Sum up."""
    told = tuple(rows)
    count = dict.fromkeys(("uploaded", "skipped", "renamed", "failed"), 0)
    for row in told:
        count[row.outcome] += 1
    return Report(rse, dataset, tuple(rules), bytes=sent, rows=told, **count)
