"""A basket for people: as a table of a notebook, or of pandas."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib import import_module
from typing import Any

from dlaas.basket.items import BasketItem
from dlaas.errors import InvalidInput
from dlaas.sizes import size_said

COLUMNS = (
    "id",
    "archive",
    "title",
    "did",
    "type",
    "bytes",
    "url",
    "link",
    "instance",
    "host",
    "note",
)
_MOST = 200


def row(item: BasketItem) -> dict[str, Any]:
    """Answer an item as programs read it: without the data as the archive has it."""
    found = {name: getattr(item, name) for name in COLUMNS}
    return {**found, "did": None if item.did is None else str(item.did)}


def pandas() -> Any:
    """Answer pandas; raises `InvalidInput` where it is not installed."""
    try:
        return import_module("pandas")
    except ImportError:
        raise InvalidInput("pandas is not installed here.", remedy="pip install pandas") from None


def as_frame(items: Iterable[BasketItem]) -> Any:
    """Make a DataFrame, one row for each item."""
    return pandas().DataFrame([row(item) for item in items], columns=list(COLUMNS))


def as_html(items: list[BasketItem]) -> str:
    """Write a table; what is in an item can be anything, and is never markup."""
    lines = "".join(_line(item) for item in items[:_MOST])
    more = f"<p>and {len(items) - _MOST} more</p>" if len(items) > _MOST else ""
    head = "".join(f"<th>{name}</th>" for name in ("archive", "item", "type", "size", ""))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>{more}"


def as_text(text: str) -> str:
    """Write a text as a table's place."""
    return f"<p>{escape(text)}</p>"


def _line(item: BasketItem) -> str:
    size = "" if item.bytes is None else size_said(item.bytes)
    cells = [item.archive, str(item.did or item.title), item.type or "", size]
    shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    link = item.link or item.url
    told = escape(item.note or "")
    if link:
        told = f'<a href="{escape(link)}" target="_blank" rel="noopener noreferrer">open</a> {told}'
    return f"<tr>{shown}<td>{told}</td></tr>"
