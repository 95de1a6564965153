"""Binder: the files of `binder/` give a stranger a lake and the tutorials, with nothing to do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import nbformat
import pytest
from approval import approve
from binder_session import BASE, ROOT, Session

# The first run of all builds the panel, and the lake's environment.
pytestmark = pytest.mark.timeout(1800)
# An instance as a course would add it: another than the lake's own, where one logs in by a code.
COURSE = """
import json
from jupyter_dlaas.lake import EmbeddedLake

entry = EmbeddedLake().instance("alice", login=False)
del entry["account"], entry["username"], entry["client_cert"], entry["client_key"]
print(json.dumps({**entry, "name": "course", "login_methods": ["device"]}))
"""
IMPORTED = """
import sys
from importlib.util import find_spec

print([name for name in sys.argv[1:] if find_spec(name) is None])
"""


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """An image that is built, and a session in it that has started."""
    # Not pytest's own folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="dlaas-binder-"))
    session = Session(folder)
    try:
        session.prepare()
        session.run("binder/postBuild")
        # The lake's ports are known when it is up; a session may start again.
        session.run("binder/start", "true")
        course = json.loads(session.run(str(session.python), "-c", COURSE))
        (session.home / "binder" / "instances.json").write_text(json.dumps([course]))
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


def test_a_code_logs_in_to_an_instance_that_a_course_adds(session: Session) -> None:
    course = instances(session)["course"]
    assert course["problem"] is None
    assert course["methods"] == ["device"]
    assert course["login"]["state"] == "logged_out"
    pending = session.post("dlaas/course/login", {"method": "device"})["pending"]
    lake = session.home / ".local/share/jupyter-dlaas/lake"
    password = (lake / "clients/bob/password").read_text().strip()
    approve(pending["url"], "bob", password, str(lake / "pki/ca.pem"), code=pending["code"])
    for _ in range(60):
        login = session.get("dlaas/course/login")
        if login["pending"] is None:
            break
        time.sleep(1)
    assert (login["state"], login["account"], login["method"]) == ("logged_in", "bob", "device")


def test_the_first_tutorial_runs_from_top_to_bottom(session: Session) -> None:
    notebook = nbformat.read(session.home / "notebooks/01-higgs-to-two-photons.ipynb", as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    text = session.execute(cells)
    assert re.search(r"^signal at 12\d\.\d+ ± 0\.\d+ GeV$", text, re.MULTILINE)
    assert "user.alice:results is kept on" in text


def test_nothing_of_the_session_speaks_to_other_machines(session: Session) -> None:
    assert len(session.processes()) > 5
    remote = {
        connection.raddr
        for process in session.processes()
        for connection in process.net_connections("inet")
        if connection.raddr and not ip_address(connection.raddr.ip).is_loopback
    }
    assert {address for address in remote if address.port != 443} == set()


def test_the_image_has_every_module_that_a_notebook_imports(session: Session) -> None:
    names = set()
    for path in (session.home / "notebooks").rglob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                names |= set(re.findall(r"^\s*(?:import|from) (\w+)", cell.source, re.MULTILINE))
    assert {"dlaas", "uproot"} <= names
    assert session.run(str(session.python), "-c", IMPORTED, *names).strip() == "[]"


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
