"""What a Jupyter server hands to its kernels and terminals: configuration, and what a login has.

One file per instance, 0600, in a folder of the server's own, 0700, in Jupyter's runtime folder;
written whole or not at all, so a reader never sees half of one. Both sides are here. Beside it, in
a folder per instance, lies the same as programs in a terminal read it; `terminal` leads to the
default one.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from dlaas import private, terminal_files
from dlaas.credentials.handed import HandoverCredential as HandoverCredential
from dlaas.errors import DlaasError, LoginRequired

if TYPE_CHECKING:
    from dlaas.config import Instance
    from dlaas.credentials.proxy import Proxy


@dataclass(frozen=True)
class Handover:
    """What one file says; `token` is None where nobody is logged in, `expires_at` in seconds.

    `storage_token` is one for storages where the login's own is not, `proxy` what they are shown
    beside it.
    """

    instance: Instance
    account: str | None = None
    token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    default: bool = False
    storage_token: str | None = field(default=None, repr=False)
    proxy: Proxy | None = None


# In seconds.
_FORSAKEN = 7 * 86400
# A login that begins must not be written over by what says that there is none.
_writing = threading.RLock()


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
    *,
    storage_token: str | None = None,
    proxy: Proxy | None = None,
) -> Path:
    """Write an instance's files, each whole or not at all, and answer the path of the kernels'."""
    _make(folder)
    content = {
        "default": default,
        "instance": instance.public(),
        "account": account,
        "token": token,
        "expires_at": expires_at,
        "storage_token": storage_token,
        "proxy": None if proxy is None else asdict(proxy),
    }
    path = path_of(folder, instance.name)
    with _writing:
        private.write(path, json.dumps(content))
        found = terminal_files.write(folder, instance, account, token, storage_token, proxy)
        if default:
            _lead_to(found, folder)
    return path


def offer(folder: Path, instance: Instance, default: bool = False) -> None:
    """Say how an instance is reached while nobody is logged in there: enough for public data."""
    with _writing:
        with suppress(DlaasError):
            if read(folder, instance.name).token is not None:
                return
        write(folder, instance, None, None, None, default)


def remove(folder: Path, name: str | None = None) -> None:
    """Remove what a login to an instance has, without a name the whole folder."""
    if name is None:
        if folder.is_dir():
            shutil.rmtree(folder)
        return
    path = path_of(folder, name)
    with _writing:
        try:
            left = read(folder, name)
            told = json.loads(path.read_bytes())
        except (DlaasError, OSError):
            left = None
        if left is None:
            path.unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                shutil.rmtree(terminal_files.folder_of(folder, name))
            return
        kept = {key: told[key] for key in ("instance", "default") if key in told}
        try:
            private.write(path, json.dumps({**dict.fromkeys(told), **kept}))
        except OSError:
            # The disk may be full.
            path.unlink(missing_ok=True)
            raise
        finally:
            terminal_files.write(folder, left.instance)


def terminal(folder: Path) -> Path:
    """Name the folder of the login that terminals use: the default instance's, no other's."""
    return folder / "terminal"


def _lead_to(target: Path, folder: Path) -> None:
    fresh = folder / f".terminal-{os.getpid()}-{threading.get_ident()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.name)
    fresh.replace(terminal(folder))


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


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

    path = path_of(folder, name)
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
            content.get("storage_token"),
            _proxy(content.get("proxy")),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LoginRequired(
            f"The Jupyter server hands over no login for {name!r}.",
            remedy="Log in in the panel.",
        ) from (None if isinstance(error, ValueError) else error)


def _proxy(told: Any) -> Proxy | None:
    from dlaas.credentials.proxy import Proxy

    return Proxy(**told) if told else None


def read_all(folder: Path) -> Iterator[Handover]:
    """Read all files of a folder; one that cannot be read is left out."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield read(folder, unquote(path.stem))
        except DlaasError:
            continue


def path_of(folder: Path, name: str) -> Path:
    """Name the file of an instance in a hand-over."""
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
