"""What the commands of Rucio's side share: their arguments, and errors that a person can read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from .layout import Layout, State

Command = Callable[[Layout, State, argparse.Namespace], None]


def parser() -> argparse.ArgumentParser:
    """A parser whose first argument is the lake's folder."""
    result = argparse.ArgumentParser()
    result.add_argument("directory", type=Path)
    return result


def run(parser: argparse.ArgumentParser, command: Command) -> None:
    """Parse the arguments and run the command; one line on standard error tells what failed."""
    arguments = parser.parse_args()
    layout = Layout(arguments.directory)
    state = layout.load()
    if state is None:
        sys.exit(f"There is no lake in {layout.directory}")
    try:
        command(layout, state, arguments)
    except Exception as error:
        sys.exit(" ".join(str(error).split()) or repr(error))
