"""The command `dlaas`: what the panel does, in a terminal and in scripts.

Each command imports what it uses when it runs, so that help and mistakes are answered at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from dlaas.cli import basket as _basket
from dlaas.cli import exits
from dlaas.cli import find as _find
from dlaas.cli import local as _local
from dlaas.cli import opendata as _opendata
from dlaas.cli import publishing as _publishing
from dlaas.cli import rules as _rules
from dlaas.cli import terminal as _terminal
from dlaas.cli import transfers as _transfers
from dlaas.cli.output import OutputFailed, finish, note, open_streams, tell
from dlaas.cli.parser import Commands, Parser, common, exit_codes

_UNSET = {"instance": None, "account": None, "json": False, "quiet": False}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and answer its exit code; see `dlaas --help`."""
    open_streams()
    try:
        code = _run(sys.argv[1:] if argv is None else argv)
        finish()
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except OutputFailed as failed:
        return _without_output(failed.__cause__)
    return code


def _run(argv: Sequence[str]) -> int:
    try:
        arguments, unknown = build().parse_known_args(argv, argparse.Namespace(**_UNSET))
        if unknown:
            # The command knows its help, the whole command line only that of all commands.
            arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        return int(arguments.run(arguments))
    except Exception as error:
        if os.environ.get("DLAAS_DEBUG"):
            import traceback

            traceback.print_exc()
        problem = exits.problem_of(error)
        # What it asks for may be all that could be read of the command line.
        tell(problem, as_json="--json" in argv)
        return exits.code_of(problem)


def build() -> Parser:
    """Make the parser of the whole command line."""
    options = common()
    parser = Parser(prog="dlaas", usage="dlaas COMMAND …", parents=[options])
    commands = Commands(parser, options)
    for title, *rooms in (
        ("find", _find, _opendata),
        ("bring here, write back", _transfers),
        ("for others", _publishing),
        ("keep", _rules),
        ("chosen in ESAP", _basket),
        ("on this machine", _local),
        ("set up", _terminal),
    ):
        commands.group(title)
        for room in rooms:
            room.add(commands)
    parser.description = (
        "A DID of a data lake, written scope:name, is a file that you can open.\n\n"
        f"{commands.table()}\n\nFirst time here? dlaas doctor\n"
        "More on a command: dlaas COMMAND --help"
    )
    parser.epilog = exit_codes()
    return parser


def _without_output(cause: BaseException | None) -> int:
    """Answer the code for an output that nobody takes; nothing more is written to it."""
    reader_left = isinstance(cause, BrokenPipeError)
    if not reader_left:
        with suppress(OutputFailed):
            note(f"dlaas: The output cannot be written: {cause}.")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        # The interpreter flushes once more when it ends, and would complain.
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    return exits.READER_LEFT if reader_left else exits.FAILED
