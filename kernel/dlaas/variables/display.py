"""How a variable shows itself: a small card that never fails and never takes long."""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING, Any

from dlaas.variables import facts

if TYPE_CHECKING:
    from dlaas.variables.item import Item

# No colours: what it stands on may be light or dark.
_TABLE = "border-collapse:collapse;border:1px solid rgba(128,128,128,.4);margin:.3em 0"
_HEAD = "text-align:left;vertical-align:top;padding:.15em .8em;font-weight:600;white-space:nowrap"
_CELL = "text-align:left;vertical-align:top;padding:.15em .8em;overflow-wrap:anywhere"
_WIDTH = 100
# What the panel draws as a card with buttons; those who do not know it take the HTML beside it.
DID_TYPE = "application/vnd.dlaas.did+json"


def card(item: Item) -> str:
    """Make the HTML card of a variable; with the lake down it says so instead of raising."""
    return _html(_rows(item, _asked(item)))


def bundle(item: Item) -> dict[str, Any]:
    """Make all that a notebook shows of a variable, by MIME type; it never raises."""
    found = _asked(item)
    shown: dict[str, Any] = {"text/plain": repr(item), "text/html": _html(_rows(item, found))}
    known = None if isinstance(found, Exception) else facts.summary(item, found)
    return {**shown, DID_TYPE: known} if known else shown


def _html(rows: facts.Rows) -> str:
    lines = "".join(
        f"<tr><th scope='row' style='{_HEAD}'>{escape(heading)}</th>"
        f"<td style='{_CELL}'>{'<br>'.join(map(escape, told))}</td></tr>"
        for heading, told in rows
    )
    return f"<table style='{_TABLE}'><tbody>{lines}</tbody></table>"


def text_card(item: Item) -> str:
    """Make the card of a variable as text."""
    rows = _rows(item, _asked(item))
    width = max(len(heading) for heading, _ in rows) + 2
    lines = []
    for heading, told in rows:
        for number, line in enumerate(told):
            first = (heading if number == 0 else "").ljust(width)
            wrapped = _wrapped(_plain(line), _WIDTH - width)
            lines += [first + wrapped[0], *(" " * width + rest for rest in wrapped[1:])]
    return "\n".join(lines)


def _wrapped(text: str, width: int) -> list[str]:
    # A path is copied whole or not at all.
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return lines or [""]


def _asked(item: Item) -> facts.Facts | Exception:
    # Something to look at must not fail, whatever a server answers.
    try:
        return facts.ask(item)
    except Exception as error:
        return error


def _rows(item: Item, found: facts.Facts | Exception) -> facts.Rows:
    try:
        if isinstance(found, Exception):
            raise found
        return facts.rows(item, found)
    except Exception as error:
        return [("DID", [str(item.did)]), ("State", [f"unknown ({type(error).__name__})"])]


def _plain(text: str) -> str:
    # What a server says could hold codes that rewrite a terminal.
    return "".join(letter if letter.isprintable() else " " for letter in text)
