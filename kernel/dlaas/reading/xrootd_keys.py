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

from dlaas import private
from dlaas.credentials.proxy import Proxy
from dlaas.credentials.x509_files import GRID_AUTHORITIES
from dlaas.transfer.wire import shown
from dlaas.transfer.wire.shown import CertificateFiles

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue
    from dlaas.config import Instance

_lock = threading.RLock()
_folder: tuple[Path, int] | None = None
_numbers = count()
_trusted: list[str] = []


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
        token, proxy = bearer(lake), _proxy_of(lake)
        stamp = (token, proxy.stamp() if isinstance(proxy, CertificateFiles) else proxy)
        with _lock:
            if self._last is None or self._last[0] != stamp:
                mine, place = self._token(token), self._proxy(proxy)
                self._last = (
                    stamp,
                    Shown(f"d{next(_numbers)}", self._query(mine, place)),
                    Shown(f"d{next(_numbers)}", self._query(self._none, place)),
                )
            return self._last[1:]

    def stranger(self) -> Shown:
        """Answer what anybody else is shown: nothing, not even what is in the environment."""
        return Shown("nobody", self._query(self._none, self._none))

    @property
    def _none(self) -> Path:
        return self._folder / "none"

    def _query(self, token: Path, proxy: Path) -> str:
        # Without a proxy XRootD would make one of ~/.globus, for whoever asks, and want its
        # passphrase typed.
        own = f"xrd.gsiusrcrt={self._none}&xrd.gsiusrkey={self._none}"
        return f"xrd.ztn={token}&{own}&xrd.gsiusrpxy={proxy}"

    def _token(self, token: str | None) -> Path:
        if token is None:
            return self._none
        # Written as 0600: XRootD ignores a token file that others may read.
        private.write(self._folder / "token", token)
        return self._folder / "token"

    def _proxy(self, proxy: Proxy | CertificateFiles | None) -> Path:
        place = self._folder / "proxy"
        if isinstance(proxy, Proxy):
            private.write(place, proxy.pem)
            return place
        place.unlink(missing_ok=True)
        if proxy is None:
            return self._none
        # The path of a person's file may hold what a URL may not.
        place.symlink_to(os.path.abspath(proxy.cert))
        return place


def _proxy_of(lake: Catalogue) -> Proxy | CertificateFiles | None:
    """Answer the proxy that is shown; XRootD takes no certificate whose key is elsewhere."""
    found = shown.certificate(lake)
    if isinstance(found, CertificateFiles) and not found.is_proxy:
        return shown.left_by_grid_tools()
    return found


def bearer(lake: Catalogue) -> str | None:
    """Answer the token for storages."""
    return shown.storage_token(lake)


def said(lake: Catalogue) -> str:
    """Say what a storage of the lake is shown, for an error."""
    return shown.said_of(bearer(lake), _proxy_of(lake) is not None)


_of_lakes: weakref.WeakKeyDictionary[Catalogue, XRootDKeys] = weakref.WeakKeyDictionary()


def trust(instance: Instance) -> None:
    """Let XRootD trust the authorities that https trusts: the grid's, the system's, the instance's.

    It looks for them in the environment alone, and once; what somebody has set there stays.
    """
    if os.environ.get("X509_CERT_DIR") or os.path.isdir(GRID_AUTHORITIES):
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
        found = [Path(place) for place in places if place and os.path.isfile(place)]
        # Whole or not at all: XRootD may read it just now.
        private.write(bundle, "\n".join(p.read_text("utf-8", "replace") for p in found))
