"""Docstrings and signatures as Markdown, for tools/generate_reference.py."""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cached_property
from typing import Any

WIDTH = 96
# What is public and has no docstring.
undocumented: list[str] = []


def public_names(pattern: str) -> list[str]:
    """Answer a name; of `room.*` what that module promises, its own functions and classes."""
    room, _, last = pattern.rpartition(".")
    if last != "*":
        return [pattern]
    module = importlib.import_module(room)
    own = [
        name
        for name, found in vars(module).items()
        if getattr(found, "__module__", None) == room and callable(found) and name[0] != "_"
    ]
    return [f"{room}.{name}" for name in getattr(module, "__all__", own)]


def thing(name: str, found: Any) -> list[str]:
    """Describe a function or a class with its members."""
    if not inspect.isclass(found):
        return [f"### `{name}`\n", code(f"{name}{signature(found)}"), text(name, found)]
    title = [f"### `{name}`\n"]
    if is_dataclass(found):
        return [*title, text(name, found), _fields(found), *members(found)]
    if not getattr(found, "_is_protocol", False) and _makes_itself(found):
        title.append(code(f"{name}{signature(found)}"))
    return [*title, text(name, found), *members(found)]


def _makes_itself(cls: type) -> bool:
    """Tell whether how to make one is ours to say, and not a library's or a base's."""
    return any(
        inspect.isfunction(vars(base).get(maker)) and base.__module__.startswith("dlaas")
        for base in cls.__mro__
        for maker in ("__init__", "__new__")
    )


def members(cls: type, own: Callable[[type], bool] | None = None) -> list[str]:
    """Answer the public methods and properties that classes of ours define."""
    parts = []
    for name in dict.fromkeys(name for base in cls.__mro__ for name in vars(base)):
        home = next(base for base in cls.__mro__ if name in vars(base))
        named = name == "__call__" or not name.startswith("_")
        ours = home.__module__.startswith("dlaas") and named
        if not ours or (own is not None and not own(home)):
            continue
        if "<locals>" in getattr(vars(home)[name], "__qualname__", ""):
            # Wrapped in a loop, as fsspec's own calls are: its documentation says what they do.
            continue
        if not (is_dataclass(cls) and name in {f.name for f in fields(cls)}):
            parts += _member(
                f"{cls.__name__}.{name}", vars(home)[name], inspect.getdoc(getattr(cls, name))
            )
    return parts


def _member(name: str, found: Any, doc: str | None) -> list[str]:
    if isinstance(found, (property, cached_property)):
        getter = found.fget if isinstance(found, property) else found.func
        answer = inspect.signature(getter).return_annotation if getter else ""
        return [f"#### `{name}`\n", code(f"{name}: {plain(answer)}"), text(name, found, doc)]
    inner = found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
    if not inspect.isfunction(inner):
        return []
    bound = isinstance(found, staticmethod)
    return [
        f"#### `{name}()`\n",
        code(f"{name}{signature(inner, bound)}"),
        text(name, found, doc),
    ]


def signature(function: Any, whole: bool = False) -> str:
    """Write how a function is called: without `self`, one argument a line where it is long."""
    target = function
    if inspect.isclass(function):
        init = vars(function).get("__init__") or vars(function).get("__new__")
        target = init or function.__init__
    found = inspect.signature(target)
    parameters = list(found.parameters.values())
    is_method = parameters and parameters[0].name in ("self", "cls", "_cls") and not whole
    written = list(_parameters(parameters[1:] if is_method else parameters))
    answer = "" if inspect.isclass(function) else f" -> {plain(found.return_annotation)}"
    line = f"({', '.join(written)}){answer}"
    if len(line) + 30 <= WIDTH:
        return line
    return "(\n" + "".join(f"    {each},\n" for each in written) + f"){answer}"


def _parameters(parameters: list[inspect.Parameter]) -> Iterator[str]:
    starred = False
    for parameter in parameters:
        if parameter.name.startswith("_") and parameter.default is not parameter.empty:
            continue
        kind = parameter.kind
        if kind is kind.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        starred = starred or kind is kind.VAR_POSITIONAL
        star = {kind.VAR_POSITIONAL: "*", kind.VAR_KEYWORD: "**"}.get(kind, "")
        written = f"{star}{parameter.name}"
        if parameter.annotation is not parameter.empty:
            written += f": {plain(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            equals = " = " if ":" in written else "="
            written += f"{equals}{_default(parameter.default)}"
        yield written


def plain(annotation: Any) -> str:
    return (
        annotation
        if isinstance(annotation, str)
        else getattr(annotation, "__name__", str(annotation))
    )


def _default(value: Any) -> str:
    # An address in memory is another one in each run.
    return "…" if " at 0x" in repr(value) else repr(value)


def _fields(cls: Any) -> str:
    return code("\n".join(f"{f.name}: {plain(f.type)}{_field_default(f)}" for f in fields(cls)))


def _field_default(field: Any) -> str:
    if field.default is not MISSING:
        return f" = {_default(field.default)}"
    return f" = {field.default_factory.__name__}()" if field.default_factory is not MISSING else ""


def text(name: str, found: Any, doc: str | None = None) -> str:
    """Answer a docstring as Markdown, with its examples as code."""
    doc = doc or inspect.getdoc(found) or ""
    own = getattr(found, "__name__", "")
    if not doc or doc.startswith(f"{own}("):
        # What `dataclass` writes by itself explains nothing.
        undocumented.append(name)
        return ""
    blocks = []
    for block in re.split(r"\n\s*\n", doc):
        block = textwrap.dedent(block)
        blocks.append(code(block) if block.startswith(">>> ") else f"{block}\n")
    return "\n".join(blocks)


def code(source: str) -> str:
    """Write Python source."""
    return f"```python\n{source}\n```\n"


def row(*cells: object) -> str:
    """Write a row of a table."""
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def table(*columns: str) -> list[str]:
    """Begin a table."""
    return [row(*columns), row(*("---" for _ in columns))]
