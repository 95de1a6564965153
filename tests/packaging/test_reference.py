"""The page of reference docs: complete, generated, and never without a word on what is public."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType

import pytest

import dlaas
from dlaas import errors
from dlaas.config.sources import variables

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tools() -> Iterator[tuple[ModuleType, ModuleType]]:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import docstrings
        import generate_reference

        yield generate_reference, docstrings
    finally:
        sys.path.remove(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def page(tools: tuple[ModuleType, ModuleType]) -> str:
    return str(tools[0].page())


def test_everything_public_is_in_the_reference(page: str) -> None:
    for name in dlaas.__all__:
        assert re.search(rf"\bdlaas\.{name}\b|^## {name}$", page, re.MULTILINE | re.I), name
    for cls in (dlaas.Lake, dlaas.SingleItemDID, dlaas.MultipleItemDID):
        for name in dir(cls):
            home = next(base for base in cls.__mro__ if name in vars(base))
            if not name.startswith("_") and home.__module__.startswith("dlaas"):
                assert f"`{cls.__name__}.{name}" in page, name
    for name, found in vars(errors).items():
        if inspect.isclass(found) and issubclass(found, errors.DlaasError):
            assert page.count(f"`{name}` |") == 1, name
    for field in fields(dlaas.Instance):
        assert f"| `{field.name}` |" in page or field.name == "handover"
    for name in (*variables(), *(f"### `dlaas {word}`" for word in ("search", "rule add", "get"))):
        assert name in page, name
    assert "| 130 |" in page


def test_everything_in_the_reference_has_a_docstring(
    page: str, tools: tuple[ModuleType, ModuleType]
) -> None:
    assert not tools[1].undocumented


class Mute:
    def word(self) -> int:
        return 1

    def said(self) -> int:
        """Answer one."""
        return 1


@dataclass
class MuteToo:
    word: int = 1


def test_what_is_public_and_says_nothing_is_found_out(
    tools: tuple[ModuleType, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    for cls in (Mute, MuteToo):
        monkeypatch.setattr(cls, "__module__", "dlaas.test")
    monkeypatch.setattr(tools[1], "undocumented", [])
    for cls in (Mute, MuteToo):
        tools[1].thing(cls.__name__, cls)
    assert tools[1].undocumented == ["Mute", "Mute.word", "MuteToo"]


def test_a_long_signature_has_an_argument_a_line(tools: tuple[ModuleType, ModuleType]) -> None:
    def long(self: object, path: str, *, a: int = 1, _hidden: int = 2, **more: object) -> None: ...

    assert tools[1].signature(long) == "(path: str, *, a: int = 1, **more: object) -> None"
    assert "\n    where: " in tools[1].signature(dlaas.Lake.search)


def test_drift_is_found_and_told(
    tools: tuple[ModuleType, ModuleType],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    generate = tools[0]
    monkeypatch.setattr(generate, "PAGE", tmp_path / "reference.md")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate_reference.py"])
    assert generate.main() == 0
    monkeypatch.setattr(sys, "argv", ["generate_reference.py", "--check"])
    assert generate.main() == 0
    text = generate.PAGE.read_text()
    generate.PAGE.write_text(text.replace("## Lake", "## Sea", 1))
    assert generate.main() == 1
    assert "+## Lake" in capsys.readouterr().out
    assert "## Sea" in generate.PAGE.read_text()
