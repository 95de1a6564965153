"""What a Jupyter server hands to its kernels: configuration and one short-lived token.

One file per instance, 0600, in a folder of the server's own, 0700, in Jupyter's runtime folder;
written whole or not at all, so a reader never sees half of one. Both sides are here.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from dlaas import private
from dlaas.errors import DlaasError, LoginRequired

if TYPE_CHECKING:
    from dlaas.config import Instance
    from dlaas.credentials import Token


@dataclass(frozen=True)
class Handover:
    """What one file says; `token` is None where nobody is logged in, `expires_at` in seconds."""

    instance: Instance
    account: str | None = None
    token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    default: bool = False


# In seconds.
_FORSAKEN = 7 * 86400


def directory(pid: int | None = None, folder: Path | None = None) -> Path:
    """Name the folder of the Jupyter server with process id `pid` on this host, without one of
    this process, in the given or the usual runtime folder.

    The host is part of it: the pods of a hub share a home, and each counts its processes from one.
    """
    server = os.getpid() if pid is None else pid
    return (folder or runtime_dir()) / f"dlaas-{platform.node()}-{server}"


def find() -> Path | None:
    """Find the folder of the Jupyter server that started this process; None when there is none.

    `DLAAS_HANDOVER` in the environment names it, else what the panel told, else the server's
    process id.
    """
    told = os.environ.get("DLAAS_HANDOVER") or _told
    if told:
        return Path(told) if Path(told).is_dir() else None
    parent = os.environ.get("JPY_PARENT_PID", "")
    if not parent.isdigit():
        return None
    folder = directory(int(parent))
    return folder if folder.is_dir() else None


_told: str | None = None


def use(folder: str | os.PathLike[str]) -> None:
    """Take the hand-over from `folder` from now on, as the panel's attach message says."""
    global _told  # One server per kernel: the last one to speak is it.
    _told = os.fspath(folder)


def write(
    folder: Path,
    instance: Instance,
    account: str | None,
    token: str | None,
    expires_at: float | None,
    default: bool = False,
) -> Path:
    """Write an instance's file, whole or not at all, and answer its path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    content = {
        "default": default,
        "instance": instance.public(),
        "account": account,
        "token": token,
        "expires_at": expires_at,
    }
    path = _path(folder, instance.name)
    private.write(path, json.dumps(content))
    return path


def remove(folder: Path, name: str | None = None) -> None:
    """Remove an instance's file, without a name the whole folder."""
    if name is not None:
        _path(folder, name).unlink(missing_ok=True)
        return
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink(missing_ok=True)
        folder.rmdir()


def clean(folder: Path | None = None) -> None:
    """Remove what servers that are gone had handed over in a runtime folder, also one that had
    this process's id.

    Of servers on other hosts, which share a home, that is what nobody has renewed for a week.
    """
    for left in (folder or runtime_dir()).glob("dlaas-*-*"):
        host, _, pid = left.name.removeprefix("dlaas-").rpartition("-")
        if pid.isdigit() and _is_over(left, host, int(pid)):
            with suppress(OSError):
                remove(left)


def _is_over(left: Path, host: str, pid: int) -> bool:
    if host == platform.node():
        return pid == os.getpid() or not _is_alive(pid)
    try:
        return time.time() - left.stat().st_mtime > _FORSAKEN
    except OSError:
        return False


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":
        # There os.kill ends the process.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # It is someone else's.
        return True
    return True


def read(folder: Path, name: str) -> Handover:
    """Read an instance's file; raises `LoginRequired` when there is none that makes sense."""
    from dlaas.config import Instance

    path = _path(folder, name)
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        told = content["instance"]
        # A newer server may say more than this library knows.
        known = {f.name: told[f.name] for f in fields(Instance) if f.name in told}
        instance = Instance.from_mapping(known)
        return Handover(
            replace(instance, handover=str(folder), account=content["account"] or instance.account),
            content["account"],
            content["token"],
            content["expires_at"],
            bool(content.get("default")),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LoginRequired(
            f"The Jupyter server hands over no login for {name!r}.",
            remedy="Log in in the panel.",
        ) from (None if isinstance(error, ValueError) else error)


def read_all(folder: Path) -> Iterator[Handover]:
    """Read all files of a folder; one that cannot be read is left out."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield read(folder, unquote(path.stem))
        except DlaasError:
            continue


class HandoverCredential:
    """The token that the Jupyter server keeps fresh; its file is read again when it changed."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._token: Token | None = None

    def __call__(self) -> Token:
        """Answer the token; raises `LoginRequired` when nobody is logged in."""
        with self._lock:
            stamp = self._current_stamp()
            if self._token is None or stamp != self._stamp or not self._token.fresh:
                self._token = self._read()
                self._stamp = stamp
            return self._token

    def refused(self, token: Token) -> bool:
        """Look whether the server wrote another token since."""
        with self._lock:
            self._token = self._read()
            return self._token.value != token.value

    def _current_stamp(self) -> tuple[int, int] | None:
        try:
            status = _path(self._folder, self._name).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def _read(self) -> Token:
        from dlaas.credentials import token_from

        found = read(self._folder, self._name)
        if not found.token:
            raise LoginRequired(
                f"Nobody is logged in to {found.instance.title}.", remedy="Log in in the panel."
            )
        return token_from(found.token, found.account, found.expires_at)


def _path(folder: Path, name: str) -> Path:
    return folder / f"{quote(name, safe='')}.json"


def runtime_dir() -> Path:
    """Name Jupyter's runtime folder of this user."""
    try:
        from jupyter_core.paths import jupyter_runtime_dir
    except ImportError:
        return _runtime_dir_without_jupyter()
    return Path(jupyter_runtime_dir())


def _runtime_dir_without_jupyter() -> Path:
    """Name the runtime folder as jupyter_core does, for a kernel's environment that lacks it."""
    told = os.environ.get("JUPYTER_RUNTIME_DIR")
    if told:
        return Path(told)
    if os.environ.get("JUPYTER_DATA_DIR"):
        return Path(os.environ["JUPYTER_DATA_DIR"]) / "runtime"
    if sys.platform == "darwin":
        return Path.home() / "Library/Jupyter/runtime"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home()) / "jupyter/runtime"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "jupyter/runtime"
