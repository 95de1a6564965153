"""JupyterLab as Galata wants it: no token, on loopback, the app visible to the tests."""

from __future__ import annotations

import os

from jupyterlab.galata import configure_jupyter_server

configure_jupyter_server(c)  # noqa: F821
c.ServerApp.ip = "127.0.0.1"  # noqa: F821
c.ServerApp.allow_root = os.getuid() == 0  # noqa: F821
c.ServerApp.open_browser = False  # noqa: F821
