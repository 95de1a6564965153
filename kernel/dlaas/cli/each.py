"""The same act for several names: what fails is told and hides nothing of the rest."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from dlaas.cli.exits import code_of, code_of_all, problem_of
from dlaas.cli.output import finish, note, say_json, tell
from dlaas.errors import CannotAuthenticate


def each(arguments: argparse.Namespace, names: Sequence[str], act: Callable[[str], int]) -> int:
    """Do `act` for each name, go on after a failure, report at the end, answer the exit code."""
    codes, failed = [], []
    for name in names:
        try:
            codes.append(act(name))
        except CannotAuthenticate:
            # Without a login the others would fail too, each with its own refused login.
            raise
        except Exception as error:
            problem = problem_of(error)
            failed.append(name)
            codes.append(code_of(problem))
            if arguments.json:
                say_json({"name": name, "problem": problem})
            else:
                tell(problem, name=name if len(names) > 1 else "dlaas")
        # What was done is known, whatever ends the next one.
        finish()
    if failed and len(names) > 1 and not arguments.json:
        note(f"{len(failed)} of {len(names)} failed: {', '.join(failed)}")
    return code_of_all(codes)
