"""Make an RFC 3820 proxy of an account's certificate: `python -m lakeside.proxy DIRECTORY ACCOUNT`.

The file holds the proxy's certificate, its key and the account's certificate; its path is printed.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from . import commands, pki
from .layout import Layout, State, write_private

PROXY_CERT_INFO = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14")
# DER of ProxyCertInfo { proxyPolicy { policyLanguage id-ppl-inheritAll } }, RFC 3820.
INHERIT_ALL = bytes.fromhex("300c300a06082b06010505071501")
# The same with Globus's id-ppl-limited: for data, not for jobs.
LIMITED = bytes.fromhex("300f300d060b2b060104019b5001010109")


def make(layout: Layout, state: State, arguments: argparse.Namespace) -> None:
    serial = x509.random_serial_number()
    path = layout.client(arguments.account) / f"proxy-{serial % 10**9}.pem"
    lifetime = datetime.timedelta(seconds=arguments.lifetime)
    policy = LIMITED if arguments.limited else INHERIT_ALL
    write_private(path, text(pki.identity(layout, arguments.account), serial, lifetime, policy))
    print(path)


def text(
    identity: Path,
    serial: int,
    lifetime: datetime.timedelta | None = None,
    policy: bytes = INHERIT_ALL,
) -> str:
    """A new proxy of the certificate in `identity`, with its key and the certificate.

    Without a lifetime it lasts as long as the certificate.
    """
    key, certificate = pki.load(identity)
    proxy_key, number = pki.new_key(), str(serial % 10**9)
    name = x509.Name([*certificate.subject, x509.NameAttribute(NameOID.COMMON_NAME, number)])
    now = datetime.datetime.now(datetime.timezone.utc)
    proxy = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(certificate.subject)
        .public_key(proxy_key.public_key())
        .serial_number(serial)
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(certificate.not_valid_after_utc if lifetime is None else now + lifetime)
        .add_extension(x509.UnrecognizedExtension(PROXY_CERT_INFO, policy), critical=True)
        .add_extension(pki.key_usage(digital_signature=True, key_encipherment=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return pki.pem(proxy) + pki.key_pem(proxy_key) + pki.pem(certificate)


def lasting(layout: Layout, name: str) -> Path:
    """The proxy that an account, or the robot, has for as long as its certificate lasts."""
    return layout.pki / "robot-proxy.pem" if name == pki.ROBOT else layout.proxy(name)


def ensure(layout: Layout) -> None:
    """Make what XRootD's clients need: a proxy for everybody, and the folder of authorities."""
    for name in pki.NAMES:
        identity, path = pki.identity(layout, name), lasting(layout, name)
        current = pki.lasts(path) and path.stat().st_mtime >= identity.stat().st_mtime
        if not current:
            write_private(path, text(identity, x509.random_serial_number()))
    layout.authorities.mkdir(mode=0o700, exist_ok=True)
    authority = x509.load_pem_x509_certificate(layout.ca.read_bytes())
    with suppress(FileExistsError):
        link = layout.authorities / f"{subject_hash(authority.subject)}.0"
        link.symlink_to(Path("..") / layout.ca.name)


def subject_hash(name: x509.Name) -> str:
    """What OpenSSL calls an authority by in a folder of authorities: `openssl x509 -hash`."""
    parts = [
        x509.NameAttribute(part.oid, " ".join(str(part.value).lower().split())) for part in name
    ]
    # Each part's DER without the two bytes that head a name of one part.
    canonical = b"".join(x509.Name([part]).public_bytes()[2:] for part in parts)
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


if __name__ == "__main__":
    parser = commands.parser()
    parser.add_argument("--lifetime", type=int, default=43200, help="seconds")
    parser.add_argument("--limited", action="store_true")
    parser.add_argument("account")
    commands.run(parser, make)
