"""Certificates as people have them: with a passphrase, in PKCS#12, expired, mismatched."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from jupyter_dlaas.lake import EmbeddedLake

PASSPHRASE = "canary-passphrase Größe"
TRADITIONAL, PKCS8 = form.PrivateFormat.TraditionalOpenSSL, form.PrivateFormat.PKCS8


def key_of(lake: EmbeddedLake, account: str = "alice") -> Any:
    data = (lake.layout.client(account) / "key.pem").read_bytes()
    return form.load_pem_private_key(data, None)


def certificate_of(lake: EmbeddedLake, account: str = "alice") -> x509.Certificate:
    data = (lake.layout.client(account) / "cert.pem").read_bytes()
    return x509.load_pem_x509_certificate(data)


def private(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o600)
    path.write_bytes(data)
    return path


def key_pem(key: Any, layout: Any = PKCS8, passphrase: str | None = PASSPHRASE) -> bytes:
    how: form.KeySerializationEncryption = form.NoEncryption()
    if passphrase:
        how = form.BestAvailableEncryption(passphrase.encode())
    data: bytes = key.private_bytes(form.Encoding.PEM, layout, how)
    return data


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(form.Encoding.PEM)


def protected(folder: Path, lake: EmbeddedLake, account: str = "alice") -> tuple[Path, Path]:
    """The usual two files, the key with a passphrase."""
    cert = private(folder / "usercert.pem", pem(certificate_of(lake, account)))
    return cert, private(folder / "userkey.pem", key_pem(key_of(lake, account)))


def store(path: Path, lake: EmbeddedLake, passphrase: str | None = PASSPHRASE) -> Path:
    """A PKCS#12 store, as browsers export it."""
    how: form.KeySerializationEncryption = form.NoEncryption()
    if passphrase:
        how = form.BestAvailableEncryption(passphrase.encode())
    certificate = certificate_of(lake)
    data = pkcs12.serialize_key_and_certificates(b"a", key_of(lake), certificate, None, how)
    return private(path, data)


def issued(
    begins: float,
    ends: float,
    elliptic: bool = False,
    more: x509.ExtensionType | None = None,
) -> tuple[Any, x509.Certificate]:
    """A key and a certificate of its own issue, valid between these hours from now."""
    key: Any = ec.generate_private_key(ec.SECP256R1())
    if not elliptic:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Carol")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(hours=begins))
        .not_valid_after(now + datetime.timedelta(hours=ends))
    )
    if more is not None:
        builder = builder.add_extension(more, critical=False)
    return key, builder.sign(key, hashes.SHA256())
