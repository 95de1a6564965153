"""Downloads of a basket, one item after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.basket.items import BasketItem
from dlaas.basket.results import Fetched
from dlaas.errors import Cancelled, DlaasError, NotAvailable, problem

if TYPE_CHECKING:
    from dlaas.basket.cart import Basket

Progress = Callable[[int, int], None]
Asked = Callable[[], bool]


def get(
    basket: Basket,
    items: Iterable[BasketItem],
    folder: str | os.PathLike[str],
    *,
    max_bytes: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancelled: Asked | None = None,
) -> Iterator[Fetched]:
    """Download items and yield what became of each; raises `Cancelled`."""
    place = Path(folder).expanduser().absolute()
    for item in items:
        try:
            if item.did is not None:
                yield _of_lake(basket, item, place, overwrite, progress, cancelled)
            else:
                yield _of_archive(item, place, max_bytes, overwrite, progress, cancelled)
        except Cancelled:
            raise
        except DlaasError as error:
            yield Fetched(item, problem=problem(error))


def _of_lake(
    basket: Basket,
    item: BasketItem,
    folder: Path,
    overwrite: bool,
    progress: Progress | None,
    cancelled: Asked | None,
) -> Fetched:
    found = basket.lake_of(item).download(
        str(item.did), folder, progress=progress, cancelled=cancelled, overwrite=overwrite
    )
    first = found.failures[0].problem if found.failures else None
    return Fetched(item, found.paths, found.bytes, first)


def _of_archive(
    item: BasketItem,
    folder: Path,
    max_bytes: int | None,
    overwrite: bool,
    progress: Progress | None,
    cancelled: Asked | None,
) -> Fetched:
    from dlaas.basket.fetching import LARGEST, Wanted, fetch

    if item.url is None:
        where = f"See {item.link}" if item.link else "Look for it at its archive."
        raise NotAvailable(f"{item.title}: {item.note or 'it cannot be downloaded.'}", remedy=where)
    largest = LARGEST if max_bytes is None else max_bytes
    path, size = fetch(Wanted(item.url, folder, largest, overwrite, progress, cancelled))
    return Fetched(item, (path,), size)
