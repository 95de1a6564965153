"""A proxy certificate in memory, and a login with it; without any library for certificates."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dlaas.credentials.tokens import Token
from dlaas.credentials.userpass import Repeatable
from dlaas.errors import CannotAuthenticate, LoginRequired

if TYPE_CHECKING:
    from dlaas.config import Instance


@dataclass(frozen=True)
class Proxy:
    """A proxy with its key and chain; `identity` is whose it is, `expires_at` in epoch seconds."""

    pem: str = field(repr=False)
    subject: str
    identity: str
    expires_at: float

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("A proxy is not pickled: who reads it should have a login of its own.")

    @contextmanager
    def file(self) -> Iterator[str]:
        """Lend a path at which libraries that read only files find the proxy."""
        descriptor, path = _unnamed() if hasattr(os, "memfd_create") else _named()
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(self.pem.encode("ascii"))
            yield path
        finally:
            os.close(descriptor)
            if not path.startswith("/proc/"):
                os.unlink(path)


def _unnamed() -> tuple[int, str]:
    # It lies in memory, and is gone with this process whatever happens.
    descriptor = os.memfd_create("dlaas-proxy")
    os.fchmod(descriptor, 0o600)
    return descriptor, f"/proc/self/fd/{descriptor}"


def _named() -> tuple[int, str]:
    return tempfile.mkstemp(prefix="dlaas-")


class ProxyLogin(Repeatable):
    """A login by a proxy that is kept in memory; goes on until the proxy ends."""

    def __init__(self, instance: Instance, proxy: Proxy, account: str | None = None) -> None:
        super().__init__(instance, account)
        self.proxy = proxy

    def __repr__(self) -> str:
        return f"ProxyLogin({self._instance.name!r}, {self.proxy.identity!r})"

    def _login(self) -> Token:
        from dlaas.rucio.wire import login

        title, end = self._instance.title, self.proxy.expires_at
        if end <= time.time():
            raise LoginRequired(
                f"The proxy with which you logged in to {title} expired on {said(end)}.",
                remedy="Log in again with your certificate.",
            )
        try:
            with self.proxy.file() as path:
                return login(self._instance, "x509_proxy", self._account, cert=(path, path))
        except CannotAuthenticate as error:
            whose = f"the certificate of {self.proxy.identity}"
            raise not_accepted(title, whose, self._account, error) from error


def not_accepted(
    title: str, certificate: str, account: str | None, error: CannotAuthenticate
) -> CannotAuthenticate:
    """Make the error for a certificate that is refused, with the reason where that is known."""
    text = f"{title} does not accept {certificate}"
    text += f" for the account {account!r}." if account else "."
    remedy = "Ask whoever runs it to register its name with the account, or name another account."
    if "class" not in error.details or "why" in error.details:
        # It was TLS that failed, or the clock: what Rucio has registered is not to blame.
        text, remedy = f"{text} {error.message}", error.remedy
    return CannotAuthenticate(text, remedy=remedy, details=error.details)


def said(when: float) -> str:
    """Write a time, epoch seconds, as people read it."""
    return f"{datetime.fromtimestamp(when, timezone.utc):%Y-%m-%d %H:%M} UTC"
