"""Open data as Rucio shows it to anybody; part of `dlaas.model`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from dlaas.reference import DID

OpenState = Literal["public", "draft", "suspended"]


@dataclass(frozen=True)
class OpenFile:
    """A file of open data; `urls` are its addresses without tickets."""

    did: DID
    bytes: int | None = None
    adler32: str | None = None
    urls: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenItem:
    """A DID that is open data. None is what was not asked, or what it has not.

    `metadata` is what its publisher says of it; `record_id` is that of its page in a portal.
    """

    did: DID
    state: OpenState
    doi: str | None = None
    record_id: int | None = None
    metadata: dict[str, Any] | None = field(default=None, hash=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    bytes: int | None = None
    files: tuple[OpenFile, ...] | None = None
