"""JupyterLab as Galata wants it: no token, on loopback, the app visible to the tests."""

from __future__ import annotations

import json
import os
from pathlib import Path

from jupyterlab.galata import configure_jupyter_server

configure_jupyter_server(c)  # noqa: F821
c.ServerApp.ip = "127.0.0.1"  # noqa: F821
c.ServerApp.allow_root = os.getuid() == 0  # noqa: F821
c.ServerApp.open_browser = False  # noqa: F821
# `--config` replaces the configuration folder's own file, so what that one says is merged in here.
lakes = Path(os.environ["JUPYTER_CONFIG_DIR"]) / "lakes.json"
c.RucioConfig.update(json.loads(lakes.read_text())["RucioConfig"])  # noqa: F821
