"""Find data: `search`, `ls`, `info`, `rses`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dlaas.cli.output import answer, say, sized, table, width
from dlaas.cli.parser import Commands, positive
from dlaas.cli.session import Session

if TYPE_CHECKING:
    from dlaas.catalogue import SearchType
    from dlaas.lake import Lake
    from dlaas.model import DID, RSE, Entry, Usage

_TYPES = ("all", "collection", "dataset", "container", "file")


def add(commands: Commands) -> None:
    """Add the commands of this room."""
    search = commands.add(
        "search",
        _search,
        "search a scope by pattern and metadata",
        "dlaas search 'ATLAS_OD_EDU:*GamGam*' --type dataset --where 'energy >= 13000'",
    )
    search.add_argument("pattern", metavar="PATTERN", help="scope:name, with * in the name")
    search.add_argument("--type", default="all", choices=_TYPES, metavar="|".join(_TYPES))
    search.add_argument(
        "--where", metavar="CONDITION", help="by metadata; a comma means and, a semicolon or"
    )
    search.add_argument("--limit", type=positive, metavar="N", help="stop after so many")
    _add_long(search)
    ls = commands.add(
        "ls",
        _ls,
        "list scopes, the collections of a scope, or what a DID holds",
        "dlaas ls -r ATLAS_OD_EDU:GamGam",
    )
    ls.add_argument("what", nargs="?", metavar="SCOPE|DID", help="without it all scopes")
    ls.add_argument("-r", "--recursive", action="store_true", help="files at any depth")
    _add_long(ls)
    info = commands.add(
        "info",
        _info,
        "all that is known of a DID, and how it would be read from here",
        "dlaas info ATLAS_OD_EDU:GamGam_data",
    )
    info.add_argument("did", metavar="DID")
    rses = commands.add(
        "rses",
        _rses,
        "list where data can be, of what quality, and your quota there",
        "dlaas rses QOS=FAST",
    )
    rses.add_argument("expression", nargs="?", default="*", metavar="EXPRESSION")


def _add_long(parser: argparse.ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "-l", "--long", action="store_true", default=None, help="type, size and number of files too"
    )
    either.add_argument("-1", dest="long", action="store_false", help="names only, as in a pipe")


def _search(arguments: argparse.Namespace) -> int:
    lake, pattern = Session(arguments).pattern(arguments.pattern)
    found = lake.search(pattern, arguments.type, arguments.where, arguments.limit)
    return _show(arguments, found)


def _ls(arguments: argparse.Namespace) -> int:
    session, what = Session(arguments), arguments.what
    if what is None:
        scopes = map(str, session.lake().client.list_scopes())
        return answer(arguments, sorted(scopes), _names)
    if "/" not in what.partition(":")[0] and not what.partition(":")[2]:
        lake, scope = session.pattern(what.removesuffix(":"))
        kind: SearchType = "file" if arguments.recursive else "collection"
        return _show(arguments, lake.search(f"{scope}:*", kind))
    if "*" in what:
        lake, pattern = session.pattern(what)
        return _show(arguments, lake.search(pattern))
    lake, did = session.resolve(what)
    return _show(arguments, lake.list_files(did) if arguments.recursive else _held(lake, did))


def _held(lake: Lake, did: DID) -> Iterator[Entry]:
    """List what a DID holds; a file is listed as itself, as in any folder."""
    none = True
    for entry in lake.list_contents(did):
        none = False
        yield entry
    if none:
        yield from lake.list_files(did)


def _show(arguments: argparse.Namespace, entries: Iterable[Entry]) -> int:
    """Print entries as they come: a table in a terminal, names in a pipe."""
    long = arguments.long or (arguments.long is None and width())
    return answer(
        arguments, entries, _table if long else lambda found: _names(e.did for e in found)
    )


def _names(names: Iterable[str]) -> None:
    for name in names:
        say(name)


def _table(entries: Iterable[Entry]) -> None:
    rows = ((e.type, sized(e.bytes), "" if e.files is None else e.files, e.did) for e in entries)
    table(("TYPE", "SIZE", "FILES", "DID"), rows, right="SIZE FILES")


def _info(arguments: argparse.Namespace) -> int:
    from dlaas.cli.card import show

    lake, did = Session(arguments).resolve(arguments.did)
    return show(lake, did, as_json=arguments.json)


def _rses(arguments: argparse.Namespace) -> int:
    lake = Session(arguments).lake()
    return answer(
        arguments, lake.list_rses(arguments.expression), lambda found: _print_rses(lake, found)
    )


def _print_rses(lake: Lake, found: Iterable[RSE]) -> None:
    used = {usage.rse: usage for usage in lake.usage()}
    rows = (
        (
            rse.name,
            rse.site or "",
            rse.qos or "",
            "yes" if rse.writable else "no",
            sized(used[rse.name].bytes) if rse.name in used else "",
            _quota(used.get(rse.name)),
        )
        for rse in found
    )
    table(("RSE", "SITE", "QOS", "WRITABLE", "USED", "QUOTA"), rows, right="USED QUOTA")


def _quota(usage: Usage | None) -> str:
    if usage is None:
        return ""
    return "unlimited" if usage.limit is None else sized(usage.limit)
