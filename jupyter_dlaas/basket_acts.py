"""Downloads of items of baskets: one that fails hides no other."""

from __future__ import annotations

import asyncio
import re

from dlaas.basket.fetching import LARGEST
from dlaas.basket.items import BasketItem
from dlaas.errors import DlaasError, InvalidInput, NotThere, problem
from dlaas.model import (
    BasketDownloadRequest,
    BasketOutcome,
    DownloadRequest,
)
from jupyter_dlaas.baskets import Baskets
from jupyter_dlaas.transfers import places
from jupyter_dlaas.transfers.download_orders import DownloadOrder
from jupyter_dlaas.transfers.free_orders import UrlOrder
from jupyter_dlaas.transfers.jobs import Jobs


async def download(
    baskets: Baskets,
    jobs: Jobs,
    request: BasketDownloadRequest,
    root: str | None,
    hidden: bool,
) -> list[BasketOutcome]:
    """Begin to download items and answer what became of each, a transfer where all is well.

    Raises `InvalidInput` for a folder that is none, for a bound below 1, and for items that are not
    there.
    """
    if request.max_bytes is not None and request.max_bytes < 1:
        raise InvalidInput("The largest size must be at least one byte.")
    await asyncio.to_thread(places.folder, root, request.folder, hidden=hidden)
    found = []
    for name, item in baskets.choose(request.ids):
        try:
            instance, order = _order(baskets, item, request, root, hidden)
            found.append(BasketOutcome(name, job=await jobs.add(instance, order)))
        except DlaasError as error:
            found.append(BasketOutcome(name, problem=problem(error)))
    return found


def _order(
    baskets: Baskets,
    item: BasketItem,
    request: BasketDownloadRequest,
    root: str | None,
    hidden: bool,
) -> tuple[str, DownloadOrder | UrlOrder]:
    if item.did is None:
        if item.url is None:
            where = f"See {item.link}" if item.link else "Look for it at its archive."
            raise NotThere(f"{item.title}: {item.note or 'it cannot be downloaded.'}", remedy=where)
        largest = LARGEST if request.max_bytes is None else request.max_bytes
        by_url = UrlOrder(
            item.url, item.title, request.folder, root, hidden, request.overwrite, largest
        )
        return by_url.host, by_url
    folder = request.folder
    if item.type != "file":
        # The files of a collection have a folder of their own, as elsewhere in the panel.
        own = re.sub(r"[^\w.-]+", "_", item.did.name)
        folder = "/".join(part for part in (folder.strip("/"), own) if part)
    wanted = DownloadRequest(str(item.did), folder, request.overwrite)
    return baskets.place(item), DownloadOrder(wanted, root, hidden)
