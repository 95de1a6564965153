"""What every notebook is, before it runs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from running import FOLDER

NOTEBOOKS = sorted(FOLDER.rglob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_opens_with_its_purpose_and_ends_with_something_to_try(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    first, last = cells[0].source, cells[-1].source
    title, purpose, *_ = first.split("\n\n")
    assert title.startswith("# ")
    assert len(purpose.split()) > 25
    assert "synthetic" in first.lower()
    assert last.startswith("## Try it\n\n- ")


def test_the_page_of_tutorials_has_each_and_its_picture() -> None:
    page = (FOLDER.parent / "docs" / "tutorials.md").read_text()
    for path in FOLDER.glob("*.ipynb"):
        assert f"(../notebooks/{path.name})" in page
        assert f"(images/tutorial-{path.stem}.png)" in page
