"""The certificates that a person can choose from, without opening a key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from dlaas.credentials.proxy import said
from dlaas.credentials.x509_files import (
    at_home,
    certificates,
    holds_key,
    is_encrypted,
    is_proxy,
    key_beside,
    looks_like_pkcs12,
    owned,
    read,
    refused,
    require_library,
    subject_of,
    usual_proxies,
)
from dlaas.errors import DlaasError, problem
from dlaas.model import CertificateFile, Problem

_FOLDERS = (".globus", ".ssl", ".certs", ".x509", "private", ".")
_KINDS = ("*.pem", "*.p12", "*.pfx", "*.crt")
_MOST = 200


def found(
    home: Path | None = None, named: str | None = None, named_key: str | None = None
) -> list[CertificateFile]:
    """List the certificates with a key in the usual folders below `home`, the proxies of grid
    tools, and the one `named` by an administrator; those that can be used first, the longest
    lasting before others.
    """
    require_library()
    base = home or Path.home()
    files: list[CertificateFile] = []
    for text, path in _places(base, named):
        key = Path(named_key) if named_key and text == named else None
        # What cannot be read is nobody's login.
        with suppress(ValueError):
            files += filter(None, [_looked_at(text, path, key, base)])
    return sorted(files, key=lambda one: (one.problem is not None, -_end(one)))


def _end(one: CertificateFile) -> float:
    return one.expires_at.timestamp() if one.expires_at else 0.0


def _places(home: Path, named: str | None) -> Iterator[tuple[str, Path]]:
    """Yield each file once: as it is shown, and as it is opened."""
    seen: set[Path] = set()
    for text in (*filter(None, [named]), *usual_proxies(), *_below(home)):
        try:
            path = at_home(text, home) if text.startswith("~") else Path(text)
        except DlaasError:
            continue
        if path not in seen:
            seen.add(path)
            yield text, path


def _below(home: Path) -> list[str]:
    paths = [
        path
        for folder in _FOLDERS
        for kind in _KINDS
        for path in sorted((home / folder).glob(kind))
    ]
    return [f"~/{path.relative_to(home)}" for path in paths[:_MOST]]


def _looked_at(text: str, path: Path, key: Path | None, home: Path) -> CertificateFile | None:
    try:
        data = read(path)
    except DlaasError as error:
        if error.details.get("why") != "readable_by_others":
            return None
        kind: Literal["pem", "pkcs12"] = "pem" if path.suffix in (".pem", ".crt") else "pkcs12"
        return CertificateFile(text, kind, problem=problem(error))
    if looks_like_pkcs12(data):
        # Its certificates are behind the passphrase too.
        return CertificateFile(text, "pkcs12", encrypted=True)
    return _of_pem(text, data, None if holds_key(data) else key or key_beside(path), home)


def _of_pem(text: str, data: bytes, key: Path | None, home: Path) -> CertificateFile | None:
    chain = certificates(data)
    if not chain or not (holds_key(data) or key):
        # An authority's, or a key by itself.
        return None
    end = min(one.not_valid_after_utc for one in owned(chain))
    trouble = _expired(subject_of(chain), end)
    if key is not None:
        try:
            data = read(key, private=True)
        except DlaasError as error:
            trouble = trouble or problem(error)
    return CertificateFile(
        path=text,
        kind="proxy" if is_proxy(chain[0]) else "pem",
        subject=subject_of(chain),
        expires_at=end,
        encrypted=is_encrypted(data),
        key=None if key is None else _shown(key, home),
        problem=trouble,
    )


def _shown(path: Path, home: Path) -> str:
    base = home.resolve()
    return f"~/{path.relative_to(base)}" if path.is_relative_to(base) else str(path)


def _expired(subject: str, end: datetime) -> Problem | None:
    if end > datetime.now(timezone.utc):
        return None
    text = f"The certificate of {subject} expired on {said(end.timestamp())}."
    return problem(refused("expired", text, "Ask your authority for a new one."))
