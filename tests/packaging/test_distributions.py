"""What is shipped: two wheels that share no file, carry the panel, and install without node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def uv(*arguments: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "uv", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, **env},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("wheels")
    for source in (ROOT / "kernel", ROOT):
        uv("build", "-q", "--wheel", "--out-dir", str(folder), str(source))
    return sorted(folder.glob("*.whl"))


def names(wheel: Path) -> set[str]:
    return {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}


def test_the_wheels_share_no_file(wheels: list[Path]) -> None:
    server, kernel = (names(wheel) for wheel in wheels)
    assert not server & kernel


def test_the_server_wheel_carries_the_panel_the_notebooks_and_the_lakes_lock(
    wheels: list[Path],
) -> None:
    server = names(wheels[0])
    assert any(n.endswith("labextensions/jupyter-dlaas/package.json") for n in server)
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"jupyter_dlaas/notebooks/{notebook.name}" in server
    assert "jupyter_dlaas/schema/api.json" in server
    assert {f"jupyter_dlaas/lake/provider/{n}" for n in ("main.mjs", "package-lock.json")} <= server
    assert any(n.startswith("jupyter_dlaas/lake/") and "lock" in n for n in server)


def test_both_distributions_have_one_version() -> None:
    version = json.loads((ROOT / "package.json").read_text())["version"]
    assert f'version = "{version}"' in (ROOT / "kernel" / "pyproject.toml").read_text()
    assert f"jupyter-dlaas-kernel[x509]=={version}" in (ROOT / "pyproject.toml").read_text()
    assert f'__version__ = "{version}"' in (ROOT / "jupyter_dlaas" / "__init__.py").read_text()


def test_the_wheels_install_without_node_and_jupyter_finds_both_extensions(
    wheels: list[Path], tmp_path: Path
) -> None:
    venv = tmp_path / "venv"
    uv("venv", "-q", "--python", sys.executable, str(venv))
    python = str(venv / "bin" / "python")
    uv("pip", "install", "-q", "--python", python, *map(str, wheels), PATH="/nowhere")
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")},
        "PATH": f"{venv}/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [f"{venv}/bin/jupyter", "server", "extension", "list"],
        capture_output=True,
        text=True,
        env=env,
        timeout=120,
    )
    listed = done.stdout + done.stderr
    assert "jupyter_dlaas" in listed
    assert "OK" in listed.split("jupyter_dlaas", 1)[1]
    assert (venv / "share/jupyter/labextensions/jupyter-dlaas/package.json").exists()


def test_the_library_alone_imports_without_jupyter(wheels: list[Path], tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    uv("venv", "-q", "--python", sys.executable, str(venv))
    python = str(venv / "bin" / "python")
    uv("pip", "install", "-q", "--python", python, str(wheels[1]))
    code = (
        "import sys, dlaas, dlaas.filesystem, dlaas.lake\n"
        "assert not {'tornado', 'traitlets', 'IPython', 'jupyter_core'} & set(sys.modules)\n"
        "print(dlaas.did)"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    command = [str(venv / "bin" / "dlaas"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "dlaas doctor" in done.stdout, done.stderr
