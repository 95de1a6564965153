"""Certificates and keys as people have them, opened in memory; a passphrase is used once.

PEM with its key in it or beside it (PKCS#8 or traditional), PKCS#12, and ready proxies. Made of
them is an RFC 3820 proxy, which is all that is kept. Needs `cryptography`, the extra `x509`.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaas.credentials.proxy import Proxy as Proxy
from dlaas.credentials.proxy import ProxyLogin as ProxyLogin
from dlaas.credentials.proxy import said
from dlaas.credentials.x509_files import (
    KEY,
    PROXY_INFO,
    certificates,
    holds_key,
    is_proxy,
    key_beside,
    looks_like_pkcs12,
    no_certificate,
    owned,
    read,
    refused,
    require_library,
    subject_of,
)
from dlaas.credentials.x509_files import at_home as at_home
from dlaas.credentials.x509_files import permitted as permitted
from dlaas.credentials.x509_found import found as found
from dlaas.credentials.x509_voms import proxy_for as proxy_for
from dlaas.errors import CannotAuthenticate

if TYPE_CHECKING:
    from cryptography import x509

# DER of RFC 3820's policy "inherits all rights".
_INHERIT_ALL = bytes.fromhex("300c300a06082b06010505071501")
_BACKDATED = timedelta(minutes=5)


@dataclass(frozen=True)
class Identity:
    """A certificate, its chain and its opened key; lives as short as possible."""

    path: Path
    chain: tuple[x509.Certificate, ...]
    key: Any = field(repr=False)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("A private key is not pickled.")

    @cached_property
    def expires_at(self) -> float:
        """The end of the certificate, or of the first of its proxies to end, in epoch seconds."""
        return min(one.not_valid_after_utc for one in owned(self.chain)).timestamp()

    @property
    def subject(self) -> str:
        """Whose it is, leaf first as RFC 4514 has it; of a proxy, who made it."""
        return subject_of(self.chain)

    @property
    def is_proxy(self) -> bool:
        """Tell whether this is a proxy already."""
        return is_proxy(self.chain[0])

    def proxy(self, hours: float = 12.0) -> Proxy:
        """Make a proxy that lasts so long, at most as long as the certificate."""
        if self.is_proxy:
            leaf, key, chain, end = self.chain[0], self.key, self.chain, self.expires_at
        else:
            leaf, key = _new_proxy(self, hours)
            chain = (leaf, *self.chain)
            end = min(leaf.not_valid_after_utc.timestamp(), self.expires_at)
        pem = _pem(leaf) + _key_pem(key) + "".join(_pem(one) for one in chain[1:])
        return Proxy(pem, leaf.subject.rfc4514_string(), self.subject, end)


def open_certificate(
    path: str | os.PathLike[str],
    key: str | os.PathLike[str] | None = None,
    passphrase: str | None = None,
) -> Identity:
    """Open a certificate with its key: one file, two, PKCS#12, or a ready proxy.

    Raises `CannotAuthenticate`, whose `details["why"]` is missing, not_a_certificate, no_key,
    passphrase_needed, passphrase_wrong, key_mismatch, readable_by_others, expired or not_yet_valid.
    """
    require_library()
    place = Path(path)
    data = read(place)
    if b"-----BEGIN" in data:
        identity = _open_pem(place, data, Path(key) if key else None, passphrase)
    else:
        identity = _open_pkcs12(place, data, passphrase)
    _require_valid(identity)
    return identity


def _open_pem(path: Path, data: bytes, key: Path | None, passphrase: str | None) -> Identity:
    found = certificates(data)
    if not found:
        raise no_certificate(path)
    if key is None and not holds_key(data):
        key = key_beside(path)
    place, text = (path, data) if key is None or key == path else (key, read(key, private=True))
    block = KEY.search(text)
    if block is None:
        raise refused(
            "no_key",
            f"There is no private key in {place}.",
            "Choose the file with its key too, often userkey.pem.",
        )
    opened = _open_key(place, block[0], passphrase)
    return Identity(path, _chain(path, place, found, opened), opened)


def _open_key(path: Path, block: bytes, passphrase: str | None) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    encrypted = b"ENCRYPTED" in block
    if encrypted and not passphrase:
        raise _passphrase_needed(path)
    try:
        secret = passphrase.encode() if encrypted and passphrase else None
        return load_pem_private_key(block, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The text of these may quote what was read.
        if encrypted:
            raise _passphrase_wrong(path) from None
        text = f"The private key in {path} cannot be read."
        raise refused("no_key", text, "Export it anew, with openssl or your browser.") from None


def _open_pkcs12(path: Path, data: bytes, passphrase: str | None) -> Identity:
    from cryptography.hazmat.primitives.serialization import pkcs12

    if not looks_like_pkcs12(data):
        raise no_certificate(path)
    # Without a passphrase there are two ways to say so; one that is not needed does not matter.
    for secret in ([passphrase.encode()] if passphrase else []) + [None, b""]:
        try:
            key, leaf, more = pkcs12.load_key_and_certificates(data, secret)
            break
        except (ValueError, TypeError):
            continue
    else:
        raise _passphrase_wrong(path) if passphrase else _passphrase_needed(path)
    if key is None or leaf is None:
        text = f"There is no certificate with its private key in {path}."
        raise refused("no_key", text, "Export certificate and key together.")
    return Identity(path, _chain(path, path, [leaf, *more], key), key)


def _chain(
    path: Path, place: Path, found: list[x509.Certificate], key: Any
) -> tuple[x509.Certificate, ...]:
    """Put the certificate of a key first."""
    wanted = _public(key)
    for leaf in found:
        if _public(leaf) == wanted:
            return (leaf, *(one for one in found if one is not leaf))
    raise refused(
        "key_mismatch",
        f"The private key in {place} does not belong to the certificate in {path}.",
        "Choose the two files that were issued together.",
    )


def _public(of: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public: bytes = of.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public


def _require_valid(identity: Identity) -> None:
    now, kind = time.time(), "proxy" if identity.is_proxy else "certificate"
    if identity.expires_at <= now:
        raise refused(
            "expired",
            f"The {kind} of {identity.subject} expired on {said(identity.expires_at)}.",
            "Make a new proxy." if identity.is_proxy else "Ask your authority for a new one.",
        )
    begins = max(one.not_valid_before_utc for one in owned(identity.chain)).timestamp()
    if begins > now:
        raise refused(
            "not_yet_valid",
            f"The {kind} of {identity.subject} is valid from {said(begins)}, and the clock of this"
            f" machine says {said(now)}.",
            "Wait until then, or have the clock set right.",
        )


def _new_proxy(identity: Identity, hours: float) -> tuple[x509.Certificate, Any]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, rsa
    from cryptography.x509.oid import NameOID

    issuer = identity.chain[0]
    # RSA, whatever the certificate's is: GSI takes nothing else.
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    serial = x509.random_serial_number()
    number = x509.NameAttribute(NameOID.COMMON_NAME, str(serial % 10**9))
    now = datetime.now(timezone.utc)
    end = datetime.fromtimestamp(identity.expires_at, timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([*issuer.subject.rdns, x509.RelativeDistinguishedName([number])]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(serial)
        # Clocks differ.
        .not_valid_before(max(now - _BACKDATED, issuer.not_valid_before_utc))
        .not_valid_after(min(now + timedelta(hours=hours), end))
        .add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(PROXY_INFO), _INHERIT_ALL),
            critical=True,
        )
        .add_extension(_usage(), critical=True)
    )
    modern = isinstance(identity.key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
    return builder.sign(identity.key, None if modern else hashes.SHA256()), key


def _usage() -> x509.KeyUsage:
    from cryptography import x509

    names = "content_commitment data_encipherment key_agreement key_cert_sign crl_sign"
    others = dict.fromkeys([*names.split(), "encipher_only", "decipher_only"], False)
    return x509.KeyUsage(digital_signature=True, key_encipherment=True, **others)


def _pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _key_pem(key: Any) -> str:
    from cryptography.hazmat.primitives import serialization as form

    # Grid tools read a proxy's key in this form alone.
    encoded: bytes = key.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()
    )
    return encoded.decode("ascii")


def _passphrase_needed(path: Path) -> CannotAuthenticate:
    text = f"The private key in {path} has a passphrase."
    return refused("passphrase_needed", text, "Give the passphrase.")


def _passphrase_wrong(path: Path) -> CannotAuthenticate:
    text = f"The passphrase does not open the private key in {path}."
    return refused("passphrase_wrong", text, "Type it again; mind capital letters.")
