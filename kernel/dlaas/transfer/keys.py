"""What a storage may see of us.

Certificate and token go to the hosts that its RSE's protocols name, and nowhere else."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from dlaas.access import HTTPS_SCHEMES
from dlaas.errors import ConfigurationError, DlaasError

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue
    from dlaas.config import Instance


@dataclass(frozen=True)
class Keys:
    """Our certificate and token, and the (host, port) pairs that may have them."""

    with_certificate: ssl.SSLContext
    without: ssl.SSLContext
    origins: frozenset[tuple[str, int]]
    bearer: str | None = field(default=None, repr=False)

    def knows(self, url: str) -> bool:
        """Tell whether `url` is on a host and port that may have our credentials."""
        parts = urlsplit(url)
        return parts.scheme == "https" and address(url) in self.origins

    def context(self, url: str) -> ssl.SSLContext:
        """Choose the TLS context for `url`; both verify the server."""
        return self.with_certificate if self.knows(url) else self.without

    def headers(self, url: str) -> dict[str, str]:
        """Answer the headers that carry the token, where it may go."""
        return {"Authorization": f"Bearer {self.bearer}"} if self.bearer and self.knows(url) else {}


def address(url: str) -> tuple[str, int]:
    """Answer host and port of a URL.

    >>> address("https://user@Storage.example/a"), address("https://storage.example:8443/a")
    (('storage.example', 443), ('storage.example', 8443))
    """
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def encoded(url: str) -> str:
    """Encode what the path of a PFN may not hold in a URL, and nothing twice.

    >>> encoded("https://h/a b#1?ticket=a%2Fb"), encoded("https://h/a%20b/100%")
    ('https://h/a%20b%231?ticket=a%2Fb', 'https://h/a%20b/100%25')
    """
    # A name may hold "#"; a PFN has no fragment. What follows "?" is a ticket or a signature.
    parts = urlsplit(url.replace("#", "%23"))
    path = re.sub("%(?![0-9A-Fa-f]{2})", "%25", parts.path)
    return parts._replace(path=quote(path, safe="/%:@!$&'()*+,;=~-._")).geturl()


class KeyRing:
    """The keys of one lake; TLS contexts are made once, and anew for a renewed certificate.

    The token is taken afresh each time.
    """

    def __init__(self, lake: Catalogue) -> None:
        self._lake = lake
        self._shown: tuple[object, ssl.SSLContext] | None = None

    @cached_property
    def _without(self) -> ssl.SSLContext:
        return trusting(self._lake.instance)

    def _with_certificate(self) -> ssl.SSLContext:
        # A proxy lives for hours, a kernel for days.
        stamp = _stamp(self._lake.instance)
        if self._shown is None or self._shown[0] != stamp:
            context = trusting(self._lake.instance)
            present_certificate(context, self._lake.instance)
            self._shown = (stamp, context)
        return self._shown[1]

    def for_rse(self, rse: str) -> Keys:
        """Answer the keys for an RSE."""
        protocols = self._lake.rse_info(rse).get("protocols") or []
        return Keys(self._with_certificate(), self._without, _origins(protocols), self._bearer())

    def _bearer(self) -> str | None:
        # Rucio's own tokens are for Rucio: only a JWT can be meant for storages too.
        token = self._lake.credential()
        return token.value if token.is_jwt else None


def _origins(protocols: Iterable[Mapping[str, Any]]) -> frozenset[tuple[str, int]]:
    found = (p for p in protocols if p.get("scheme") in HTTPS_SCHEMES)
    return frozenset((str(p["hostname"]).lower(), int(p.get("port") or 443)) for p in found)


def _stamp(instance: Instance) -> list[tuple[int, int]]:
    """Tell what changes when certificate or key are written anew."""
    found = []
    for path in filter(None, (instance.client_cert, instance.client_key)):
        with suppress(OSError):
            status = os.stat(path)
            found.append((status.st_mtime_ns, status.st_ino))
    return found


def trusting(instance: Instance) -> ssl.SSLContext:
    """Make a TLS context that trusts the system's authorities, the instance's and the grid's."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for place in (instance.rucio_ca_cert, os.environ.get("X509_CERT_DIR")):
        if not place:
            continue
        path = Path(place)
        try:
            if path.is_dir():
                context.load_verify_locations(capath=str(path))
            elif path.is_file() or place == instance.rucio_ca_cert:
                context.load_verify_locations(cafile=str(path))
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"The CA certificate {place} cannot be read: {error}."
            ) from None
    return context


def present_certificate(context: ssl.SSLContext, instance: Instance) -> None:
    """Let a context show the instance's certificate or proxy, where one is configured."""
    if not instance.client_cert:
        return
    try:
        context.load_cert_chain(instance.client_cert, instance.client_key, password=_no_passphrase)
    except DlaasError:
        raise
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The certificate {instance.client_cert} cannot be used: {error}."
        ) from None


def _no_passphrase() -> str:
    # Without this OpenSSL asks at the terminal, and a server or kernel hangs.
    raise ConfigurationError(
        "The key of the certificate has a passphrase.", remedy="Make a proxy and use that."
    )
