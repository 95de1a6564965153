"""Items of a basket: what archives put into it, in every shape that has been seen."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from dlaas.errors import InvalidDID, InvalidInput
from dlaas.model import DID

# An item is a row of a table: what is longer or deeper than this is none.
LONGEST = 1_000_000
_DEEPEST = 50
_WRAPPED = 3
# A longer sum of ones ends the process in Python 3.10, whose tree is as deep as it has terms.
_LONGEST_LITERAL = 10_000
# Where archives put the address of the data itself; a thumbnail is none.
_ADDRESSES = ("url", "access_url", "accessurl", "acc_url", "accref", "access", "link", "result")
_TITLES = ("title", "name", "dataset_name", "target", "dataset", "dataset_id", "obs_id")
_KINDS = {"FILE": "file", "DATASET": "dataset", "CONTAINER": "container"}
Type = Literal["file", "dataset", "container"]


@dataclass
class BasketItem:
    """One item: a DID of a lake, an address that can be downloaded, or a page to look at.

    `instance` names the lake of a DID; it is found when it is needed, and may be set. `note` says
    why nothing can be done with an item. `host` is the ESAP that has it, None for an imported one.
    """

    archive: str
    title: str
    did: DID | None = None
    type: Type | None = None
    bytes: int | None = None
    url: str | None = None
    link: str | None = None
    note: str | None = None
    instance: str | None = field(default=None, compare=False)
    host: str | None = field(default=None, compare=False)
    data: Any = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """Eight letters that name it for as long as its content stays the same."""
        return hashlib.sha256(canonical(self.data).encode()).hexdigest()[:8]


def canonical(data: Any) -> str:
    """Write data so that what is equal is written equally."""
    return json.dumps(data, sort_keys=True, default=str)


def read_item(raw: Any, host: str | None = None) -> BasketItem:
    """Read an item: a row of a cart, or what is in it, as an object or as a text."""
    row = loaded(raw)
    is_row = isinstance(row, Mapping) and "item_data" in row
    data = loaded(row["item_data"]) if is_row else row
    item = _read(data)
    item.data, item.host = data, host
    if is_row and isinstance(row.get("instance"), str):
        # A basket that was saved here.
        item.instance = row["instance"]
    return item


def loaded(value: Any) -> Any:
    """Read JSON, JSON within JSON, or Python's own notation; what is none of them stays a text.

    >>> loaded('{"a": 1}'), loaded('"{\\\\"a\\\\": 1}"'), loaded("{'a': None}"), loaded("a")
    ({'a': 1}, {'a': 1}, {'a': None}, 'a')
    """
    for _ in range(_WRAPPED):
        if not isinstance(value, str) or len(value) > LONGEST:
            break
        found = _parsed(value)
        if found is None:
            break
        value = found
    return value


def _parsed(text: str) -> Any:
    """Read a text; None where it is no object, list or text."""
    if text.lstrip()[:1] not in ("{", "[", '"', "'", "(") or _depth(text) > _DEEPEST:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = _literal(text)
    if not isinstance(found, (dict, list, tuple, str)) or not _is_json(found):
        return None
    return found


def _literal(text: str) -> Any:
    # Old clients stored what Python prints.
    if len(text) > _LONGEST_LITERAL:
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _depth(text: str) -> int:
    """Answer how deep brackets are nested at most; those within texts count too."""
    deepest = now = 0
    for letter in text:
        if letter in "[{(":
            now += 1
            deepest = max(deepest, now)
        elif letter in "]})":
            now -= 1
    return deepest


def _is_json(value: Any) -> bool:
    """Tell whether it can be sent: a set or a NaN cannot, and such a text is kept as it is."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _read(data: Any) -> BasketItem:
    if not isinstance(data, Mapping):
        text = str(data)
        short = text if len(text) <= 60 else f"{text[:59]}…"
        return BasketItem("", short, note="This is no item that can be read.")
    archive = str(data.get("archive") or "")
    if archive.lower() == "zooniverse":
        return _zooniverse(archive, data)
    record = loaded(data.get("record", data))
    if archive.lower() == "rucio":
        return _rucio(archive, record)
    if isinstance(record, Mapping) and {"scope", "name"} <= record.keys():
        # A query over several archives found it in a lake.
        return _rucio(archive, record)
    return _remote(archive, record, data)


