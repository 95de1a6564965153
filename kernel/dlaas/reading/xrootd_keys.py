"""What XRootD may see of us: files in a private folder, named in the URL of a file."""

from __future__ import annotations

import atexit
import os
import shutil
import ssl
import tempfile
import threading
import weakref
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue
    from dlaas.config import Instance

_lock = threading.RLock()
_folder: tuple[Path, int] | None = None
_numbers = count()
_trusted: list[str] = []
_GRID = "/etc/grid-security/certificates"


def private_folder() -> Path:
    """Answer the folder of this process that nobody else may look into; it ends with it."""
    global _folder
    with _lock:
        if _folder is None or _folder[1] != os.getpid() or not _folder[0].is_dir():
            _folder = (Path(tempfile.mkdtemp(prefix="dlaas-")), os.getpid())
            atexit.register(_remove, *_folder)
        return _folder[0]


def _remove(folder: Path, owner: int) -> None:
    # A process that was forked off has inherited this, not the folder.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Shown:
    """What a URL shows of us: `user` names the connection, `query` the files with credentials.

    XRootD keeps one connection per user, host and port, with the login that it was made with: only
    a user name of its own gives a renewed token, or another lake, another one.
    """

    user: str
    query: str


class XRootDKeys:
    """The credentials of one lake as files; a renewed token is written anew."""

    def __init__(self, lake: Catalogue) -> None:
        self._lake = weakref.ref(lake)
        self._folder = private_folder() / str(next(_numbers))
        self._folder.mkdir(mode=0o700)
        self._last: tuple[object, Shown, Shown] | None = None
        weakref.finalize(self, _remove, self._folder, os.getpid())

    @classmethod
    def of(cls, lake: Catalogue) -> XRootDKeys:
        """Answer those of a lake, the same ones each time."""
        with _lock:
            found = _of_lakes.get(lake)
            ours = private_folder()
            if found is None or found._folder.parent != ours or not found._folder.is_dir():
                found = _of_lakes[lake] = cls(lake)
            return found

    def ours(self) -> Shown:
        """Answer what a storage of the lake is shown: the token, and the proxy."""
        return self._shown()[0]

    def cache(self) -> Shown:
        """Answer what a cache before a storage of the lake is shown: the proxy alone.

        It learns who we are, and cannot go on as us: the key is not sent.
        """
        return self._shown()[1]

    def _shown(self) -> tuple[Shown, Shown]:
        lake = self._lake()
        if lake is None:
            return self.stranger(), self.stranger()
        token, proxy = bearer(lake), _proxy_of(lake.instance)
        stamp = (token, proxy, _stamp(proxy))
        with _lock:
            if self._last is None or self._last[0] != stamp:
                shown = f"xrd.gsiusrpxy={self._proxy(proxy)}"
                self._last = (
                    stamp,
                    Shown(f"d{next(_numbers)}", f"xrd.ztn={self._token(token)}&{shown}"),
                    Shown(f"d{next(_numbers)}", f"xrd.ztn={self._token(None)}&{shown}"),
                )
            return self._last[1:]

    def stranger(self) -> Shown:
        """Answer what anybody else is shown: nothing, not even what is in the environment."""
        none = self._folder / "none"
        return Shown("nobody", f"xrd.ztn={none}&xrd.gsiusrpxy={none}")

    def _token(self, token: str | None) -> Path:
        if token is None:
            return self._folder / "none"
        path, fresh = self._folder / "token", self._folder / "token.new"
        fresh.unlink(missing_ok=True)
        # Opened as 0600: XRootD ignores a token file that others may read.
        with open(fresh, "w", opener=_private, encoding="ascii") as file:
            file.write(token)
        fresh.replace(path)
        return path

    def _proxy(self, path: str | None) -> Path:
        link = self._folder / "proxy"
        link.unlink(missing_ok=True)
        if path is None:
            return self._folder / "none"
        # The path of a person's file may hold what a URL may not.
        link.symlink_to(os.path.abspath(path))
        return link


def _proxy_of(instance: Instance) -> str | None:
    """Answer the proxy that is configured, else the one where grid tools leave theirs.

    A certificate whose key is elsewhere is no proxy, and XRootD takes nothing else.
    """
    cert, key = instance.client_cert, instance.client_key
    if cert and key in (None, "", cert):
        return os.path.expanduser(cert)
    usual = os.environ.get("X509_USER_PROXY") or f"/tmp/x509up_u{os.getuid()}"
    return usual if os.path.isfile(usual) else None


def bearer(lake: Catalogue) -> str | None:
    """Answer the token for storages; Rucio's own tokens, which are no JWT, are for Rucio."""
    token = lake.credential()
    return token.value if token.is_jwt else None


def _stamp(path: str | None) -> tuple[int, int] | None:
    """Tell what changes when a proxy is written anew."""
    if path is None:
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


_of_lakes: weakref.WeakKeyDictionary[Catalogue, XRootDKeys] = weakref.WeakKeyDictionary()


def trust(instance: Instance) -> None:
    """Let XRootD trust the authorities that https trusts: the grid's, the system's, the instance's.

    It looks for them in the environment alone, and once; what somebody has set there stays.
    """
    if os.environ.get("X509_CERT_DIR") or os.path.isdir(_GRID):
        return
    if instance.voms_certdir_path and os.path.isdir(instance.voms_certdir_path):
        os.environ["X509_CERT_DIR"] = instance.voms_certdir_path
        return
    with _lock:
        bundle = private_folder() / "authorities.pem"
        told = os.environ.get("X509_CERT_FILE", "")
        # One that is gone was that of the process that started this one.
        if told != str(bundle) and os.path.isfile(told):
            return
        os.environ["X509_CERT_FILE"] = str(bundle)
        wanted = instance.rucio_ca_cert
        if bundle.exists() and (not wanted or wanted in _trusted):
            return
        if wanted:
            _trusted.append(wanted)
        places = [ssl.get_default_verify_paths().cafile, *_trusted]
        texts = [Path(p).read_text(encoding="utf-8") for p in places if p and os.path.isfile(p)]
        bundle.write_text("\n".join(texts), encoding="utf-8")
