"""One act on a root:// URL by XRootD's Python client: `root_client.py ACT URL`.

A process of its own for each: a process has one connection, hence one identity, to a server. Bytes
come from standard input and go to standard output; the exit code tells whether it was done.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from XRootD import client
from XRootD.client.flags import OpenFlags, QueryCode


def _require(status: Any) -> None:
    if not status.ok:
        sys.exit(str(status.message))


def read(url: str) -> None:
    file = client.File()
    _require(file.open(url)[0])
    status, content = file.read()
    _require(status)
    _require(file.close()[0])
    sys.stdout.buffer.write(content)


def write(url: str) -> None:
    file = client.File()
    _require(file.open(url, OpenFlags.DELETE | OpenFlags.MAKEPATH)[0])
    _require(file.write(sys.stdin.buffer.read())[0])
    _require(file.close()[0])


def break_off(url: str) -> None:
    file = client.File()
    _require(file.open(url, OpenFlags.NEW | OpenFlags.MAKEPATH | OpenFlags.POSC)[0])
    _require(file.write(sys.stdin.buffer.read())[0])
    print("written", end="", flush=True)
    os._exit(0)


def checksum(url: str) -> None:
    parts = client.URL(url)
    status, answer = client.FileSystem(url).query(QueryCode.CHECKSUM, parts.path_with_params)
    _require(status)
    print(answer.rstrip(b"\0").decode())


if __name__ == "__main__":
    acts = {act.__name__: act for act in (read, write, break_off, checksum)}
    acts[sys.argv[1]](sys.argv[2])
