"""Where a token comes from: small callables that answer one, with its expiry.

A credential is asked before every request and keeps what it got in memory, never on disk. When
Rucio refuses a token, `refused` says whether asking again can give another one; it never prompts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.credentials.certificate import Certificate as Certificate
from dlaas.credentials.tokens import MARGIN as MARGIN
from dlaas.credentials.tokens import Bearer as Bearer
from dlaas.credentials.tokens import Credential as Credential
from dlaas.credentials.tokens import Token as Token
from dlaas.credentials.tokens import TokenFile as TokenFile
from dlaas.credentials.tokens import TokenVariable as TokenVariable
from dlaas.credentials.tokens import discovered as discovered
from dlaas.credentials.tokens import jwt_claims as jwt_claims
from dlaas.credentials.tokens import token_from as token_from
from dlaas.credentials.userpass import Userpass as Userpass
from dlaas.errors import LoginRequired

if TYPE_CHECKING:
    from dlaas.config import Instance


def for_instance(instance: Instance, account: str | None = None) -> Credential:
    """Choose the credential that a configuration names; raises `LoginRequired` for none."""
    if instance.handover is not None:
        from dlaas.handover import HandoverCredential

        return HandoverCredential(Path(instance.handover), instance.name)
    found = _configured(instance, account or instance.account)
    if instance.exchanges:
        from dlaas.credentials.storage import with_storage_token

        return with_storage_token(instance, found)
    return found


def _configured(instance: Instance, account: str | None) -> Credential:
    if instance.token:
        return Bearer(instance.token, account)
    if instance.auth_type == "oidc" or instance.oidc_auth:
        return _ambient(instance, account)
    if instance.auth_type in ("x509", "x509_proxy"):
        return Certificate(instance, account)
    password = instance.read_password()
    if instance.username and password:
        return Userpass(instance, instance.username, password, account)
    raise LoginRequired(f"There is no login for {instance.title} here.")


def _ambient(instance: Instance, account: str | None) -> Credential:
    if instance.oidc_auth == "hub":
        from dlaas.credentials.hub import HubToken

        return HubToken(instance, account)
    if instance.oidc_auth == "file" and instance.oidc_file_name:
        return TokenFile(instance.oidc_file_name, account)
    if instance.oidc_auth == "env" and instance.oidc_env_name:
        return TokenVariable(instance.oidc_env_name, account)
    return discovered(account)
