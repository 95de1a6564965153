"""Hand on what a notebook reads to a colleague on another hub: `export`, `restore`."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from dlaas.cli.each import each
from dlaas.cli.exits import DONE, FAILED, NOT_FOUND
from dlaas.cli.output import answer, note, plain, remark, say, tell
from dlaas.cli.parser import Commands, add_lifetime
from dlaas.cli.progress import Progress
from dlaas.cli.session import Session

if TYPE_CHECKING:
    from dlaas.publish.manifest import Found
    from dlaas.transfer.download import Failure


def add(commands: Commands) -> None:
    """Add the commands of this room."""
    export = commands.add(
        "export",
        None,
        "tell others, or REANA, which data a notebook reads",
        "dlaas export manifest higgs.ipynb > higgs.json",
    )
    acts = commands.below(export)
    manifest = acts.add(
        "manifest",
        _export,
        "write the DIDs of a notebook's record, with checksums, as JSON",
        "dlaas export manifest higgs.ipynb > higgs.json",
    )
    manifest.add_argument("notebook", metavar="NOTEBOOK")
    reana = acts.add(
        "reana",
        _export_reana,
        "write a reana.yaml that fetches the DIDs of a notebook's record and runs it",
        "dlaas export reana higgs.ipynb --image registry.example/higgs:1 > reana.yaml",
    )
    reana.add_argument("notebook", metavar="NOTEBOOK")
    reana.add_argument(
        "--image", metavar="IMAGE", help="container image that it runs in, else this session's"
    )
    restore = commands.add(
        "restore",
        _restore,
        "have the data of a manifest made available here, or downloaded, and compared",
        "dlaas restore higgs.json --lifetime 14d",
    )
    restore.add_argument("manifest", metavar="MANIFEST")
    restore.add_argument(
        "-o", "--output", metavar="FOLDER", help="download into it; no rule is made"
    )
    add_lifetime(restore, "how long it is kept")
    export.description = f"{export.description}\n\n{acts.table()}"


def _export(arguments: argparse.Namespace) -> int:
    from dlaas.publish.manifest import export_manifest

    told, wrong = export_manifest(Session(arguments).lake(), arguments.notebook)
    say(json.dumps(told, indent=None if arguments.json else 1))
    for one in wrong:
        note(plain(one))
    return DONE


def _export_reana(arguments: argparse.Namespace) -> int:
    from dlaas.publish.reana import export_reana, to_yaml

    told, wrong = export_reana(arguments.notebook, arguments.image)
    say(json.dumps(told) if arguments.json else "\n".join(to_yaml(told)))
    for one in wrong:
        note(plain(one))
    return DONE


def _restore(arguments: argparse.Namespace) -> int:
    from dlaas.lifetime import seconds
    from dlaas.publish.manifest import compare, read_manifest

    seconds(arguments.lifetime, arguments.until)
    session = Session(arguments)
    items = {item.input.reference: item for item in read_manifest(arguments.manifest)}

    def restore(name: str) -> int:
        # Whoever names an instance means it instead of the one that the manifest names.
        found = compare(lambda instance: session.lake(arguments.instance or instance), items[name])
        if found.state == "missing":
            _say(arguments, found, {})
            return NOT_FOUND
        told, failures = _fetched(arguments, found)
        _say(arguments, found, told)
        for failure in failures:
            tell(failure.problem, name=str(failure.did))
        return FAILED if failures or found.state == "changed" else DONE

    return each(arguments, list(items), restore)


def _fetched(
    arguments: argparse.Namespace, found: Found
) -> tuple[dict[str, Any], tuple[Failure, ...]]:
    did = found.item.input.did
    if arguments.output is None:
        granted = found.lake.make_available(did, arguments.lifetime, arguments.until, extend=True)
        return {"rule": granted.rule.id, "note": granted.note}, ()
    progress = Progress(did.name, quiet=arguments.quiet)
    try:
        came = found.lake.download(did, arguments.output, progress=progress)
    finally:
        progress.end()
    return {"folder": came.folder, "files": came.fetched + came.kept}, came.failures


def _say(arguments: argparse.Namespace, found: Found, told: dict[str, Any]) -> None:
    did = found.item.input.did
    lists = {"missing": found.missing, "changed": found.changed, "added": found.added}
    row = {"did": did, "state": found.state, **lists, **told}
    differs = f"  {found}" if str(found) else ""
    answer(arguments, [row], lambda _: say(f"{found.state:<9}{did}{differs}"))
    for what in ("missing", "changed"):
        for name in lists[what]:  # type: ignore[attr-defined]
            remark(arguments, f"  {what}: {plain(name)}")
