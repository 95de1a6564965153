"""A dataset with a million children, in constant memory: a stand-in streams them, as Rucio does.

The listing runs in a process of its own, whose memory is measured before the first row and after
the last.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from dlaas import Instance, Lake
from dlaas.catalogue.stuck import explain
from dlaas.credentials import Bearer
from dlaas.model import DID, Rule

MILLION = 1_000_000
_STREAM = "application/x-json-stream"


class Endless(ThreadingHTTPServer):
    """A Rucio whose lists have a million rows; it notes which of them were not read to the end."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.left = threading.Event()
        self.sent = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://localhost:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        """A client that leaves is what is tested."""


class _Handler(BaseHTTPRequestHandler):
    server: Endless

    def do_GET(self) -> None:
        self._answer(self.path)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(self.path, body)

    def _answer(self, path: str, body: bytes = b"") -> None:
        row = _row_for(path)
        if row is None:
            self._once(path, body)
            return
        self.send_response(200)
        self.send_header("Content-Type", _STREAM)
        self.end_headers()
        try:
            for start in range(0, MILLION, 500):
                self.wfile.write(b"".join(row % n for n in range(start, start + 500)))
                self.server.sent = start + 500
        except OSError:
            self.server.left.set()

    def _once(self, path: str, body: bytes) -> None:
        rows = [{"scope": "s", "name": "all", "type": "DATASET", "bytes": 1, "length": MILLION}]
        if "bulkmeta" in path:
            # As Rucio does for a search by custom metadata, and for what is in a container.
            rows = [{**did, "did_type": "DATASET", "bytes": 5} for did in json.loads(body)["dids"]]
        told = "".join(json.dumps(one) + "\n" for one in rows).encode()
        self.send_response(200)
        self.send_header("Content-Type", _STREAM)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: Any) -> None:
        """Nothing is worth printing."""


def _row_for(path: str) -> bytes | None:
    """Write the row of a list, with room for its number; None for what is no list."""
    name = b'{"scope": "s", "name": "file-%d"'
    if re.search(r"/dids/search", path):
        return name + b', "did_type": "FILE", "bytes": 5, "length": 1}\n'
    if re.search(r"/files\b", path):
        return name + b', "bytes": 5, "adler32": "0a0b0c0d", "guid": null, "events": null}\n'
    if re.search(r"/s/all/dids\b", path):
        return name + b', "type": "FILE", "bytes": 5, "adler32": "0a0b0c0d"}\n'
    if re.search(r"/rules/\w+/locks", path):
        return name + b', "rse": "N", "rse_id": "0", "rule_id": "0", "state": "STUCK"}\n'
    if re.search(r"/replicas/list", path):
        pfn = b'"https://n/f-%d": {"rse": "N", "priority": 1}'.replace(b"%d", b"0")
        return name + b', "pfns": {' + pfn + b'}, "states": {"N": "AVAILABLE"}}\n'
    return None


@pytest.fixture
def endless() -> Iterator[Endless]:
    server = Endless()
    yield server
    server.shutdown()
    server.server_close()


_CHILD = """
import sys
from dlaas import Instance, Lake
from dlaas.credentials import Bearer

lake = Lake(Instance("x", sys.argv[1], account="alice"), credentials=Bearer("t", "alice"))
asked = {
    "list_files": lambda: lake.list_files("s:all"),
    "list_contents": lambda: lake.list_contents("s:all"),
    "search": lambda: lake.search("s:file*"),
    "list_replicas": lambda: lake.list_replicas("s:all"),
}[sys.argv[2]]

def most_used():
    # Not ru_maxrss: that begins with the memory of whoever started this process.
    told = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(told["VmHWM"].split()[0])

# What is imported for the first question is not counted.
lake.client.get_did("s", "all")
before = most_used()
for count, row in enumerate(asked(), 1):
    pass
print(count, most_used() - before)
"""


@pytest.mark.parametrize("listing", ["list_files", "list_contents", "search", "list_replicas"])
def test_a_million_rows_pass_in_constant_memory(endless: Endless, listing: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, endless.url, listing],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    count, grown = map(int, done.stdout.split())
    assert count == MILLION
    # Kilobytes: a list of the rows would take 300 MB and more.
    assert grown < 20_000


@pytest.mark.parametrize(
    "ask",
    [
        lambda lake: lake.list_files("s:all"),
        lambda lake: lake.list_contents("s:all"),
        lambda lake: lake.list_contents("s:all", recursive=True),
        lambda lake: lake.search("s:file*"),
        lambda lake: lake.search("s:file*", limit=3),
        lambda lake: lake.list_replicas("s:all"),
    ],
)
def test_whoever_stops_early_lets_the_connection_go(
    endless: Endless, ask: Callable[[Lake], Any]
) -> None:
    lake = Lake(
        Instance("x", endless.url, account="alice"), credentials=Bearer("the-token", "alice")
    )
    rows = ask(lake)
    assert str(next(rows).did) == "s:file-0"
    assert not endless.left.is_set()
    rows.close()
    assert endless.left.wait(60), "the server still writes"
    assert endless.sent < MILLION
    assert list(rows) == []


def test_completion_among_a_million_names_reads_a_few(endless: Endless) -> None:
    lake = Lake(
        Instance("x", endless.url, account="alice"), credentials=Bearer("the-token", "alice")
    )
    assert len(lake.complete("s:file-", limit=20)) == 20
    assert endless.left.wait(20)
    assert endless.sent < MILLION


def test_a_rule_with_a_million_stuck_files_is_explained_by_a_page(endless: Endless) -> None:
    lake = Lake(
        Instance("x", endless.url, account="alice"), credentials=Bearer("the-token", "alice")
    )
    rule = Rule("0" * 32, DID("s:all"), "alice", "N", "STUCK", locks_stuck=MILLION, error="Full.")
    found = explain(lake, rule)
    assert f"{MILLION} of {MILLION} files could not be brought to N. Rucio's error: Full." in str(
        found
    )
    assert len(found.locks) == 100
    assert not found.complete
    assert str(found).endswith("and more")
    assert endless.left.wait(60), "the server still writes"
