"""What a notebook file says of itself, read as JSON: its language, its imports, its own modules."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlaas.errors import InvalidInput
from dlaas.publish.gathering import unreadable

# What IPython understands and Python does not.
_MAGIC = re.compile(r"^\s*([%!?].*|.*\?)$", re.MULTILINE)


@dataclass(frozen=True)
class Notebook:
    """A notebook as it was when it was read once: `content` are its bytes."""

    path: Path
    content: bytes
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """Its file name without the ending."""
        return self.path.name.removesuffix(".ipynb")

    @property
    def is_python(self) -> bool:
        """Tell whether its language is Python, which it is where it says nothing."""
        told = self._told("kernelspec", "language") or self._told("language_info", "name")
        return str(told or "python").lower() in ("python", "ipython")

    @property
    def kernel(self) -> str | None:
        """The name of its kernel; None where it does not say."""
        told = self._told("kernelspec", "name")
        return str(told) if told else None

    @property
    def language_version(self) -> str | None:
        """The version of the language that it ran with last; None where it does not say."""
        told = self._told("language_info", "version")
        return str(told) if told else None

    def _told(self, section: str, key: str) -> Any:
        metadata = self.document.get("metadata") or {}
        return (metadata.get(section) or {}).get(key)

    def sources(self) -> Iterator[str]:
        """Yield the sources of its code cells."""
        for cell in self.document["cells"]:
            if cell.get("cell_type") == "code":
                yield joined(cell.get("source", ""))


def read(path: Path) -> Notebook:
    """Read a notebook file once; raises `NotThere`, and `InvalidInput` where it is no notebook."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        document = json.loads(content)
        cells, metadata = document["cells"], document.get("metadata") or {}
        if not all(isinstance(cell, dict) for cell in cells) or not isinstance(metadata, dict):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"{path} is no notebook.", remedy="Name an .ipynb file.") from error
    return Notebook(path, content, document)


def joined(text: Any) -> str:
    """Write a text of a notebook, which may be a list of lines."""
    return "".join(map(str, text)) if isinstance(text, list) else str(text)


def imported(sources: Iterable[str]) -> set[str]:
    """Answer the top-level modules that sources import; what is no Python is passed over."""
    found: set[str] = set()
    for source in sources:
        try:
            tree = ast.parse(_MAGIC.sub("", source))
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def own_modules(folder: Path, modules: Iterable[str]) -> list[Path]:
    """List the files beside a notebook that it imports, and those that these import."""
    found: dict[Path, None] = {}
    todo = sorted(modules)
    while todo:
        name = todo.pop(0)
        package = folder / name
        beside = [folder / f"{name}.py"]
        if (package / "__init__.py").is_file():
            beside = sorted(package.rglob("*.py"))
        new = [path for path in beside if path.is_file() and path not in found]
        found.update(dict.fromkeys(new))
        todo += sorted(imported(path.read_text("utf-8", "replace") for path in new))
    return list(found)
