"""What of a login storages are shown: a token that they can read, a proxy, or configured files."""

from __future__ import annotations

import os
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlaas.credentials.proxy import Proxy, said
from dlaas.credentials.tokens import Token, jwt_claims
from dlaas.credentials.x509_files import usual_proxies
from dlaas.errors import DlaasError, LoginRequired, StorageRefused

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue


@dataclass(frozen=True)
class CertificateFiles:
    """A certificate and its key in files, for a proxy one file."""

    cert: str
    key: str | None

    @property
    def is_proxy(self) -> bool:
        """Tell whether certificate and key are in one file, as of a proxy."""
        return self.key in (None, "", self.cert)

    def stamp(self) -> tuple[object, ...]:
        """Tell what changes when certificate or key are written anew."""
        found: list[object] = [self.cert, self.key]
        for path in filter(None, (self.cert, self.key)):
            with suppress(OSError):
                status = os.stat(path)
                found.append((status.st_mtime_ns, status.st_ino))
        return tuple(found)


def storage_token(lake: Catalogue) -> str | None:
    """Answer the token for storages: one got for them, else the login's own where it is a JWT.

    Rucio's own tokens, which are no JWT, are for Rucio.
    """
    token = _exchanged(lake) or lake.credential()
    return token.value if token.is_jwt else None


def _exchanged(lake: Catalogue) -> Token | None:
    ask = getattr(lake.credential, "storage_token", None)
    return ask() if ask is not None else None


def certificate(lake: Catalogue) -> Proxy | CertificateFiles | None:
    """Answer the certificate for storages: the login's proxy, else the configured one, else the one
    that grid tools have left.

    Raises `LoginRequired` when the login's proxy has expired.
    """
    proxy: Proxy | None = getattr(lake.credential, "proxy", None)
    if proxy is not None:
        if proxy.expires_at <= time.time():
            raise LoginRequired(
                f"The proxy of {proxy.identity} expired on {said(proxy.expires_at)}: storages no"
                " longer accept it.",
                remedy="Log in again with your certificate.",
            )
        return proxy
    if lake.instance.client_cert:
        return CertificateFiles(lake.instance.client_cert, lake.instance.client_key)
    return left_by_grid_tools()


def left_by_grid_tools() -> CertificateFiles | None:
    """Answer the proxy that grid tools have left, where it still lasts."""
    lasting = (CertificateFiles(path, None) for path in usual_proxies() if _lasts(path))
    return next(lasting, None)


def _lasts(path: str) -> bool:
    """Tell whether a proxy is still valid; a storage hangs up on one that is not."""
    # In the standard library there is no public way to read one that is no authority's.
    decode = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    if decode is None:
        return True
    try:
        return bool(ssl.cert_time_to_seconds(decode(path)["notAfter"]) > time.time())
    except (ssl.SSLError, OSError, ValueError, KeyError):
        return False


def said_of(token: str | None, has_certificate: bool) -> str:
    """Say what a storage was shown, for an error: never the token itself."""
    claims = jwt_claims(token) if token else None
    if claims is not None:
        audience = claims.get("aud") or "nobody in particular"
        named = " ".join(map(str, audience)) if isinstance(audience, list) else str(audience)
        scopes = [one for one in str(claims.get("scope", "")).split() if one.startswith("storage.")]
        rights = " ".join(scopes) if scopes else "no storage scope"
        return f"a token for {named} with {rights}"
    return "a certificate" if has_certificate else "neither token nor certificate"


def explained(error: DlaasError, said: str) -> DlaasError:
    """Add to a storage's refusal what it was shown; other errors stay as they are."""
    if not isinstance(error, StorageRefused):
        return error
    # A new one: the same may be raised for several who wait for one answer.
    return StorageRefused(
        f"{error.message} It was shown {said}.",
        remedy=error.remedy,
        blame=error.blame,
        details=error.details,
    )
