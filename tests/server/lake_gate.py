"""A door in front of the genuine lake that misbehaves on demand."""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import requests

Mode = Literal["open", "late", "silent", "refuse", "endless", "cut"]
_HOP = {"transfer-encoding", "connection", "content-length", "content-encoding", "server", "date"}


# More than clients read at once.
CUT_AT = 5000


class Gate:
    """Passes requests on to Rucio; or is silent, refuses tokens, sends endless rows, stops midway.

    When it is late it passes on what it has got as soon as it is `released`. `reached` is set when
    a request came that is not passed on at once, `left` when the client of endless rows has gone.
    """

    def __init__(self, target: str, ca: str) -> None:
        self.mode: Mode = "open"
        self.reached = threading.Event()
        self.left = threading.Event()
        self.released = threading.Event()
        self.paths: list[str] = []
        # How long tokens are said to last, in seconds; None leaves what Rucio says.
        self.lifetime: float | None = None
        self._target = target
        self._ca = ca
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Let go of who waits, and close."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(gate) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                return

            def _any(self) -> None:
                gate.paths.append(self.path)
                if gate.mode != "open":
                    gate.reached.set()
                getattr(self, f"_{gate.mode}")()

            do_GET = do_POST = do_PUT = do_DELETE = _any

            def _open(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
                answer = requests.request(
                    self.command,
                    f"{gate._target}{self.path}",
                    headers=headers,
                    data=body,
                    verify=gate._ca,
                    timeout=30,
                    allow_redirects=False,
                )
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    if name == "X-Rucio-Auth-Token-Expires" and gate.lifetime is not None:
                        end = datetime.now(timezone.utc) + timedelta(seconds=gate.lifetime)
                        value = end.strftime("%a, %d %b %Y %H:%M:%S UTC")
                    if name.lower() not in _HOP:
                        self.send_header(name, value.replace(gate._target, gate.url))
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def _late(self) -> None:
                gate.released.wait(60)
                self._open()

            def _silent(self) -> None:
                gate.released.wait(60)
                self.close_connection = True

            def _refuse(self) -> None:
                self.send_response(401)
                self.send_header("ExceptionClass", "CannotAuthenticate")
                self.send_header("ExceptionMessage", "Cannot authenticate with given credentials")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _endless(self) -> None:
                self._begin_rows()
                number = 0
                try:
                    while not gate.released.is_set():
                        number += 1
                        self._row(number)
                        time.sleep(0.001)
                except OSError:
                    gate.left.set()

            def _cut(self) -> None:
                self._begin_rows()
                for number in range(CUT_AT):
                    self._row(number)
                # Without the last chunk: the answer is not whole.
                self.close_connection = True

            def _begin_rows(self) -> None:
                self.protocol_version = "HTTP/1.1"
                self.send_response(200)
                self.send_header("Content-Type", "application/x-json-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()

            def _row(self, number: int) -> None:
                row = {"scope": "s", "name": f"n{number}", "did_type": "FILE", "bytes": 1}
                line = json.dumps(row).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()

        return Handler
