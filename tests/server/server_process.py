"""`jupyter server` in a process of its own, forked from one that has imported it: tests that kill
many would else spend their time with imports.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "jupyter_server.serverapp", "jupyter_dlaas.app"])


def start(arguments: list[str], environment: Mapping[str, str], log: Path) -> BaseProcess:
    """Start a server; who calls kills it."""
    process = _FORKS.Process(target=_serve, args=(arguments, dict(environment), log))
    process.start()
    return process


def _serve(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(environment)

    from jupyter_server.serverapp import ServerApp

    ServerApp.launch_instance(arguments)
