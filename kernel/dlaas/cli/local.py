"""What of the lake is on this machine: `link`, `cache ls|clean|size`."""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING

from dlaas.cli.each import each
from dlaas.cli.output import answer, remark, say, sized, table, when
from dlaas.cli.parser import Commands, Parser
from dlaas.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dlaas.cache import Cache, CacheEntry

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp]?)b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "p": 10**15}


def add(commands: Commands) -> None:
    """Add the commands of this room."""
    link = commands.add(
        "link",
        _link,
        "link files that are here, under their names, into a folder of yours",
        "dlaas link ATLAS_OD_EDU:GamGam_data inputs",
    )
    link.add_argument("dids", nargs="+", metavar="DID")
    link.add_argument("folder", metavar="FOLDER")
    cache = commands.add(
        "cache",
        None,
        "the downloads that are kept on this machine",
        "dlaas cache clean --older-than 30d",
    )
    acts = commands.below(cache)
    listed = acts.add("ls", _ls, "list what is in the cache", "dlaas cache ls")
    clean = acts.add(
        "clean",
        _clean,
        "delete from the cache what nobody uses now",
        "dlaas cache clean --older-than 30d --max-size 100GB",
    )
    clean.add_argument("dids", nargs="*", metavar="DID", help="only these files")
    clean.add_argument("--older-than", metavar="TIME", help="what was not used for so long")
    clean.add_argument(
        "--max-size", type=size_of, metavar="SIZE", help="the longest unused, until so much is left"
    )
    clean.add_argument("--all", action="store_true", help="everything")
    size = acts.add("size", _size, "say how large the cache is", "dlaas cache size")
    for parser in (listed, clean, size):
        _add_private(parser)
    cache.description = f"{cache.description}\n\n{acts.table()}"


def _add_private(parser: Parser) -> None:
    parser.add_argument(
        "--private", action="store_true", help="the one for embargoed data, which is only yours"
    )


def size_of(text: str) -> int:
    """Read a number of bytes.

    >>> size_of("100GB"), size_of("1.5k"), size_of("10")
    (100000000000, 1500, 10)
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write it as 100GB")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def _link(arguments: argparse.Namespace) -> int:
    from dlaas.variables import did

    session = Session(arguments)

    def link(text: str) -> int:
        lake, name = session.resolve(text)
        made = did(name, lake=lake).link(os.path.abspath(arguments.folder))
        paths = [made] if isinstance(made, str) else made
        links = [{"did": name, "path": path} for path in paths]
        return answer(arguments, links, lambda _: say("\n".join(paths)))

    return each(arguments, arguments.dids, link)


def _cache(arguments: argparse.Namespace) -> Cache:
    from dlaas.cache import Cache, private_cache
    from dlaas.config.sources import find_instance
    from dlaas.errors import InstanceNotFound

    if arguments.private:
        return private_cache()
    try:
        return Cache(find_instance(arguments.instance).cache_folder)
    except InstanceNotFound:
        # What was downloaded once is here, whatever is configured now.
        if arguments.instance is not None:
            raise
        return Cache()


def _ls(arguments: argparse.Namespace) -> int:
    return answer(arguments, _cache(arguments).entries(), _print_entries)


def _print_entries(entries: Iterable[CacheEntry]) -> None:
    rows = ((sized(e.bytes), when(e.used_at), e.instance, e.did) for e in entries)
    table(("SIZE", "USED", "INSTANCE", "DID"), rows, right="SIZE")


def _clean(arguments: argparse.Namespace) -> int:
    from dlaas.errors import InvalidInput

    chosen = arguments.dids or arguments.older_than or arguments.max_size is not None
    if bool(chosen) == arguments.all:
        raise InvalidInput(
            "Say what is to be deleted: --older-than, --max-size, DIDs, or --all alone."
        )
    found = _cache(arguments).clean(
        arguments.older_than, arguments.max_size, arguments.dids or None
    )
    in_use = f"; {found.in_use} are in use and stay" if found.in_use else ""
    text = f"{found.files} files deleted, {sized(found.bytes)}{in_use}"
    return answer(arguments, [found], lambda _: remark(arguments, text))


def _size(arguments: argparse.Namespace) -> int:
    cache = _cache(arguments)
    size = cache.size()
    found = {"folder": str(cache.folder), "bytes": size}
    return answer(arguments, [found], lambda _: say(f"{sized(size)} in {cache.folder}"))
