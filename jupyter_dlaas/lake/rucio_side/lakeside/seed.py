"""Put local files into the lake: `python -m lakeside.seed DIRECTORY --scope S [--dataset N] --rse R
--files FILES…`.

The DIDs are printed. What is registered already under the same name is an error, and changes
nothing.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from . import commands, database
from .layout import USERS, Layout, State


def seed(layout: Layout, state: State, arguments: argparse.Namespace) -> None:
    database.adapt(state)
    from rucio.common.exception import DataIdentifierNotFound
    from rucio.gateway.did import get_did

    from . import catalogue
    from .catalogue_files import measure, store

    scope, dataset = arguments.scope, arguments.dataset
    site = next((site for site in state.sites if site.rse == arguments.rse), None)
    if site is None:
        raise ValueError(f"This lake has no {arguments.rse}; nothing was stored")
    names = [path.name for path in arguments.files]
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise ValueError(f"Two files would both be called {scope}:{twice[0]}; nothing was stored")
    for name in names:
        try:
            get_did(scope, name)
        except DataIdentifierNotFound:
            continue
        raise ValueError(f"{scope}:{name} exists already; nothing was stored. Rename the file")
    account = next((user for user in USERS if scope == f"user.{user}"), "root")
    catalogue.ensure_scope(scope, account)
    files = [measure(path) for path in arguments.files]
    store(layout, site, scope, files)
    catalogue.register(site, scope, files, account)
    if dataset:
        catalogue.collect(scope, dataset, "DATASET", names, account=account)
    catalogue.keep(scope, [dataset] if dataset else names, site.rse, account)
    for name in names:
        print(f"{scope}:{name}")


if __name__ == "__main__":
    parser = commands.parser()
    parser.add_argument("--scope", required=True)
    parser.add_argument("--dataset", default="")
    parser.add_argument("--rse", required=True)
    parser.add_argument("--files", nargs="+", type=Path, required=True)
    commands.run(parser, seed)
