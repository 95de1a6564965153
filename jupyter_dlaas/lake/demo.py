"""`jupyter dlaas demo`: the lake, and JupyterLab with the extension logged in on it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from .embedded import EmbeddedLake
from .environment import Log
from .errors import LakeError
from .processes import port_is_free

PACKAGE = Path(__file__).parents[1]
# In an installed package, and in a checkout.
SOURCES = (PACKAGE / "notebooks", PACKAGE.parent / "notebooks")
CONFIG = "jupyter_server_config.json"


def run(lake: EmbeddedLake, port: int, browser: bool, log: Log) -> int:
    """Bring the lake up, run JupyterLab on it until it ends, and leave things as they were."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise LakeError("JupyterLab is not installed here. Do: pip install 'jupyter-dlaas[demo]'")
    if port and not port_is_free(port):
        raise LakeError(f"Port {port} is taken by another program. Choose another --port.")
    was_up = lake.running
    lake.up(log=log)
    try:
        configure(lake)
        notebooks = provide_notebooks(lake.directory / "notebooks")
        log(f"Starting JupyterLab in {notebooks}; Ctrl-C ends it")
        return _run_jupyterlab(lake, notebooks, port, browser)
    finally:
        if was_up:
            log("The lake stays up, as it was before; `jupyter dlaas lake down` ends it")
        else:
            lake.down(log=log)


def configure(lake: EmbeddedLake) -> Path:
    """Write the server configuration that names the lake as the one instance; its folder."""
    folder = lake.directory / "jupyter"
    folder.mkdir(mode=0o700, exist_ok=True)
    instance = lake.instance()
    content: dict[str, Any] = {
        "RucioConfig": {"default_instance": instance["name"], "instances": [instance]},
    }
    (folder / CONFIG).write_text(json.dumps(content, indent=2) + "\n")
    return folder


def provide_notebooks(target: Path, sources: Sequence[Path] = SOURCES) -> Path:
    """Copy the tutorials to where they can be run and changed; what is there already stays as it
    is.
    """
    target.mkdir(parents=True, exist_ok=True)
    source = next((folder for folder in sources if any(folder.glob("*.ipynb"))), None)
    for notebook in sorted(source.glob("*.ipynb")) if source else []:
        if not (target / notebook.name).exists():
            shutil.copyfile(notebook, target / notebook.name)
    return target


def _command(notebooks: Path, port: int, browser: bool) -> list[str]:
    options = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={notebooks}",
        *([f"--ServerApp.port={port}", "--ServerApp.port_retries=0"] if port else []),
        *([] if browser else ["--no-browser"]),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    return [sys.executable, "-m", "jupyterlab", *options]


def _run_jupyterlab(lake: EmbeddedLake, notebooks: Path, port: int, browser: bool) -> int:
    """JupyterLab as a child, until it ends or we are told to end."""
    paths = [str(lake.directory / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    variables = os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
    process = subprocess.Popen(_command(notebooks, port, browser), env=variables)

    def end(number: int, frame: FrameType | None) -> None:
        process.terminate()

    before = signal.signal(signal.SIGTERM, end)
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The terminal sent it to JupyterLab too, which asks for confirmation.
                continue
    finally:
        signal.signal(signal.SIGTERM, before)
        if process.poll() is None:
            process.terminate()
            process.wait()
