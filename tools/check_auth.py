"""Fail where a handler's method does not ask who it is and what they may do."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

HANDLERS = Path(__file__).resolve().parent.parent / "jupyter_dlaas" / "handlers"
VERBS = {"get", "head", "post", "put", "patch", "delete"}
# From the outside in: `authorized` may only see a request of somebody known.
REQUIRED = ["authenticated", "authorized"]


def decorators(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Return the decorators' last names in the order in which they are written."""
    names = []
    for node in function.decorator_list:
        target = node.func if isinstance(node, ast.Call) else node
        names.append(
            target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        )
    return names


def methods(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield every method that answers an HTTP verb, with its class's name."""
    for cls in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for node in cls.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in VERBS:
                yield cls.name, node


def main() -> int:
    """Print each method that is open, and how many were looked at."""
    seen, bad = 0, 0
    for path in sorted(HANDLERS.rglob("*.py")):
        for cls, method in methods(ast.parse(path.read_text())):
            seen += 1
            if [name for name in decorators(method) if name in REQUIRED] != REQUIRED:
                bad += 1
                print(f"{path.name}:{method.lineno} {cls}.{method.name} lacks {REQUIRED}")
    print(f"{seen} methods looked at, {bad} open")
    return int(bad > 0 or seen == 0)


if __name__ == "__main__":
    sys.exit(main())
