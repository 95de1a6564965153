"""A session of Binder without Docker: its files are run as repo2docker's Dockerfile runs them, by
somebody without rights, in a clean home, with the base's versions.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import requests
from tornado.ioloop import IOLoop
from tornado.websocket import websocket_connect

ROOT = Path(__file__).parents[2]
# What repo2docker 2026.4.0 freezes for Python 3.11, as far as we build on it.
BASE = (
    "ipykernel==7.0.1",
    "jupyter_server==2.17.0",
    "jupyterhub==5.4.0",
    "jupyterlab==4.4.9",
    "notebook==7.4.7",
    "pip==25.2",
)
NOBODY = 54321
# Of the environment an image gets how this machine reaches its package indexes, and no more.
KEPT = ("PIP_", "UV_", "npm_config_", "YARN_NPM_", "SSL_CERT_", "NODE_EXTRA_CA", "LANG")
MINUTES = 60
TOKEN = "binder-test"


class Session:
    """The home of a Binder user, what was installed in it, and the server that runs in it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.python = folder / "conda" / "bin" / "python"
        self.log = folder / "start.log"
        self.server: subprocess.Popen[bytes] | None = None
        self.url = ""

    def prepare(self) -> None:
        """Lay the tree and the base, as the image's first layers."""
        folder = self.home.parent
        folder.chmod(0o755)
        tree = _ignored()
        shutil.copytree(ROOT, self.home, symlinks=True, ignore=tree)
        uv = [sys.executable, "-m", "uv"]
        _checked([*uv, "venv", "-q", "--python", _python(), str(folder / "conda")])
        wanted = ["-r", str(ROOT / "binder" / "requirements.txt")]
        install = [*uv, "pip", "install", "-q", "--link-mode", "copy", "--python", str(self.python)]
        _checked([*install, *BASE, *wanted])
        if os.geteuid() == 0:
            _checked(["chown", "-R", f"{NOBODY}:{NOBODY}", str(folder)])

    def run(self, *command: str) -> str:
        """Run a command in the home, as the user; answers what it said."""
        return _checked(command, cwd=self.home, env=self.environment, **_user())

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key.startswith(KEPT)}
        return kept | {
            "HOME": str(self.home),
            "USER": "jovyan",
            "SHELL": "/bin/bash",
            "REPO_DIR": str(self.home),
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin",
        }

    def start(self) -> None:
        """Run the entry point with the command that Binder gives it, until the server answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        options = [
            "--ip=127.0.0.1",
            f"--port={port}",
            "--no-browser",
            f"--IdentityProvider.token={TOKEN}",
        ]
        with self.log.open("wb") as log:
            self.server = subprocess.Popen(
                ["binder/start", "jupyter", "lab", *options],
                cwd=self.home,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_user(),
            )
        for _ in range(3 * MINUTES):
            with suppress(requests.RequestException):
                if self.get("api/status"):
                    return
            if self.server.poll() is not None:
                break
            time.sleep(1)
        raise AssertionError(self.log.read_text()[-4000:])

    def get(self, path: str) -> Any:
        return self._asked("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self._asked("POST", path, json=body)

    def _asked(self, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"token {TOKEN}"}
        answer = requests.request(method, f"{self.url}/{path}", headers=headers, timeout=60, **more)
        assert answer.ok, answer.text
        return answer.json()

    def execute(self, cells: Sequence[str]) -> str:
        """Run cells in a new kernel of the server, as the browser does; answers what they print."""
        kernel = self.post("api/kernels", {"name": "python3"})["id"]
        return str(IOLoop.current().run_sync(lambda: self._printed(kernel, cells), timeout=120))

    async def _printed(self, kernel: str, cells: Sequence[str]) -> str:
        address = f"{self.url}/api/kernels/{kernel}/channels?token={TOKEN}"
        channel = await websocket_connect(address.replace("http", "ws", 1))
        text = ""
        for number, code in enumerate(cells):
            await channel.write_message(_request(f"cell-{number}", code))
            while True:
                message = json.loads(str(await channel.read_message()))
                if message["parent_header"].get("msg_id") != f"cell-{number}":
                    continue
                content = message["content"]
                text += content.get("text", "") if message["msg_type"] == "stream" else ""
                assert message["msg_type"] != "error", "\n".join(content["traceback"])
                if content.get("execution_state") == "idle":
                    break
        channel.close()
        return text

    def processes(self) -> list[psutil.Process]:
        """All that runs for this user: the server, its kernels, the lake."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("HOME") == str(self.home):
                    found.append(process)
        return found

    def end(self) -> None:
        """End the server and the lake."""
        if self.server is not None:
            self.server.terminate()
            self.server.wait(60)
        if (self.python.parent / "jupyter-dlaas").exists():
            self.run(str(self.python.parent / "jupyter"), "dlaas", "lake", "down")


def _request(name: str, code: str) -> str:
    header = {"msg_id": name, "msg_type": "execute_request", "session": "test", "username": "test"}
    content = {"code": code, "silent": False, "allow_stdin": False}
    return json.dumps(
        {
            "header": {**header, "version": "5.3"},
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
        }
    )


def _ignored() -> Any:
    """What git would not give to Binder: git itself is not asked, it trusts no tree of others."""
    lines = (ROOT / ".gitignore").read_text().split()
    names = [line.rstrip("/") for line in lines if "/" not in line.rstrip("/")]
    paths = {ROOT / line for line in lines if "/" in line.rstrip("/")}
    named = shutil.ignore_patterns(".git", *names)

    def ignore(folder: str, found: list[str]) -> set[str]:
        return set(named(folder, found)) | {n for n in found if Path(folder, n) in paths}

    return ignore


def _python() -> str:
    """A Python that the user may run: root's own may lie where nobody else may look."""
    return "/usr/bin/python3" if os.geteuid() == 0 else sys.executable


def _user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def _checked(command: Sequence[str], **more: Any) -> str:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=10 * MINUTES,
        **more,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout
