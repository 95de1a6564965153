"""Every notebook runs from top to bottom on a genuine lake, and shows what its text promises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def run(path: Path, folder: Path, env: dict[str, str]) -> Any:
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    client.execute(env=env)
    return notebook


def printed(notebook: Any) -> str:
    return "".join(
        output.get("text", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream"
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)


def test_higgs_to_two_photons_shows_the_bump_and_uploads_it(
    tmp_path: Path, alice_env: dict[str, str]
) -> None:
    [path] = [path for path in NOTEBOOKS if path.stem == "01-higgs-to-two-photons"]
    notebook = run(path, tmp_path, alice_env)
    text = printed(notebook)
    fit = re.search(r"signal at ([\d.]+) ± ([\d.]+) GeV", text)
    assert fit is not None
    assert abs(float(fit[1]) - 125) < 3 * float(fit[2])
    assert float(fit[2]) < 1
    name = re.search(r"user\.alice:higgs-to-two-photons-\S+\.root", text)
    assert name is not None
    assert "user.alice:results is kept on" in text
    pictures = [
        o for c in notebook.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})
    ]
    assert len(pictures) == 1
