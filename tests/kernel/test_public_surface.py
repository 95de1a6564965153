"""What notebooks may rely on, and what importing it costs."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import dlaas

ROOMS = [m.name for m in pkgutil.walk_packages(dlaas.__path__, "dlaas.")]


def test_everything_promised_is_there() -> None:
    assert {name: getattr(dlaas, name) for name in dlaas.__all__}
    assert dir(dlaas) == sorted(dlaas.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = dlaas.nonsense


def test_importing_dlaas_loads_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import dlaas;"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "dlaas" in loaded
    assert not {"typing", "asyncio", "requests", "rucio", "fsspec", "aiohttp", "ssl"} & set(loaded)


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
