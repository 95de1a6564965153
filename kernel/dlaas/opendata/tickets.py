"""Whether a storage lets anybody read, or wants a ticket in the address, which Rucio gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dlaas.config import Instance
from dlaas.errors import DlaasError, StorageRefused
from dlaas.reading.ranking import as_https, host_of
from dlaas.transfer.wire.keys import Keys, trusting
from dlaas.transfer.wire.storage import Storage


def needs_ticket(instance: Instance, files: Iterable[Mapping[str, Any]]) -> bool:
    """Ask the storage of the first file that is there by https whether it lets anybody read."""
    urls = (as_https(str(url)) for file in files for url in file.get("uris") or ())
    url = next((url for url in urls if url.startswith("https:")), None)
    if url is None:
        return False
    context = trusting(instance)
    storage = Storage(host_of(url), Keys(context, context, frozenset()))
    try:
        storage.stat(url)
    except StorageRefused:
        return True
    except DlaasError:
        # Whatever it is, a ticket does not help.
        return False
    finally:
        storage.close()
    return False
