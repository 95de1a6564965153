"""Runs a notebook as a person does, from top to bottom, and reads what it showed."""

from __future__ import annotations

import os
import shutil
import sys
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
# In pixels: two stand side by side in a page.
WIDTH = 560


def run(path: Path, folder: Path, env: dict[str, str]) -> Any:
    """Execute a notebook in a folder; answers it with its outputs, raises where a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    own = {
        # A notebook may show what a terminal shows: `dlaas` lies beside the kernel's Python.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}",
        # Its file lies where it runs, and no other test has brought data here before.
        "DLAAS_NOTEBOOK": shutil.copy(path, folder),
        "DLAAS_CACHE": str(folder / "cache"),
    }
    client.execute(env={**env, **own})
    return notebook


def printed(notebook: Any) -> str:
    """All that its cells printed."""
    return "".join(
        output.get("text", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream"
    )


def shown(notebook: Any, kind: str) -> list[str]:
    """What its cells displayed of one MIME type, such as `image/png`."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return ["".join(o["data"][kind]) for o in outputs if kind in o.get("data", {})]


def keep_picture(notebook: Any, name: str) -> None:
    """Renew the picture of the documentation from a notebook's own, where `SCREENSHOTS` asks."""
    if not os.environ.get("SCREENSHOTS"):
        return
    from PIL import Image

    [png] = shown(notebook, "image/png")
    picture = Image.open(BytesIO(b64decode(png))).convert("RGB")
    picture.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    target = ROOT / "docs" / "images" / f"{name}.png"
    picture.quantize(64).save(target, optimize=True)
