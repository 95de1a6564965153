"""What is shipped of the lake, and the demonstration around it."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from judge import processes_of, until

from jupyter_dlaas.lake import EmbeddedLake, LakeError, demo
from jupyter_dlaas.lake.environment import LOCKS, RUCIO_SIDE, PrivateEnvironment
from jupyter_dlaas.lake.processes import free_ports


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_a_lock_pins_every_package_by_hash_and_names_no_host(name: str) -> None:
    lock = (LOCKS / f"{name}.lock").read_text()
    packages = re.findall(r"^([a-z0-9-]+)(?:\[\S+\])?==\S+", lock, re.MULTILINE)
    assert "rucio" in packages
    assert "rucio==41.5.1" in lock.replace("[postgresql]", "")
    assert "://" not in lock
    for block in re.split(r"\n(?=\S)", lock.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_private_environment_is_made_from_the_present_lock(
    lake: EmbeddedLake, db: str, tmp_path: Path
) -> None:
    environment = PrivateEnvironment(db)
    assert environment.ready
    environment.lock = tmp_path / "another.lock"
    environment.lock.write_text("rucio==0\n")
    assert not environment.ready


def test_the_lake_processes_inherit_no_credential_or_trust(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    leaking = {
        "RUCIO_ACCOUNT": "x",
        "X509_USER_PROXY": "x",
        "BEARER_TOKEN": "x",
        "REQUESTS_CA_BUNDLE": "x",
        "SSL_CERT_FILE": "x",
        "https_proxy": "x",
        "PYTHONSTARTUP": "x",
    }
    for name, value in leaking.items():
        monkeypatch.setenv(name, value)
    variables = PrivateEnvironment("sqlite").variables(tmp_path / "rucio.cfg")
    assert set(leaking) & set(variables) == set()
    assert variables["PYTHONPATH"] == str(RUCIO_SIDE)


def test_an_install_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    environment = PrivateEnvironment("sqlite", cache=tmp_path)
    environment.lock = tmp_path / "impossible.lock"
    environment.lock.write_text("no-such-package-anywhere==1 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(LakeError, match="no-such-package-anywhere"):
        environment.ensure(lambda line: None)
    assert not environment.ready
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_the_demo_configures_the_server_for_the_lake(lake: EmbeddedLake) -> None:
    folder = demo.configure(lake)
    config = json.loads((folder / demo.CONFIG).read_text())["RucioConfig"]
    assert config["default_instance"] == "lake"
    assert config["instances"] == [lake.instance()]
    assert lake.layout.password("alice") not in (folder / demo.CONFIG).read_text()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_demo_never_overwrites_a_notebook(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("one.ipynb", "two.ipynb"):
        (source / name).write_text("ours")
    target = tmp_path / "target"
    target.mkdir()
    (target / "one.ipynb").write_text("changed by its reader")
    demo.provide_notebooks(target, [tmp_path / "absent", source])
    assert (target / "one.ipynb").read_text() == "changed by its reader"
    assert (target / "two.ipynb").read_text() == "ours"


def test_the_demo_runs_jupyterlab_and_takes_its_lake_down_with_it(tmp_path: Path, db: str) -> None:
    lake = EmbeddedLake(tmp_path / "lake")
    lake.up(db=db)
    lake.down()
    command = [sys.executable, "-m", "jupyter_dlaas.command", "demo", "--no-browser"]
    port = free_ports(1)[0]
    base, log = f"http://127.0.0.1:{port}", tmp_path / "demo.log"
    with log.open("w") as output:
        demo_process = subprocess.Popen(
            [*command, "--dir", str(lake.directory), "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def answer(**headers: str) -> int:
        try:
            return requests.get(f"{base}/api/status", headers=headers, timeout=30).status_code
        except requests.exceptions.ConnectionError:
            return 0

    try:
        assert until(answer, "JupyterLab answers", 180) == 403
        token = re.search(rf"{port}/lab\?token=(\w+)", log.read_text())
        assert token is not None
        assert answer(Authorization=f"token {token[1]}") == 200
        assert lake.running
    finally:
        demo_process.terminate()
        demo_process.wait(60)
    assert processes_of(lake) == []
    lake.reset()
