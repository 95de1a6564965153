"""The command `jupyter dlaas` (`jupyter-dlaas`)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .lake import cli
from .lake.errors import LakeError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0, or 1 with one line that says what to do."""
    parser = argparse.ArgumentParser(
        prog="jupyter dlaas", description="The Data Lake as a Service, in JupyterLab."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    cli.add_commands(commands)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except LakeError as error:
        print(f"jupyter dlaas: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
