"""What went wrong lately at which storage: it is tried last for some minutes."""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING

from dlaas.errors import DlaasError, StorageRefused, TookTooLong, Unreachable
from dlaas.reading.ranking import REFUSED, host_of

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue

_REMEMBER = 300.0
_SILENT = "did not answer lately: tried last"


class Troubles:
    """Failures by RSE and host that say something of the storage, not of one file; for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], tuple[float, str]] = {}

    def note(self, rse: str, url: str, error: DlaasError) -> None:
        """Remember a failure; what a storage answers for one file is none of its own."""
        if isinstance(error, StorageRefused):
            text = REFUSED
        elif isinstance(error, (Unreachable, TookTooLong)):
            text = _SILENT
        else:
            return
        with self._lock:
            self._found[rse, host_of(url)] = (time.monotonic(), text)

    def clear(self, rse: str, url: str) -> None:
        """Forget what was wrong: it works."""
        # Nearly always there is nothing: a look without the lock is enough.
        if self._found:
            with self._lock:
                self._found.pop((rse, host_of(url)), None)

    def known(self) -> dict[tuple[str, str], str]:
        """Answer what went wrong within the last minutes."""
        now = time.monotonic()
        with self._lock:
            self._found = {k: v for k, v in self._found.items() if now - v[0] < _REMEMBER}
            return {key: text for key, (_, text) in self._found.items()}


_of_lakes: weakref.WeakKeyDictionary[Catalogue, Troubles] = weakref.WeakKeyDictionary()
_guard = threading.Lock()


def troubles_of(lake: Catalogue) -> Troubles:
    """Answer what is known of the storages of a lake."""
    with _guard:
        return _of_lakes.setdefault(lake, Troubles())
