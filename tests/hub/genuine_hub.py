"""A genuine JupyterHub with its proxy and its token service, and people who use it."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests
from approval import approve

from jupyter_dlaas.lake import EmbeddedLake

HERE = Path(__file__).resolve().parent
PROXY = HERE / "node_modules/configurable-http-proxy/bin/configurable-http-proxy"
SERVICE = "/services/dlaas-token/token"


@dataclass
class Hub:
    """A hub that runs; `visit` is a person's browser there."""

    url: str
    service: str
    process: subprocess.Popen[bytes]
    folder: Path
    ca: str

    def visit(self, user: str, password: str) -> Person:
        """Log a person in to the hub and start their server."""
        person = Person(self, user)
        person.log_in(password)
        person.start_server()
        return person

    def server_environment(self, user: str) -> dict[str, str]:
        """Read the environment of a user's server as the machine's administrator would."""
        home = str(self.folder / "home" / user)
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.Error):
                found = process.environ()
                if found.get("JUPYTERHUB_USER") == user and found.get("HOME") == home:
                    return found
        raise AssertionError(f"{user} has no server")

    def log(self) -> str:
        return (self.folder / "hub.log").read_text()


class Person:
    """Somebody's browser, played by a script: cookies, forms, redirects."""

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub = hub
        self.name = name
        self.browser = requests.Session()
        self.browser.trust_env = False
        self.browser.verify = hub.ca

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        """Open an address of the hub."""
        return self.browser.get(self.hub.url + path, timeout=60, **kwargs)

    def send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Send what a page of the hub would, with its XSRF token."""
        place = path[: path.index("/", 1) + 1] if path.startswith("/hub") else self.server
        token = next(
            (c.value for c in self.browser.cookies if c.name == "_xsrf" and c.path == place), ""
        )
        headers = {"X-XSRFToken": token or ""}
        return self.browser.request(
            method, self.hub.url + path, headers=headers, timeout=60, **kwargs
        )

    @property
    def server(self) -> str:
        """The path of this person's server."""
        return f"/user/{self.name}/"

    def log_in(self, password: str) -> None:
        """Go to the hub, be sent to the provider, log in there, be sent back."""
        address = f"{self.hub.url}/hub/oauth_login"
        page = approve(address, self.name, password, self.hub.ca, browser=self.browser)
        assert page.ok, page.text
        assert page.url.startswith(self.hub.url)

    def start_server(self) -> None:
        """Start the server and wait until it answers."""
        self.get("/hub/spawn")
        # A page, not the API: only pages send one to the hub to show who one is.
        wait_for(lambda: f"{self.hub.url}{self.server}lab" == self.get(self.server).url, self.hub)


def wait_for(there: Callable[[], bool], hub: Hub) -> None:
    """Wait two minutes at most."""
    for _ in range(240):
        if hub.process.poll() is not None:
            break
        with suppress(requests.RequestException):
            if there():
                return
        time.sleep(0.5)
    raise AssertionError(hub.log()[-8000:])


def free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for sock in sockets:
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def environment(lake: EmbeddedLake, folder: Path, ports: list[int]) -> dict[str, str]:
    """Tell the shipped configuration of this lake and of this machine."""
    hub, api, proxy, service = ports
    instance = lake.instance("alice", login=False)
    kept = {k: os.environ[k] for k in ("PATH", "LANG", "HOME") if k in os.environ}
    issuer = lake.state.issuer
    return kept | {
        "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
        "SSL_CERT_FILE": instance["rucio_ca_cert"],
        "JUPYTERHUB_CRYPT_KEY": secrets.token_hex(32),
        "CONFIGPROXY_AUTH_TOKEN": secrets.token_hex(32),
        "DLAAS_HUB_FOLDER": str(folder),
        "DLAAS_HUB_PROXY": str(PROXY),
        "DLAAS_HUB_PORT": str(hub),
        "DLAAS_HUB_API_PORT": str(api),
        "DLAAS_HUB_PROXY_PORT": str(proxy),
        # The provider's tokens live for an hour: each is renewed as soon as it is two seconds old.
        "DLAAS_HUB_RENEW_BEFORE": "3598",
        "DLAAS_HUB_SERVICE": f"http://127.0.0.1:{service}",
        "DLAAS_HUB_AUTHORIZE": f"{issuer}auth",
        "DLAAS_HUB_TOKEN": f"{issuer}token",
        "DLAAS_HUB_USERINFO": f"{issuer}me",
        "DLAAS_HUB_CALLBACK": f"http://127.0.0.1:{hub}/hub/oauth_callback",
        "DLAAS_HUB_CLIENT_ID": "jupyterhub",
        "DLAAS_HUB_CLIENT_SECRET": lake.layout.secret("jupyterhub").read_text().strip(),
        "RUCIO_NAME": "lake",
        "RUCIO_BASE_URL": instance["rucio_base_url"],
        "RUCIO_AUTH_URL": instance.get("rucio_auth_url", instance["rucio_base_url"]),
        "RUCIO_CA_CERT": instance["rucio_ca_cert"],
        "RUCIO_DEFAULT_AUTH_TYPE": "oidc",
    }


def end(process: subprocess.Popen[bytes]) -> None:
    """End the hub, its proxy and its service, and the servers, which have sessions of their own."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    for left in family:
        with suppress(psutil.Error):
            left.kill()
    process.kill()
    process.wait()
