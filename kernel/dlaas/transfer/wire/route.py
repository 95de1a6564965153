"""Where the URL of a file leads, and the connection that is made there."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import urllib.request
from urllib.parse import urlsplit

from dlaas.access import HTTPS_SCHEMES
from dlaas.transfer.wire.keys import address, encoded

CONNECT_TIMEOUT = 10.0
# So long it is waited whether a door opens where there is another.
_KNOCK = 3.0
_ROOT_PORT = 1094
# Most URLs: nothing in them is to be encoded.
_AS_IT_IS = re.compile(r"https://[a-z0-9.:-]+/[A-Za-z0-9/:@!$&'()*+,;=~._-]*")


def asked(url: str) -> str:
    """Encode a PFN as it is asked for."""
    return url if _AS_IT_IS.fullmatch(url) else encoded(url)


def split(url: str) -> tuple[str, str]:
    """Split an encoded URL into its origin and what is asked for there."""
    start = url.find("/", len("https://"))
    if start > 0 and "?" not in url and "#" not in url:
        return url[:start], url[start:]
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"{parts.scheme}://{parts.netloc}", path


def proxy_for(host: str) -> str | None:
    """Answer the proxy that the environment names for a host."""
    proxy = urllib.request.getproxies().get("https")
    return None if not proxy or urllib.request.proxy_bypass(host) else proxy


def is_open(scheme: str, host: str, port: int) -> bool:
    """Tell whether anybody answers at a port, as far as that can be seen from here."""
    https = scheme in HTTPS_SCHEMES
    if https and proxy_for(host) is not None:
        return True
    at = port or (443 if https else _ROOT_PORT)
    try:
        with socket.create_connection((host, at), timeout=_KNOCK):
            return True
    except OSError:
        return False


def connection_to(wanted: tuple[str, int], context: ssl.SSLContext) -> http.client.HTTPSConnection:
    """Make a connection, through the proxy that the environment names for this host, if it does."""
    host, port = wanted
    proxy = proxy_for(host)
    if proxy is None:
        return http.client.HTTPSConnection(host, port, timeout=CONNECT_TIMEOUT, context=context)
    through, at = address(proxy)
    connection = http.client.HTTPSConnection(through, at, timeout=CONNECT_TIMEOUT, context=context)
    connection.set_tunnel(host, port)
    return connection


def authority_of(connection: socket.socket | None) -> str | None:
    """Answer the authority by which a server was verified, in PEM; None where that is not told."""
    # Public from Python 3.13 on, under another name.
    told = getattr(getattr(connection, "_sslobj", None), "get_verified_chain", None)
    chain = told() if told is not None else []
    return str(chain[-1].public_bytes()) if chain else None
