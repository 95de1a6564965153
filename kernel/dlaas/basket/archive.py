"""Archives: storages of the world, which no catalogue of a lake vouches for."""

from __future__ import annotations

import http.client
import ipaddress
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dlaas.errors import DlaasError, StorageFailed, TookTooLong
from dlaas.rucio.translate import from_network, origin
from dlaas.transfer.wire.storage import Storage

# Seconds between two looks at whether a download is still wanted.
_HEED = 0.5
Asked = Callable[[], bool]


class Archive(Storage):
    """A storage of whoever it is: none in the world sends us on into a network of our own."""

    _is_far = False

    def _connect(self, wanted: tuple[str, int], base: str) -> http.client.HTTPConnection:
        connection = super()._connect(wanted, base)
        is_far = is_public(connection.sock.getpeername()[0])
        if self._is_far and not is_far:
            self.close()
            raise StorageFailed(
                f"{self.rse} sends on to {origin(base)}, which is in a private network:"
                " nothing was sent there."
            )
        self._is_far = is_far
        return connection

    def _lost(self, error: Exception, url: str) -> DlaasError:
        # No catalogue has a name for it besides its address.
        found = from_network(error, origin(url))
        if isinstance(found, TookTooLong):
            found.blame = "storage"
        return found


def is_public(ip: str) -> bool:
    """Tell whether an address is one of the world's.

    >>> is_public("137.138.0.1"), is_public("10.0.0.1"), is_public("::1"), is_public("fe80::1%eth0")
    (True, False, False, False)
    """
    found = ipaddress.ip_address(ip.partition("%")[0])
    return (getattr(found, "ipv4_mapped", None) or found).is_global


@contextmanager
def heeding(storage: Storage, cancelled: Asked | None) -> Iterator[None]:
    """Cut the connection when it is cancelled, also while nothing comes."""
    if cancelled is None:
        yield
        return
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_HEED):
            if cancelled():
                storage.abort()

    thread = threading.Thread(target=watch, name="dlaas-heeding", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
