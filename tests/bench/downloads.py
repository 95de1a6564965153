"""What is downloaded in benchmarks: many small files, and a few large ones."""

from __future__ import annotations

import shutil
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from rucio.client import Client
from rucio.client.downloadclient import DownloadClient

from dlaas.lake import Lake
from dlaas.transfer.download import download
from jupyter_dlaas.lake import EmbeddedLake

SCOPE = "user.alice"
SMALL, LARGE = (300, 100 * 1024), (5, 100_000_000)
# What `rucio download` does unless told otherwise.
THREADS = 5


class Downloads:
    """A dataset that both sides fetch anew each time, into a folder that is empty."""

    def __init__(
        self, embedded: EmbeddedLake, lake: Lake, client: Client, rse: str, files: int, size: int
    ) -> None:
        self._lake = lake
        self._client = DownloadClient(client)
        self._folder = Path(embedded.directory) / "downloads"
        self.dataset = f"{SCOPE}:bench-{uuid.uuid4().hex[:8]}"
        self._fill(Path(embedded.directory) / "bench-source.bin", rse, files, size)

    def _fill(self, source: Path, rse: str, files: int, size: int) -> None:
        random = np.random.default_rng(size)
        scope, name = self.dataset.split(":")
        self._lake.client.add_dataset(scope, name)

        def send(number: int) -> None:
            path = source.with_name(f"{source.name}-{number}")
            path.write_bytes(random.bytes(size))
            self._lake.upload(path, f"{self.dataset}-{number:04}", dataset=self.dataset, rse=rse)
            path.unlink()

        # One after the other where they are large: the machine's memory is not that.
        with ThreadPoolExecutor(4 if size < 10_000_000 else 1) as pool:
            list(pool.map(send, range(files)))

    def ours(self) -> int:
        """Download by this library."""
        self._empty()
        done = download(self._lake, self.dataset, self._folder)
        assert done.failed == 0, done.failures
        return self._digest()

    def peer(self) -> int:
        """Download by rucio-clients, with a certificate."""
        self._empty()
        item = {"did": self.dataset, "base_dir": str(self._folder), "no_subdir": True}
        self._client.download_dids([item], num_threads=THREADS)
        return self._digest()

    def _empty(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()

    def _digest(self) -> int:
        """Tell whether both sides brought the same: names and sizes, for they verified the rest."""
        found = sorted((path.name, path.stat().st_size) for path in self._folder.iterdir())
        return zlib.adler32(repr(found).encode())
