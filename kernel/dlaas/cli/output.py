"""What the command line shows: rows as they come, tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any, TypeVar

from dlaas.cli.exits import DONE

if TYPE_CHECKING:
    import argparse

    from dlaas.model import Problem

Value = TypeVar("Value")

# The widths of columns are those of the first rows: a million more follow as they come.
_LOOKED_AT = 100
# With less room than this wrapping a text makes it worse.
_NARROW = 20
_COLOURS = {"green": "32", "yellow": "33", "red": "31", "bold": "1", "dim": "2"}
_BLAMED = {
    "you": "the request",
    "credential": "the login",
    "rucio": "Rucio",
    "storage": "the storage",
    "network": "the network",
    "us": "this program",
}


class OutputFailed(BaseException):
    """Nobody takes what is printed: the reader has left, or the disk is full.

    As an interrupt it ends the command, and is no failure of the file or DID at hand.
    """


def open_streams() -> None:
    """Make the standard streams fit to be written to, whoever started this program."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # It was closed before the start (`>&-`).
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            # A name that this terminal cannot show must not end a list of names.
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "") -> None:
    """Print a line of the answer."""
    _write(text, sys.stdout)


def note(text: str) -> None:
    """Print a line about the answer, which is not part of it."""
    _write(text, sys.stderr, flush=True)


def finish() -> None:
    """Write what is still held back of the answer."""
    _write("", sys.stdout, end="", flush=True)


def _write(text: str, stream: IO[str], end: str = "\n", *, flush: bool = False) -> None:
    try:
        print(text, file=stream, end=end, flush=flush)
    except OSError as error:
        raise OutputFailed from error


def say_json(value: Any) -> None:
    """Print one JSON object on one line, in the shapes of the HTTP API."""
    from dlaas.model import to_json

    say(json.dumps(to_json(value), default=str))


def answer(
    arguments: argparse.Namespace,
    found: Iterable[Value],
    for_people: Callable[[Iterable[Value]], object],
) -> int:
    """Print what was found as it comes: for programs one JSON object a line, else for people."""
    if arguments.json:
        for value in found:
            say_json(value)
    else:
        for_people(found)
    return DONE


def remark(arguments: argparse.Namespace, text: str) -> None:
    """Say something to people that is no part of the answer, unless nobody wants it."""
    if not (arguments.quiet or arguments.json):
        note(text)


def tell(problem: Problem, *, name: str = "dlaas", as_json: bool = False) -> None:
    """Tell what happened, where the fault lies and what to do; JSON on the standard output."""
    if as_json:
        say_json({"problem": problem})
        return
    note(f"{name}: {plain(problem.message)}")
    note(f"  Where the fault lies: {_BLAMED[problem.blame]}.")
    if problem.remedy:
        from dlaas.cli.wording import spoken

        note(f"  What to do: {plain(spoken(problem.remedy))}")


def plain(text: object) -> str:
    """Make one printable line of a text: what the catalogue holds must not drive a terminal.

    >>> plain("a\\x1b[2Jb\\nc")
    'a?[2Jb c'
    """
    line = str(text)
    if line.isprintable():
        return line
    line = " ".join(line.splitlines())
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def paint(text: str, colour: str) -> str:
    """Colour a text where the standard output is a terminal that wants it."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def width() -> int | None:
    """Answer how wide the terminal is; None where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, right: str = "") -> None:
    """Print aligned rows as they come.

    `right` names the columns that are aligned to the right. The last column is never padded, and
    cut to the terminal where it is no DID.
    """
    stream: Iterator[list[str]] = ([plain(cell) for cell in row] for row in rows)
    first = list(islice(stream, _LOOKED_AT))
    if not first:
        return
    shown = [list(header), *first]
    widths = [max(len(row[column]) for row in shown) for column in range(len(header))]
    to_right = [name in right.split() for name in header]
    most = None if header[-1] == "DID" else width()
    say(paint(_line(header, widths, to_right, most), "dim"))
    for row in chain(first, stream):
        say(_line(row, widths, to_right, most))


def _line(cells: Sequence[str], widths: list[int], right: list[bool], most: int | None) -> str:
    parts = [
        cell.rjust(size) if to_right else cell.ljust(size)
        for cell, size, to_right in zip(cells, widths, right, strict=True)
    ]
    text = "  ".join(parts).rstrip()
    return text if most is None or len(text) <= most else f"{text[: max(most - 1, 1)]}…"


def fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one below the other; what is None or empty is left out."""
    kept = [(name, plain(value)) for name, value in pairs if value not in (None, "")]
    longest = max((len(name) for name, _ in kept), default=0)
    margin = longest + 2
    room = (width() or 10_000) - margin
    for name, value in kept:
        lines = textwrap.wrap(value, room) if len(value) > room > _NARROW else [value]
        say(f"{name.ljust(longest)}  " + f"\n{' ' * margin}".join(lines))


def when(moment: datetime | None) -> str:
    """Write a time in UTC; nothing where there is none."""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def sized(value: int | None) -> str:
    """Write a number of bytes as people read it; a dash where nobody knows."""
    from dlaas.sizes import size_said

    return "-" if value is None else size_said(value)
