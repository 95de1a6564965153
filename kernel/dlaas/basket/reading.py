"""Baskets that were saved or written by hand: JSON, a list of DIDs and addresses, a CSV."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dlaas.basket.items import BasketItem, loaded, read_item
from dlaas.errors import AlreadyThere, DlaasError, InvalidInput, NotThere
from dlaas.model import Reference
from dlaas.transfer.disk import local_error

_LARGEST = 64_000_000
_COLUMNS = frozenset({"did", "scope", "url", "access_url"})
# What an answer of ESAP holds besides: logins.
SECRETS = ("oidc_id_token", "oidc_access_token")


def read_file(path: str | os.PathLike[str]) -> list[BasketItem]:
    """Read a file as `read_text` does; raises `NotThere` and `InvalidInput`."""
    file = Path(path).expanduser()
    try:
        if file.stat().st_size > _LARGEST:
            raise InvalidInput(f"{file} is too large to be a basket.")
        content = file.read_bytes()
    except OSError as error:
        raise NotThere(f"{file} cannot be read: {error.strerror or error}.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if not text.strip():
        raise InvalidInput(f"{file} holds no basket.", remedy="JSON, CSV and lists of DIDs do.")
    return read_text(text)


def write_file(path: str | os.PathLike[str], items: Iterable[BasketItem]) -> None:
    """Write items to a new file, for its owner alone; raises `AlreadyThere`."""
    file = Path(path).expanduser()
    rows = [{"item_data": item.data, "instance": item.instance} for item in items]
    text = json.dumps({"items": rows}, indent=1, default=str)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise AlreadyThere(f"{file} is there already.") from None
    except OSError as error:
        raise InvalidInput(f"{file} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        file.unlink(missing_ok=True)
        raise local_error(error, file, len(text)) from error


def holds_secrets(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file is an answer of ESAP with the logins that it carries."""
    content = Path(path).expanduser().read_bytes()
    return any(f'"{name}"'.encode() in content for name in SECRETS)


def read_text(text: str) -> list[BasketItem]:
    """Read what somebody saved or pasted; raises `InvalidInput`, which names the faulty lines."""
    text = text.strip().removeprefix("\ufeff")
    if len(text) > _LARGEST:
        raise InvalidInput("This is too long to be a basket.")
    if text[:1] in ("{", "["):
        return [read_item(row) for row in _rows(_json(text))]
    columns = _columns(text)
    return _from_csv(text, columns) if columns else _from_list(text)


def _json(text: str) -> Any:
    found = _json_or_none(text)
    if found is None:
        found = loaded(text)
    if isinstance(found, str):
        # An object on each line.
        lines = [loaded(line) for line in text.splitlines() if line.strip()]
        found = lines if all(isinstance(line, (dict, list)) for line in lines) else None
    if found is None:
        # The error of the parser would hold the text, and that may hold a login.
        raise InvalidInput("This looks like JSON, and is none.")
    return found


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text, object_hook=without_secrets)
    except (ValueError, RecursionError):
        return None


def without_secrets(row: dict[str, Any]) -> dict[str, Any]:
    """Drop the logins that an answer of ESAP holds."""
    for name in SECRETS:
        row.pop(name, None)
    return row


def _rows(found: Any) -> Iterator[Any]:
    """Find the items in an answer of ESAP, in a profile of it, in a cart, or in a list."""
    if isinstance(found, Mapping) and found.get("results") == []:
        raise InvalidInput(
            "ESAP did not know you when this was saved: there is no basket in it.",
            remedy="Log in to ESAP in the browser, and save it again.",
        )
    key = next((k for k in ("results", "shopping_cart", "items") if _is_list(found, k)), None)
    rows = found if isinstance(found, list) else [found] if key is None else found[key]
    for row in rows:
        if isinstance(row, Mapping) and _is_list(row, "shopping_cart"):
            yield from row["shopping_cart"]
        elif isinstance(row, str) and row.lstrip()[:1] not in ("{", "["):
            yield from (item.data for item in _from_list(row))
        elif key == "results":
            raise InvalidInput("This is an answer of ESAP without a basket.")
        else:
            yield without_secrets(row) if isinstance(row, dict) else row


def _is_list(found: Any, key: str) -> bool:
    return isinstance(found, Mapping) and isinstance(found.get(key), list)


def _columns(text: str) -> csv.Dialect | type[csv.Dialect] | None:
    """Tell how the columns of a table are parted; None where its first line names none."""
    first = text.splitlines()[0] if text else ""
    for delimiter in (",", ";", "\t"):
        names = {name.strip().strip('"').lower() for name in first.split(delimiter)}
        if names & _COLUMNS and ("scope" not in names or "name" in names or "did" in names):
            return type("_Parted", (csv.excel,), {"delimiter": delimiter})
    return None


def _from_csv(text: str, dialect: Any) -> list[BasketItem]:
    items, wrong = [], []
    for number, row in enumerate(csv.DictReader(io.StringIO(text), dialect=dialect), 2):
        cells = {str(k).strip().lower(): v.strip() for k, v in row.items() if isinstance(v, str)}
        if not any(cells.values()):
            continue
        try:
            items.append(_of_cells(cells))
        except DlaasError:
            wrong.append(f"line {number}")
    return _all_or_none(items, wrong)


def _of_cells(cells: dict[str, str]) -> BasketItem:
    text = cells.get("did") or ""
    if not text and cells.get("scope") and cells.get("name"):
        text = f"{cells['scope']}:{cells['name']}"
    item = _of_word(text or cells.get("url") or cells.get("access_url") or "", cells.get("type"))
    item.instance = cells.get("instance") or item.instance
    if cells.get("title") and item.did is None:
        item.title = cells["title"]
    return item


def _from_list(text: str) -> list[BasketItem]:
    items, wrong = [], []
    for line in text.splitlines():
        for word in line.partition(" #")[0].replace(",", " ").replace(";", " ").split():
            if word.startswith("#"):
                break
            try:
                items.append(_of_word(word.strip("\"'")))
            except DlaasError:
                wrong.append(repr(word))
    return _all_or_none(items, wrong)


def _of_word(word: str, kind: str | None = None) -> BasketItem:
    if word.lower().startswith(("https://", "http://")):
        return read_item({"archive": "url", "record": {"url": word}})
    reference = Reference.parse(word)
    record = {"scope": reference.did.scope, "name": reference.did.name}
    if kind:
        record["type"] = kind.upper()
    item = read_item({"archive": "rucio", "record": record})
    item.instance = reference.instance
    return item


def _all_or_none(items: list[BasketItem], wrong: list[str]) -> list[BasketItem]:
    if wrong or not items:
        some = ", ".join(wrong[:5]) + (" and more" if len(wrong) > 5 else "")
        raise InvalidInput(
            f"Neither a DID nor an address: {some}." if wrong else "There is no item in it.",
            remedy="Write one on each line, as scope:name or https://…; nothing was imported.",
        )
    return items
