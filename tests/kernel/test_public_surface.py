"""What notebooks may rely on, and what importing it costs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from datetime import timedelta

import pytest

import dlaas

ROOMS = [
    m.name
    for m in pkgutil.walk_packages(dlaas.__path__, "dlaas.")
    # Importing it runs it.
    if not m.name.endswith("__main__")
]
HEAVY = {
    "IPython",
    "aiohttp",
    "asyncio",
    "dogpile",
    "fsspec",
    "ipywidgets",
    "jsonschema",
    "numpy",
    "pandas",
    "requests",
    "rucio",
    "ssl",
    "urllib3",
    "uproot",
    "XRootD",
}


def test_everything_promised_is_there() -> None:
    assert {name: getattr(dlaas, name) for name in dlaas.__all__}
    assert set(dlaas.__all__) <= set(dir(dlaas))


@pytest.mark.parametrize(
    "room", ["access", "cache", "credentials", "errors", "notebook", "widgets"]
)
def test_a_room_is_there_without_being_imported(room: str) -> None:
    assert room in dir(dlaas)
    loaded_by(f"import dlaas; assert dlaas.{room}.__name__ == 'dlaas.{room}'")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = dlaas.nonsense


def loaded_by(code: str) -> set[str]:
    """Answer what a line of Python makes a fresh interpreter import."""
    code = f"import sys; before = set(sys.modules); {code}; print(*(set(sys.modules) - before))"
    ran = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_importing_dlaas_loads_nothing_but_itself() -> None:
    loaded = loaded_by("import dlaas")
    assert {name for name in loaded if name.startswith("dlaas")} == {"dlaas"}
    assert not {"typing", "dataclasses", "inspect", *HEAVY} & loaded


@pytest.mark.parametrize(
    "code",
    [
        "from dlaas.notebook import attach, load_ipython_extension, resolve_dids",
        "from dlaas import DID, Instance, Lake, MultipleItemDID, SingleItemDID, did, errors",
        "from dlaas import key, workspace",
        "from dlaas.cli import main",
    ],
)
def test_what_a_kernel_imports_loads_nothing_heavy(code: str) -> None:
    assert not HEAVY & loaded_by(code)


@pytest.mark.parametrize("module", ["dlaas", "dlaas.variables.workspaces", "dlaas.query"])
def test_the_functions_of_the_package_are_what_they_are_whatever_was_imported(module: str) -> None:
    loaded_by(f"import dlaas, {module}; assert all(map(callable, (dlaas.workspace, dlaas.key)))")


def test_rucio_clients_are_loaded_by_the_first_question_only() -> None:
    code = (
        "import sys; from dlaas import Lake, Instance;"
        "Lake(Instance('x', 'https://localhost:1'));"
        "print([m for m in ('rucio', 'requests', 'aiohttp', 'fsspec') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert ran.stdout == "[]\n", ran.stderr


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_public_has_a_docstring(room: str) -> None:
    module = importlib.import_module(room)
    assert module.__doc__, room
    for name, found in vars(module).items():
        if name.startswith("_") or getattr(found, "__module__", None) != room:
            continue
        if inspect.isclass(found) or inspect.isfunction(found):
            assert inspect.getdoc(found), f"{room}.{name}"


def test_the_examples_in_the_docstrings_are_true() -> None:
    tried = 0
    for room in ROOMS:
        module = importlib.import_module(room)
        found = doctest.testmod(module, extraglobs={"timedelta": timedelta})
        assert not found.failed, room
        tried += found.attempted
    assert tried > 20
