"""The shopping basket of ESAP: what was chosen there becomes data here.

basket = dlaas.basket.Basket("https://esap.example:5555", ask=getpass.getpass)
basket.stage("14d")
basket.download("inputs")
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dlaas.basket.cart import Basket
    from dlaas.basket.connectors import Connector, RucioConnector
    from dlaas.basket.items import BasketItem
    from dlaas.basket.results import Fetched, Staged

__all__ = ["Basket", "BasketItem", "Connector", "Fetched", "RucioConnector", "Staged"]

# Loaded when used, as in `dlaas` itself.
_ROOMS = {
    "Basket": "cart",
    "BasketItem": "items",
    "Connector": "connectors",
    "Fetched": "results",
    "RucioConnector": "connectors",
    "Staged": "results",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'dlaas.basket' has no attribute {name!r}")
    return getattr(import_module(f"dlaas.basket.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
