"""Set up this terminal, and see what is wrong: `env`, `doctor`."""

from __future__ import annotations

import argparse

from dlaas.cli.exits import DONE, code_of
from dlaas.cli.output import answer, paint, plain, say, say_json
from dlaas.cli.parser import Commands, positive
from dlaas.cli.session import Session
from dlaas.cli.wording import spoken

_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "problem": ("PROBLEM", "red")}


def add(commands: Commands) -> None:
    """Add the commands of this room."""
    env = commands.add(
        "env",
        _env,
        "let the genuine rucio command work with this login",
        'eval "$(dlaas env)" && rucio whoami',
    )
    env.add_argument("--shell", action="store_true", help="for sh, bash and zsh (the default)")
    doctor = commands.add(
        "doctor",
        _doctor,
        "check configuration, network, login and storage, and how to mend them",
        "dlaas doctor",
    )
    doctor.add_argument(
        "--timeout", type=positive, default=8, metavar="SECONDS", help="for each check (default: 8)"
    )


def _env(arguments: argparse.Namespace) -> int:
    from dlaas.cli.environment import environment

    found = environment(Session(arguments).lake())
    return answer(arguments, [found], lambda _: say(found.for_shell()))


def _doctor(arguments: argparse.Namespace) -> int:
    from dlaas.doctor import diagnose

    problems = []
    about = ""
    for check in diagnose(arguments.instance, arguments.account, timeout=arguments.timeout):
        if check.state == "problem" and check.problem is not None:
            problems.append(check.problem)
        if arguments.json:
            say_json(check)
            continue
        if arguments.quiet and check.state == "ok":
            continue
        if check.about != about:
            about = check.about
            say(f"\n{paint(plain(about), 'bold')}")
        text, colour = _MARKS[check.state]
        say(f"{paint(text.ljust(8), colour)} {check.name}: {plain(check.message)}")
        if check.remedy:
            say(f"{' ' * 9}{plain(spoken(check.remedy))}")
    # Checks come in the order of causes: the first problem is likely the reason of the others.
    return code_of(problems[0]) if problems else DONE
