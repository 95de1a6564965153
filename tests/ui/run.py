"""Bring up a lake and JupyterLabs on it, run the browser tests against them, take all down.

Without arguments the tests run on all usual Labs (labs.py), else on the one that the named specs
belong to, or on those that `--lab NAME` names. Other arguments go to `playwright test`. With
`--serve` a Lab stays up until Ctrl-C, to look around. `DLAAS_PANEL` names a folder whose
`labextensions` hold another build of the panel.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import baskets
import certificates
from esap import Esap
from labs import LABS, USUAL, Lab, interpreter

from jupyter_dlaas.lake import EmbeddedLake

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def server_config(lake: EmbeddedLake, folder: Path, esap: Esap) -> Path:
    """Name one lake several times: as the demonstration, logged in, and as those where one logs in
    as bob, as anybody, or for a while only.
    """
    waiting = {
        **lake.instance("bob", login=False),
        "name": "by-hand",
        "display_name": "Log in by hand",
        "embargoed_scopes": ["user.bob"],
    }
    anybody = {
        key: value
        for key, value in lake.instance("alice", login=False).items()
        if key not in ("account", "username", "client_cert", "client_key")
    } | {"name": "anybody", "display_name": "Log in as anybody"}
    # Without a refresh token nobody can renew it.
    brief = anybody | {
        "name": "brief",
        "display_name": "Log in for a while",
        "login_methods": ["oidc"],
        "oidc_scope": "openid profile",
    }
    instances = [lake.instance("alice"), waiting, anybody, brief]
    rucio = {"default_instance": "lake", "instances": instances, "esap_hosts": [esap.url]}
    (folder / "lakes.json").write_text(json.dumps({"RucioConfig": rucio}))
    return folder


def server_environment(lake: EmbeddedLake, folder: Path, esap: Esap) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "RUCIO"))}
    if panel := os.environ.get("DLAAS_PANEL"):
        env["JUPYTER_PATH"] = panel
    return env | {
        "JUPYTER_CONFIG_DIR": str(server_config(lake, folder, esap)),
        # The archive's certificate is signed as the lake's are.
        "SSL_CERT_FILE": str(lake.layout.ca),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "IPYTHONDIR": str(folder / "ipython"),
        "HOME": str(certificates.home(lake, folder / "home")),
    }


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5)
            return
        except OSError:
            time.sleep(0.5)
    sys.exit(f"JupyterLab did not start:\n{log.read_text()[-4000:]}")


def end(process: subprocess.Popen[bytes]) -> None:
    """End the server and its kernels, which share its session."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, number)
            process.wait(20)
            return


@contextmanager
def jupyterlab(lake: EmbeddedLake, folder: Path, esap: Esap, name: str) -> Iterator[str]:
    """Start a JupyterLab for Galata and yield its address."""
    lab = LABS[name]
    port = free_port()
    own = folder / name
    work = own / "work"
    work.mkdir(parents=True)
    log = own / "jupyterlab.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                interpreter(lab, own, folder / "wheels"),
                "-m",
                "jupyterlab",
                f"--config={HERE / 'jupyter_server_test_config.py'}",
                f"--ServerApp.port={port}",
                f"--ServerApp.base_url={lab.base_url}",
            ],
            cwd=work,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=server_environment(lake, own, esap) | {"JUPYTERLAB_GALATA_ROOT_DIR": str(work)},
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}{lab.base_url}".rstrip("/")
        wait_for(f"{url}/api", process, log)
        yield url
    finally:
        end(process)
        kept = results(name)
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, kept / "jupyterlab.log")


def results(name: str) -> Path:
    """The folder for what is left of the tests on a Lab: Playwright empties it as it begins."""
    return HERE / "test-results" / name


def playwright(
    lake: EmbeddedLake, esap: Esap, url: str, lab: Lab, name: str, arguments: list[str]
) -> int:
    told = {
        "TARGET_URL": url,
        "LAB": name,
        "SPECS": " ".join(lab.specs),
        "LAKE_DIRECTORY": str(lake.directory),
        "ESAP_TOKEN": esap.token,
        "PYTHON": sys.executable,
        "NOTEBOOKS": str(ROOT / "notebooks"),
        "IMAGES": str(ROOT / "docs" / "images"),
    }
    if "--serve" in arguments:
        print(*(f"{key}={value!r}" for key, value in told.items()), sep="\n")
        print(f"{url}/lab (Ctrl-C ends it)", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            return 0
    cli = "node_modules/@playwright/test/cli.js"
    return subprocess.run(
        ["node", cli, "test", f"--output={results(name)}", *arguments],
        cwd=HERE,
        env=os.environ | told,
    ).returncode


def asked() -> tuple[list[str], list[str]]:
    """Return the Labs to run on, and the arguments for Playwright."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lab", action="append", choices=LABS)
    known, others = parser.parse_known_args()
    specs = {each for each in others if each.endswith(".spec.ts")}
    own = [name for name, lab in LABS.items() if specs and specs <= set(lab.specs)]
    return known.lab or own[:1] or (["current"] if others else list(USUAL)), others


def main() -> int:
    # Told to end, take both down as on Ctrl-C.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    labs, arguments = asked()
    folder = Path(tempfile.mkdtemp(prefix="dlaas-ui-"))
    lake = EmbeddedLake(folder / "lake")
    try:
        lake.up()
        failed = 0
        with baskets.esap(lake) as esap:
            for name in labs:
                print(f"On JupyterLab: {name}", flush=True)
                with jupyterlab(lake, folder, esap, name) as url:
                    failed += playwright(lake, esap, url, LABS[name], name, arguments) != 0
        return failed
    finally:
        lake.down()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
