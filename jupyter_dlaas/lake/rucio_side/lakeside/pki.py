"""The lake's own certificate authority, and the key that signs its storage tokens.

X.509 subjects, as Rucio knows them: `CN=Alice,OU=People,O=Embedded Lake`. All private keys are
0600.
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import json
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .layout import ACCOUNTS, HOST, Layout, write_private

YEARS = datetime.timedelta(days=3650)
RENEW_BEFORE = datetime.timedelta(days=30)
ROBOT = "robot"
NAMES = (*ACCOUNTS, ROBOT)
# The public half of what the lake signs tokens with; its identity provider signs with the same.
SIGNING_KEY, KEYS = "lake", "lake-jwks.json"

Issued = tuple[rsa.RSAPrivateKey, x509.Certificate]


def subject(account: str) -> str:
    """The subject of an account's certificate, leaf first as Rucio compares it."""
    return f"CN={account.capitalize()},OU=People,O=Embedded Lake"


def ensure(layout: Layout) -> None:
    """Make what is missing of the lake's keys and certificates, and renew what is about to end."""
    layout.pki.mkdir(mode=0o700, exist_ok=True)
    if not lasts(layout.ca):
        key, certificate = _authority()
        _store(layout.pki / "ca.key", layout.ca, key, certificate)
        for old in (layout.pki / "server.pem", *map(functools.partial(identity, layout), NAMES)):
            old.unlink(missing_ok=True)
    authority = load(layout.pki / "ca.key", layout.ca)
    if not lasts(layout.pki / "server.pem"):
        key, certificate = issue(authority, HOST, server=True)
        _store(layout.pki / "server.key", layout.pki / "server.pem", key, certificate)
    for name in NAMES:
        _ensure_identity(layout, authority, name)
    _ensure_token_key(layout)


def identity(layout: Layout, name: str) -> Path:
    """Certificate and key of an account or of the robot in one file, as grid tools take a proxy."""
    return layout.pki / "robot.pem" if name == ROBOT else layout.client(name) / "identity.pem"


def _ensure_identity(layout: Layout, authority: Issued, name: str) -> None:
    path = identity(layout, name)
    if lasts(path):
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, certificate = issue(authority, name.capitalize())
    write_private(path, pem(certificate) + key_pem(key))
    if name != ROBOT:
        _store(path.with_name("key.pem"), path.with_name("cert.pem"), key, certificate)


def _authority() -> Issued:
    key = new_key()
    name = _name("Embedded Lake CA", "Authority")
    builder = _builder(name, name, key, YEARS).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    usage = key_usage(key_cert_sign=True, crl_sign=True, digital_signature=True)
    return key, builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())


def issue(
    authority: Issued, common_name: str, lifetime: datetime.timedelta = YEARS, server: bool = False
) -> Issued:
    """A new key and its certificate, of a person unless it is a server's."""
    ca_key, ca = authority
    key = new_key()
    name = _name(common_name, "Services" if server else "People")
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(name, ca.subject, key, lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(digital_signature=True, key_encipherment=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
    )
    if server:
        loopback = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
        names = [x509.DNSName(HOST), *(x509.IPAddress(address) for address in loopback)]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return key, builder.sign(ca_key, hashes.SHA256())


def _builder(
    name: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, lasts: datetime.timedelta
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def key_usage(**wanted: bool) -> x509.KeyUsage:
    """The KeyUsage extension with these bits set."""
    names = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in names})


def _name(common_name: str, unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Embedded Lake"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def new_key() -> rsa.RSAPrivateKey:
    """A private key for an authority, a person, a service or a proxy."""
    # RSA, not EC: grid tools that speak GSI take nothing else.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def lasts(path: Path) -> bool:
    """Whether a certificate is there and good for a month."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return (
        certificate.not_valid_after_utc
        > datetime.datetime.now(datetime.timezone.utc) + RENEW_BEFORE
    )


def load(key_path: Path, certificate_path: Path | None = None) -> Issued:
    """A key and its certificate, from two files or from one that holds both."""
    key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{key_path} holds no RSA key")
    return key, x509.load_pem_x509_certificate((certificate_path or key_path).read_bytes())


def _store(
    key_path: Path, certificate_path: Path, key: rsa.RSAPrivateKey, certificate: x509.Certificate
) -> None:
    write_private(key_path, key_pem(key))
    write_private(certificate_path, pem(certificate))


def pem(certificate: x509.Certificate) -> str:
    """A certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """A private key as text, not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def _ensure_token_key(layout: Layout) -> None:
    key_path = layout.pki / "token.key"
    if key_path.exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(key_path, key_pem(key))
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    jwks = {"keys": [public | {"kid": SIGNING_KEY, "use": "sig", "alg": "ES256"}]}
    write_private(layout.pki / KEYS, json.dumps(jwks, indent=2))
