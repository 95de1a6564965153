"""HTTPS with client certificates, RFC 3820 proxies included, on the loopback interface alone."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cheroot.server import HTTPConnection
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server

from .service import Service

HANDSHAKE_TIMEOUT = 10.0
THREADS = 16
LAST_WORDS_SECONDS, BLOCK = 1.0, 65536


class ClientCertificates(BuiltinSSLAdapter):  # type: ignore[misc]
    """Give the application the client's subject in the order that Rucio strips proxies from."""

    def __init__(self, service: Service, required: bool) -> None:
        pki = service.layout.pki
        super().__init__(str(pki / "server.pem"), str(pki / "server.key"))
        self.context.load_verify_locations(str(service.layout.ca))
        self.context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        self.context.verify_flags |= ssl.VERIFY_ALLOW_PROXY_CERTS
        # Python 3.13 is strict by default, and to the strict an RFC 3820 proxy is malformed.
        self.context.verify_flags &= ~ssl.VERIFY_X509_STRICT

    def wrap(self, sock: Any) -> Any:
        # cheroot calls this in its only accepting thread, where a silent client would hold up all
        # others: the handshake is left to the thread that serves the connection.
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, {}

    def _make_env_dn_dict(self, env_prefix: str, cert_value: Any) -> dict[str, str]:
        # Leaf first, as RFC 4514 and mod_ssl have it; cheroot writes the certificate's order.
        return dict(super()._make_env_dn_dict(env_prefix, tuple(reversed(cert_value or ()))))


class Connection(HTTPConnection):  # type: ignore[misc]
    """A connection that shakes hands when its first request is to be read."""

    shaken = False

    def communicate(self) -> bool:
        if not self.shaken:
            try:
                self.socket.settimeout(HANDSHAKE_TIMEOUT)
                self.socket.do_handshake()
                self.socket.settimeout(self.server.timeout)
            except OSError:
                self._let_read()
                return False
            self.ssl_env = self.server.ssl_adapter.get_environ(self.socket)
            self.shaken = True
        return bool(super().communicate())

    def _let_read(self) -> None:
        """Let the client read why it is refused: to close on a request not read would undo that."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
            self.socket.settimeout(LAST_WORDS_SECONDS)
            while self.socket.recv(BLOCK):
                pass


def serve_https(
    service: Service,
    application: Callable[..., Any],
    *,
    certificate_required: bool = False,
    stop: Callable[[], None] = lambda: None,
) -> None:
    """Serve a WSGI application over TLS on 127.0.0.1 until the service is told to end."""
    server = Server(
        ("127.0.0.1", service.port),
        application,
        numthreads=THREADS,
        request_queue_size=128,
        timeout=60,
        shutdown_timeout=1,
    )
    server.ConnectionClass = Connection
    server.keep_alive_conn_limit = 200
    server.ssl_adapter = ClientCertificates(service, certificate_required)
    server.prepare()
    service.ready()

    def end() -> None:
        stop()
        server.stop()

    service.run(server.serve, end)
