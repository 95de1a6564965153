"""A narrower token for storages, exchanged for that of the login (RFC 8693)."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from dlaas.credentials.provider import Provider
from dlaas.credentials.tokens import MARGIN, Credential, Token

if TYPE_CHECKING:
    from dlaas.config import Instance

_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_KIND = "urn:ietf:params:oauth:token-type:access_token"


class StorageExchange:
    """Keeps the token for storages that belongs to a login's token; shared by threads."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._provider = Provider(instance)
        self._kept: tuple[str, Token, float] | None = None
        self._lock = threading.Lock()

    def of(self, token: Token) -> Token:
        """Answer the token to show storages; raises what the provider says, `Unreachable`."""
        with self._lock:
            if self._kept is None or self._kept[0] != token.value or self._is_due():
                self._kept = token.value, self._exchange(token), time.time()
            return self._kept[1]

    def _is_due(self) -> bool:
        if self._kept is None or self._kept[1].expires_at is None:
            return False
        _, kept, obtained_at = self._kept
        end = kept.expires_at or 0.0
        return end - min(MARGIN, (end - obtained_at) / 3) < time.time()

    def _exchange(self, token: Token) -> Token:
        told = self._provider.post(
            "token_endpoint",
            {
                "grant_type": _GRANT,
                "subject_token": token.value,
                "subject_token_type": _KIND,
                "requested_token_type": _KIND,
                "scope": self._instance.oidc_storage_scope,
                "audience": self._instance.oidc_storage_audience,
            },
        )
        return self._provider.token(told)


class Exchanging:
    """A credential, and the token that storages are shown instead of its own."""

    def __init__(self, credential: Credential, exchange: StorageExchange) -> None:
        self._credential = credential
        self._exchange = exchange

    def __call__(self) -> Token:
        """Answer the token for Rucio."""
        return self._credential()

    def refused(self, token: Token) -> bool:
        """Hear that Rucio refused the token; tell whether there may be another."""
        return self._credential.refused(token)

    def storage_token(self) -> Token:
        """Answer the token for storages; raises what the provider says, `Unreachable`."""
        return self._exchange.of(self._credential())

    def __getattr__(self, name: str) -> Any:
        # What not every credential has: renew, renewable, proxy. None of it begins like this.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._credential, name)


def with_storage_token(instance: Instance, credential: Credential) -> Credential:
    """Answer a credential that exchanges its token for storages, where that is configured."""
    wanted = instance.oidc_storage_scope or instance.oidc_storage_audience
    if not (wanted and instance.has_provider):
        return credential
    return Exchanging(credential, StorageExchange(instance))
