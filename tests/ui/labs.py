"""The JupyterLabs that the browser tests run on, each in an environment that has what we ship."""

from __future__ import annotations

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


LABS = {
    "current": Lab(),
    "prefix": Lab(specs=("smoke.spec.ts",), base_url=PREFIX),
    "4.0": Lab(("jupyterlab==4.0.*",), ("smoke.spec.ts",), PREFIX),
    "together": Lab(("jupyterlab==4.6.*", "jupyter-collaboration==5.*"), ("two-clients.spec.ts",)),
    "4.2": Lab(("jupyterlab==4.2.*",), ("smoke.spec.ts",), PREFIX),
    "4.4": Lab(("jupyterlab==4.4.*",), ("smoke.spec.ts",), PREFIX),
}
USUAL = ("current", "prefix", "4.0", "together")


def uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", *arguments], check=True, timeout=600)


def wheels(folder: Path) -> list[Path]:
    """Build what we ship, once for all environments."""
    if not (found := sorted(folder.glob("*.whl"))):
        for source in (ROOT / "kernel", ROOT):
            uv("build", "-q", "--wheel", "--out-dir", str(folder), str(source))
        found = sorted(folder.glob("*.whl"))
    return found


def interpreter(lab: Lab, folder: Path, shipped: Path) -> str:
    """Return the Python that has this JupyterLab; make it where it is another than ours."""
    if not lab.requirements:
        return sys.executable
    venv = folder / "venv"
    uv("venv", "-q", "--python", sys.executable, str(venv))
    python = str(venv / "bin" / "python")
    built = [str(wheel) for wheel in wheels(shipped)]
    uv("pip", "install", "-q", "--python", python, *lab.requirements, *built)
    return python
