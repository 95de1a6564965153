"""What a storage may see of us.

Certificate and token go to the hosts that its RSE's protocols name, and nowhere else."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from dlaas.access import HTTPS_SCHEMES
from dlaas.credentials.proxy import Proxy
from dlaas.credentials.x509_files import GRID_AUTHORITIES
from dlaas.errors import ConfigurationError, DlaasError
from dlaas.transfer.wire import shown
from dlaas.transfer.wire.shown import CertificateFiles

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
    # What `with_certificate` shows, for a TLS library that is not Python's.
    certificate: Proxy | CertificateFiles | None = field(default=None, repr=False)

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

    def said(self, url: str) -> str:
        """Say what `url` is shown of us, for an error; no secret."""
        known = self.knows(url)
        return shown.said_of(self.bearer if known else None, known and self.certificate is not None)


# Asked some times for each file, of which there may be thousands.
@lru_cache(maxsize=256)
def address(url: str) -> tuple[str, int]:
    """Answer host and port of a URL.

    >>> address("https://user@Storage.example/a"), address("https://storage.example:8443/a")
    (('storage.example', 443), ('storage.example', 8443))
    """
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


@lru_cache(maxsize=256)
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

    def _with(self, certificate: Proxy | CertificateFiles) -> ssl.SSLContext:
        # A proxy lives for hours, a kernel for days.
        stamp = certificate if isinstance(certificate, Proxy) else certificate.stamp()
        if self._shown is None or self._shown[0] != stamp:
            context = trusting(self._lake.instance)
            present_certificate(context, certificate)
            self._shown = (stamp, context)
        return self._shown[1]

    def for_rse(self, rse: str) -> Keys:
        """Answer the keys for an RSE."""
        origins = _origins(self._lake.rse_info(rse).get("protocols") or [])
        bearer = self._bearer()
        certificate = shown.certificate(self._lake)
        if certificate is None:
            return Keys(self._without, self._without, origins, bearer)
        try:
            return Keys(self._with(certificate), self._without, origins, bearer, certificate)
        except ConfigurationError as error:
            if bearer is None or "passphrase" not in error.details:
                raise
            return Keys(self._without, self._without, origins, bearer)

    def _bearer(self) -> str | None:
        return shown.storage_token(self._lake)


def _origins(protocols: Iterable[Mapping[str, Any]]) -> frozenset[tuple[str, int]]:
    found = (p for p in protocols if p.get("scheme") in HTTPS_SCHEMES)
    return frozenset((str(p["hostname"]).lower(), int(p.get("port") or 443)) for p in found)


def trusting(instance: Instance) -> ssl.SSLContext:
    """Make a TLS context that trusts the system's authorities, the instance's and the grid's."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    grid = os.environ.get("X509_CERT_DIR") or GRID_AUTHORITIES
    for place in (instance.rucio_ca_cert, instance.voms_certdir_path, grid):
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


def present_certificate(context: ssl.SSLContext, certificate: Proxy | CertificateFiles) -> None:
    """Let a context show a certificate."""
    if isinstance(certificate, Proxy):
        with certificate.file() as path:
            context.load_cert_chain(path)
        return
    try:
        context.load_cert_chain(certificate.cert, certificate.key, password=_no_passphrase)
    except DlaasError:
        raise
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The certificate {certificate.cert} cannot be used: {error}."
        ) from None


def _no_passphrase() -> str:
    # Without this OpenSSL asks at the terminal, and a server or kernel hangs.
    raise ConfigurationError(
        "The key of the certificate has a passphrase.",
        remedy="Log in with it in the panel, or make a proxy and use that.",
        details={"passphrase": True},
    )
