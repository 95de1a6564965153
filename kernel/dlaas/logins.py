"""How one logs in and is logged in, never with a secret in an answer; part of `dlaas.model`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dlaas.problems import Problem

LoginMethod = Literal["userpass", "x509", "x509_proxy", "oidc", "device"]
LoginState = Literal["logged_out", "pending", "logged_in", "expiring", "expired", "refused"]


@dataclass(frozen=True)
class PendingLogin:
    """What somebody has to do in a browser before a login goes on, and until when.

    For a `popup`, `url` is relative to the server's base URL and works once. For a `device`, `url`
    is a page of the identity provider's and `code` what one types there.
    """

    kind: Literal["popup", "device"]
    url: str
    code: str | None
    expires_at: datetime


@dataclass(frozen=True)
class Login:
    """How one is logged in to an instance; never a secret.

    `expires_at` is the end of what is in force now, `credential_expires_at` that of the certificate
    or proxy behind it. Where `renewable` the server gets a new token by itself before the end;
    `expiring` says that nobody will. `identity` is who a provider or certificate says one is.
    `problem` says why the state is `refused` or `expired`, or why it is `logged_out` although a
    login is configured.
    """

    state: LoginState
    account: str | None = None
    method: LoginMethod | None = None
    expires_at: datetime | None = None
    problem: Problem | None = None
    pending: PendingLogin | None = None
    credential_expires_at: datetime | None = None
    identity: str | None = None
    renewable: bool = False


@dataclass(frozen=True)
class LoginRequest:
    """A login by one method; passwords and passphrases are never kept on disk.

    `username` and `password` are for `userpass`; `certificate`, `key` (paths below the home folder,
    as `~/...`) and `passphrase` for `x509` and `x509_proxy`; `issuer` for `oidc` where there are
    several. `account` is another one than the login's own.
    """

    method: LoginMethod = "userpass"
    username: str = ""
    password: str = field(default="", repr=False)
    certificate: str | None = None
    key: str | None = None
    passphrase: str | None = field(default=None, repr=False)
    issuer: str | None = None
    account: str | None = None


@dataclass(frozen=True)
class CertificateFile:
    """A certificate or proxy that was found below the home folder; `key` is None where it holds it.

    `problem` says why it cannot be used: it has expired, or others can read it.
    """

    path: str
    kind: Literal["pem", "pkcs12", "proxy"]
    subject: str | None = None
    expires_at: datetime | None = None
    encrypted: bool = False
    key: str | None = None
    problem: Problem | None = None
