"""How a variable shows itself in a notebook: a small card that never fails."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dlaas.errors import DlaasError
from dlaas.quota import size_said

if TYPE_CHECKING:
    from dlaas.item import Item


def card(item: Item) -> str:
    """Make the HTML card of a variable; with the lake down it says so instead of raising."""
    rows = [("DID", str(item.did)), ("Instance", item.instance or "default")]
    try:
        found = item.lake.status(item.did)
        rows.append(("State", found.reason))
        if found.files is not None and found.type != "file":
            rows.append(("Files", f"{found.available_files} of {found.files} here"))
        if found.bytes is not None:
            rows.append(("Size", size_said(found.bytes)))
        if found.path:
            rows.append(("Path", found.path))
        if found.expires_at:
            rows.append(("Expires", f"{found.expires_at:%Y-%m-%d %H:%M} UTC"))
    except DlaasError as error:
        rows.append(("State", f"Unknown: {error}"))
    except Exception as error:
        rows.append(("State", f"Unknown ({type(error).__name__})"))
    cells = "".join(f"<tr>{_cell('th', key)}{_cell('td', value)}</tr>" for key, value in rows)
    return f"<table>{cells}</table>"


def _cell(tag: str, text: str) -> str:
    return f"<{tag} style='text-align:left'>{escape(text)}</{tag}>"
