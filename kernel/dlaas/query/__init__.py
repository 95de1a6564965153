"""A search that can be looked at before it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from dlaas.errors import InvalidInput
from dlaas.query.conditions import Condition as Condition
from dlaas.query.conditions import Key as Key
from dlaas.query.conditions import Where, Written, where_from
from dlaas.query.conditions import key as key
from dlaas.query.filters import rucio_filters

if TYPE_CHECKING:
    from dlaas.catalogue import Catalogue
    from dlaas.model import DIDType, Entry

SearchType = Literal["all", "collection", "file", "dataset", "container"]
TYPES: dict[str, tuple[DIDType, ...]] = {
    "all": ("file", "dataset", "container"),
    "collection": ("dataset", "container"),
    "file": ("file",),
    "dataset": ("dataset",),
    "container": ("container",),
}


class Query:
    """What is asked of the catalogue; nothing is sent before it is iterated, and then each time.

    `filters` is what Rucio gets. Made by `Lake.query`, which raises `InvalidInput`, `InvalidDID`,
    `WildcardRefused`.
    """

    def __init__(
        self,
        lake: Catalogue,
        pattern: str,
        type: SearchType = "all",  # noqa: A002
        where: Written | None = None,
        limit: int | None = None,
    ) -> None:
        self._lake = lake
        self.scope, self.name = lake.check_pattern(pattern)
        if type not in TYPES:
            raise InvalidInput(f"{type!r} is not a type of DID: {', '.join(TYPES)}.")
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            raise InvalidInput("The limit must be a whole number, at least 1.")
        self.type: SearchType = type
        self.where: Where | None = where_from(where)
        self.limit = limit
        self.filters: list[dict[str, Any]] = rucio_filters(self.name, self.where)

    def __iter__(self) -> Iterator[Entry]:
        return self._lake.send(self)

    def __str__(self) -> str:
        kind = "of any type" if self.type == "all" else f"of type {self.type}"
        where = f" where {self.where}" if self.where is not None else ""
        limit = f", at most {self.limit}" if self.limit is not None else ""
        return f"{self.scope}:{self.name} {kind}{where}{limit}"

    def __repr__(self) -> str:
        return f"<Query {self} on {self._lake.instance.name}>"
