"""Open data without an account: `opendata list|search|info|get|doi`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from dlaas.cli.each import each
from dlaas.cli.output import answer, fields, say, sized, table, when
from dlaas.cli.parser import Commands, Parser, positive
from dlaas.cli.transfers import bring

if TYPE_CHECKING:
    from dlaas.opendata import OpenData, OpenItem

_WHICH = "scope:name, or its DOI"


def add(commands: Commands) -> None:
    """Add the commands of this room."""
    opendata = commands.add(
        "opendata",
        None,
        "public open data, found and downloaded without an account",
        "dlaas opendata list --server https://rucio.example",
    )
    acts = commands.below(opendata)
    listed = acts.add("list", _list, "list what is public", "dlaas opendata list --limit 20")
    search = acts.add(
        "search",
        _search,
        "search names, DOIs and metadata; each item is asked for, which takes its time",
        "dlaas opendata search '*4lep*' higgs",
    )
    search.add_argument(
        "words", nargs="+", metavar="WORD", help="all have to fit; with a star, a pattern of names"
    )
    info = acts.add(
        "info", _info, "all that is known of an item", "dlaas opendata info 10.5072/dlaas-lake.4lep"
    )
    get = acts.add(
        "get",
        _get,
        "download items, verified; called again it goes on where it stopped",
        "dlaas opendata get ATLAS_OD_EDU:4lep_data -o data",
    )
    get.add_argument(
        "-o", "--output", metavar="FOLDER", help="without it into the cache; the paths are printed"
    )
    get.add_argument(
        "--overwrite", action="store_true", help="replace other files that have these names"
    )
    doi = acts.add(
        "doi", _doi, "find the DIDs of DOIs", "dlaas opendata doi 10.5072/dlaas-lake.4lep"
    )
    info.add_argument("did", metavar="DID|DOI", help=_WHICH)
    get.add_argument("dids", nargs="+", metavar="DID|DOI", help=_WHICH)
    doi.add_argument("dois", nargs="+", metavar="DOI", help="also as a link of doi.org")
    for parser in (listed, search):
        parser.add_argument("--limit", type=positive, metavar="N", help="stop after so many")
    for parser in (listed, search, info, get, doi):
        _add_server(parser)
    opendata.description = f"{opendata.description}\n\n{acts.table()}"


def _add_server(parser: Parser) -> None:
    parser.add_argument("--server", metavar="URL", help="a Rucio that needs not be configured here")


def _open(arguments: argparse.Namespace, instance: str | None = None) -> OpenData:
    from dlaas.errors import InvalidInput
    from dlaas.opendata import OpenData

    told = [one for one in (arguments.server, arguments.instance, instance) if one]
    if len(set(told)) > 1:
        raise InvalidInput(f"Only one Rucio can be asked: {' or '.join(told)}?")
    return OpenData(told[0] if told else None)


def _of(arguments: argparse.Namespace, text: str) -> OpenData:
    """Answer the open data that a DID, reference or DOI is of."""
    from dlaas.model import Reference
    from dlaas.opendata.items import is_doi

    return _open(arguments, None if is_doi(text) else Reference.parse(text).instance)


def _list(arguments: argparse.Namespace) -> int:
    found = _open(arguments).list(arguments.limit)
    return answer(arguments, found, _print_list)


def _print_list(items: Iterable[OpenItem]) -> None:
    table(("CHANGED", "DID"), ((when(item.updated_at), item.did) for item in items))


def _search(arguments: argparse.Namespace) -> int:
    found = _open(arguments).search(" ".join(arguments.words), arguments.limit)
    return answer(arguments, found, _print_found)


def _print_found(items: Iterable[OpenItem]) -> None:
    rows = ((item.doi or "", _title(item), item.did) for item in items)
    table(("DOI", "TITLE", "DID"), rows)


def _title(item: OpenItem) -> str:
    title = (item.metadata or {}).get("title")
    return title if isinstance(title, str) else ""


def _info(arguments: argparse.Namespace) -> int:
    item = _of(arguments, arguments.did).get(arguments.did)
    return answer(arguments, [item], lambda _: _print_item(item))


def _print_item(item: OpenItem) -> None:
    files = item.files or ()
    fields(
        [
            ("DID", item.did),
            ("state", item.state),
            ("DOI", item.doi),
            ("record", item.record_id),
            ("changed", when(item.updated_at)),
            ("size", f"{sized(item.bytes)} in {len(files)} file{'' if len(files) == 1 else 's'}"),
            *((key, _written(value)) for key, value in (item.metadata or {}).items()),
        ]
    )
    if files:
        say()
        rows = ((sized(f.bytes), f.adler32 or "", len(f.urls), f.did) for f in files)
        table(("SIZE", "ADLER32", "COPIES", "DID"), rows, right="SIZE COPIES")


def _written(value: object) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _get(arguments: argparse.Namespace) -> int:
    return each(arguments, arguments.dids, lambda text: _download(arguments, text))


def _download(arguments: argparse.Namespace, text: str) -> int:
    return bring(arguments, text, partial(_of(arguments, text).download, text))


def _doi(arguments: argparse.Namespace) -> int:
    opened = _open(arguments)
    return each(arguments, arguments.dois, lambda text: _print_did(arguments, opened, text))


def _print_did(arguments: argparse.Namespace, opened: OpenData, doi: str) -> int:
    did = opened.resolve(doi)
    return answer(arguments, [{"doi": doi, "did": did}], lambda _: say(did))
