"""Attached notebooks run without a browser: genuine nbconvert, papermill, nbclient and server."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import requests
from jupyter_client.blocking.client import BlockingKernelClient

FILE = "ATLAS_OD_EDU:data_A.GamGam.root"
EVENTS = {"did": FILE, "type": "file", "variableName": "events"}
DATA = {"did": "ATLAS_OD_EDU:GamGam_data", "type": "collection", "variableName": "data"}
SHOW = "print(events.did, events.open().read(4), len(data))"
SHOWN = f"{FILE} b'root' 4\n"
BIN = Path(sys.executable).parent


def write(path: Path, record: Any, *cells: str) -> Path:
    """Write a notebook with a record, as the panel leaves it."""
    found = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    found.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    found.metadata["kernelspec"]["language"] = "python"
    if record is not None:
        found.metadata["rucio_attachments"] = record
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(found, path)
    return path


def printed(path: Path) -> str:
    """Read what an executed notebook printed, its complaints among it."""
    cells = nbformat.read(path, as_version=4).cells
    return "".join(o.text for c in cells for o in c.get("outputs", []) if "text" in o)


Run = Callable[..., None]


@pytest.fixture
def env(alice_env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Alice's environment on a machine with nothing of whoever runs the tests."""
    mine = {k: v for k, v in alice_env.items() if not k.startswith(("JPY_", "JUPYTER_", "PYTEST_"))}
    places = {"HOME": tmp_path / "home", "IPYTHONDIR": tmp_path / "ipython"}
    return {**mine, **{k: str(v) for k, v in places.items()}, "PATH": f"{BIN}:{os.environ['PATH']}"}


