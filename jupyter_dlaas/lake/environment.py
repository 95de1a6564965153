"""The private environment that holds Rucio's server: made on first use, kept, shared by all lakes.

Server and clients both provide the module `rucio`, and the server caps versions of common packages:
it must never go into the user's environment.

The locks are made with `uv pip compile --universal --python-version 3.10 --generate-hashes
--no-emit-index-url --no-annotate --no-header sqlite.in -o sqlite.lock` (and the same for
postgresql).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import LakeError

RUCIO = "rucio-41.5.1"
LOCKS = Path(__file__).parent / "locks"
RUCIO_SIDE = Path(__file__).parent / "rucio_side"
STAMP = "lake-lock.sha256"
INSTALL_TIMEOUT = 1800.0
SHOWN_LINES = 12

Log = Callable[[str], None]

# What must not leak into the lake's processes: other Rucios, credentials and trust of the user's
# session.
SCRUBBED = (
    "RUCIO_",
    "X509_",
    "BEARER_",
    "SSL_CERT_",
    "NODE_",
    "PYTHON",
    "VIRTUAL_ENV",
    "CONDA_",
    "ORACLE_",
    "PG",
)
SCRUBBED_ENDS = ("_CA_BUNDLE", "_PROXY", "_proxy")


def cache_directory() -> Path:
    """Where what can be made again is kept: `$XDG_CACHE_HOME/jupyter-dlaas`, or the platform's
    like.
    """
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "jupyter-dlaas"
    mac = platform.system() == "Darwin"
    return Path.home() / ("Library/Caches" if mac else ".cache") / "jupyter-dlaas"


class PrivateEnvironment:
    """Rucio for one kind of database, for the running version of Python."""

    def __init__(self, db: str, cache: Path | None = None) -> None:
        suffix = "-pg" if db == "postgresql" else ""
        version = f"py{sys.version_info.major}.{sys.version_info.minor}"
        self.cache = cache or cache_directory()
        self.lock = LOCKS / f"{db}.lock"
        self.directory = self.cache / f"{RUCIO}-{version}{suffix}"

    @property
    def python(self) -> Path:
        return self.directory / "bin" / "python"

    @property
    def ready(self) -> bool:
        """Whether it was made, whole, from the present lock."""
        try:
            return (self.directory / STAMP).read_text() == self._fingerprint()
        except FileNotFoundError:
            return False

    def _fingerprint(self) -> str:
        return hashlib.sha256(self.lock.read_bytes()).hexdigest()

    def ensure(self, log: Log) -> None:
        """Make the environment unless it is there; raises LakeError when it cannot be made."""
        if self.ready:
            return
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LakeError(
                f"The cache folder {self.cache} cannot be made: {error.strerror}. "
                "Set XDG_CACHE_HOME to a folder that you may write."
            ) from error
        with locked(self.directory.with_name(f"{self.directory.name}.lock"), wait=True):
            if not self.ready:
                self._make(log)

    def _make(self, log: Log) -> None:
        log(f"Making an environment for {RUCIO} in {self.directory} (once; some 220 MB)")
        since = time.monotonic()
        making = self.directory.with_name(f"{self.directory.name}.{os.getpid()}")
        problems = []
        for name, install in _installers():
            shutil.rmtree(making, ignore_errors=True)
            try:
                install(making, self.lock)
                break
            except InstallFailed as failure:
                problems.append(f"With {name}: {failure}")
                log(f"It could not be made with {name}")
        else:
            shutil.rmtree(making, ignore_errors=True)
            raise LakeError("\n".join(["Rucio's server could not be installed.", *problems, _HELP]))
        (making / STAMP).write_text(self._fingerprint())
        shutil.rmtree(self.directory, ignore_errors=True)
        making.rename(self.directory)
        log(f"Environment made ({time.monotonic() - since:.1f} s)")

    def command(self, module: str, *arguments: object) -> list[str]:
        """The command line that runs one of Rucio's side's modules."""
        return [str(self.python), "-m", f"lakeside.{module}", *map(str, arguments)]

    def variables(self, config: Path) -> dict[str, str]:
        """The environment variables of the lake's processes: the user's, without what would leak
        in.
        """
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(SCRUBBED) and not key.endswith(SCRUBBED_ENDS)
        }
        return kept | {
            "PYTHONPATH": str(RUCIO_SIDE),
            "PYTHONNOUSERSITE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "RUCIO_CONFIG": str(config),
        }


_HELP = (
    "If the network or the package index refused, mend that (the configuration of pip and uv is "
    "used) and try again; nothing half-made was kept."
)


class InstallFailed(Exception):
    """One way of making the environment did not work."""


Installer = Callable[[Path, Path], None]


def _installers() -> list[tuple[str, Installer]]:
    uv = _find_uv()
    pip: list[tuple[str, Installer]] = [("pip", _with_pip)]
    if uv is None:
        return pip
    return [("uv", lambda directory, lock: _with_uv(uv, directory, lock)), *pip]


def _find_uv() -> str | None:
    if found := shutil.which("uv"):
        return found
    try:
        from uv import find_uv_bin
    except ImportError:
        return None
    return str(find_uv_bin())


def _with_uv(uv: str, directory: Path, lock: Path) -> None:
    run([uv, "venv", "--quiet", "--python", sys.executable, str(directory)])
    python = str(directory / "bin" / "python")
    run([uv, "pip", "install", "--python", python, "--require-hashes", "-r", str(lock)])


def _with_pip(directory: Path, lock: Path) -> None:
    run([sys.executable, "-m", "venv", str(directory)])
    pip = [str(directory / "bin" / "python"), "-m", "pip"]
    run([*pip, "install", "--disable-pip-version-check", "--require-hashes", "-r", str(lock)])


def run(command: list[str], directory: Path | None = None) -> None:
    """Run a command that installs something; raises InstallFailed with the end of what it said."""
    variables = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    variables.pop("PYTHONPATH", None)
    try:
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_TIMEOUT,
            env=variables,
            cwd=directory,
        )
    except subprocess.CalledProcessError as error:
        last = "\n".join(error.stdout.strip().splitlines()[-SHOWN_LINES:])
        raise InstallFailed(f"{' '.join(command[:3])} failed:\n{last}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallFailed(str(error)) from error


@contextmanager
def locked(path: Path, wait: bool) -> Iterator[None]:
    """Hold an exclusive lock on a file; raises BlockingIOError if somebody has it and we shall not
    wait.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
