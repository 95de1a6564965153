"""The documentation says what is there: every setting, every link, every command."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from dlaas import errors
from dlaas.config import Instance

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_setting_of_an_instance_is_in_the_administrators_guide() -> None:
    guide = (ROOT / "docs" / "administrator-guide.md").read_text()
    # Families are written once, with a star; these two are never to be written into a file.
    covered = {"password", "token", "handover"}
    for setting in (field.name for field in fields(Instance)):
        family = f"`{setting.split('_')[0]}_*`"
        assert f"`{setting}`" in guide or family in guide or setting in covered, setting


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for name in re.findall(r"`make ([a-z-]+)", page.read_text()):
            assert name in targets, f"{page.name}: make {name}"


def test_every_command_of_the_lake_is_in_its_page() -> None:
    page = (ROOT / "docs" / "lake.md").read_text()
    shown = subprocess.run(
        # It lies beside the Python that runs this, on the PATH or not.
        [Path(sys.executable).parent / "jupyter-dlaas", "lake", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    actions = re.findall(r"^    (\w+) ", shown, re.MULTILINE)
    assert len(actions) >= 6
    for action in actions:
        assert f"lake {action}" in page, action


def test_the_errors_that_the_user_guide_names_exist() -> None:
    guide = (ROOT / "docs" / "user-guide.md").read_text()
    table = guide.split("## Errors")[1].split("## ")[0]
    names = re.findall(r"`([A-Z]\w+)`", table)
    assert len(names) > 8
    for name in names:
        assert issubclass(getattr(errors, name), errors.DlaasError)
