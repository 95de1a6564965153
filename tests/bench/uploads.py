"""What is uploaded in benchmarks, by us and by what people use."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import uuid
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

from rucio.client import Client
from rucio.client.uploadclient import UploadClient

from dlaas.lake import Lake
from dlaas.transfer.wire.keys import KeyRing
from dlaas.transfer.wire.storage import Storage
from jupyter_dlaas.lake import EmbeddedLake

from .downloads import RSE, SCOPE


class Uploads:
    """One file that each side sends anew each time, under a name that nobody has."""

    def __init__(self, embedded: EmbeddedLake, lake: Lake, client: Client, source: Path) -> None:
        self._lake = lake
        self._client = UploadClient(client)
        self._instance = embedded.instance("alice")
        self._source = source
        self._size = source.stat().st_size
        sent = self.ours()
        assert sent == self._size
        replicas = lake.list_replicas(self._last, schemes=["https"])
        self._beside = next(replica.pfn for replica in replicas)

    def ours(self) -> int:
        """Upload by this library: checked, sent, verified, registered, kept by a rule."""
        self._last = f"{SCOPE}:bench-{uuid.uuid4().hex}"
        # As on a machine that has no library for root://: https is what is compared.
        with mock.patch("dlaas.access.reads_root", return_value=False):
            return self._lake.upload(self._source, self._last, rse=RSE).bytes

    def rucio(self) -> int:
        """Upload by rucio-clients, over https."""
        item = {
            "path": str(self._source),
            "rse": RSE,
            "did_scope": SCOPE,
            "did_name": f"bench-{uuid.uuid4().hex}",
            "force_scheme": "https",
        }
        self._client.upload([item])
        return self._size

    def engine(self) -> int:
        """Send the bytes alone, summed up on the way."""
        storage = Storage(RSE, KeyRing(self._lake).for_rse(RSE))
        try:
            return storage.put(self._url(), self._source, self._size).bytes
        finally:
            storage.close()

    def curl(self) -> int:
        """Send the bytes by curl."""
        instance = self._instance
        subprocess.run(
            [
                "curl", "--silent", "--fail", "--cacert", instance["rucio_ca_cert"],
                "--cert", instance["client_cert"], "--key", instance["client_key"],
                "--upload-file", str(self._source), self._url(),
            ],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return self._size

    def aiohttp(self) -> int:
        """Send the bytes by aiohttp."""
        asyncio.run(self._by_aiohttp())
        return self._size

    async def _by_aiohttp(self) -> None:
        import aiohttp

        context = ssl.create_default_context(cafile=self._instance["rucio_ca_cert"])
        context.load_cert_chain(self._instance["client_cert"], self._instance["client_key"])
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(connector=connector) as session:
            with open(self._source, "rb") as file:
                async with session.put(self._url(), data=file) as answer:
                    answer.raise_for_status()

    def _url(self) -> str:
        parts = urlsplit(self._beside)
        folder = parts.path.rpartition("/")[0]
        return parts._replace(path=f"{folder}/bench-{uuid.uuid4().hex}").geturl()
