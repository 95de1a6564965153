"""What is compared: one function per benchmark, which prepares it and answers both sides."""

from __future__ import annotations

import ssl
import uuid
import warnings
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
from rucio.client import Client
from rucio.client.uploadclient import UploadClient
from urllib3.exceptions import InsecureRequestWarning

from dlaas.lake import Lake
from dlaas.model import Reference
from jupyter_dlaas.lake import EmbeddedLake

from .downloads import LARGE, SMALL, Downloads

FILES = 5000
RSE = "NORTH-DISK"
SIZE = 100_000_000
PIECE = 64 * 1024

# rucio-clients never verifies a WebDAV server and says so on every call.
warnings.filterwarnings("ignore", category=InsecureRequestWarning)


@dataclass(frozen=True)
class Case:
    """The same work done twice: by us, and by what people use today."""

    name: str
    peer_name: str
    ours: Callable[[], object]
    peer: Callable[[], object]


def _genuine(embedded: EmbeddedLake, account: str) -> Client:
    layout = embedded.layout
    return Client(
        rucio_host=embedded.url,
        auth_host=embedded.url,
        account=account,
        auth_type="userpass",
        creds={"username": account, "password": layout.password(account)},
        ca_cert=str(layout.ca),
        timeout=300,
    )


def status(embedded: EmbeddedLake, lake: Lake) -> Case:
    """How much of a dataset of 5,000 files is here: one call, against one replica list."""
    root = _genuine(embedded, "root")
    name = f"bench-{uuid.uuid4().hex[:8]}"
    files = [
        {"scope": "user.alice", "name": f"{name}-{i:05}", "bytes": 1000, "adler32": "00000001"}
        for i in range(FILES)
    ]
    root.add_dataset("user.alice", name)
    for start in range(0, FILES, 1000):
        root.add_replicas("NOTEBOOK-MOUNT", files[start : start + 1000])
        root.attach_dids("user.alice", name, files[start : start + 1000])
    client = _genuine(embedded, "alice")

    def peer() -> int:
        rows = client.list_replicas([{"scope": "user.alice", "name": name}])
        return sum("NOTEBOOK-MOUNT" in row["rses"] for row in rows)

    did = f"user.alice:{name}"
    return Case(
        "status", "rucio-clients list_replicas", lambda: lake.status(did).available_files, peer
    )


def random_reads(embedded: EmbeddedLake, lake: Lake) -> Case:
    """200 random pieces of 64 KiB of a remote file, over https."""
    instance = embedded.instance("alice")
    context = ssl.create_default_context(cafile=instance["rucio_ca_cert"])
    context.load_cert_chain(instance["client_cert"], instance["client_key"])
    did = lake.upload(_bytes(embedded, SIZE), f"user.alice:bench-{uuid.uuid4().hex}", rse=RSE).did
    url = next(r.pfn for r in lake.list_replicas(did) if r.pfn.startswith("https://"))
    starts = [int(start) for start in np.random.default_rng(1).integers(0, SIZE - PIECE, 200)]
    rucio = fsspec.filesystem("rucio", skip_instance_cache=True)
    path = str(Reference(did, lake.instance.name))

    async def get_client(**options: Any) -> Any:
        import aiohttp

        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context), **options)

    https = fsspec.filesystem("https", get_client=get_client, skip_instance_cache=True)

    def ours() -> int:
        ends = [start + PIECE for start in starts]
        return _digest(rucio.cat_ranges([path] * len(starts), starts, ends))

    def peer() -> int:
        with https.open(url) as file:
            return _digest([_at(file, start) for start in starts])

    return Case("random-reads", "fsspec https, default read-ahead", ours, peer)


def _at(file: Any, start: int) -> bytes:
    file.seek(start)
    data: bytes = file.read(PIECE)
    return data


def _digest(pieces: Iterable[bytes]) -> int:
    return zlib.adler32(b"".join(pieces))


def _bytes(embedded: EmbeddedLake, size: int) -> Path:
    path = Path(embedded.directory) / f"bench-{size}.bin"
    path.write_bytes(np.random.default_rng(2).bytes(size))
    return path


def upload(embedded: EmbeddedLake, lake: Lake) -> Case:
    """100 MB from a file to the storage: transferred, verified, registered, protected by a rule."""
    source = _bytes(embedded, SIZE)
    uploader = UploadClient(_genuine(embedded, "alice"))

    def ours() -> int:
        return lake.upload(source, f"user.alice:bench-{uuid.uuid4().hex}", rse=RSE).bytes

    def peer() -> int:
        item = {
            "path": str(source),
            "rse": RSE,
            "did_scope": "user.alice",
            "did_name": f"bench-{uuid.uuid4().hex}",
        }
        uploader.upload([item])
        return source.stat().st_size

    return Case("upload", "rucio-clients upload", ours, peer)


def download_small(embedded: EmbeddedLake, lake: Lake) -> Case:
    """300 files of 100 KiB over https: fetched, verified, renamed."""
    return _download("download-small", embedded, lake, SMALL)


def download_large(embedded: EmbeddedLake, lake: Lake) -> Case:
    """5 files of 100 MB over https."""
    return _download("download-large", embedded, lake, LARGE)


def _download(name: str, embedded: EmbeddedLake, lake: Lake, what: tuple[int, int]) -> Case:
    files, size = what
    pair = Downloads(embedded, lake, _genuine(embedded, "alice"), RSE, files, size)
    return Case(name, "rucio-clients download", pair.ours, pair.peer)


CASES: dict[str, Callable[[EmbeddedLake, Lake], Case]] = {
    "status": status,
    "random-reads": random_reads,
    "upload": upload,
    "download-small": download_small,
    "download-large": download_large,
}
