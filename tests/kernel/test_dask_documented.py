"""What docs/dask.md shows is run as it stands: processes of this machine, and a job of HTCondor."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from logins import token_by_browser

from jupyter_dlaas.lake import EmbeddedLake

ROOT = Path(__file__).parents[2]
# Pure Python, and all that it needs is here: it is laid beside the environment, not into it.
JOBQUEUE = """dask-jobqueue==0.9.0 \
--hash=sha256:253dfc4f0b8722201a08e05b841859dfeea1f6698ff21eff0d9370e5aa8ae20f
"""
CFG = "/opt/rucio/etc/rucio.cfg"
# A worker's job runs where nothing of whoever submitted it is: HTCondor gives it these.
JOB = """
import os, re, shlex, subprocess
from dask.distributed import Client

[arguments] = re.findall(r'^Arguments = "(.*)"$', cluster.job_script(), re.MULTILINE)
creds, scratch = os.environ["TEST_CREDS"], os.environ["TEST_SCRATCH"]
job = {"PATH": "/usr/bin:/bin", "_CONDOR_CREDS": creds, "_CONDOR_SCRATCH_DIR": scratch}
worker = subprocess.Popen(["/bin/sh", *shlex.split(arguments)], env=job, cwd=scratch)


def read(item):
    import os

    import dlaas

    given = [name for name in os.environ if name.startswith(("RUCIO_", "X509_", "BEARER_"))]
    known = dlaas.Lake().credential().is_jwt
    return str(item), item.open().read(4), known, sorted(given), os.environ["DLAAS_CACHE"]


import cloudpickle
import dlaas

item = dlaas.did("ATLAS_OD_EDU:data_A.GamGam.root")
sent = cloudpickle.dumps((read, item)) + cluster.job_script().encode()
secret = open(os.environ["TEST_CREDS"] + "/rucio.use", "rb").read().strip()
try:
    with Client(cluster) as client:
        client.wait_for_workers(1, timeout=120)
        print("WORKER", client.submit(read, item).result(timeout=120))
finally:
    worker.terminate()
    worker.wait(60)
    cluster.close()
print("SECRET", len(secret) > 100, secret in sent)
"""


def documented() -> list[str]:
    """The examples of the page, in Python."""
    text = (ROOT / "docs" / "dask.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def python(code: str, folder: Path, env: dict[str, str]) -> str:
    """Run code as a notebook does, without a file."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def test_processes_of_this_machine_count_events_as_documented(
    alice_env: dict[str, str], tmp_path: Path
) -> None:
    cluster, columns, _ = documented()
    told = python(
        f'{cluster}\n{columns}\nprint(int(events["met_et"].size))', tmp_path, alice_env
    ).splitlines()
    found = re.fullmatch(r"([\d,]+) events in 4 files", told[0])
    assert found is not None
    assert int(told[1]) == int(found[1].replace(",", "")) > 1000


@pytest.fixture
def jobqueue(tmp_path: Path) -> Path:
    """A folder with the real dask-jobqueue."""
    folder, lock = tmp_path / "jobqueue", tmp_path / "lock.txt"
    lock.write_text(JOBQUEUE)
    install = ("pip", "install", "-q", "--no-deps", "--require-hashes", "-r", lock)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, *install, "--target", folder], check=True, timeout=300)
    return folder


def test_a_worker_in_a_job_of_htcondor_finds_the_token_that_the_job_was_given(
    lake: EmbeddedLake, jobqueue: Path, tmp_path: Path, alice_env: dict[str, str]
) -> None:
    """The job is run as HTCondor runs it, in an environment with nothing of who submitted it."""
    _, _, cluster = documented()
    cfg, creds, scratch = (tmp_path / name for name in ("rucio.cfg", "creds", "scratch"))
    login = ("account = alice", "auth_type = oidc", f"ca_cert = {lake.layout.ca}")
    hosts = (f"rucio_host = {lake.url}", f"auth_host = {lake.url}")
    cfg.write_text("\n".join(["[client]", *hosts, *login, ""]))
    creds.mkdir()
    scratch.mkdir()
    (creds / "rucio.use").write_text(token_by_browser(lake))
    (creds / "rucio.use").chmod(0o600)
    env = {
        **{name: value for name, value in alice_env.items() if not name.startswith("DLAAS_")},
        "PYTHONPATH": str(jobqueue),
        "TEST_CREDS": str(creds),
        "TEST_SCRATCH": str(scratch),
        # Nothing leaves this machine.
        "DASK_JOBQUEUE__HTCONDOR__INTERFACE": "lo",
    }
    here = cluster.replace(CFG, str(cfg)).replace("=escape", f"={lake.env()['RUCIO_NAME']}")
    told = python(f"{here}\n{JOB}", tmp_path, env)
    assert "use_oauth_services = rucio" in told
    given = "['BEARER_TOKEN_FILE', 'RUCIO_CONFIG', 'RUCIO_NAME']"
    [worker] = re.findall(r"^WORKER \((.*)\)$", told, re.MULTILINE)
    assert worker.endswith(f"b'root', True, {given}, '{scratch}/dlaas'")
    assert "SECRET True False" in told
