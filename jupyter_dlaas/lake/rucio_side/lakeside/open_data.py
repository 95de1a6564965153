"""What of the samples is open data, and which files anybody may read because of that."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import requests

from .catalogue_files import relative_path
from .layout import HOST, Layout, State

# Of the prefix that DataCite keeps for tests: nobody will find it elsewhere.
DOI = "10.5072/dlaas-lake.4lep"
RECORD = 93910
DATASET = "4lep_data"
# So long, in seconds, what has been suspended may still be read.
REMEMBERED = 2.0
TIMEOUT = 10.0


def seed(scope: str, note: str) -> None:
    """Make one dataset of the samples public open data; may be repeated."""
    from rucio.common.exception import OpenDataDataIdentifierAlreadyExists
    from rucio.gateway import opendata

    named = {"scope": scope, "name": DATASET, "issuer": "root"}
    with suppress(OpenDataDataIdentifierAlreadyExists):
        opendata.add_opendata_did(**named)
    meta = {
        "title": "Events with four leptons, for H to ZZ to 4l",
        "collision_energy": "13 TeV",
        "keywords": ["education", "higgs", "four leptons"],
        "license": "CC0-1.0",
        "note": note,
    }
    opendata.update_opendata_did(**named, doi=DOI, record_id=RECORD, meta=meta, state="public")


class Public:
    """Tells which paths of a site anybody may read: those of the files of public open data."""

    def __init__(self, layout: Layout, state: State) -> None:
        self._url = f"https://{HOST}:{state.ports['rucio']}/opendata/public/dids"
        self._session = requests.Session()
        # A CA bundle of the environment would take the place of the lake's.
        self._session.trust_env = False
        self._session.verify = str(layout.ca)
        self._lock = threading.Lock()
        self._until = 0.0
        self._paths: frozenset[str] = frozenset()

    def __call__(self, path: str) -> bool:
        """Whether anybody may read `path`, which is relative to the site's prefix."""
        with self._lock:
            # What has just been published is readable at once.
            if path not in self._paths or time.monotonic() > self._until:
                self._paths = frozenset(self._asked())
                self._until = time.monotonic() + REMEMBERED
            return path in self._paths

    def _asked(self) -> Iterator[str]:
        for did in self._get("").get("dids", ()):
            # Rucio has no address for a name that holds a slash.
            found = self._get(f"/{quote(did['scope'])}/{quote(did['name'])}?files=1")
            for file in found.get("files", ()):
                yield f"/{relative_path(file['scope'], file['name'])}"

    def _get(self, below: str) -> dict[str, Any]:
        """Ask Rucio, as anybody may; what it does not answer is not public."""
        try:
            answer = self._session.get(self._url + below, timeout=TIMEOUT)
            return dict(answer.json()) if answer.ok else {}
        except requests.RequestException:
            return {}
