"""How a command line is read: the options that every command has, and help for newcomers."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from dlaas.cli.exits import MEANINGS
from dlaas.errors import InvalidInput

Run = Callable[[argparse.Namespace], int]
_INDENT = 2
_NAMES = 12


class Parser(argparse.ArgumentParser):
    """A parser that never guesses at abbreviations, and whose errors are told as all others."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Refuse a command line; raises `InvalidInput`."""
        raise InvalidInput(f"{message[0].upper()}{message[1:]}.", remedy=f"See {self.prog} --help.")


def common() -> argparse.ArgumentParser:
    """Make the options that stand before or after a command's name."""
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    group = options.add_argument_group("for every command")
    group.add_argument("--instance", metavar="NAME", help="the Rucio instance, else the default")
    group.add_argument("--account", metavar="NAME", help="the Rucio account, else the login's")
    group.add_argument("--json", action="store_true", help="for programs: JSON, one object a line")
    group.add_argument("--quiet", action="store_true", help="neither progress nor remarks")
    return options


class Commands:
    """The commands of a parser; they are listed in groups by what they are for."""

    def __init__(self, parser: Parser, options: argparse.ArgumentParser) -> None:
        self._actions = parser.add_subparsers(
            metavar="COMMAND", required=True, help=argparse.SUPPRESS, prog=parser.prog
        )
        self._options = options
        self._listed: list[str] = []

    def group(self, title: str) -> None:
        """Begin a group of commands."""
        self._listed += ["", title]

    def add(self, name: str, run: Run | None, text: str, example: str) -> Parser:
        """Add a command with its one line in the table, and an example for its help."""
        self._listed.append(f"{' ' * _INDENT}{name.ljust(_NAMES)}{text}")
        parser: Parser = self._actions.add_parser(
            name,
            # A plain parser does for parents, whatever the types say.
            parents=[self._options],  # type: ignore[list-item]
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=f"example:\n  {example}",
        )
        parser.set_defaults(run=run, parser=parser)
        return parser

    def below(self, parser: Parser) -> Commands:
        """Answer the commands below one of these."""
        return Commands(parser, self._options)

    def table(self) -> str:
        """Write what there is."""
        return "\n".join(self._listed).strip("\n")


def exit_codes() -> str:
    """Write what the exit codes mean."""
    lines = (f"{' ' * _INDENT}{code:<{_NAMES}}{text}" for code, text in MEANINGS)
    return "\n".join(["exit codes", *lines])


def add_lifetime(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--lifetime` and `--until`, of which one may be given."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--lifetime", metavar="TIME", help=f"{what}, such as 14d, 36h or seconds")
    either.add_argument("--until", metavar="DATE", help="or until the end of a date, 2027-01-31")


def positive(text: str) -> int:
    """Read a whole number of at least one."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return number
