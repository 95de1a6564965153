"""Several small files asked for at once on one thread, by libcurl, where pycurl is installed.

It verifies a server by the very authority that has vouched for it before, follows no redirect, uses
no proxy, and tells nothing but bytes: what is not plain is for `Storage`.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from dlaas.credentials.proxy import Proxy
from dlaas.transfer.wire import storage
from dlaas.transfer.wire.keys import Keys
from dlaas.transfer.wire.route import CONNECT_TIMEOUT
from dlaas.transfer.wire.shown import CertificateFiles

try:
    import pycurl as _pycurl
except ImportError:
    _pycurl = None

_BUFFER = 1 << 17
_RANGE = re.compile(rb"(?i)\ncontent-range:\s*bytes\s+(\d+)-\d+/(\d+|\*)")
Failed: type[Exception] = _pycurl.error if _pycurl is not None else OSError
# Of other TLS libraries not all take certificates from memory; from 8.4 on libcurl ends what is
# longer than it was told.
IS_HERE = (
    _pycurl is not None
    and "OpenSSL" in _pycurl.version
    and _pycurl.version_info()[2] >= 0x080400
    and hasattr(_pycurl, "SSLKEY_BLOB")
)
Work = TypeVar("Work")


@dataclass(frozen=True)
class Way:
    """Where a file is asked for: `authority`, in PEM, has vouched for the origin `base`."""

    host: str
    base: str
    url: str
    keys: Keys
    authority: str = field(repr=False)


@dataclass
class Asked(Generic[Work]):
    """A file that was asked for, and what has come of it."""

    work: Work
    start: int
    size: int
    head: list[bytes] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    # Whether what comes are the bytes that were asked for, as far as the storage says.
    is_plain: bool = False

    def taken(self) -> bytes:
        """Take what has come, nothing where it is not what was asked for."""
        data = b"".join(self.chunks) if self.is_plain else b""
        self.chunks.clear()
        return data

    def look(self, status: int, length: int) -> None:
        """Learn from status, Content-Length and head what it is that comes."""
        told = _RANGE.search(b"".join(self.head))
        is_range = told is None or (
            int(told[1]) == self.start and told[2] in (b"*", b"%d" % self.size)
        )
        # A storage without ranges sends all of it.
        begins_well = status == 206 or (status == 200 and self.start == 0)
        self.is_plain = begins_well and length in (-1, self.size - self.start) and is_range


class Line(Generic[Work]):
    """Requests on their way, and connections that are kept; for one thread at a time."""

    def __init__(self) -> None:
        self._multi = _pycurl.CurlMulti()
        self._idle: dict[str, list[Any]] = {}
        self._busy: dict[Any, tuple[str, Asked[Work]]] = {}
        # What a handle was set up with.
        self._keys: dict[Any, Keys] = {}

    @property
    def busy(self) -> int:
        """How many files are on their way."""
        return len(self._busy)

    def ask(self, work: Work, way: Way, start: int, size: int) -> None:
        """Ask for a file of `size` bytes from `start` on."""
        base, keys = way.base, way.keys
        idle = self._idle.setdefault(base, [])
        handle = idle.pop() if idle else _pycurl.Curl()
        asked = Asked(work, start, size)
        try:
            if self._keys.get(handle) is not keys:
                _set_up(handle, base, keys, way.authority)
                self._keys[handle] = keys
            _tell(handle, way.url, asked)
            self._multi.add_handle(handle)
        except BaseException:
            self._keys.pop(handle, None)
            handle.close()
            raise
        self._busy[handle] = (base, asked)

    def answered(self, seconds: float) -> Iterator[Asked[Work]]:
        """Yield what has been answered, to its end or not; waits so long at most for the first."""
        self._multi.perform()
        found = self._ended()
        if not found and self._busy and self._multi.select(seconds) < 0:
            # It cannot wait for a descriptor above 1023.
            time.sleep(0.001)
        for handle in found:
            self._multi.remove_handle(handle)
            base, asked = self._busy.pop(handle)
            _look(handle, asked)
            self._idle[base].append(handle)
            yield asked

    def _ended(self) -> list[Any]:
        _, well, badly = self._multi.info_read()
        return [*well, *(handle for handle, _, _ in badly)]

    def under_way(self) -> Iterator[Asked[Work]]:
        """Yield what has not been answered to its end."""
        for handle, (_, asked) in self._busy.items():
            _look(handle, asked)
            yield asked

    def end(self) -> list[Asked[Work]]:
        """End what is on its way, and answer what of it has come."""
        found = list(self.under_way())
        for handle in self._busy:
            self._multi.remove_handle(handle)
            del self._keys[handle]
            handle.close()
        self._busy.clear()
        return found

    def close(self) -> None:
        """End all connections."""
        self.end()
        for handle in self._keys:
            handle.close()
        self._keys.clear()
        self._idle.clear()
        self._multi.close()


def _look(handle: Any, asked: Asked[Work]) -> None:
    length = handle.getinfo(_pycurl.CONTENT_LENGTH_DOWNLOAD_T)
    asked.look(handle.getinfo(_pycurl.RESPONSE_CODE), length)


def _tell(handle: Any, url: str, asked: Asked[Any]) -> None:
    handle.setopt(_pycurl.URL, url)
    # Whoever sends more than the file has is not listened to.
    handle.setopt(_pycurl.MAXFILESIZE_LARGE, asked.size - asked.start)
    handle.setopt(_pycurl.RANGE, f"{asked.start}-{asked.size - 1}")
    handle.setopt(_pycurl.HEADERFUNCTION, asked.head.append)
    handle.setopt(_pycurl.WRITEFUNCTION, asked.chunks.append)


def _set_up(handle: Any, base: str, keys: Keys, authority: str) -> None:
    told = {**keys.headers(base), "Accept-Encoding": "identity", "User-Agent": "jupyter-dlaas"}
    handle.reset()
    for option, value in (
        (_pycurl.NOSIGNAL, 1),
        (_pycurl.PROTOCOLS, _pycurl.PROTO_HTTPS),
        (_pycurl.HTTP_VERSION, _pycurl.CURL_HTTP_VERSION_1_1),
        (_pycurl.FOLLOWLOCATION, 0),
        (_pycurl.PATH_AS_IS, 1),
        (_pycurl.PROXY, ""),
        (_pycurl.BUFFERSIZE, _BUFFER),
        (_pycurl.CONNECTTIMEOUT_MS, int(CONNECT_TIMEOUT * 1000)),
        (_pycurl.LOW_SPEED_LIMIT, 1),
        (_pycurl.LOW_SPEED_TIME, max(1, int(storage.READ_TIMEOUT))),
        (_pycurl.SSLVERSION, _pycurl.SSLVERSION_TLSv1_2),
        (_pycurl.SSL_VERIFYPEER, 1),
        (_pycurl.SSL_VERIFYHOST, 2),
        # No authorities of the system's beside it, where it was built to take them.
        (_pycurl.SSL_OPTIONS, 0),
        (_pycurl.CAINFO_BLOB, authority.encode()),
        (_pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in told.items()]),
    ):
        handle.setopt(option, value)
    handle.unsetopt(_pycurl.CAPATH)
    if keys.certificate is not None and keys.knows(base):
        _show(handle, keys.certificate)


def _show(handle: Any, certificate: Proxy | CertificateFiles) -> None:
    if isinstance(certificate, Proxy):
        pem = certificate.pem.encode("ascii")
        handle.setopt(_pycurl.SSLCERT_BLOB, pem)
        handle.setopt(_pycurl.SSLKEY_BLOB, pem)
    else:
        # Of text it takes ASCII alone.
        handle.setopt(_pycurl.SSLCERT, os.fsencode(certificate.cert))
        handle.setopt(_pycurl.SSLKEY, os.fsencode(certificate.key or certificate.cert))
    # Else OpenSSL asks at the terminal for the passphrase of a key that has one.
    handle.setopt(_pycurl.KEYPASSWD, "none")
