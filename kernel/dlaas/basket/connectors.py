"""Connectors for ESAP's own Python client, `shopping_client`, which takes them as they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dlaas.basket.items import loaded, read_item
from dlaas.basket.showing import pandas

if TYPE_CHECKING:
    from dlaas.basket.cart import Basket
    from dlaas.basket.results import Fetched, Staged
    from dlaas.variables import MultipleItemDID, SingleItemDID


class Connector:
    """The items of one archive, as `shopping_client(connectors=[…])` wants them, and what to do.

    `options` are those of `Basket`: for the lake's items `instance` or `lake`.
    """

    name: str
    archive: str

    def __init__(self, archive: str, name: str | None = None, **options: Any) -> None:
        self.archive = archive
        self.name = name or archive
        self._options = options

    def validate_basket_item(
        self, basket_item: Any, return_loaded: bool = False
    ) -> dict[str, Any] | bool | None:
        """Tell whether a raw item is of this archive: True or its content, else None."""
        # A raw item, or a row of a table of pandas: both have `get`.
        ask = getattr(basket_item, "get", None)
        found = loaded(ask("item_data", basket_item) if ask else basket_item)
        if hasattr(found, "to_dict"):
            found = found.to_dict()
        if not isinstance(found, Mapping) or found.get("archive") != self.archive:
            return None
        return dict(found) if return_loaded else True

    def basket_item_to_pandas(self, basket_item: Any, validate: bool = True) -> Any:
        """Answer a raw item as a `pandas.Series`; None where it is of another archive."""
        found = self.validate_basket_item(basket_item, return_loaded=True)
        if not validate and found is None:
            found = loaded(basket_item["item_data"])
        if not found:
            return None
        return pandas().Series(found)

    def basket(self, items: Iterable[Any]) -> Basket:
        """Answer a basket of those raw items that are of this archive."""
        from dlaas.basket.cart import Basket

        mine = (self.validate_basket_item(item, return_loaded=True) for item in items)
        return Basket(items=[read_item(item) for item in mine if item], **self._options)

    def stage(self, items: Iterable[Any], *args: Any, **options: Any) -> list[Staged]:
        """Have raw items made available; see `Basket.stage`."""
        return self.basket(items).stage(*args, **options)

    def download(
        self, items: Iterable[Any], folder: str | os.PathLike[str], **options: Any
    ) -> list[Fetched]:
        """Download raw items; see `Basket.download`."""
        return self.basket(items).download(folder, **options)

    def attach(
        self, items: Iterable[Any], names: Mapping[str, str] | None = None
    ) -> dict[str, SingleItemDID | MultipleItemDID]:
        """Make variables of raw items; see `Basket.attach`."""
        return self.basket(items).attach(names)


class RucioConnector(Connector):
    """The connector for the items of lakes."""

    name = "rucio"
    archive = "rucio"

    def __init__(self, **options: Any) -> None:
        super().__init__("rucio", **options)
