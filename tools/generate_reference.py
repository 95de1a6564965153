"""Generate docs/reference.md from the docstrings and signatures of the library.

`--check` changes nothing and fails when what is committed differs from what would be generated.
What is public and has no docstring fails in both cases.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
from collections.abc import Container, Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from docstrings import (
    code,
    members,
    plain,
    public_names,
    row,
    signature,
    table,
    text,
    thing,
    undocumented,
)

import dlaas
from dlaas import errors
from dlaas.cli import build, exits
from dlaas.config import Instance
from dlaas.config.sources import variables

ROOT = Path(__file__).resolve().parent.parent
BLANK = "\n\n"
PAGE = ROOT / "docs" / "reference.md"
HEAD = """# Reference

Every public name of the library, generated from its docstrings by `tools/generate_reference.py`:
do not edit. What one does with them is in the [user guide](user-guide.md); how instances are
configured is in the [administrator's guide](administrator-guide.md).
"""
# What stands in the page, in this order: title, then the names.
ROOMS: tuple[tuple[str, str], ...] = (
    ("Variables", "dlaas.did dlaas.SingleItemDID dlaas.MultipleItemDID"),
    (
        "Searching",
        "dlaas.key dlaas.query.conditions.Key dlaas.query.conditions.Condition dlaas.query.Query",
    ),
    ("Workspaces", "dlaas.workspace dlaas.variables.workspaces.Workspace"),
    ("Names", "dlaas.DID dlaas.reference.Reference"),
    (
        "Logins",
        "dlaas.credentials.Credential dlaas.credentials.Token dlaas.credentials.Userpass"
        " dlaas.credentials.Certificate dlaas.credentials.TokenFile"
        " dlaas.credentials.TokenVariable dlaas.credentials.Bearer",
    ),
    ("Access", "dlaas.access.rank dlaas.access.urls"),
    ("Filesystem", "dlaas.filesystem.RucioFileSystem"),
    ("Cache", "dlaas.cache.Cache"),
    (
        "Basket",
        "dlaas.basket.Basket dlaas.basket.BasketItem dlaas.basket.Staged dlaas.basket.Fetched"
        " dlaas.basket.RucioConnector dlaas.basket.Connector",
    ),
    (
        "Notebook",
        "dlaas.notebook.load_ipython_extension dlaas.notebook.resolve_dids dlaas.notebook.restore",
    ),
    ("Widgets", "dlaas.widgets.*"),
)


def main() -> int:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, change nothing")
    check = parser.parse_args().check
    new = page()
    for name in undocumented:
        print(f"{name} is public and has no docstring.")
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if check and old != new:
        name = str(PAGE.relative_to(ROOT))
        diff = difflib.unified_diff(
            old.splitlines(), new.splitlines(), name, "generated", lineterm=""
        )
        print("\n".join(list(diff)[:40]))
        print("The reference has drifted from the docstrings: run tools/generate_reference.py.")
    elif not check:
        PAGE.write_text(new, encoding="utf-8")
    return int(bool(undocumented) or (check and old != new))


def page() -> str:
    """Answer the whole page."""
    undocumented.clear()
    shown = [dlaas.Lake]
    parts = [HEAD, *_lake()]
    for title, names in ROOMS:
        parts.append(f"## {title}\n")
        for name in (each for pattern in names.split() for each in public_names(pattern)):
            room, _, last = name.rpartition(".")
            shown.append(getattr(importlib.import_module(room), last))
            parts += thing(name, shown[-1])
    parts += [*_answers(shown), *_aliases(), *_errors(), *_instance(), *_commands()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def _lake() -> list[str]:
    """Answer `Lake`, its methods by the room that they are in."""
    lake = dlaas.Lake
    parts = ["## Lake\n", code(f"dlaas.Lake{signature(lake)}"), text("dlaas.Lake", lake)]
    rooms = [base for base in reversed(lake.__mro__) if base.__module__.startswith("dlaas.")]
    for room in rooms:
        described = members(lake, own=lambda home, room=room: home is room)  # type: ignore[misc]
        if described:
            doc = (inspect.getdoc(room) or "").partition("\n")[0].rstrip(".")
            title = "Status, transfers, access" if room is lake else doc
            parts += [f"### {title}\n", *described]
    return parts


def _answers(shown: list[Any]) -> list[str]:
    """Answer the dataclasses that are answered by what is shown, and by what those hold."""
    known = _dataclasses()
    waiting = [answer for one in shown for answer in _annotations(one)]
    found: list[Any] = []
    while waiting:
        room, answer = waiting.pop()
        for word in re.findall(r"\w+", answer):
            # Two rooms may call what is theirs alike.
            cls = vars(sys.modules[room]).get(word, known.get(word))
            if is_dataclass(cls) and cls not in (*found, *shown, Instance):
                found.append(cls)
                waiting += _annotations(cls)
    parts = ["## What is answered\n"]
    for cls in sorted(found, key=lambda cls: cls.__name__):
        parts += thing(f"{cls.__module__}.{cls.__name__}", cls)
    return parts


def _dataclasses() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for room in pkgutil.walk_packages(dlaas.__path__, "dlaas."):
        if room.name.startswith("dlaas.cli") or room.name.endswith("__main__"):
            continue
        for name, cls in vars(importlib.import_module(room.name)).items():
            if is_dataclass(cls) and not name.startswith("_"):
                found[name] = cls
    return found


def _annotations(one: Any) -> Iterator[tuple[str, str]]:
    """Answer the types that calling or reading something gives, and where they are named."""
    if is_dataclass(one):
        yield from ((one.__module__, plain(f.type)) for f in fields(one))
    functions = [one] if inspect.isfunction(one) else []
    if inspect.isclass(one):
        names = [name for name in dir(one) if not name.startswith("_")]
        functions = [inspect.getattr_static(one, name) for name in names]
    for function in functions:
        getter = getattr(function, "fget", None) or getattr(function, "__func__", function)
        if inspect.isfunction(getter) and getter.__module__.startswith("dlaas"):
            yield getter.__module__, plain(inspect.signature(getter).return_annotation)


def _aliases() -> list[str]:
    parts = ["## Types\n", *table("type", "one of")]
    for room in ("dlaas.model", "dlaas.query", "dlaas.lifetime"):
        for name, found in vars(importlib.import_module(room)).items():
            if get_origin(found) is Literal:
                parts.append(row(f"`{name}`", ", ".join(f"`{each!r}`" for each in get_args(found))))
            elif get_origin(found) is UnionType:
                parts.append(row(f"`{name}`", ", ".join(f"`{plain(t)}`" for t in get_args(found))))
    return [*parts, ""]


def _errors() -> list[str]:
    parts = [
        "## Errors\n",
        "All are `DlaasError`s, and built-in exceptions besides, where one fits: `except"
        " FileNotFoundError` catches what is not there. Indented is a kind of the one above.\n",
        *table("error", "also", "what happened", "whose fault", "what to do"),
    ]
    return [*parts, *_kinds(errors.DlaasError, 0), "", *members(errors.DlaasError)]


def _kinds(cls: type[errors.DlaasError], depth: int) -> Iterator[str]:
    foreign = [
        base.__name__
        for base in cls.__bases__
        if not issubclass(base, errors.DlaasError) and base is not Exception
    ]
    doc = text(cls.__name__, cls).partition("\n\n")[0].replace("\n", " ").strip()
    name = f"{'&nbsp;&nbsp;' * depth}`{cls.__name__}`"
    yield row(name, ", ".join(foreign), doc, cls.blame, cls.remedy)
    for below in sorted(cls.__subclasses__(), key=lambda below: below.__name__):
        # Others are a room's own business.
        if getattr(errors, below.__name__, None) is below:
            yield from _kinds(below, depth + 1)


def _instance() -> list[str]:
    named = [(key, f"`{name}`") for name, key in variables().items()]
    parts = [
        "## Instance\n",
        text("dlaas.Instance", Instance),
        "What each means is in the [administrator's guide](administrator-guide.md#instances).\n",
        *table("key", "type", "default", "environment"),
    ]
    for f in fields(Instance):
        if f.name != "handover":
            default = "" if f.default in (MISSING, None, "", ()) else f"`{f.default!r}`"
            said = ", ".join(name for key, name in named if key == f.name)
            parts.append(row(f"`{f.name}`", f"`{f.type}`", default, said))
    return [*parts, "", *members(Instance)]


def _commands() -> list[str]:
    parser = build()
    parts = [
        "## Command line\n",
        "`dlaas COMMAND …`: what the panel does, in terminals and scripts. Each command takes:\n",
        *_options(parser),
        "### Exit codes\n",
        *table("code", "meaning"),
        *(row(code, text) for code, text in exits.MEANINGS),
        "",
    ]
    shared = {id(action) for action in parser._actions}
    return [*parts, *_below(parser, "dlaas", shared)]


def _below(parser: argparse.ArgumentParser, name: str, shared: set[int]) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from _command(below, f"{name} {word}", shared)


def _command(parser: argparse.ArgumentParser, name: str, shared: set[int]) -> Iterator[str]:
    if not parser.description:
        undocumented.append(name)
    yield f"### `{name}`\n"
    yield f"{(parser.description or '').partition(BLANK)[0]}\n"
    yield from _options(parser, shared)
    if parser.epilog:
        example = parser.epilog.partition("\n")[2]
        yield f"```bash\n{textwrap.dedent(example).strip()}\n```\n"
    yield from _below(parser, name, shared)


def _options(parser: argparse.ArgumentParser, shared: Container[int] = ()) -> list[str]:
    rows = [
        row(f"`{_usage(action)}`", (action.help or "").replace("%%", "%"))
        for action in parser._actions
        if id(action) not in shared
        and not isinstance(action, (argparse._SubParsersAction, argparse._HelpAction))
        and action.help is not argparse.SUPPRESS
    ]
    return [*table("argument", "meaning"), *rows, ""] if rows else []


def _usage(action: argparse.Action) -> str:
    word = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if not action.option_strings:
        return f"{word}…" if action.nargs in ("*", "+") else word
    return ", ".join(action.option_strings) + ("" if action.nargs == 0 else f" {word}")


if __name__ == "__main__":
    sys.exit(main())
