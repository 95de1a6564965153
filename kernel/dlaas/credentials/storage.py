"""A narrower token for storages, exchanged for that of the login (RFC 8693)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaas.credentials.provider import Provider
from dlaas.credentials.renewing import Renewing
from dlaas.credentials.tokens import Credential, Token

if TYPE_CHECKING:
    from dlaas.config import Instance

_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_KIND = "urn:ietf:params:oauth:token-type:access_token"


class StorageToken(Renewing):
    """The token for storages that the token of a login is exchanged for."""

    def __init__(self, instance: Instance, login: Credential) -> None:
        super().__init__()
        self._instance = instance
        self._login = login
        self._provider = Provider(instance)

    def _get(self) -> Token:
        told = self._provider.post(
            "token_endpoint",
            {
                "grant_type": _GRANT,
                "subject_token": self._login().value,
                "subject_token_type": _KIND,
                "requested_token_type": _KIND,
                "scope": self._instance.oidc_storage_scope,
                "audience": self._instance.oidc_storage_audience,
            },
        )
        return self._provider.token(told)


class Exchanging:
    """A credential, and the token that storages are shown instead of its own."""

    def __init__(self, instance: Instance, credential: Credential) -> None:
        self._credential = credential
        self._storage = StorageToken(instance, credential)

    def __call__(self) -> Token:
        """Answer the token for Rucio."""
        return self._credential()

    def refused(self, token: Token) -> bool:
        """Hear that Rucio refused the token; tell whether there may be another."""
        return self._credential.refused(token)

    def storage_token(self) -> Token | None:
        """Answer the token for storages; raises what the provider says, `Unreachable`.

        None where the login's own is Rucio's: that is nothing for the provider, nor for storages.
        """
        return self._storage() if self._credential().is_jwt else None

    def __getattr__(self, name: str) -> Any:
        # What not every credential has: renew, renewable, revoke, proxy. None begins like this.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._credential, name)


def with_storage_token(instance: Instance, credential: Credential) -> Credential:
    """Answer a credential that exchanges its token for storages, where that is configured."""
    return Exchanging(instance, credential) if instance.exchanges else credential
