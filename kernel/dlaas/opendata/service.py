"""Rucio's answers to anybody about open data: no login, token or certificate is ever sent."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from dlaas.config import Instance
from dlaas.config.settings import checked_url
from dlaas.config.sources import find_instance
from dlaas.errors import (
    CannotAuthenticate,
    ConfigurationError,
    DataIdentifierNotFound,
    DlaasError,
    NotAvailable,
    NotThere,
    RucioFailed,
)
from dlaas.rucio.wire import Wire

if TYPE_CHECKING:
    from dlaas.model import DID

_HEADERS = {"Accept": "application/json", "User-Agent": "jupyter-dlaas"}
# Rucio looks up the copies of each file by itself before it answers.
_WITH_FILES_TIMEOUT = 300.0


class Service:
    """The open data of one instance, page by page and DID by DID."""

    def __init__(self, instance: Instance, url: str | None = None) -> None:
        self.instance = instance
        self.title = instance.title
        self.url = url
        server = checked_url("url", url) if url else instance.rucio_base_url
        self._base = f"{server}/opendata/public/dids"
        self._wire = (os.getpid(), Wire(instance))

    def close(self) -> None:
        """Close the connections; it may be asked again."""
        self._wire[1].close()
        self._wire = (os.getpid(), Wire(self.instance))

    def page(self, offset: int, limit: int) -> dict[str, Any]:
        """Answer some rows of the list in `dids`, and how many there are in `total`."""
        return self._ask("", {"offset": offset, "limit": limit})

    def item(
        self, did: DID, *, files: bool = False, metadata: bool = True, tickets: bool = False
    ) -> dict[str, Any]:
        """Answer what is known of a DID; with `tickets` the addresses of its files are secrets.

        Raises `DataIdentifierNotFound` for what is not public.
        """
        wanted = {"files": files, "meta": metadata, "download_urls": tickets}
        options = {key: int(value) for key, value in wanted.items()}
        below = f"/{quote(did.scope, safe='')}/{quote(did.name, safe='')}"
        try:
            return self._ask(
                below,
                {**options, "doi": 1, "record_id": 1},
                _WITH_FILES_TIMEOUT if files else None,
            )
        except DataIdentifierNotFound:
            raise self.not_public(did) from None
        except NotThere:
            if "/" not in did.name:
                raise
        self.page(0, 1)
        raise NotAvailable(
            f"{self.title} cannot be asked whether {did} is open data: Rucio has no address for"
            " names that hold a slash.",
            remedy="Log in to read it, or ask for a dataset that holds it.",
            details={"why": "slash"},
        )

    def not_public(self, did: DID) -> DlaasError:
        """Make the error for a DID that is not public; why it is not, nobody is told."""
        return DataIdentifierNotFound(
            f"{did} is no public open data of {self.title}: it is none, a draft, or suspended.",
            remedy="Check the name; of a file its dataset must be public; or log in to read it.",
            details={"why": "not_public"},
        )

    def _ask(
        self, below: str, params: dict[str, int], timeout: float | None = None
    ) -> dict[str, Any]:
        if self._wire[0] != os.getpid():
            # Two processes must not write into one connection.
            self._wire = (os.getpid(), Wire(self.instance))
        try:
            answer = self._wire[1].request(
                "GET", self._base + below, headers=_HEADERS, params=params, timeout=timeout
            )
            found = answer.json()
        except DataIdentifierNotFound:
            raise
        except (NotThere, CannotAuthenticate):
            raise NotThere(
                f"{self.title} shows no open data to those who are not logged in: it has none, or"
                " its Rucio is older than 38.",
                remedy="Log in to read its data.",
                details={"why": "no_open_data"},
            ) from None
        except ConfigurationError as error:
            if "class" not in error.details:
                raise
            raise RucioFailed(
                f"{self.title} does not say where the files of its open data are.",
                remedy="Its administrators have to set rse_expression in Rucio's [opendata].",
                details={"why": "no_rse_expression"},
            ) from None
        except ValueError:
            raise RucioFailed(f"{self.title} answered what is no JSON: is it Rucio?") from None
        if not isinstance(found, dict):
            raise RucioFailed(f"{self.title} answers open data in a way that nobody understands.")
        return found


def instance_of(told: str | Instance | None) -> Instance:
    """Find an instance by its name, or make one of the address of a Rucio server."""
    if isinstance(told, Instance):
        return told
    if told is None or "://" not in told:
        return find_instance(told)
    url = checked_url("the address", told)
    return Instance.from_mapping({"name": urlsplit(url).hostname, "rucio_base_url": url})


def without_login(instance: Instance) -> Instance:
    """Answer an instance without what belongs to a login; a whole scope of open data is little."""
    return replace(
        instance,
        account=None, username=None, password=None, password_file=None, token=None,
        client_cert=None, client_key=None, handover=None, oidc_client_secret_file=None,
        wildcard_enabled=True,
    )  # fmt: skip
