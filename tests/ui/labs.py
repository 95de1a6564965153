"""The JupyterLabs that the browser tests run on, each in an environment that has what we ship."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
# As a hub gives it to a user who is called a@b.
PREFIX = "/user/a%40b/"


class Lab(NamedTuple):
    """A JupyterLab, where it is served, and which tests it gets (none named: all the others)."""

    requirements: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    base_url: str = "/"


SMOKE = ("smoke.spec.ts",)
LABS = {
    "current": Lab(),
    # What it looks like is compared: nothing may be left from other tests.
    "states": Lab((), ("states.spec.ts",)),
    "prefix": Lab((), SMOKE, PREFIX),
    "4.0": Lab(("jupyterlab==4.0.13",), SMOKE, PREFIX),
    "4.3": Lab(("jupyterlab==4.3.8",), SMOKE),
    "together": Lab(
        (
            "jupyterlab",
            "jupyter-collaboration==5.0.4",
            "jupyter-collaboration-ui==3.0.4",
            "jupyter-docprovider==3.0.4",
            "jupyter-server-ydoc==3.0.4",
            "jupyter-ydoc==4.2.1",
            "pycrdt==0.14.13",
            "pycrdt-store==0.1.5",
            "pycrdt-websocket==0.16.5",
            "sqlite-anyio==0.2.10",
        ),
        ("two-clients.spec.ts",),
    ),
}
USUAL = tuple(LABS)


def uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", *arguments], check=True, timeout=600)


def wheels(folder: Path) -> list[Path]:
    """Build what we ship, once for all environments."""
    if not (found := sorted(folder.glob("*.whl"))):
        for source in (ROOT / "kernel", ROOT):
            uv("build", "-q", "--wheel", "--out-dir", str(folder), str(source))
        found = sorted(folder.glob("*.whl"))
    return found


def constraints(lab: Lab, folder: Path) -> Path:
    """Write down what our own lock holds, but for what this Lab has otherwise."""
    locked = (ROOT / "requirements" / "dev.txt").read_text()
    for named in lab.requirements:
        name, pinned, _ = named.partition("==")
        if pinned:
            locked = re.sub(rf"^{name}==(?:.*\\\n)*.*\n", "", locked, flags=re.M)
    kept = folder / "constraints.txt"
    kept.write_text(locked)
    return kept


def interpreter(lab: Lab, folder: Path, shipped: Path) -> str:
    """Return the Python that has this JupyterLab; make it where it is another than ours."""
    if not lab.requirements:
        return sys.executable
    venv = folder / "venv"
    uv("venv", "-q", "--python", sys.executable, str(venv))
    python = str(venv / "bin" / "python")
    built = [str(wheel) for wheel in wheels(shipped)]
    held = str(constraints(lab, folder))
    uv("pip", "install", "-q", "--python", python, "-c", held, *lab.requirements, *built)
    return python
