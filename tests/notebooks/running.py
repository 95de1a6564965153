"""Runs a notebook as a person does, from top to bottom, and reads what it showed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"


def run(path: Path, folder: Path, env: dict[str, str]) -> Any:
    """Execute a notebook in a folder; answers it with its outputs, raises where a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    # A notebook may show what a terminal shows: `dlaas` lies beside the kernel's Python.
    path_of_commands = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    client.execute(env={**env, "PATH": path_of_commands})
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
