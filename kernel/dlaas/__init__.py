"""A DID of a data lake is a file that you can open."""

from __future__ import annotations

from importlib import import_module

# The name that type checkers know; importing typing for it costs more than all the rest here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dlaas import access as access
    from dlaas import cache as cache
    from dlaas import credentials as credentials
    from dlaas import errors
    from dlaas import notebook as notebook
    from dlaas import opendata as opendata
    from dlaas import publish as publish
    from dlaas import widgets as widgets
    from dlaas.config import Instance
    from dlaas.lake import Lake
    from dlaas.model import DID
    from dlaas.query import key
    from dlaas.variables import MultipleItemDID, SingleItemDID, did
    from dlaas.variables.workspaces import workspace

__all__ = [
    "DID",
    "Instance",
    "Lake",
    "MultipleItemDID",
    "SingleItemDID",
    "did",
    "errors",
    "key",
    "workspace",
]

# Loaded when used: a kernel that only imports dlaas pays milliseconds.
_ROOMS = {
    "DID": "model",
    "Instance": "config",
    "Lake": "lake",
    "MultipleItemDID": "variables",
    "SingleItemDID": "variables",
    "did": "variables",
    "key": "query",
    # Its room has another name: a submodule `workspace` would take the function's place.
    "workspace": "variables.workspaces",
}
# Whole rooms that are used by their name, as in `dlaas.notebook.restore()`.
_MODULES = frozenset(
    {
        "access",
        "basket",
        "cache",
        "credentials",
        "errors",
        "notebook",
        "opendata",
        "publish",
        "widgets",
    }
)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"dlaas.{name}")
    if name not in _ROOMS:
        raise AttributeError(f"module 'dlaas' has no attribute {name!r}")
    return getattr(import_module(f"dlaas.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})


def load_ipython_extension(shell: Any) -> None:
    """Make `%load_ext dlaas` ready for variables from the panel."""
    import_module("dlaas.notebook").load_ipython_extension(shell)
