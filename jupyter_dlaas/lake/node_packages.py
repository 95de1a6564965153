"""The npm packages of the lake's identity provider: installed on first use where there is Node.js,
kept in the cache folder, shared by all lakes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from .environment import InstallFailed, Log, cache_directory, locked, run
from .errors import LakeError

PROVIDER = Path(__file__).parent / "provider"
DESCRIPTIONS = ("package.json", "package-lock.json")
STAMP = "lake-lock.sha256"
DEBIAN_PACKAGES = "nodejs npm"
OLDEST, VERSION_SECONDS = 18, 30
MISSING = (
    f"Without Node.js {OLDEST} or newer, and npm, the lake has no identity provider, hence no "
    "login by OpenID Connect; all else works. On Debian: sudo apt-get install "
    f"--no-install-recommends {DEBIAN_PACKAGES}"
)


class NodePackages:
    """The folder of packages that the present lock describes."""

    def __init__(self, cache: Path | None = None) -> None:
        lock = b"".join((PROVIDER / name).read_bytes() for name in DESCRIPTIONS)
        self.fingerprint = hashlib.sha256(lock).hexdigest()
        self.directory = (cache or cache_directory()) / f"provider-{self.fingerprint[:12]}"

    @property
    def modules(self) -> Path:
        return self.directory / "node_modules"

    @property
    def ready(self) -> bool:
        """Whether they were installed, whole."""
        return (self.directory / STAMP).exists()

    def ensure(self, log: Log) -> bool:
        """Install them unless they are there; whether there is a Node.js to run them.

        Raises LakeError when npm fails.
        """
        if _node_version() < OLDEST or not (self.ready or shutil.which("npm")):
            log(MISSING)
            return False
        if not self.ready:
            self.directory.parent.mkdir(parents=True, exist_ok=True)
            with locked(self.directory.with_name(f"{self.directory.name}.lock"), wait=True):
                if not self.ready:
                    self._make(log)
        return True

    def _make(self, log: Log) -> None:
        since = time.monotonic()
        making = self.directory.with_name(f"{self.directory.name}.{os.getpid()}")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        for name in DESCRIPTIONS:
            shutil.copyfile(PROVIDER / name, making / name)
        try:
            run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], making)
        except InstallFailed as failure:
            shutil.rmtree(making, ignore_errors=True)
            raise LakeError(
                f"The lake's identity provider could not be installed.\n{failure}"
            ) from failure
        (making / STAMP).write_text(self.fingerprint)
        shutil.rmtree(self.directory, ignore_errors=True)
        making.rename(self.directory)
        log(f"Identity provider installed ({time.monotonic() - since:.1f} s)")

    def command(self, directory: Path) -> list[str]:
        """The command line that runs the provider of the lake in `directory`."""
        return ["node", str(PROVIDER / "main.mjs"), str(directory), str(self.modules)]


def _node_version() -> int:
    """The major version of this machine's Node.js; 0 where there is none."""
    try:
        said = subprocess.run(
            ["node", "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS,
            check=True,
        ).stdout
        return int(said.lstrip("v").partition(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0
