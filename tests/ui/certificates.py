"""The home folder of a person with grid certificates, as they lie there in real life."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

from jupyter_dlaas.lake import EmbeddedLake

PASSPHRASE = "open sesame"


def home(lake: EmbeddedLake, folder: Path) -> Path:
    """Make it: alice's certificate behind a passphrase, a ready proxy, an old one that expired."""
    globus = folder / ".globus"
    globus.mkdir(parents=True, mode=0o700)
    client = lake.layout.client("alice")
    key = serialization.load_pem_private_key((client / "key.pem").read_bytes(), None)
    assert isinstance(key, CertificateIssuerPrivateKeyTypes)
    shutil.copy(client / "cert.pem", globus / "usercert.pem")
    locked = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    _write_key(globus / "userkey.pem", key, locked)
    shutil.copy(lake.proxy("alice"), globus / "proxy.pem")
    (globus / "proxy.pem").chmod(0o600)
    (globus / "old-cert.pem").write_bytes(_expired(key))
    _write_key(globus / "old-key.pem", key, serialization.NoEncryption())
    return folder


def _write_key(
    path: Path,
    key: CertificateIssuerPrivateKeyTypes,
    locked: serialization.KeySerializationEncryption,
) -> None:
    pem = serialization.PrivateFormat.PKCS8
    path.touch(0o600)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, locked))


def _expired(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Alice of yesteryear")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now - timedelta(days=35))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
