"""One instance and one account: the client, and what is worth remembering for minutes."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from dlaas import credentials as _credentials
from dlaas.config import Instance
from dlaas.errors import InstanceNotFound, TookTooLong
from dlaas.sources import find_instance

if TYPE_CHECKING:
    from dlaas.client import LakeClient
    from dlaas.credentials import Credential
    from dlaas.lake import Lake

T = TypeVar("T")
# Scopes, RSEs and their protocols change rarely.
_REMEMBER = 300.0
_SPARE = 10.0


class Connection:
    """What every room of `Lake` builds on."""

    def __init__(
        self,
        instance: str | Instance | None = None,
        *,
        account: str | None = None,
        credentials: Credential | None = None,
    ) -> None:
        self.instance = instance if isinstance(instance, Instance) else find_instance(instance)
        self._account = account or self.instance.account
        self._credentials = credentials
        self._client: LakeClient | None = None
        self._lock = threading.RLock()
        self._remembered: dict[str, tuple[float, Any]] = {}

    @property
    def credential(self) -> Credential:
        """What answers this lake's token; raises `LoginRequired` when nothing does."""
        with self._lock:
            if self._credentials is None:
                self._credentials = _credentials.for_instance(self.instance, self._account)
            return self._credentials

    @property
    def account(self) -> str:
        """The account in whose name everything is done; asks Rucio when the login does not say."""
        if self._account is None:
            self._account = self.credential().account
        if self._account is None:
            self._account = str(self.client.whoami()["account"])
            self.client.account = self._account
        return self._account

    @property
    def client(self) -> LakeClient:
        """The client of rucio-clients, made when first used: importing it takes 0.2 s."""
        with self._lock:
            if self._client is None:
                from dlaas.client import LakeClient

                credential = self.credential
                if self._account is None:
                    self._account = credential().account
                self._client = LakeClient(self.instance, self._account, credential)
            return self._client

    def close(self) -> None:
        """Close the connections; the lake may be used again."""
        with self._lock:
            if self._client is not None:
                self._client.close_connections()
                self._client = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.instance.name!r}, account={self._account!r})"

    def _remember(self, key: str, ask: Callable[[], T]) -> T:
        """Answer what was asked within the last minutes, else ask again.

        A server that just let us wait in vain is not asked again for some seconds: making twenty
        variables must not take twenty timeouts.
        """
        found = self._remembered.get(key)
        if found is not None and found[0] > time.monotonic():
            if isinstance(found[1], TookTooLong):
                # A copy: each raise would lengthen the traceback of the one that is kept.
                raise copy(found[1])
            return found[1]  # type: ignore[no-any-return]
        try:
            value = ask()
        except TookTooLong as error:
            self._remembered[key] = (time.monotonic() + _SPARE, error)
            raise
        self._remembered[key] = (time.monotonic() + _REMEMBER, value)
        return value

    def _forget(self, key: str) -> None:
        self._remembered.pop(key, None)


# By instance name, in the order in which they were made.
_lakes: dict[str, list[weakref.ref[Lake]]] = {}
_kept: dict[str, Lake] = {}
_guard = threading.Lock()


def register(lake: Lake) -> None:
    """Let references to an instance find the lake that was made for it last and still is there."""
    with _guard:
        alive = [ref for ref in _lakes.get(lake.instance.name, []) if ref() is not None]
        _lakes[lake.instance.name] = [*alive, weakref.ref(lake)]


def lake_for(name: str | None = None) -> Lake:
    """Answer the lake that a reference means: one of this process, else a new one by configuration.

    Without a name it is the default instance, or the only one of which this process has a lake.
    """
    from dlaas.lake import Lake

    if name is not None and (found := _alive(name)) is not None:
        return found
    try:
        instance = find_instance(name)
    except InstanceNotFound:
        names = [known for known in list(_lakes) if _alive(known) is not None]
        only = _alive(names[0]) if name is None and len(names) == 1 else None
        if only is None:
            raise
        return only
    found = _alive(instance.name)
    if found is None:
        found = Lake(instance)
        # Nobody else holds it: without this it would be gone with the first variable.
        _kept[instance.name] = found
    return found


def _alive(name: str) -> Lake | None:
    with _guard:
        lakes = (ref() for ref in reversed(_lakes.get(name, [])))
        return next((lake for lake in lakes if lake is not None), None)


def forget() -> None:
    """Forget the lakes that were made by configuration: it has changed."""
    with _guard:
        gone = set(map(id, _kept.values()))
        for name, refs in _lakes.items():
            # Old variables keep theirs; new ones find the new login.
            _lakes[name] = [ref for ref in refs if id(ref()) not in gone]
        _kept.clear()
