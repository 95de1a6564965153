"""Make an RFC 3820 proxy of an account's certificate: `python -m lakeside.proxy DIRECTORY ACCOUNT`.

The file holds the proxy's certificate, its key and the account's certificate; its path is printed.
"""

from __future__ import annotations

import argparse
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from . import commands, pki
from .layout import Layout, State, write_private

PROXY_CERT_INFO = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14")
# DER of ProxyCertInfo { proxyPolicy { policyLanguage id-ppl-inheritAll } }, RFC 3820.
INHERIT_ALL = bytes.fromhex("300c300a06082b06010505071501")


def make(layout: Layout, state: State, arguments: argparse.Namespace) -> None:
    key, certificate = pki.load(pki.identity(layout, arguments.account))
    proxy_key, serial = pki.new_key(), x509.random_serial_number()
    number = str(serial % 10**9)
    name = x509.Name([*certificate.subject, x509.NameAttribute(NameOID.COMMON_NAME, number)])
    now = datetime.datetime.now(datetime.timezone.utc)
    proxy = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(certificate.subject)
        .public_key(proxy_key.public_key())
        .serial_number(serial)
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(seconds=arguments.lifetime))
        .add_extension(x509.UnrecognizedExtension(PROXY_CERT_INFO, INHERIT_ALL), critical=True)
        .add_extension(pki.key_usage(digital_signature=True, key_encipherment=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = pki.pem(proxy) + pki.key_pem(proxy_key) + pki.pem(certificate)
    path = layout.client(arguments.account) / f"proxy-{number}.pem"
    write_private(path, text)
    print(path)


if __name__ == "__main__":
    parser = commands.parser()
    parser.add_argument("--lifetime", type=int, default=43200, help="seconds")
    parser.add_argument("account")
    commands.run(parser, make)