def _rucio(archive: str, record: Any) -> BasketItem:
    row = record if isinstance(record, Mapping) else {"did": record}
    text = f"{row['scope']}:{row['name']}" if {"scope", "name"} <= row.keys() else row.get("did")
    item = BasketItem(archive, str(text or record))
    if isinstance(record, str) and ":" not in record:
        item.note = "This is a whole scope: search it for what you need of it."
        return item
    try:
        item.did = DID(str(text))
    except InvalidDID as error:
        item.note = error.message
        return item
    item.type = _type(row)
    item.bytes = row.get("bytes") if _is_count(row.get("bytes")) else None
    return item


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _type(row: Mapping[str, Any]) -> Type | None:
    told = str(row.get("type") or row.get("did_type") or "").upper()
    if told in _KINDS:
        return _KINDS[told]  # type: ignore[return-value]
    # Rows of /dids/{scope}/files and of /replicas name no type: they are files.
    return "file" if row.keys() & {"adler32", "guid", "pfns", "rses"} else None


def _zooniverse(archive: str, data: Mapping[str, Any]) -> BasketItem:
    project, workflow = data.get("project_id"), data.get("workflow_id")
    parts = [f"project {project}", f"workflow {workflow}" if workflow else "", data.get("category")]
    item = BasketItem(archive, ", ".join(str(part) for part in parts if part))
    if project:
        where = f"workflows/{quote(str(workflow), safe='')}" if workflow else "data-exports"
        item.link = f"https://www.zooniverse.org/lab/{quote(str(project), safe='')}/{where}"
    item.note = "Zooniverse gives its data to the project's members, on its page."
    return item


def _remote(archive: str, record: Any, data: Mapping[str, Any]) -> BasketItem:
    places = [part for part in (record, data) if isinstance(part, (Mapping, list, tuple))]
    url = next(filter(None, map(_address, places)), None)
    title = next(filter(None, map(_title, places)), None)
    item = BasketItem(archive, title or (url or "").rpartition("/")[2] or archive, url=url)
    if url is None:
        item.note = "It has no address from which it could be downloaded."
    item.link = url
    return item


def _address(record: Mapping[str, Any] | Iterable[Any]) -> str | None:
    """Find the address of the data: under a known name, else the first there is."""
    if not isinstance(record, Mapping):
        return next((str(value).strip() for value in record if _is_address(value)), None)
    named = {str(key).lower(): value for key, value in record.items()}
    known = (named[key] for key in _ADDRESSES if _is_address(named.get(key)))
    others = (v for k, v in named.items() if _is_address(v) and "thumb" not in k and "pre" not in k)
    found = next(known, None) or next(others, None)
    return None if found is None else str(found).strip()


def _is_address(value: Any) -> bool:
    text = value.strip().lower() if isinstance(value, str) else ""
    return text.startswith(("http://", "https://")) and not set(text) & set(' \n\t<>"')


def _title(record: Mapping[str, Any] | Iterable[Any]) -> str | None:
    if not isinstance(record, Mapping):
        texts = (v.strip() for v in record if isinstance(v, str) and not _is_address(v))
        return next(filter(None, texts), None)
    named = {str(key).lower(): value for key, value in record.items()}
    return next((str(named[key]) for key in _TITLES if named.get(key)), None)


def choose(items: Iterable[BasketItem], wanted: Any) -> list[BasketItem]:
    """Answer the wanted ones: by item, id, DID, address or title; None means all.

    Raises `InvalidInput` for what is none of them.
    """
    known = list(items)
    if wanted is None:
        return known
    several = isinstance(wanted, Iterable) and not isinstance(wanted, str)
    names = list(wanted) if several else [wanted]
    found: list[BasketItem] = []
    for name in names:
        matches = [item for item in known if _is_meant(item, name)]
        if not matches:
            shown = name.title if isinstance(name, BasketItem) else name
            raise InvalidInput(
                f"{str(shown)!r} is not in the basket.", remedy="List what is in it."
            )
        found += matches
    return list({id(item): item for item in found}.values())


def _is_meant(item: BasketItem, name: Any) -> bool:
    if isinstance(name, BasketItem):
        return item is name or (item.data == name.data and name.host in (None, item.host))
    text = str(name).strip()
    # Its id last: it is computed.
    return text in (item.did, item.url, item.title) or text == item.id
