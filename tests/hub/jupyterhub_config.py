"""The hub that the tests start: the shipped configuration, and what a test's machine needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
folder = Path(os.environ["DLAAS_HUB_FOLDER"])

c = get_config()  # type: ignore[name-defined]  # noqa: F821
load_subconfig(str(root / "docs/admin/hub/jupyterhub_config.py"))  # type: ignore[name-defined]  # noqa: F821

c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ['DLAAS_HUB_PORT']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['DLAAS_HUB_API_PORT']}"
c.JupyterHub.db_url = f"sqlite:///{folder / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")
c.JupyterHub.log_level = "DEBUG"
c.ConfigurableHTTPProxy.command = ["node", os.environ["DLAAS_HUB_PROXY"]]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['DLAAS_HUB_PROXY_PORT']}"
c.ConfigurableHTTPProxy.pid_file = str(folder / "proxy.pid")
c.GenericOAuthenticator.allow_all = True
# So that a test of seconds sees a token renewed.
c.Authenticator.auth_refresh_age = 1

# Nobody is root, and nobody needs an account of the machine.
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "home" / "{username}")
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--debug"] + (["--allow-root"] if os.geteuid() == 0 else [])
c.Spawner.env_keep = ["PATH", "LANG", "VIRTUAL_ENV"]
c.Spawner.environment.update(
    {k: v for k, v in os.environ.items() if k.startswith("RUCIO_")},
)
