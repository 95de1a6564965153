"""A lake as nobody: public open data to read, by the code that reads everything else."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any

from dlaas.config import Instance
from dlaas.config.sources import find_instance
from dlaas.credentials import Token
from dlaas.errors import DlaasError, LoginRequired
from dlaas.lake import Lake
from dlaas.model import DID
from dlaas.opendata.client import OpenClient
from dlaas.opendata.service import Service, without_login
from dlaas.rucio.connection import register


class _Nobody:
    """A login that is none: what is asked for it gets nothing to show."""

    proxy = None

    def __call__(self) -> Token:
        return Token("")

    def refused(self, token: Token) -> bool:
        return False


# Where an open lake was unpickled, or nobody was logged in: kept, for references may mean it.
_nobodies: dict[tuple[str, str, str | None], OpenLake] = {}


def nobody(instance: Instance, url: str | None = None) -> OpenLake:
    """Answer the one lake of this process for the public open data of an instance."""
    key = (instance.name, instance.rucio_base_url, url)
    if key not in _nobodies:
        _nobodies[key] = OpenLake(instance, url)
    return _nobodies[key]


class OpenLake(Lake):
    """One instance without a login: DIDs that are public open data can be listed and read.

    Storages are shown nothing either, not even what is in the environment: no RSE is known, so no
    host is one that may have it. Whatever needs a login raises `LoginRequired`.
    """

    def __init__(self, instance: Instance, url: str | None = None) -> None:
        # References mean it only where `register` is called for it: not as `Lake` begins.
        super(Lake, self).__init__(without_login(instance), credentials=_Nobody())
        self.service = Service(self.instance, url)
        self.open_client = OpenClient(self.service)

    @cached_property
    def carrier(self) -> OpenLake:
        """The same, with tickets in the addresses of its files: to read from, never to show."""
        found = copy(self)
        found.open_client = self.open_client.carrying()
        return found

    def download(self, did: str, *args: Any, background: bool = False, **options: Any) -> Any:
        """Download a DID as `Lake.download` does; the Jupyter server does not do it for nobody."""
        if background:
            raise LoginRequired("In the background only data of a login is downloaded.")
        from dlaas.transfer.download import download

        return download(self.carrier, did, *args, **options)

    @property
    def client(self) -> Any:
        """What answers in Rucio's place."""
        return self.open_client

    def close(self) -> None:
        """Close the connections; the lake may be used again."""
        self.open_client.close_connections()

    def list_scopes(self) -> list[str]:
        """List the scopes that have open data."""
        return self.open_client.list_scopes()

    def pickled(self, did: str, plain: tuple[Any, ...]) -> tuple[Any, ...]:
        """Answer how a variable pickles: with whose open data it is of, and in which item."""
        item = self.open_client.holder_of(DID(did))
        held = None if item is None else str(item)
        return (_unpickled, (self.instance, self.service.url, str(did), held, *plain))

    def rse_info(self, name: str) -> dict[str, Any]:
        """Answer nothing: nobody is told of RSEs."""
        return {}

    def _did(self, did: DID) -> dict[str, Any]:
        # Its error says all; whether there is such a scope nobody is told.
        return self.open_client.get_did(did.scope, did.name)


def _unpickled(
    instance: Instance,
    url: str | None,
    did: str,
    item: str | None,
    make: Callable[..., Any],
    args: tuple[Any, ...],
) -> Any:
    """Make a variable where nobody may be logged in, such as a worker of Dask."""
    lake = nobody(instance, url)
    if item is not None:
        lake.open_client.belongs(DID(item), [DID(did)])
    try:
        find_instance(instance.name)
    except DlaasError:
        # Nothing is configured there, and references mean what came with the variable.
        register(lake)
    found = make(*args)
    found._lake = lake
    whole = getattr(found, "_whole", None)
    if whole is not None:
        whole._lake = lake
    return found
