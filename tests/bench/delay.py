"""A storage that is far: a TCP proxy that hands each byte on so much later.

It is a process of its own, `python -m tests.bench.delay PORT SECONDS`, and prints its port.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

_HELD = 1 << 18


class Delay:
    """The proxy before a port of localhost, with a round trip of `rtt` seconds."""

    def __init__(self, port: int, rtt: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.delay", str(port), str(rtt / 2)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def instead_of(self, url: str) -> str:
        """Answer a URL of the storage as it is through the proxy."""
        parts = urlsplit(url)
        return parts._replace(netloc=f"{parts.hostname}:{self.port}").geturl()

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


async def _hand_on(reader: asyncio.StreamReader, writer: Any, seconds: float) -> None:
    """Hand bytes on in their order, each when its time has come, while more are read."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()

    delivery = asyncio.ensure_future(deliver())
    try:
        while data := await reader.read(_HELD):
            under_way.put_nowait((loop.time() + seconds, data))
    except OSError:
        pass
    under_way.put_nowait((loop.time() + seconds, b""))
    await asyncio.gather(delivery, return_exceptions=True)


async def _serve(port: int, seconds: float) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_hand_on(reader, back, seconds), _hand_on(there, writer, seconds))

    server = await asyncio.start_server(client, "127.0.0.1", 0, backlog=200)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
