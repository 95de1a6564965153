"""What terminals of this server find in their environment: where a login's files lie, no secret.

The server's own environment stays as it is. The paths are there from the start, so that a terminal
that was opened before a login works after it.
"""

from __future__ import annotations

import os
from collections import UserDict
from collections.abc import ItemsView, Mapping
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp

from dlaas import handover
from dlaas.terminal_files import CONFIG, PROXY, TOKEN

# They would speak of another login than the rucio.cfg that we name.
_CONTRADICTING = ("RUCIO_ACCOUNT", "RUCIO_AUTH_TYPE")
# XRootD gives up where X509_USER_PROXY names no file, even with a token: bash looks each time.
_AT_EACH_PROMPT = (
    'case "${{X509_USER_PROXY-}}" in ""|{path}) if [ -e {path} ];'
    " then export X509_USER_PROXY={path}; else unset X509_USER_PROXY; fi;; esac"
)


class TerminalEnvironment(UserDict[str, "str | None"]):
    """Variables for a terminal, a removed one None; the proxy's only while there is one."""

    def __init__(self, folder: Path, environ: Mapping[str, str], shell: str) -> None:
        super().__init__({"DLAAS_HANDOVER": str(folder)})
        place = handover.terminal(folder)
        if not environ.get("RUCIO_CONFIG"):
            self["RUCIO_CONFIG"] = str(place / CONFIG)
            self.update(dict.fromkeys(_CONTRADICTING))
        if not (environ.get("BEARER_TOKEN") or environ.get("BEARER_TOKEN_FILE")):
            self["BEARER_TOKEN_FILE"] = str(place / TOKEN)
        self._proxy = None if environ.get("X509_USER_PROXY") else place / PROXY
        if self._proxy and os.path.basename(shell) == "bash":
            earlier = environ.get("PROMPT_COMMAND", "").rstrip("; ")
            ours = _AT_EACH_PROMPT.format(path=_quoted(self._proxy))
            self["PROMPT_COMMAND"] = f"{earlier}; {ours}" if earlier else ours

    def items(self) -> ItemsView[str, str | None]:
        """Answer the variables as they are now; terminado asks for each new terminal."""
        found = dict(self.data)
        if self._proxy is not None and self._proxy.is_file():
            found["X509_USER_PROXY"] = str(self._proxy)
        return found.items()


def _quoted(path: Path) -> str:
    # For a pattern of `case`, too: no character in it means anything.
    return "'" + str(path).replace("'", "'\\''") + "'"


def tell(server: ServerApp, folder: Path) -> None:
    """Let the terminals of a server that are opened from now on find the hand-over in `folder`."""
    manager: Any = server.web_app.settings.get("terminal_manager")
    if manager is None:
        return
    shell = (manager.shell_command or [""])[0]
    told = dict(manager.extra_env or {})
    there = {name: value for name, value in {**os.environ, **told}.items() if value}
    ours = TerminalEnvironment(folder, there, shell)
    for name, value in told.items():
        ours.setdefault(name, value)
    manager.extra_env = ours
