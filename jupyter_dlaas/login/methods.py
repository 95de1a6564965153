"""From what a person gave to a login: name and password, or a certificate."""

from __future__ import annotations

from collections.abc import Callable

from dlaas.config import Instance
from dlaas.credentials import Credential, Userpass
from dlaas.errors import InvalidInput
from dlaas.model import LoginRequest

# Makes the credential, also anew.
Make = Callable[[], Credential]


def prepare(instance: Instance, request: LoginRequest) -> Make:
    """Answer what makes the credential of a login by password, certificate or proxy; blocks.

    Raises `InvalidInput` where something is missing, `CannotAuthenticate` for what cannot be used.
    A passphrase is not kept in the answer.
    """
    if request.method == "userpass":
        return _by_password(instance, request)
    return _by_certificate(instance, request)


def _by_password(instance: Instance, request: LoginRequest) -> Make:
    missing = [name for name in ("username", "password") if not getattr(request, name)]
    if missing:
        raise InvalidInput(f"{', '.join(missing)} is missing.", details={"fields": missing})
    username, password, account = request.username, request.password, request.account
    return lambda: Userpass(instance, username, password, account)


def _by_certificate(instance: Instance, request: LoginRequest) -> Make:
    from dlaas.credentials import x509

    named = request.certificate or instance.client_cert
    if not named:
        raise InvalidInput("certificate is missing.", details={"fields": ["certificate"]})
    certificate = x509.permitted(named, instance)
    # The configured key belongs to the configured certificate.
    key = request.key or (None if request.certificate else instance.client_key)
    place = x509.permitted(key, instance) if key else None
    identity = x509.open_certificate(certificate, place, request.passphrase)
    proxy = x509.proxy_for(instance, identity)
    account = request.account
    return lambda: x509.ProxyLogin(instance, proxy, account)
