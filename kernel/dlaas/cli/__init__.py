"""The command `dlaas`: what the panel does, in a terminal and in scripts.

Each command imports what it uses when it runs, so that help and mistakes are answered at once.
"""

from __future__ import annotations

import argparse
import os
import select
import sys
from collections.abc import Sequence

from dlaas.cli import exits
from dlaas.cli import find as _find
from dlaas.cli import local as _local
from dlaas.cli import rules as _rules
from dlaas.cli import terminal as _terminal
from dlaas.cli import transfers as _transfers
from dlaas.cli.output import tell
from dlaas.cli.parser import Commands, Parser, common, exit_codes

_UNSET = {"instance": None, "account": None, "json": False, "quiet": False}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and answer its exit code; see `dlaas --help`."""
    for stream in (sys.stdout, sys.stderr):
        # A name that this terminal cannot show must not end a list of names.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        arguments = build().parse_args(argv, argparse.Namespace(**_UNSET))
        code = int(arguments.run(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except Exception as error:
        return _reader_left() if _has_no_reader(error) else _failed(error, arguments)
    return code


def build() -> Parser:
    """Make the parser of the whole command line."""
    options = common()
    parser = Parser(prog="dlaas", usage="dlaas COMMAND …", parents=[options])
    commands = Commands(parser, options)
    for title, room in (
        ("find", _find),
        ("bring here, write back", _transfers),
        ("keep", _rules),
        ("on this machine", _local),
        ("set up", _terminal),
    ):
        commands.group(title)
        room.add(commands)
    parser.description = (
        "A DID of a data lake, written scope:name, is a file that you can open.\n\n"
        f"{commands.table()}\n\nFirst time here? dlaas doctor\n"
        "More on a command: dlaas COMMAND --help"
    )
    parser.epilog = exit_codes()
    return parser


def _failed(error: Exception, arguments: argparse.Namespace) -> int:
    problem = exits.problem_of(error)
    if os.environ.get("DLAAS_DEBUG"):
        import traceback

        traceback.print_exc()
    try:
        tell(problem, as_json=arguments.json)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    return exits.code_of(problem)


def _has_no_reader(error: Exception) -> bool:
    """Tell whether nobody reads our output any more; a storage's connection may break too."""
    if not isinstance(error, BrokenPipeError):
        return False
    asked = select.poll()
    asked.register(sys.stdout.fileno(), 0)
    return any(told & (select.POLLERR | select.POLLHUP) for _, told in asked.poll(0))


def _reader_left() -> int:
    # The interpreter flushes once more when it ends, and would complain.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return exits.READER_LEFT
