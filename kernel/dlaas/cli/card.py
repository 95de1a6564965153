"""All that is known of a DID, on one screen; what cannot be known now hides nothing else."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from dlaas.cli.exits import DONE, FAILED, problem_of
from dlaas.cli.output import fields, paint, plain, say, say_json, sized, table, when
from dlaas.cli.rules import print_rules
from dlaas.errors import DlaasError
from dlaas.model import Problem
from dlaas.reading.ranking import Ranking

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.model import DID, Metadata, Status

# A card is for people: what is longer is listed by other commands.
_MOST = 20


def show(lake: Lake, did: DID, *, as_json: bool) -> int:
    """Print the card of a DID; raises what the catalogue says when it does not know it."""
    metadata = lake.get(did)
    found: dict[str, Any] = {"metadata": metadata}
    parts: dict[str, Callable[[], Any]] = {
        "status": lambda: lake.status(did),
        "rules": lambda: lake.list_rules(did),
        "copies": lambda: _copies(lake, metadata),
        "parents": lambda: list(islice(lake.list_parents(did), _MOST)),
    }
    if metadata.type == "file":
        parts["access"] = lambda: lake.explain(did)
    for name, ask in parts.items():
        try:
            found[name] = ask()
        except DlaasError as error:
            found[name] = problem_of(error)
    if as_json:
        say_json({name: _for_programs(part) for name, part in found.items()})
    else:
        _print(found)
    return FAILED if any(isinstance(part, Problem) for part in found.values()) else DONE


def _for_programs(part: Any) -> Any:
    if isinstance(part, Problem):
        return {"problem": part}
    return {"ways": part.ways} if isinstance(part, Ranking) else part


def _copies(lake: Lake, metadata: Metadata) -> list[dict[str, Any]]:
    """List who has it: the copies of a file, or how many files of a dataset each RSE has."""
    did = metadata.did
    if metadata.type == "file":
        return [
            {"rse": copy.rse, "pfn": copy.pfn, "state": copy.state}
            for copy in lake.list_replicas(did)
        ]
    if metadata.type == "container":
        return []
    return [
        {"rse": row["rse"], "files": row.get("length"), "available_files": row["available_length"]}
        for row in lake.client.list_dataset_replicas(did.scope, did.name)
    ]


def _print(found: dict[str, Any]) -> None:
    metadata: Metadata = found["metadata"]
    # The catalogue does not count what is in a container; the status did.
    counted = metadata if metadata.bytes is not None else found["status"]
    say(f"{paint(metadata.did, 'bold')}  {metadata.type}")
    fields(
        [
            ("  size", sized(getattr(counted, "bytes", None))),
            ("  files", None if metadata.type == "file" else getattr(counted, "files", None)),
            ("  account", metadata.account),
            ("  created", when(metadata.created_at)),
            ("  adler32", metadata.adler32),
            ("  md5", metadata.md5),
            ("  open", "" if metadata.open is None else "yes" if metadata.open else "no"),
            *((f"  {key}", _short(metadata, key)) for key in sorted(metadata.custom)),
        ]
    )
    for name, title, printed in (
        ("status", "here", _print_status),
        (
            "access",
            "how it is read from here",
            lambda ranking: _indent(str(ranking).splitlines()[1:]),
        ),
        ("copies", "copies", _print_copies),
        ("rules", "rules", lambda rules: print_rules(rules, "  ")),
        ("parents", "in", _indent),
    ):
        part = found.get(name)
        if isinstance(part, Problem):
            say(f"\n{title}\n  not known: {plain(part.message)}")
        elif part:
            say(f"\n{title}")
            printed(part)


def _short(metadata: Metadata, key: str) -> object:
    """Answer what the card shows of custom metadata: not the whole record of a provenance."""
    is_record = key == "dlaas_provenance"
    return f"see dlaas provenance {metadata.did}" if is_record else metadata.custom[key]


def _print_status(status: Status) -> None:
    fields(
        [
            ("  state", status.state),
            ("  files", f"{status.available_files} of {status.files} on {status.rse}"),
            ("  read over", status.access if status.access != "none" else "nothing"),
            ("  path", status.path),
            ("  until", when(status.expires_at)),
            ("  why", status.reason),
        ]
    )


def _print_copies(copies: list[dict[str, Any]]) -> None:
    if "pfn" in copies[0]:
        table(("  RSE", "STATE", "PFN"), ((f"  {c['rse']}", c["state"], c["pfn"]) for c in copies))
        return
    rows = ((f"  {c['rse']}", f"{c['available_files']} of {c['files']}") for c in copies)
    table(("  RSE", "FILES"), rows)


def _indent(lines: list[str]) -> None:
    for line in lines:
        say(f"  {plain(line).strip()}")
