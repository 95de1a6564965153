"""What was chosen in ESAP: `basket list|stage|download|attach|remove`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dlaas.cli.exits import DONE, FAILED, code_of, code_of_all
from dlaas.cli.local import size_of
from dlaas.cli.output import answer, note, remark, say, say_json, sized, table, tell
from dlaas.cli.parser import Commands, Parser, add_lifetime
from dlaas.cli.progress import Progress
from dlaas.cli.session import Session

if TYPE_CHECKING:
    from dlaas.basket import Basket, BasketItem, Fetched, Staged

_WHICH = "its ID, DID, address or title; without one all"


def add(commands: Commands) -> None:
    """Add the commands of this room."""
    basket = commands.add(
        "basket",
        None,
        "what you chose in ESAP, or keep in a list: make it available, download it",
        "dlaas basket list --host https://esap.example:5555",
    )
    acts = commands.below(basket)
    listed = acts.add("list", _list, "list what is in it", "dlaas basket list --from dids.txt")
    stage = acts.add(
        "stage",
        _stage,
        "make what is of a lake available",
        "dlaas basket stage --lifetime 14d",
    )
    add_lifetime(stage, "how long it is kept")
    download = acts.add(
        "download",
        _download,
        "download what is of a lake, verified, and of archives, by https",
        "dlaas basket download -o inputs",
    )
    download.add_argument("-o", "--output", metavar="FOLDER", required=True)
    download.add_argument(
        "--max-size", type=size_of, metavar="SIZE", help="of a file of an archive (default: 10GB)"
    )
    download.add_argument(
        "--overwrite", action="store_true", help="replace other files that have these names"
    )
    attach = acts.add(
        "attach",
        _attach,
        "print the cell that makes variables of what is of a lake",
        "dlaas basket attach --from basket.json",
    )
    remove = acts.add("remove", _remove, "remove items from ESAP", "dlaas basket remove 1f6a90c2")
    for parser in (stage, download, attach):
        parser.add_argument("items", nargs="*", metavar="ITEM", help=_WHICH)
    remove.add_argument("items", nargs="+", metavar="ITEM", help="its ID, DID, address or title")
    for parser in (listed, stage, download, attach, remove):
        _add_source(parser, from_file=parser is not remove)
    basket.description = f"{basket.description}\n\n{acts.table()}"


def _add_source(parser: Parser, *, from_file: bool) -> None:
    parser.add_argument(
        "--host",
        action="append",
        metavar="URL",
        help="an ESAP, may be repeated; else $DLAAS_ESAP_HOSTS names them",
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--token-file", metavar="FILE", help="with a token of ESAP; else the login here is used"
    )
    either.add_argument("--ask", action="store_true", help="type the token; it is not shown")
    if from_file:
        parser.add_argument(
            "--from",
            dest="source",
            metavar="FILE",
            help="instead of an ESAP: a saved basket, a CSV or a list of DIDs; - reads the input",
        )


def _basket(arguments: argparse.Namespace) -> Basket:
    from dlaas.basket import Basket
    from dlaas.errors import InvalidInput

    chosen = arguments.instance or arguments.account
    lake = Session(arguments).lake() if chosen else None
    source = getattr(arguments, "source", None)
    if source is not None and arguments.host:
        raise InvalidInput("--from and --host exclude each other.")
    if source == "-":
        return Basket.from_text(sys.stdin.read(), lake=lake)
    if source is not None:
        basket = Basket.from_file(source, lake=lake)
    else:
        from getpass import getpass

        ask = getpass if arguments.ask else None
        basket = Basket(arguments.host, token_file=arguments.token_file, ask=ask, lake=lake)
        basket.refresh()
    for warning in basket.warnings:
        note(f"dlaas: {warning}")
    for host, problem in basket.problems.items():
        if arguments.json:
            say_json({"name": host, "problem": problem})
        else:
            tell(problem, name=host)
    return basket


def _codes(basket: Basket, problems: Iterable[Any]) -> int:
    found = [DONE if problem is None else code_of(problem) for problem in problems]
    # An ESAP that could not be read is a part that failed: another could.
    return code_of_all([*(found or [DONE]), *map(code_of, basket.problems.values())])


def _list(arguments: argparse.Namespace) -> int:
    from dlaas.basket.showing import row

    basket = _basket(arguments)
    answer(arguments, map(row, basket.items), _print_rows)
    if not basket.items:
        remark(arguments, "The basket is empty.")
    return _codes(basket, [])


def _print_rows(rows: Iterable[dict[str, Any]]) -> None:
    header = ("ID", "ARCHIVE", "TYPE", "SIZE", "ITEM")
    table(header, map(_cells, rows), right="SIZE")


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    named = f"{row['instance']}@{row['did']}" if row["instance"] else row["did"]
    what = named if row["did"] else row["title"]
    at = row["url"] or row["link"]
    shown = f"{what}  {at}" if at and not row["did"] else what
    size = "" if row["bytes"] is None else sized(row["bytes"])
    return row["id"], row["archive"], row["type"] or "", size, shown


def _stage(arguments: argparse.Namespace) -> int:
    basket = _basket(arguments)
    staged = basket.stage(arguments.lifetime, arguments.until, items=arguments.items or None)
    for one in staged:
        _print_staged(arguments, one)
    _say_nothing(arguments, staged, "is of a lake")
    return _codes(basket, (one.problem for one in staged))


def _print_staged(arguments: argparse.Namespace, one: Staged) -> None:
    if arguments.json:
        say_json({"item": _row(one.item), "granted": one.granted, "problem": one.problem})
    elif one.problem is not None:
        tell(one.problem, name=str(one.item.did))
    elif one.granted is not None:
        say(one.granted.rule.id)
        remark(arguments, f"{one.item.did}: {one.granted.note}")


def _download(arguments: argparse.Namespace) -> int:
    from dlaas.basket.getting import get
    from dlaas.basket.items import choose

    basket = _basket(arguments)
    problems = []
    for item in choose(basket.items, arguments.items or None):
        progress = Progress(item.title, quiet=arguments.quiet)
        try:
            [one] = get(
                basket,
                [item],
                arguments.output,
                max_bytes=arguments.max_size,
                overwrite=arguments.overwrite,
                progress=progress,
            )
        finally:
            progress.end()
        _print_fetched(arguments, one)
        problems.append(one.problem)
    _say_nothing(arguments, problems, "is in the basket")
    return _codes(basket, problems)


def _print_fetched(arguments: argparse.Namespace, one: Fetched) -> None:
    if arguments.json:
        told = {"paths": one.paths, "bytes": one.bytes, "problem": one.problem}
        say_json({"item": _row(one.item), **told})
        return
    for path in one.paths:
        say(path)
    if one.problem is not None:
        tell(one.problem, name=one.item.title)


def _attach(arguments: argparse.Namespace) -> int:
    from dlaas.basket.items import choose
    from dlaas.snippets import code

    basket = _basket(arguments)
    records = basket.records(items=arguments.items or None)
    answer(arguments, records, lambda found: say(code("python", found)))
    wanted = [item for item in choose(basket.items, arguments.items or None) if item.did]
    _say_nothing(arguments, wanted, "is of a lake")
    return FAILED if len(records) < len(wanted) else _codes(basket, [])


def _remove(arguments: argparse.Namespace) -> int:
    basket = _basket(arguments)
    removed = basket.remove(arguments.items)
    answer(arguments, map(_row, removed), lambda rows: None)
    for item in removed:
        remark(arguments, f"Removed {item.title}.")
    return _codes(basket, [])


def _say_nothing(arguments: argparse.Namespace, found: list[Any], what: str) -> None:
    if not found:
        remark(arguments, f"Nothing {what}.")


def _row(item: BasketItem) -> dict[str, Any]:
    from dlaas.basket.showing import row

    return row(item)
