"""Write back for others: `bundle`, `publish`, `provenance`."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from dlaas.cli import handing_on
from dlaas.cli.exits import DONE
from dlaas.cli.output import answer, plain, remark, say, sized, table
from dlaas.cli.parser import Commands, Parser, add_lifetime
from dlaas.cli.progress import Progress
from dlaas.cli.session import Session
from dlaas.errors import InvalidInput

if TYPE_CHECKING:
    from dlaas.lake import Lake


def add(commands: Commands) -> None:
    """Add the commands of this room."""
    bundle = commands.add(
        "bundle",
        _bundle,
        "put many small files into one archive of which each can be read alone",
        "dlaas bundle plots fits/*.csv -o results.zip",
    )
    bundle.usage = "dlaas bundle FILE… -o ARCHIVE | --list ARCHIVE|DID  [options]"
    bundle.add_argument("files", nargs="+", metavar="FILE", help="files, folders, patterns")
    bundle.add_argument("-o", "--output", metavar="ARCHIVE", help="the zip to write")
    bundle.add_argument("--base", metavar="FOLDER", help="names in it are relative to this")
    bundle.add_argument("--list", action="store_true", help="list what a bundle holds instead")
    _add_publish(commands)
    provenance = commands.add(
        "provenance",
        _provenance,
        "where a DID came from: inputs, software, notebook, who and when",
        "dlaas provenance user.alice:histos-v1",
    )
    provenance.add_argument("did", metavar="DID")
    provenance.add_argument("--set", action="store_true", help="say so, with what follows")
    provenance.add_argument("--notebook", metavar="FILE", help="made by it, from what it reads")
    _add_common(provenance)
    handing_on.add(commands)


def _add_publish(commands: Commands) -> None:
    publish = commands.add(
        "publish",
        _publish,
        "put a notebook into the lake with software, inputs, code and outputs",
        "dlaas publish higgs.ipynb user.alice --output plots --lifetime 1y",
    )
    publish.add_argument("notebook", metavar="NOTEBOOK")
    publish.add_argument(
        "scope", metavar="SCOPE[:NAME]", help="without a name it is made of the contents"
    )
    for name, text in (("code", "more code than its own modules"), ("output", "what came out")):
        publish.add_argument(
            f"--{name}", action="append", default=[], metavar="PATH", help=f"{text}; repeat it"
        )
    publish.add_argument(
        "--environment",
        default="all",
        metavar="all|imported|FILE",
        help="the software of this Python, what of it is imported, or a lock of yours",
    )
    publish.add_argument(
        "--even-with-secrets", action="store_true", help="although it seems to hold a password"
    )
    _add_common(publish)


def _add_common(parser: Parser) -> None:
    parser.add_argument(
        "--input", action="append", default=[], metavar="DID", help="what went in; repeat it"
    )
    parser.add_argument("--note", metavar="TEXT")
    parser.add_argument("--rse", help="where to, else where the instance says")
    add_lifetime(parser, "how long it is kept")


def _bundle(arguments: argparse.Namespace) -> int:
    from dlaas.publish import bundle

    if arguments.list:
        return _list(arguments)
    if not arguments.output:
        raise InvalidInput("Say which archive to write: -o ARCHIVE.")
    made = bundle(arguments.files, arguments.output, base=arguments.base)
    answer(arguments, [made], lambda _: say(plain(made.path)))
    what = "" if made.new else ", as it was there already"
    remark(arguments, f"{len(made.members)} files, {sized(made.bytes)}{what}")
    return DONE


def _list(arguments: argparse.Namespace) -> int:
    from dlaas.publish import open_bundle

    if len(arguments.files) != 1 or arguments.output:
        raise InvalidInput("One archive or DID is wanted: dlaas bundle --list DID.")
    (text,) = arguments.files
    held = open_bundle(text if os.path.exists(text) else _reference(arguments, text)).members
    rows = ((sized(one.size), one.offset, one.adler32, one.name) for one in held)
    return answer(
        arguments,
        held,
        lambda _: table(("SIZE", "OFFSET", "ADLER32", "NAME"), rows, right="SIZE OFFSET"),
    )


def _reference(arguments: argparse.Namespace, text: str) -> str:
    from dlaas.model import Reference

    lake, did = Session(arguments).resolve(text)
    return str(Reference(did, lake.instance.name))


def _publish(arguments: argparse.Namespace) -> int:
    lake, scope, name = _target(arguments)
    progress = Progress(arguments.notebook, quiet=arguments.quiet)
    try:
        found = lake.publish(
            arguments.notebook,
            scope,
            name=name or None,
            inputs=arguments.input,
            code=arguments.code,
            outputs=arguments.output,
            environment=arguments.environment,
            note=arguments.note,
            lifetime=arguments.lifetime,
            until=arguments.until,
            rse=arguments.rse,
            even_with_secrets=arguments.even_with_secrets,
            progress=progress,
        )
    finally:
        progress.end()
    answer(arguments, [found], lambda _: say(found.did))
    for line in str(found).splitlines():
        remark(arguments, plain(line))
    return DONE


def _target(arguments: argparse.Namespace) -> tuple[Lake, str, str]:
    instance, at, rest = arguments.scope.rpartition("@")
    scope, _, name = (rest if at else arguments.scope).partition(":")
    return Session(arguments).lake(instance or None), scope, name


def _provenance(arguments: argparse.Namespace) -> int:
    lake, did = Session(arguments).resolve(arguments.did)
    said = {"inputs": arguments.input, "notebook": arguments.notebook, "note": arguments.note}
    if arguments.set:
        kept = {key: getattr(arguments, key) for key in ("lifetime", "until", "rse")}
        found = lake.set_provenance(did, **said, **kept)
    elif any(said.values()):
        raise InvalidInput("Say --set to keep it.")
    else:
        found = lake.provenance(did)
    text = "\n".join(map(plain, str(found).splitlines()))
    return answer(arguments, [found], lambda _: say(text))
