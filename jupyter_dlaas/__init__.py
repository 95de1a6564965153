"""The data lake behind a Jupyter server, and the panel built for it."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-dlaas"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    # Imported here so that `jupyter dlaas` and the lake start without a Jupyter server.
    from jupyter_dlaas.app import DlaasExtension

    return [{"module": "jupyter_dlaas", "app": DlaasExtension}]
