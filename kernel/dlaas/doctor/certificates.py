"""Certificates in files: whether they are there, and until when they are valid."""

from __future__ import annotations

import os
import ssl
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dlaas.doctor.check import Check, Looker
from dlaas.lifetime import said

if TYPE_CHECKING:
    from dlaas.config import Instance

_SOON = 14 * 86400.0
_PROXY_SOON = 3600.0


def check_ca(looker: Looker, instance: Instance) -> Check:
    """Check the authorities whose word is taken for the server."""
    path = instance.rucio_ca_cert
    if not instance.rucio_base_url.startswith("https"):
        return looker.warning(
            "The server is asked without encryption.", "Ask for an https address of it."
        )
    if path is None:
        return looker.ok("The instance names none: this machine's are used.")
    remedy = "Correct rucio_ca_cert, or ask whoever runs this server to."
    if not os.access(path, os.R_OK):
        return looker.wrong(f"rucio_ca_cert names {path}, which cannot be read.", remedy)
    if os.path.isdir(path):
        return looker.ok(f"the folder {path}")
    try:
        found = ssl.create_default_context(cafile=path).get_ca_certs()
    except (ssl.SSLError, OSError):
        found = []
    if not found:
        return looker.wrong(f"{path} holds no certificate of an authority.", remedy)
    left = max(_left(cert) for cert in found)
    return _judged(looker, f"{path}, {len(found)} in it", left, _SOON, "Ask for a new one.")


def check_own(looker: Looker, path: str) -> Check:
    """Check the certificate or proxy with which one logs in or reads storages."""
    if not os.access(path, os.R_OK):
        return looker.wrong(
            f"client_cert names {path}, which cannot be read.",
            "Make a proxy (voms-proxy-init), or correct the path.",
        )
    # In the standard library there is no public way to read one that is no authority's.
    decode = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    if decode is None:
        return looker.ok(path)
    try:
        left = _left(decode(path))
    except (ssl.SSLError, OSError, ValueError):
        return looker.wrong(f"{path} holds no certificate in PEM.", "Convert it, or name another.")
    return _judged(looker, path, left, _PROXY_SOON, "Make a new proxy, or ask for a certificate.")


def _left(cert: dict[str, Any]) -> float:
    return ssl.cert_time_to_seconds(cert["notAfter"]) - time.time()


def _judged(looker: Looker, text: str, left: float, soon: float, remedy: str) -> Check:
    ends = datetime.fromtimestamp(time.time() + left, timezone.utc)
    if left <= 0:
        return looker.wrong(f"{text}, expired on {ends:%Y-%m-%d %H:%M} UTC.", remedy)
    if left < soon:
        return looker.warning(f"{text}, ends in {said(left)}.", remedy)
    return looker.ok(f"{text}, valid until {ends:%Y-%m-%d}")
