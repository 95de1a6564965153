"""What is written down is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml
from http_answers import DEFINITIONS
from traitlets.config import Configurable

from dlaas import errors
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.events import SCHEMA, SCHEMA_ID
from jupyter_dlaas.handlers import ROUTES

API = Path(__file__).parents[2] / "docs" / "http-api.md"


def test_every_method_of_every_address_has_a_heading() -> None:
    headings = set(re.findall(r"^## (\w+ dlaas/.*)$", API.read_text(), re.MULTILINE))
    there = set()
    for pattern, handler in ROUTES[:-1]:
        what = "{rule}" if "/rules/" in pattern else "{job}"
        path = pattern.replace("([^/]+)", "{instance}").replace("([0-9a-f]{32})", what)
        path = path.replace(r"([\w-]+)", "{ticket}")
        methods = ("get", "post", "patch", "delete")
        there |= {f"{method.upper()} {path}" for method in methods if method in vars(handler)}
    assert headings == there


def test_every_error_stands_beside_its_status() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", API.read_text(), re.MULTILINE))
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.DlaasError):
            assert f"`{kind.__name__}`" in rows[str(kind.status)], kind


def test_every_setting_has_a_help_text() -> None:
    classes: list[type[Configurable]] = [DlaasExtension, *DlaasExtension.classes]
    for cls in classes:
        for name, trait in cls.class_own_traits(config=True).items():
            assert trait.help, f"{cls.__name__}.{name}"


def test_the_event_is_the_change_of_the_model() -> None:
    event = yaml.safe_load(SCHEMA.read_text())
    change = DEFINITIONS["Change"]
    assert event["$id"] == SCHEMA_ID
    assert set(event["properties"]) == set(change["properties"])
    assert event["properties"]["kind"]["enum"] == change["properties"]["kind"]["enum"]
    assert sorted(event["required"]) == sorted(change["required"])


def test_jupyter_knows_the_extension_by_its_packages_name() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "server", "extension", "list"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert re.search(r"jupyter_dlaas \S*enabled", done.stdout + done.stderr)
    assert re.search(r"jupyter_dlaas \S+ \S*OK", done.stdout + done.stderr)
