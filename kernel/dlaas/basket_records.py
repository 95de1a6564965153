"""The shopping basket of ESAP as the server shows it; part of `dlaas.model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dlaas.jobs import Job
from dlaas.problems import Problem
from dlaas.reference import DID


@dataclass(frozen=True)
class BasketRow:
    """One item of a basket: a DID of a lake, an address to download, or a page to look at.

    `id` names it as long as its content stays the same. `instance` is the lake of a DID, None where
    none knows its scope; `host` the ESAP that has it, None for what was imported. `note` says why
    nothing can be done with it.
    """

    id: str
    archive: str
    title: str
    did: DID | None = None
    type: Literal["file", "dataset", "container"] | None = None
    bytes: int | None = None
    url: str | None = None
    link: str | None = None
    note: str | None = None
    instance: str | None = None
    host: str | None = None


@dataclass(frozen=True)
class BasketHost:
    """One ESAP; `problem` says why its basket is not known, `typed` that a typed token is used."""

    host: str
    problem: Problem | None = None
    typed: bool = False


@dataclass(frozen=True)
class BasketInfo:
    """All baskets together; `warnings` are of the last import."""

    hosts: tuple[BasketHost, ...] = ()
    items: tuple[BasketRow, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class BasketOutcome:
    """What became of one item that was to be downloaded: a transfer, or what went wrong."""

    id: str
    job: Job | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class BasketReadRequest:
    """Read the baskets anew, or that of one `host`.

    `token` is kept in memory alone, for this host; an empty one takes back what was given before.
    """

    host: str | None = None
    token: str | None = None


@dataclass(frozen=True)
class BasketImportRequest:
    """Import a basket: a file, `path` as the file browser names it, or a `text`."""

    path: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class BasketUseRequest:
    """Say which lake items are of; None lets it be found by their scopes."""

    ids: tuple[str, ...]
    instance: str | None = None


@dataclass(frozen=True)
class BasketRemoveRequest:
    """Remove items, also from ESAP."""

    ids: tuple[str, ...]


@dataclass(frozen=True)
class BasketDownloadRequest:
    """Download items into a folder of the server's content folder.

    `max_bytes` bounds each file that is not of a lake, to 10 GB unless told.
    """

    ids: tuple[str, ...]
    folder: str
    overwrite: bool = False
    max_bytes: int | None = None
