"""A storage of files in memory, with ranges: it counts what is asked, and misbehaves when told."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PIECE = 16 * 1024


@dataclass
class Get:
    """A request for bytes `start` to `end` (exclusive) of a file."""

    path: str
    start: int
    end: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    """How an answer goes wrong; each by itself.

    `cut` ends the connection after so many bytes, `promise` adds to the Content-Length, `whole`
    ignores ranges, `total` lies about the size of the file, `offset` answers other bytes than those
    asked for.
    """

    status: int = 206
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    promise: int = 0
    whole: bool = False
    total: int | None = None
    offset: int = 0
    wrong: bool = False
    stall: threading.Event | None = None


class Shelf:
    """A server on a free port of localhost.

    `fault` decides each answer; `before_piece` is called before each 16 KiB.
    """

    def __init__(
        self,
        files: dict[str, bytes],
        tls: tuple[Path, Path],
        fault: Callable[[Get], Fault] = lambda _: Fault(),
        before_piece: Callable[[], object] = lambda: None,
    ) -> None:
        self.files = files
        self.gets: list[Get] = []
        self.fault = fault
        self.before_piece = before_piece
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                try:
                    shelf._answer(self)
                except (ConnectionError, ssl.SSLError):
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Nothing is worth printing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = self.files[handler.path]
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers["Range"])
        assert asked, "a range that is not closed"
        get = Get(handler.path, int(asked[1]), int(asked[2]) + 1, dict(handler.headers))
        assert get.end <= len(body), "a range that is not inside the file"
        self.gets.append(get)
        fault = self.fault(get)
        if fault.status not in (200, 206):
            sent = b"x" * 100
        elif fault.whole:
            sent = body
        else:
            sent = body[get.start + fault.offset : get.end + fault.offset]
        if fault.wrong:
            sent = bytes(len(sent))
        handler.send_response(200 if fault.whole and fault.status == 206 else fault.status)
        for name, value in fault.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(sent) + fault.promise))
        if fault.status == 206 and not fault.whole:
            first = get.start + fault.offset
            total = len(body) if fault.total is None else fault.total
            handler.send_header("Content-Range", f"bytes {first}-{first + len(sent) - 1}/{total}")
        handler.end_headers()
        self._send(handler, sent if fault.cut is None else sent[: fault.cut])
        if fault.stall is not None:
            fault.stall.wait(600)
        if fault.cut is not None or fault.promise:
            handler.close_connection = True

    def _send(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        for start in range(0, len(body), PIECE):
            self.before_piece()
            handler.wfile.write(body[start : start + PIECE])

    @property
    def bytes_asked(self) -> int:
        """The bytes of all requests."""
        return sum(get.end - get.start for get in self.gets)

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
