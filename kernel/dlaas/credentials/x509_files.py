"""Files with certificates and keys: which of them may be opened, and what is in them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas import private
from dlaas.errors import CannotAuthenticate, ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from cryptography import x509

    from dlaas.config import Instance

# No certificate with its chain is longer, in bytes.
_LONGEST = 1 << 20
KEY = re.compile(
    rb"-----BEGIN ((?:[A-Z0-9]+ )*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL
)
# Where the grid's authorities lie, unless X509_CERT_DIR says so.
GRID_AUTHORITIES = "/etc/grid-security/certificates"
# RFC 3820's ProxyCertInfo.
PROXY_INFO = "1.3.6.1.5.5.7.1.14"


def at_home(text: str, home: Path | None = None) -> Path:
    """Check a path that came from a browser: below the home folder, also when links are followed,
    a regular file, this user's, and nobody else's to write.

    The error is the same for whatever else it is, so that nothing is learnt of other files.
    """
    base = (home or Path.home()).resolve()
    try:
        # No other user's folder is meant by "~name".
        given = base / text[2:] if text.startswith("~/") else base / text
        path = given.resolve(strict=True)
        status = path.stat()
        good = path.is_relative_to(base) and stat.S_ISREG(status.st_mode)
        good = good and private.is_own(status) and not status.st_mode & 0o022
    except (OSError, ValueError, RuntimeError):
        good = False
    if not good:
        raise InvalidInput(
            "This path cannot be used.",
            remedy="Choose a file of your own below your home folder that nobody else can write.",
        )
    return path


def permitted(text: str, instance: Instance) -> Path:
    """Check a path as `at_home` does, but let through what the administrator has named and where
    grid tools leave their proxies.
    """
    if text and text in (instance.client_cert, instance.client_key, *usual_proxies()):
        return Path(text)
    return at_home(text)


def usual_proxies() -> list[str]:
    """Name the files in which grid tools leave a proxy of this user; those that are there."""
    told = os.environ.get("X509_USER_PROXY")
    # Whoever set it vouches for the file, which may be mounted and root's.
    found = [told] if told and os.path.isfile(told) else []
    if hasattr(os, "getuid") and _is_own_file(usual := f"/tmp/x509up_u{os.getuid()}"):
        found.append(usual)
    return found


def _is_own_file(place: str) -> bool:
    # In /tmp anybody may have put one, or a link.
    try:
        status = os.lstat(place)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and private.is_own(status)


def refused(why: str, message: str, remedy: str) -> CannotAuthenticate:
    """Make the error for a certificate that cannot be used; `why` is a word for programs."""
    return CannotAuthenticate(message, remedy=remedy, details={"why": why})


def read(path: Path, private: bool = False) -> bytes:
    """Read a small regular file; one that holds a key must be its owner's alone."""
    try:
        # Not blocking, for it may be a pipe that nobody writes to.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError
            data = file.read(_LONGEST + 1)
    except OSError:
        text = f"The file {path} is not there or cannot be read."
        raise refused("missing", text, "Choose another file.") from None
    if len(data) > _LONGEST:
        raise no_certificate(path)
    if (private or holds_key(data)) and status.st_mode & 0o077:
        raise refused(
            "readable_by_others",
            f"Others can read the private key in {path}.",
            f"Type in a terminal: chmod 600 {path}",
        )
    return data


def holds_key(data: bytes) -> bool:
    """Tell whether PEM text or a PKCS#12 store holds a private key."""
    return KEY.search(data) is not None or looks_like_pkcs12(data)


def looks_like_pkcs12(data: bytes) -> bool:
    """Tell a PKCS#12 store, in DER a sequence that begins with its version 3, from other files."""
    return data[:1] == b"\x30" and b"\x02\x01\x03\x30" in data[:12]


def certificates(data: bytes) -> list[x509.Certificate]:
    """Read the certificates of PEM text, none where there are none or they are broken."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        return []


def key_beside(path: Path) -> Path | None:
    """Name the file in which the key of a certificate without one usually lies, if it is there."""
    name = path.name
    names = [name.replace("cert", "key"), f"{path.stem}.key", f"{path.stem}-key.pem"]
    found = (path.with_name(other) for other in names if other != name)
    return next((other for other in found if other.is_file()), None)


def is_encrypted(data: bytes) -> bool:
    """Tell whether the first key of PEM text has a passphrase."""
    found = KEY.search(data)
    return found is not None and b"ENCRYPTED" in found[0]


def is_proxy(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is a proxy, by RFC 3820 or as there were before."""
    # Another's extension that cannot be read is no matter of ours.
    with suppress(ValueError):
        if any(one.oid.dotted_string == PROXY_INFO for one in certificate.extensions):
            return True
    last = next(reversed(list(certificate.subject)), None)
    return last is not None and last.value in ("proxy", "limited proxy")


def owned(chain: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Leave out the authorities of a chain: who checks it has its own, which may be newer."""
    proxies = list(takewhile(is_proxy, chain))
    return [*proxies, *chain[len(proxies) : len(proxies) + 1]]


def subject_of(chain: Sequence[x509.Certificate]) -> str:
    """Name whom a chain speaks for: the first that is no proxy, else who issued the last proxy."""
    last = owned(chain)[-1]
    return (last.issuer if is_proxy(last) else last.subject).rfc4514_string()


def no_certificate(path: Path) -> CannotAuthenticate:
    """Say that a file is no certificate."""
    return refused(
        "not_a_certificate",
        f"{path} is no certificate in PEM or PKCS#12.",
        "Choose another file, or convert it with openssl.",
    )


def require_library() -> None:
    """Raise `ConfigurationError` where the library that reads certificates is not there."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            "Certificates cannot be opened here: the library cryptography is missing.",
            remedy="pip install 'jupyter-dlaas-kernel[x509]'",
        ) from None
