"""A notebook's data as REANA is told of it: valid by the real reana-commons, and it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from commandline import CommandLine, lake_env

from dlaas import errors
from dlaas.publish import export_reana

FILE = "ATLAS_OD_EDU:data_A.GamGam.root"
DATASET = "ATLAS_OD_EDU:GamGam_data"
IMAGE = "registry.example/higgs:1"
LOCK = Path(__file__).parents[2] / "requirements" / "reana.txt"
BIN = Path(sys.executable).parent
# As reana-client reads and checks a specification, and as REANA expands its commands.
VALIDATE = """
import json, sys, yaml
from reana_commons.serial import serial_load
from reana_commons.validation.parameters import build_parameters_validator
from reana_commons.validation.utils import validate_reana_yaml
told = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
warnings = validate_reana_yaml(told)
parameters = build_parameters_validator(told)
parameters.validate_parameters()
unused = parameters.reana_params_warnings + parameters.workflow_params_warnings
steps = serial_load(None, told["workflow"]["specification"], told["inputs"]["parameters"])["steps"]
print(json.dumps({"told": told, "warnings": [warnings, unused], "steps": steps}))
"""


@pytest.fixture(scope="module")
def reana(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the real reana-commons, in an environment of its own."""
    folder = tmp_path_factory.mktemp("reana")
    uv, python = BIN / "uv", folder / "bin" / "python"
    install = ("pip", "install", "-q", "--require-hashes", "-r", LOCK, "--python", python)
    for arguments in (("venv", "-q", "--python", sys.executable, folder), install):
        subprocess.run([uv, *arguments], check=True, timeout=600)
    return python


@pytest.fixture
def run(tmp_path: Path, alice_env: dict[str, str]) -> CommandLine:
    return CommandLine(tmp_path, lake_env(alice_env))


def validated(reana: Path, path: Path) -> Any:
    """What the real package makes of a specification."""
    command = [reana, "-W", "ignore", "-c", VALIDATE, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def write(path: Path, variables: dict[str, str], *cells: str) -> Path:
    """Write a notebook with a record of variables."""
    record = [{"variableName": k, "did": v, "type": "collection"} for k, v in variables.items()]
    found = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    found.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    found.metadata["kernelspec"]["language"] = "python"
    found.metadata["rucio_attachments"] = record
    nbformat.write(found, path)
    return path


def test_a_reana_yaml_is_valid_and_its_commands_run_the_notebook_in_a_bare_workspace(
    run: CommandLine, reana: Path, tmp_path: Path
) -> None:
    show = "import own\nown.show(len(data), [item.open().read(4) for item in data])"
    write(tmp_path / "my $higgs.ipynb", {"data": DATASET}, "%load_ext dlaas", show)
    (tmp_path / "own.py").write_text("def show(*told):\n    print(*told)\n")
    done = run("export", "reana", "my $higgs.ipynb", "--image", IMAGE)
    assert (done.code, done.err) == (0, "")
    (tmp_path / "reana.yaml").write_text(done.out, encoding="utf-8")
    found = validated(reana, tmp_path / "reana.yaml")
    assert found["warnings"] == [{}, []]
    inputs = found["told"]["inputs"]
    assert inputs["parameters"] == {"data": f"rucio://{DATASET.replace(':', '/')}"}
    assert inputs["files"] == ["my $higgs.ipynb", "own.py"]
    assert {step["environment"] for step in found["steps"]} == {IMAGE}

    workspace = tmp_path / "workspace"
    workspace.mkdir()
    for name in inputs["files"]:
        (workspace / name).write_bytes((tmp_path / name).read_bytes())
    env = {**run.env, "PATH": f"{BIN}{os.pathsep}{run.env['PATH']}"}
    # REANA mounts no RSE; the folder of this one would be found, mounted or not.
    del env["RUCIO_RSE_MOUNT_PATH"], env["RUCIO_DESTINATION_RSE"]
    for command in (one for step in found["steps"] for one in step["commands"]):
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=workspace, env=env, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
    assert len(list((workspace / ".dlaas").rglob("*.root"))) == 4
    (output,) = found["told"]["outputs"]["files"]
    cells = nbformat.read(workspace / output, as_version=4).cells
    assert f"4 {[b'root'] * 4}\n" in [o.get("text") for c in cells for o in c.get("outputs", [])]


def test_odd_names_reach_reana_as_they_are(reana: Path, tmp_path: Path) -> None:
    """Words that YAML takes for true, letters that REANA puts in nowhere, names with a wildcard."""
    variables = {"on": FILE, "größe": "escape@user.alice:a/b", "null": "user.alice:x'y"}
    path = write(tmp_path / 'a"\\☺\t.ipynb', variables, "%load_ext dlaas")
    from dlaas.publish.reana import to_yaml

    told, wrong = export_reana(path, IMAGE)
    (tmp_path / "reana.yaml").write_text("\n".join(to_yaml(told)), encoding="utf-8")
    found = validated(reana, tmp_path / "reana.yaml")
    assert found["told"] == told
    assert found["warnings"] == [{}, []]
    assert told["inputs"]["files"] == [path.name]
    fetched = [command.split(" dlaas get ")[1] for command in found["steps"][0]["commands"]]
    assert fetched[:2] == [f"rucio://{FILE.replace(':', '/')}", "rucio://escape@user.alice/a/b"]
    assert len(fetched) + len(wrong) == 3


def test_what_reana_could_not_run_is_told(
    run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.ipynb", {"data": DATASET, "1x": FILE}, "data")
    assert run("export", "reana", path, "--json").problem["error"] == "InvalidInput"
    session = run("export", "reana", path, "--json", JUPYTER_IMAGE_SPEC=IMAGE)
    assert session.rows[0]["workflow"]["specification"]["steps"][0]["environment"] == IMAGE
    assert "%load_ext dlaas" in session.err
    assert "'1x' is not a name" in session.err
    with pytest.raises(errors.NotThere, match="names no data"):
        export_reana(write(tmp_path / "b.ipynb", {}, "1"), IMAGE)
    with pytest.raises(errors.NotThere):
        export_reana(tmp_path / "none.ipynb", IMAGE)
