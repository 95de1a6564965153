"""What is downloaded in benchmarks, by us and by what people use: the same files from the same
storage into the same folder, both verified against the catalogue where the peer can.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import subprocess
import tempfile
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
from rucio.client import Client
from rucio.client.downloadclient import DownloadClient

from dlaas.lake import Lake
from dlaas.model import DID
from dlaas.transfer.download import download
from dlaas.transfer.download.choose import entries
from jupyter_dlaas.lake import EmbeddedLake

SCOPE = "user.alice"
# Written in C++: what is measured is not the storage. The others are WsgiDAV.
RSE = "EAST-DISK"
# What `rucio download` and `curl --parallel` are told; curl's own default is 50.
THREADS, CURL_AT_ONCE = 5, 16
# The bytes are written to memory where there is some, so that no disk is measured either.
MEMORY = Path("/dev/shm")


def room(needed: int) -> Path | None:
    """Answer a folder in memory that takes so many bytes; None for the ordinary one."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2 * needed:
        return MEMORY
    return None


class Downloads:
    """A dataset that each side fetches anew each time, into a folder that is empty."""

    def __init__(
        self, embedded: EmbeddedLake, lake: Lake, client: Client, files: int, size: int
    ) -> None:
        self._lake = lake
        self._client = DownloadClient(client, logger=lambda *_, **__: None)
        self._instance = embedded.instance("alice")
        self._top = tempfile.TemporaryDirectory(prefix="dlaas-bench-", dir=room(files * size))
        self._folder = Path(self._top.name) / "downloads"
        self.dataset = DID(f"{SCOPE}:bench-{uuid.uuid4().hex[:8]}")
        self._fill(embedded, files, size)
        self._listed = list(entries(lake, self.dataset, lake._did(self.dataset)))
        self.urls = [
            (replica.did, replica.pfn)
            for replica in lake.list_replicas(self.dataset, schemes=["https"])
        ]

    def _fill(self, embedded: EmbeddedLake, files: int, size: int) -> None:
        random = np.random.default_rng(size)
        with tempfile.TemporaryDirectory(dir=embedded.directory) as folder:
            paths = [Path(folder) / f"{self.dataset.name}-{n:04}" for n in range(files)]
            for path in paths:
                path.write_bytes(random.bytes(size))
            embedded.seed(paths, SCOPE, self.dataset.name, RSE)

    def ours(self) -> int:
        """Download by this library, catalogue and all."""
        with _by_https():
            done = download(self._lake, self.dataset, self._folder)
        assert done.failed == 0, done.failures
        return self._digest()

    def engine(self) -> int:
        """Download by this library the files whose addresses are known, as curl does."""
        known = {did: [(RSE, url)] for did, url in self.urls}
        row = {"type": "DATASET", "bytes": sum(entry.bytes or 0 for entry in self._listed)}

        def copies(_: Lake, dids: list[DID]) -> Iterator[tuple[DID, list[tuple[str, str]]]]:
            return ((did, known[did]) for did in dids)

        with (
            mock.patch.object(Lake, "_did", return_value=row),
            mock.patch(
                "dlaas.transfer.download.engine.entries", side_effect=lambda *_: iter(self._listed)
            ),
            mock.patch("dlaas.transfer.download.choose._copies", copies),
        ):
            done = download(self._lake, self.dataset, self._folder)
        assert done.failed == 0, done.failures
        return self._digest()

    def rucio(self) -> int:
        """Download by rucio-clients, with a certificate and over https."""
        item = {
            "did": self.dataset,
            "base_dir": str(self._folder),
            "no_subdir": True,
            "force_scheme": "https",
        }
        self._client.download_dids([item], num_threads=THREADS)
        return self._digest()

    def rucio_one_ca(self) -> int:
        """Download by rucio-clients on a machine that trusts the lake's authority alone.

        It loads all authorities for each file, though it verifies nothing with them: most of its
        time goes there.
        """
        with mock.patch.dict(os.environ, SSL_CERT_FILE=self._instance["rucio_ca_cert"]):
            return self.rucio()

    def curl(self) -> int:
        """Download by curl, which verifies the server and nothing of the files."""
        pairs = (f'url = "{url}"\noutput = "{self._path(did)}"\n' for did, url in self.urls)
        subprocess.run(
            [
                "curl", "--silent", "--fail", "--parallel", "--parallel-max", str(CURL_AT_ONCE),
                "--cacert", self._instance["rucio_ca_cert"],
                "--cert", self._instance["client_cert"], "--key", self._instance["client_key"],
                "--config", "-",
            ],
            input="".join(pairs), text=True, check=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return self._digest()

    def aiohttp(self) -> int:
        """Download by aiohttp, which verifies the server and nothing of the files."""
        asyncio.run(self._by_aiohttp())
        return self._digest()

    async def _by_aiohttp(self) -> None:
        import aiohttp

        context = ssl.create_default_context(cafile=self._instance["rucio_ca_cert"])
        context.load_cert_chain(self._instance["client_cert"], self._instance["client_key"])
        connector = aiohttp.TCPConnector(ssl=context, limit=CURL_AT_ONCE)
        async with aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=None)
        ) as session:

            async def fetch(did: DID, url: str) -> None:
                async with session.get(url) as answer:
                    answer.raise_for_status()
                    with open(self._path(did), "wb", buffering=0) as file:
                        async for chunk in answer.content.iter_any():
                            file.write(chunk)

            await asyncio.gather(*(fetch(did, url) for did, url in self.urls))

    def _path(self, did: DID) -> Path:
        return self._folder / did.name

    def empty(self) -> None:
        """Remove what the last one brought, which nobody's time is spent on."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()

    def _digest(self) -> int:
        """Tell whether both sides brought the same: names and sizes, for they verified the rest."""
        found = sorted((path.name, path.stat().st_size) for path in self._folder.iterdir())
        return zlib.adler32(repr(found).encode())


@contextmanager
def _by_https() -> Iterator[None]:
    """Read as a machine does that has no library for root://: https is what is compared."""
    with mock.patch("dlaas.access.reads_root", return_value=False):
        yield