@pytest.fixture
def run(env: dict[str, str], tmp_path: Path) -> Run:
    """Run a command as from a shell in a folder."""

    def command(line: str, folder: Path = tmp_path, **more: str) -> None:
        # Only a shell's `cd` sets PWD, as it does for people.
        done = subprocess.run(
            ["sh", "-c", f"cd {shlex.quote(str(folder))} && {line}"],
            env={**env, **more},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    return command


NBCONVERT = "jupyter nbconvert --to notebook --execute"


@pytest.mark.parametrize(
    ("command", "folder"),
    [
        (f"{NBCONVERT} a.ipynb --output done.ipynb", "work/deep"),
        (f"{NBCONVERT} work/deep/a.ipynb --output done.ipynb", "."),
        ("papermill a.ipynb done.ipynb", "work/deep"),
        ("papermill work/deep/a.ipynb work/deep/done.ipynb", "."),
        ("papermill work/deep/a.ipynb work/deep/done.ipynb --cwd /tmp -p cut 7", "."),
        ("papermill - done.ipynb < a.ipynb", "work/deep"),
        ("jupyter execute deep/a.ipynb --output=done.ipynb", "work"),
    ],
)
def test_a_notebook_with_a_record_runs_headless(
    run: Run, tmp_path: Path, command: str, folder: str
) -> None:
    write(tmp_path / "work/deep/a.ipynb", [EVENTS, DATA], "%load_ext dlaas", SHOW)
    run(command, tmp_path / folder)
    assert printed(tmp_path / "work/deep/done.ipynb") == SHOWN


def test_a_script_of_nbclient_finds_the_notebook_beside_it(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.ipynb", [EVENTS, DATA], "%load_ext dlaas", SHOW)
    write(tmp_path / "other.ipynb", [{**EVENTS, "variableName": "other"}], "1 + 1")
    (tmp_path / "script.py").write_text(
        "import nbformat, nbclient\n"
        "notebook = nbformat.read('a.ipynb', as_version=4)\n"
        "nbclient.NotebookClient(notebook).execute()\n"
        "nbformat.write(notebook, 'done.ipynb')\n"
    )
    run("python script.py")
    assert printed(tmp_path / "done.ipynb") == SHOWN


def test_a_kernel_that_loads_the_extension_as_it_starts_needs_no_cell(
    run: Run, env: dict[str, str], tmp_path: Path
) -> None:
    folder = Path(env["IPYTHONDIR"]) / "profile_default"
    folder.mkdir(parents=True)
    (folder / "ipython_kernel_config.py").write_text(
        "c.InteractiveShellApp.extensions = ['dlaas']\n"
    )
    write(tmp_path / "a.ipynb", [EVENTS, DATA], SHOW)
    run("papermill a.ipynb done.ipynb -p cut 7")
    assert printed(tmp_path / "done.ipynb") == SHOWN
    # And says nothing to a notebook that has nothing to do with the lake.
    write(tmp_path / "plain/b.ipynb", None, "print('events' in globals())")
    run(f"{NBCONVERT} plain/b.ipynb --output done.ipynb")
    assert printed(tmp_path / "plain/done.ipynb") == "False\n"


def test_each_of_several_notebooks_gets_its_own(run: Run, tmp_path: Path) -> None:
    """One command line, the same first cell: what is run next tells them apart."""
    show = "print('{}', sorted({{'one', 'two'}} & set(globals())))"
    for name in ("one", "two"):
        record = [{**EVENTS, "variableName": name}]
        write(tmp_path / f"{name}.ipynb", record, "%load_ext dlaas", show.format(name))
    run(f"{NBCONVERT} --inplace one.ipynb two.ipynb")
    for name in ("one", "two"):
        assert printed(tmp_path / f"{name}.ipynb") == f"{name} ['{name}']\n"


def test_a_run_from_another_notebooks_cell_takes_not_its_variables(
    run: Run, tmp_path: Path
) -> None:
    outer = write(tmp_path / "outer.ipynb", [{**EVENTS, "variableName": "outer"}], "1 + 1")
    show = f"{SHOW}\nprint('outer' in globals())"
    write(tmp_path / "a.ipynb", [EVENTS, DATA], "%load_ext dlaas", show)
    run("papermill a.ipynb done.ipynb", JPY_SESSION_NAME=str(outer))
    assert printed(tmp_path / "done.ipynb") == f"{SHOWN}False\n"


def test_a_notebook_that_is_not_found_is_said_and_can_be_named(run: Run, tmp_path: Path) -> None:
    there, done = tmp_path / "far/a.ipynb", tmp_path / "done.ipynb"
    (tmp_path / "here").mkdir()
    (tmp_path / "script.py").write_text(
        f"import papermill\npapermill.execute_notebook({str(there)!r}, {str(done)!r}, cwd='here')\n"
    )
    write(there, [EVENTS, DATA], "%load_ext dlaas", "print('on')")
    run("python script.py")
    # Two streams of one cell, in any order.
    [said, on] = sorted(printed(done).splitlines())
    assert said.startswith("dlaas: this notebook: ")
    assert 'dlaas.notebook.restore("name.ipynb")' in said
    assert on == "on"

    write(there, [EVENTS, DATA], "%load_ext dlaas", SHOW)
    run("python script.py", DLAAS_NOTEBOOK=str(there))
    assert printed(done) == SHOWN

    name = f"import dlaas.notebook\nnames = dlaas.notebook.restore({str(there)!r})\nprint([*names])"
    write(there, [EVENTS, DATA], name, SHOW)
    run("python script.py")
    assert printed(done) == f"['events', 'data']\n{SHOWN}"


def test_a_faulty_variable_is_said_and_hides_no_other(run: Run, tmp_path: Path) -> None:
    record = [
        {**EVENTS, "variableName": "class"},
        {**EVENTS, "variableName": "x", "did": "no DID"},
        {**EVENTS, "variableName": "far", "instance": "elsewhere"},
        {**EVENTS, "variableName": "mine"},
        "nonsense",
        EVENTS,
        DATA,
    ]
    write(tmp_path / "a.ipynb", record, "mine = 42\n%load_ext dlaas", f"{SHOW}\nprint(mine)")
    run(f"{NBCONVERT} --inplace a.ipynb")
    lines = printed(tmp_path / "a.ipynb").splitlines()
    assert lines[-2:] == [SHOWN.strip(), "42"]
    said = {line.split(": ")[1]: line for line in lines[:-2]}
    assert list(said) == ["class", "x", "mine", "variable 5", "far"]
    assert "del mine" in said["mine"]
    assert "elsewhere" in said["far"]


@pytest.fixture
def server(env: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """A Jupyter server whose notebooks are in `tmp_path/files`; its address."""
    (tmp_path / "files").mkdir()
    runtime = tmp_path / "runtime"
    process = subprocess.Popen(
        [
            BIN / "jupyter-server",
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            "--port=0",
            "--IdentityProvider.token=t",
            f"--ServerApp.root_dir={tmp_path / 'files'}",
        ],
        env={**env, "JUPYTER_RUNTIME_DIR": str(runtime)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield str(runtime / f"jpserver-{process.pid}.json")
    finally:
        process.terminate()
        process.wait(30)


def test_a_session_of_a_jupyter_server_finds_its_notebook(
    server: str, tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    write(tmp_path / "files/sub/a.ipynb", [EVENTS, DATA], "%load_ext dlaas")
    write(tmp_path / "files/sub/b.ipynb", [{**EVENTS, "variableName": "other"}], "%load_ext dlaas")
    eventually(lambda: Path(server).is_file() and Path(server).stat().st_size)
    url = json.loads(Path(server).read_text())["url"]
    with requests.Session() as web:
        web.trust_env = False
        web.headers["Authorization"] = "token t"
        eventually(lambda: _answers(web, f"{url}api/status"))
        session = {"name": "a.ipynb", "path": "sub/a.ipynb", "type": "notebook"}
        session["kernel"] = {"name": "python3"}  # type: ignore[assignment]
        made = web.post(f"{url}api/sessions", json=session, timeout=60).json()
    client = BlockingKernelClient()
    client.load_connection_file(str(tmp_path / f"runtime/kernel-{made['kernel']['id']}.json"))
    client.start_channels()
    try:
        eventually(lambda: _is_ready(client), 120)
        heard: list[str] = []
        # The cell is not saved yet: a session's notebook is known without.
        cell = f"%load_ext dlaas\n{SHOW}\nprint('other' in globals())"
        client.execute_interactive(
            cell, timeout=60, output_hook=lambda m: heard.append(m["content"].get("text", ""))
        )
    finally:
        client.stop_channels()
    assert "".join(heard) == f"{SHOWN}False\n"


def _answers(web: requests.Session, url: str) -> bool:
    try:
        return web.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def _is_ready(client: BlockingKernelClient) -> bool:
    try:
        client.wait_for_ready(timeout=60)
    except RuntimeError:
        # It takes a kernel whose heart does not beat yet for a dead one.
        return False
    return True
