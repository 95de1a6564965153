"""HTTPS with client certificates, RFC 3820 proxies included, on the loopback interface alone."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server

from .service import Service

HANDSHAKE_TIMEOUT = 5.0
THREADS = 16


class ClientCertificates(BuiltinSSLAdapter):  # type: ignore[misc]
    """Give the application the client's subject in the order that Rucio strips proxies from."""

    def __init__(self, service: Service, required: bool) -> None:
        pki = service.layout.pki
        super().__init__(str(pki / "server.pem"), str(pki / "server.key"))
        self.context.load_verify_locations(str(service.layout.ca))
        self.context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        self.context.verify_flags |= ssl.VERIFY_ALLOW_PROXY_CERTS

    def wrap(self, sock: Any) -> Any:
        # cheroot shakes hands in its only accepting thread: a silent client must not hold it up.
        timeout = sock.gettimeout()
        sock.settimeout(HANDSHAKE_TIMEOUT)
        wrapped, environ = super().wrap(sock)
        wrapped.settimeout(timeout)
        return wrapped, environ

    def _make_env_dn_dict(self, env_prefix: str, cert_value: Any) -> dict[str, str]:
        # Leaf first, as RFC 4514 and mod_ssl have it; cheroot writes the certificate's order.
        return dict(super()._make_env_dn_dict(env_prefix, tuple(reversed(cert_value or ()))))


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
    server.keep_alive_conn_limit = 200
    server.ssl_adapter = ClientCertificates(service, certificate_required)
    server.prepare()
    service.ready()

    def end() -> None:
        stop()
        server.stop()

    service.run(server.serve, end)
