"""A server of this machine's XRootD, over root:// and https: `python -m lakeside.xrootd DIRECTORY
SERVICE`; the service is the storage site `east` or the cache `xcache`.
"""

from __future__ import annotations

import http.client
import os
import shutil
import ssl
import subprocess
import sys
import time
from contextlib import closing

from . import pki, proxy, xrootd_config
from .layout import HOST, Layout
from .privileges import unprivileged
from .service import Service

START_SECONDS = 60.0
STOP_SECONDS = 5.0
ASK_SECONDS = 5.0
POLL = 0.05


def start(service: Service) -> subprocess.Popen[bytes]:
    """Start the server: as nobody if we are root, and never to outlive this process."""
    if shutil.which("xrootd") is None:
        raise SystemExit("xrootd is not on the PATH any more; install the package xrootd-server")
    layout = service.layout
    config = xrootd_config.write(layout, service.name, service.state)
    own = xrootd_config.folder(layout, service.name)
    drop = unprivileged("XRootD") if os.geteuid() == 0 else ["setpriv"]
    # The path of the pid file tells whose server it is; nothing reads the file.
    command = [*drop, "--pdeathsig", "KILL", "xrootd", "-c", str(config), "-s", f"{own}/pid"]
    variables = {
        "XDG_CACHE_HOME": str(own / "cache"),
        # The cache's identity where it reads.
        "X509_USER_PROXY": str(proxy.lasting(layout, pki.ROBOT)),
        "X509_CERT_DIR": str(layout.authorities),
    }
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, cwd=layout.directory, env=os.environ | variables
    )


def await_answer(layout: Layout, port: int, server: subprocess.Popen[bytes]) -> None:
    """Return when the server speaks https with the robot."""
    context = ssl.create_default_context(cafile=str(layout.ca))
    context.load_cert_chain(pki.identity(layout, pki.ROBOT))
    until = time.monotonic() + START_SECONDS
    while not _answers(port, context):
        if server.poll() is not None:
            raise SystemExit(f"XRootD ended at once with code {server.returncode}")
        if time.monotonic() > until:
            raise SystemExit(f"XRootD does not answer after {START_SECONDS:.0f} s")
        time.sleep(POLL)


def _answers(port: int, context: ssl.SSLContext) -> bool:
    connection = http.client.HTTPSConnection(HOST, port, timeout=ASK_SECONDS, context=context)
    with closing(connection):
        try:
            connection.request("HEAD", "/")
            return bool(connection.getresponse().status)
        except (OSError, http.client.HTTPException):
            return False


def main() -> None:
    service = Service(sys.argv[2])
    server = start(service)

    def serve() -> None:
        await_answer(service.layout, service.port, server)
        service.ready()
        server.wait()

    def stop() -> None:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    service.run(serve, stop)


if __name__ == "__main__":
    main()
