"""Binder: the files of `binder/` give a stranger a lake and the tutorials, with nothing to do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from binder_session import BASE, ROOT, Session

# A real instance, as a course would add it: all of it on 443, the login by a device's code.
REAL = {
    "name": "escape",
    "display_name": "ESCAPE data lake",
    "rucio_base_url": "https://rucio.example",
    "rucio_auth_url": "https://rucio-auth.example",
    "mode": "download",
    "oidc_provider_url": "https://iam.example/",
    "oidc_client_id": "binder",
    "login_methods": ["device"],
}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """An image that is built, and a session in it that has started."""
    # Not pytest's own folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="dlaas-binder-"))
    session = Session(folder)
    try:
        session.prepare()
        session.run("binder/postBuild")
        (session.home / "binder" / "instances.json").write_text(json.dumps([REAL]))
        session.start()
        yield session
    finally:
        session.end()
        shutil.rmtree(folder)


def instances(session: Session) -> dict[str, Any]:
    return {entry["name"]: entry for entry in session.get("dlaas/instances")["instances"]}


def test_the_build_leaves_none_of_what_only_the_build_needs(session: Session) -> None:
    left = {path.name for path in session.home.iterdir()}
    assert not left & {"node_modules", ".yarn"}
    assert not (session.home / ".npm" / "_cacache").exists()
    cache = {path.name for path in (session.home / ".cache").iterdir()}
    assert not cache & {"node", "pip", "uv", "yarn"}
    panel = session.python.parents[1] / "share/jupyter/labextensions/jupyter-dlaas/package.json"
    assert panel.exists()


def test_the_build_keeps_the_versions_of_the_base(session: Session) -> None:
    installed = session.run(str(session.python), "-m", "pip", "freeze", "--all")
    assert set(BASE) <= set(installed.splitlines())
    assert "No broken requirements" in session.run(str(session.python), "-m", "pip", "check")


def test_when_jupyterlab_opens_the_lake_is_up_and_alice_is_logged_in(session: Session) -> None:
    lake = instances(session)["lake"]
    assert lake["default"] is True
    assert lake["login"]["state"] == "logged_in"
    assert lake["login"]["account"] == "alice"


def test_a_real_instance_that_a_course_adds_offers_the_login_by_code(session: Session) -> None:
    escape = instances(session)["escape"]
    assert escape["problem"] is None
    assert escape["methods"] == ["device"]


def test_the_first_cells_of_a_tutorial_read_the_lake(session: Session) -> None:
    notebook = nbformat.read(session.home / "notebooks" / "02-a-did-is-a-file.ipynb", as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    text = session.execute(cells[:4])
    assert "ATLAS_OD_EDU:4lep_data: 4 files" in text
    assert re.search(r"[1-9][\d,]* events, one of \d\d columns read", text)


def test_every_file_that_binder_runs_may_be_run() -> None:
    for name in ("postBuild", "start"):
        assert (ROOT / "binder" / name).stat().st_mode & 0o111 == 0o111
    assert (ROOT / "binder" / "start").read_text().rstrip().endswith('exec "$@"')


def test_repo2docker_makes_a_dockerfile_of_it(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    shutil.copytree(ROOT / "binder", repository / "binder")
    done = subprocess.run(
        [Path(sys.executable).parent / "jupyter-repo2docker", "--no-build", "--debug", "."],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "Building conda environment for python=3.11" in said
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in said
    assert "RUN ./binder/postBuild" in said
    assert 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in said
