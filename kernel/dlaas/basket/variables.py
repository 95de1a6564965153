"""Variables of a basket, as the panel would attach them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dlaas.basket.items import BasketItem
from dlaas.errors import DlaasError

if TYPE_CHECKING:
    from dlaas.basket.cart import Basket
    from dlaas.variables import MultipleItemDID, SingleItemDID


def records(
    basket: Basket, items: Iterable[BasketItem], names: Mapping[str, str]
) -> Iterator[tuple[BasketItem, dict[str, Any] | None]]:
    """Yield each item with the record of its variable; None where it cannot be found out."""
    from dlaas.notebook.attaching import say
    from dlaas.notebook.attachments import check_name

    for name in names.values():
        check_name(name)
    taken = set(names.values())
    for item in items:
        name = names.get(str(item.did)) or _free(str(item.did), taken)
        taken.add(name)
        try:
            lake = basket.lake_of(item)
            kind = item.type or str(lake.get(str(item.did)).type)
        except DlaasError as error:
            say(name, error)
            yield item, None
            continue
        yield (
            item,
            {
                "variableName": name,
                "did": str(item.did),
                "type": "file" if kind == "file" else "collection",
                "instance": lake.instance.name,
            },
        )


def _free(did: str, taken: set[str]) -> str:
    from dlaas.snippets import suggest_name

    name = stem = suggest_name(did)
    number = 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    return name


def attach(
    basket: Basket, items: Iterable[BasketItem], names: Mapping[str, str]
) -> dict[str, SingleItemDID | MultipleItemDID]:
    """Set variables in this notebook, and answer them."""
    from dlaas import notebook
    from dlaas.notebook import attaching

    found = tuple(one for _, one in records(basket, items, names) if one is not None)
    shell = notebook._shell()
    return attaching.restore(found, shell.user_ns if shell is not None else {})
