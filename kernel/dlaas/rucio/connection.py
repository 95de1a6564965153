"""One instance and one account: the client, and what is worth remembering for minutes."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar, cast

from dlaas import credentials as _credentials
from dlaas.config import Instance
from dlaas.config.sources import choosing, find_instance
from dlaas.errors import InstanceNotFound, TookTooLong

if TYPE_CHECKING:
    from dlaas.credentials import Credential
    from dlaas.lake import Lake
    from dlaas.rucio.client import LakeClient

T = TypeVar("T")
# Scopes, RSEs and their protocols change rarely.
_REMEMBER = 300.0
_SPARE = 10.0


class Connection:
    """The instance, the account and the login that every room of `Lake` builds on."""

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
        client = self._client
        if client is not None:
            return client
        from dlaas.rucio.client import LakeClient

        credential = self.credential
        # A login may take its time: whoever closes the lake meanwhile must not wait for it.
        account = self._account or credential().account
        with self._lock:
            self._account = self._account or account
            if self._client is None:
                self._client = LakeClient(self.instance, self._account, credential)
            return self._client

    def close(self) -> None:
        """Close the connections; the lake may be used again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close_connections()

    def pickled(self, did: str, plain: tuple[Any, ...]) -> tuple[Any, ...]:
        """Answer how a variable of this lake pickles: as is `plain`, for logins stay at home."""
        return plain

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
            return cast("T", found[1])
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
_making = threading.Lock()
# Until when, in which surroundings, and which lake a reference without an instance means.
_default: tuple[float, tuple[str | None, ...], str] | None = None
_DEFAULT_FOR = 1.0


def register(lake: Lake) -> None:
    """Let references to an instance find the lake that was made for it last and still is there."""
    global _default  # Another lake may change what no name means.
    with _guard:
        alive = [ref for ref in _lakes.get(lake.instance.name, []) if ref() is not None]
        _lakes[lake.instance.name] = [*alive, weakref.ref(lake)]
        _default = None


def lake_for(name: str | None = None) -> Lake:
    """Answer the lake that a reference means: one of this process, else a new one by configuration.

    A name means the lake that was made last under it and is still in use: whoever logs in in a
    script means that login, and references know nothing of accounts. Who wants two logins to one
    instance at a time gives one of them another name, or passes `lake=`. Without a name it is the
    default instance, or the only one of which this process has a lake; which one that is is looked
    up once a second at most. A variable keeps the lake that it was made with. Raises
    `InstanceNotFound`, `ConfigurationError`, `Unreachable`.
    """
    surroundings = () if name is not None else choosing()
    wanted = name if name is not None else _default_in(surroundings)
    if wanted is not None and (found := _alive(wanted)) is not None:
        return found
    try:
        instance = find_instance(name)
    except InstanceNotFound:
        if name is not None:
            raise
        found = _only()
        if found is None:
            raise
    else:
        found = _made(instance)
    if name is None:
        _remember_default(surroundings, found.instance.name)
    return found


def _default_in(surroundings: tuple[str | None, ...]) -> str | None:
    known = _default
    if known is None or known[0] < time.monotonic() or known[1] != surroundings:
        return None
    return known[2]


def _remember_default(surroundings: tuple[str | None, ...], name: str) -> None:
    global _default  # One process has one default instance.
    _default = (time.monotonic() + _DEFAULT_FOR, surroundings, name)


def _only() -> Lake | None:
    """Answer the only lake there is; raises `InstanceNotFound` where there are several."""
    names = [known for known in list(_lakes) if _alive(known) is not None]
    if len(names) > 1:
        raise InstanceNotFound(
            f"No default instance is configured, and there are several: {', '.join(names)}.",
            remedy=f"Say which one is meant: {names[0]}@scope:name",
        )
    return _alive(names[0]) if names else None


def _made(instance: Instance) -> Lake:
    from dlaas.lake import Lake

    with _making:
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
    global _default  # What no name means may have changed with it.
    with _guard:
        _default = None
        gone = set(map(id, _kept.values()))
        for name, refs in _lakes.items():
            # Old variables keep theirs; new ones find the new login.
            _lakes[name] = [ref for ref in refs if id(ref()) not in gone]
        _kept.clear()


def _forked() -> None:
    """Leave connections and locks to the process that this one was forked off from."""
    global _guard, _making  # Another thread may have held them: nobody here would let them go.
    _guard, _making = threading.Lock(), threading.Lock()
    for lake in [ref() for refs in _lakes.values() for ref in refs]:
        if lake is not None:
            # Two processes that write into one encrypted connection break it for both.
            lake._client, lake._lock = None, threading.RLock()


os.register_at_fork(after_in_child=_forked)
