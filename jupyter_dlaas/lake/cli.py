"""The subcommands `lake …` and `demo` of `jupyter dlaas`."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from . import demo
from .embedded import DATABASES, POLICIES, EmbeddedLake
from .environment import PrivateEnvironment
from .errors import LakeError
from .folder import default_directory
from .node_packages import NodePackages
from .rucio_side.lakeside.layout import ACCOUNTS, EAST, SITES


def add_commands(commands: Any) -> None:
    """Add `lake` and `demo` to the command line's parsers."""
    lake = commands.add_parser(
        "lake", help="a data lake on this machine, for demonstration and tests"
    )
    actions = lake.add_subparsers(dest="action", required=True, metavar="ACTION")
    up = _action(actions, "up", _up, "make the lake if there is none, and start it")
    _add_choices(up)
    _action(actions, "down", _down, "stop the lake; nothing in it is lost")
    status = _action(actions, "status", _status, "what runs where")
    status.add_argument("--json", action="store_true", help="for programs")
    _action(actions, "reset", _reset, "stop the lake and delete it with all data in it")
    env = _action(actions, "env", _env, 'print what `eval "$(jupyter dlaas lake env)"` needs')
    env.add_argument("--account", default="alice", choices=ACCOUNTS)
    _add_seed(_action(actions, "seed", _seed, "put local files into the lake"))
    prepare = actions.add_parser(
        "prepare", help="only install what the lake needs, for images and CI"
    )
    prepare.add_argument("--db", default="sqlite", choices=DATABASES)
    prepare.set_defaults(run=_prepare)
    show = commands.add_parser("demo", help="the lake, and JupyterLab logged in on it")
    _add_directory(show)
    show.add_argument(
        "--port", type=_port, default=0, help="JupyterLab's port (default: a free one)"
    )
    show.add_argument("--no-browser", action="store_true", help="do not open a browser")
    show.set_defaults(run=_demo)


def _action(actions: Any, name: str, run: Any, text: str) -> Any:
    parser = actions.add_parser(name, help=text, description=text)
    _add_directory(parser)
    parser.set_defaults(run=run)
    return parser


def _add_directory(parser: Any) -> None:
    parser.add_argument(
        "--dir", type=Path, default=None, help=f"the lake's folder (default: {default_directory()})"
    )


def _add_choices(parser: Any) -> None:
    parser.add_argument("--port", type=_port, default=0, help="the Rucio server's port")
    parser.add_argument("--db", default=None, choices=DATABASES, help="default: sqlite")
    parser.add_argument(
        "--policy",
        default=None,
        choices=POLICIES,
        help="default: lake; stock is Rucio's generic policy",
    )
    parser.add_argument(
        "--xrootd",
        action="store_true",
        help=f"with {EAST.rse}, a site of the XRootD of this machine, and a cache before it",
    )


def _add_seed(parser: Any) -> None:
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--scope", default="user.alice")
    parser.add_argument("--dataset", default="", help="a dataset of that scope to put them into")
    rses = [site.rse for site in (*SITES, EAST) if not site.mounted]
    parser.add_argument("--rse", default=rses[0], choices=rses)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"{port} is no port: choose one from 1 to 65535")
    return port


def _say(line: str) -> None:
    # Progress, so not on standard output, which programs read.
    print(line, file=sys.stderr, flush=True)


def _up(arguments: argparse.Namespace) -> None:
    lake = EmbeddedLake(arguments.dir)
    lake.up(
        db=arguments.db,
        policy=arguments.policy,
        port=arguments.port,
        log=_say,
        xrootd=arguments.xrootd,
    )


def _down(arguments: argparse.Namespace) -> None:
    EmbeddedLake(arguments.dir).down(log=_say)


def _reset(arguments: argparse.Namespace) -> None:
    EmbeddedLake(arguments.dir).reset(log=_say)


def _status(arguments: argparse.Namespace) -> int:
    status = EmbeddedLake(arguments.dir).status()
    if arguments.json:
        print(json.dumps(status, indent=2))
    elif not status["exists"]:
        print(f"There is no lake in {status['directory']}")
    else:
        print(f"{status['directory']}: {status['phase']}, {status['db']}, {status['url']}")
        for name, service in status["services"].items():
            print(f"  {name:12} {service['state']:9} pid {service['pid'] or '-'}")
    return 0 if status["up"] else 3


def _env(arguments: argparse.Namespace) -> None:
    lake = EmbeddedLake(arguments.dir)
    for name, value in lake.env(arguments.account).items():
        print(f"export {name}={shlex.quote(value)}")


def _seed(arguments: argparse.Namespace) -> None:
    missing = [str(path) for path in arguments.files if not path.is_file()]
    if missing:
        raise LakeError(f"No such file: {', '.join(missing)}; nothing was put into the lake.")
    lake = EmbeddedLake(arguments.dir)
    for did in lake.seed(arguments.files, arguments.scope, arguments.dataset, arguments.rse):
        print(did)


def _prepare(arguments: argparse.Namespace) -> None:
    environment = PrivateEnvironment(arguments.db)
    environment.ensure(_say)
    NodePackages().ensure(_say)
    print(environment.directory)


def _demo(arguments: argparse.Namespace) -> int:
    lake = EmbeddedLake(arguments.dir)
    return demo.run(lake, arguments.port, browser=not arguments.no_browser, log=_say)
