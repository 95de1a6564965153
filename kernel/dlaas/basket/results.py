"""What became of the items of a basket: one that fails hides no other."""

from __future__ import annotations

from dataclasses import dataclass

from dlaas.basket.items import BasketItem
from dlaas.model import Granted, Problem


@dataclass(frozen=True)
class Staged:
    """An item of a lake that was to be made available: what was granted, or what went wrong."""

    item: BasketItem
    granted: Granted | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Fetched:
    """An item that was to be downloaded: where it is, or what went wrong.

    Of a collection `paths` are those of the files that came, also where `problem` says that others
    did not.
    """

    item: BasketItem
    paths: tuple[str, ...] = ()
    bytes: int = 0
    problem: Problem | None = None
