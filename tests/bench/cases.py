"""What is compared: one function per benchmark, which prepares it and answers all sides."""

from __future__ import annotations

import ssl
import uuid
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
from rucio.client import Client
from urllib3.exceptions import InsecureRequestWarning

from dlaas.config import Instance
from dlaas.lake import Lake
from dlaas.model import Reference
from jupyter_dlaas.lake import EmbeddedLake

from .delay import Delay
from .downloads import RSE as EAST
from .downloads import Downloads
from .uploads import Uploads

FILES = 5000
RSE = "NORTH-DISK"
SIZE = 100_000_000
PIECE = 64 * 1024
HOST = "localhost"
# Seconds there and back: a storage in the same country.
RTT = 0.02

# rucio-clients never verifies a WebDAV server and says so on every call.
warnings.filterwarnings("ignore", category=InsecureRequestWarning)


@dataclass(frozen=True)
class Case:
    """The same work done twice: by us, and by what people use today; `before` each is not timed."""

    name: str
    peer_name: str
    ours: Callable[[], object]
    peer: Callable[[], object]
    before: Callable[[], object] = lambda: None


def _genuine(embedded: EmbeddedLake, account: str) -> Client:
    # Of one account in a process: it keeps the token in the file that the environment names.
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


@contextmanager
def status(embedded: EmbeddedLake, lake: Lake) -> Iterator[list[Case]]:
    """How much of a dataset of 5,000 files is here: one call, against one replica list."""
    root = Lake(Instance.from_mapping(embedded.instance("root"))).client
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

    def ours() -> int:
        return lake.status(did).available_files

    yield [Case("status", "rucio-clients list_replicas", ours, peer)]


@contextmanager
def random_reads(embedded: EmbeddedLake, lake: Lake) -> Iterator[list[Case]]:
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

    yield [Case("random-reads", "fsspec https, default read-ahead", ours, peer)]


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


@contextmanager
def upload(embedded: EmbeddedLake, lake: Lake) -> Iterator[list[Case]]:
    """200 MB from a file to the storage: transferred, verified, registered, protected by a rule."""
    pair = Uploads(embedded, lake, _genuine(embedded, "alice"), _bytes(embedded, 2 * SIZE))
    yield [
        Case("upload", "rucio-clients", pair.ours, pair.rucio),
        Case("upload-bytes", "curl", pair.engine, pair.curl),
        Case("upload-bytes", "aiohttp", pair.engine, pair.aiohttp),
    ]


@contextmanager
def small(embedded: EmbeddedLake, lake: Lake) -> Iterator[list[Case]]:
    """1000 files of 100 KiB over https: fetched, verified, renamed."""
    yield _downloads("small", embedded, lake, 1000, 100 * 1024)


@contextmanager
def large(embedded: EmbeddedLake, lake: Lake) -> Iterator[list[Case]]:
    """20 files of 200 MB over https."""
    yield _downloads("large", embedded, lake, 20, 200_000_000)


@contextmanager
def latency(embedded: EmbeddedLake, lake: Lake) -> Iterator[list[Case]]:
    """300 files of 100 KiB from a storage that is 20 ms away."""
    port = embedded.state.ports["east"]
    delay = Delay(port, RTT)
    root = Lake(Instance.from_mapping(embedded.instance("root"))).client
    try:
        root.update_protocols(EAST, "https", {"port": delay.port}, HOST, port)
        try:
            far = Lake(lake.instance)
            yield _downloads("latency", embedded, far, 300, 100 * 1024)
        finally:
            root.update_protocols(EAST, "https", {"port": port}, HOST, delay.port)
    finally:
        delay.close()


def _downloads(name: str, embedded: EmbeddedLake, lake: Lake, files: int, size: int) -> list[Case]:
    pair = Downloads(embedded, lake, _genuine(embedded, "alice"), files, size)
    # Authorities are loaded for each file: of few files it makes no difference how many there are.
    one_ca = [("rucio-clients, one CA", pair.rucio_one_ca)] if files > 100 else []
    bare = [("curl --parallel", pair.curl), ("aiohttp", pair.aiohttp)]
    return [
        *(
            Case(name, peer_name, pair.ours, peer, pair.empty)
            for peer_name, peer in [("rucio-clients", pair.rucio), *one_ca]
        ),
        *(
            Case(f"{name}-bytes", peer_name, pair.engine, peer, pair.empty)
            for peer_name, peer in bare
        ),
    ]


CASES: dict[str, Callable[[EmbeddedLake, Lake], AbstractContextManager[list[Case]]]] = {
    "status": status,
    "random-reads": random_reads,
    "upload": upload,
    "small": small,
    "large": large,
    "latency": latency,
}
