"""The users' certificates in every form in which people keep theirs, and certificates of strangers:
`python -m lakeside.keystores DIRECTORY NAME --lifetime …` prints the path of a new one.
"""

from __future__ import annotations

import argparse
import datetime
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from . import commands, pki
from .layout import USERS, Layout, State, write_private

FORMS = ("key-encrypted.pem", "key-traditional.pem", "identity.p12")


def ensure(layout: Layout) -> None:
    """Keep each user's key under a passphrase too: as PKCS#8, traditional PEM and PKCS#12."""
    for name in USERS:
        folder, identity = layout.client(name), pki.identity(layout, name)
        passphrase = folder / "passphrase"
        if not passphrase.exists():
            write_private(passphrase, secrets.token_urlsafe(12) + "\n")
        written = [folder / form for form in FORMS]
        if any(not _newer(path, identity) for path in written):
            for path, content in zip(
                written, _forms(identity, passphrase.read_text().strip().encode()), strict=True
            ):
                write_private(path, content)


def _newer(path: Path, identity: Path) -> bool:
    return path.exists() and path.stat().st_mtime >= identity.stat().st_mtime


def _forms(identity: Path, passphrase: bytes) -> list[bytes]:
    key, certificate = pki.load(identity)
    locked = serialization.BestAvailableEncryption(passphrase)
    formats = (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL)
    return [
        *(key.private_bytes(serialization.Encoding.PEM, form, locked) for form in formats),
        pkcs12.serialize_key_and_certificates(b"lake", key, certificate, None, locked),
    ]


def stranger(layout: Layout, state: State, arguments: argparse.Namespace) -> None:
    """A certificate and its key in one file, of the lake's authority but of nobody that it knows;
    of a user, and over, where the name is a user's and the lifetime is negative.
    """
    lifetime = datetime.timedelta(seconds=arguments.lifetime)
    authority = pki.load(layout.pki / "ca.key", layout.ca)
    key, certificate = pki.issue(authority, arguments.name.capitalize(), lifetime)
    folder = layout.clients / "strangers"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{arguments.name}-{certificate.serial_number % 10**9}.pem"
    write_private(path, pki.pem(certificate) + pki.key_pem(key))
    print(path)


if __name__ == "__main__":
    parser = commands.parser()
    parser.add_argument("--lifetime", type=int, default=86400, help="seconds")
    parser.add_argument("name")
    commands.run(parser, stranger)
