"""A service that misbehaves on demand: any function is a server."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Request:
    """What came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class Answer:
    """What goes out; `promised` is a Content-Length that may lie, `cut` ends the connection after
    the body; `drip` follows it, each piece when it comes.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None
    drip: Iterable[bytes] = ()


class StandIn:
    """A server on a free port of localhost that answers what `answer` says, and keeps what it was
    asked; of a body it reads as much as `takes` says for its method.
    """

    def __init__(
        self,
        answer: Callable[[Request], Answer],
        tls: tuple[Path, Path] | None = None,
        takes: Callable[[str], int | None] = lambda _: None,
    ) -> None:
        self.requests: list[Request] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, ssl.SSLError):
                    self.close_connection = True

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return self._serve
                raise AttributeError(name)

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                most = takes(self.command)
                if most is not None and most < length:
                    # It hangs up in the middle of what it is sent.
                    self.rfile.read(most)
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                request = Request(
                    self.command, self.path, dict(self.headers), self.rfile.read(length)
                )
                outer.requests.append(request)
                told = answer(request)
                # Not what would tell our own time where a test tells another.
                begin = self.send_response_only if "Date" in told.headers else self.send_response
                begin(told.status)
                for name, value in told.headers.items():
                    self.send_header(name, value)
                promised = len(told.body) if told.promised is None else told.promised
                self.send_header("Content-Length", str(promised))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(told.body)
                    for piece in told.drip:
                        self.wfile.write(piece)
                if promised != len(told.body):
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                """Nothing is worth printing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        scheme = "http"
        if tls is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self.url = f"{scheme}://localhost:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def asked(self, method: str) -> list[Request]:
        """The requests with a method."""
        return [request for request in self.requests if request.method == method]

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
