"""Every notebook runs from top to bottom on a genuine lake, and shows what its text promises."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from running import FOLDER, printed, run, shown

from jupyter_dlaas.lake import EmbeddedLake

NOTEBOOKS = sorted(FOLDER.rglob("*.ipynb"))


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


def test_a_did_is_a_file_streams_it_brings_it_here_and_says_how(
    tmp_path: Path, lake: EmbeddedLake, alice_env: dict[str, str]
) -> None:
    [path] = [path for path in NOTEBOOKS if path.stem == "02-a-did-is-a-file"]
    notebook = run(path, tmp_path, alice_env)
    text = printed(notebook)
    assert "ATLAS_OD_EDU:4lep_data: 4 files" in text
    assert re.search(r"[1-9][\d,]* events, one of \d\d columns read", text)
    assert re.search(r"^rucio://lake@user\.alice/leptons-\S+\.parquet$", text, re.MULTILINE)
    assert re.search(r"NOTEBOOK-MOUNT until \d{4}-", text)
    arrived = re.findall(r"^data_[A-D]\.4lep\.root is now (/\S+)$", text, re.MULTILINE)
    assert len(set(arrived)) == 4
    assert all(found.startswith(lake.env("alice")["RUCIO_RSE_MOUNT_PATH"]) for found in arrived)
    assert re.search(r"1  mount +NOTEBOOK-MOUNT", text)
    assert re.search(r"^available until \d{4}-", text, re.MULTILINE)
    assert "4  ATLAS_OD_EDU:4lep_data" in text
    assert (tmp_path / "my-copies" / "data_A.4lep.root").stat().st_size > 10_000
    assert (tmp_path / "workspace" / "data_D.4lep.root").is_symlink()
    cards = [
        html for html in shown(notebook, "text/html") if "ATLAS_OD_EDU:data_A.4lep.root" in html
    ]
    assert cards
