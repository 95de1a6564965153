"""What Rucio answers of open data, read into dataclasses that hold no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from dlaas.errors import DlaasError, InvalidInput, RucioFailed
from dlaas.model import DID
from dlaas.open_records import OpenFile as OpenFile
from dlaas.open_records import OpenItem as OpenItem
from dlaas.open_records import OpenState as OpenState
from dlaas.rucio.rows import utc

_STATES: dict[str, OpenState] = {
    "P": "public", "PUBLIC": "public",
    "D": "draft", "DRAFT": "draft",
    "S": "suspended", "SUSPENDED": "suspended",
}  # fmt: skip
_DOI = re.compile(r"(?i)(?:doi:|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)")


def item_from(row: Mapping[str, Any], title: str) -> OpenItem:
    """Read a row of the list, or what is answered of one DID; raises `RucioFailed`."""
    try:
        files = None if row.get("files") is None else tuple(map(_file, row["files"]))
        meta, record = row.get("meta"), row.get("record_id")
        return OpenItem(
            did=DID(f"{row['scope']}:{row['name']}"),
            state=_STATES[str(row["state"]).rpartition(".")[2].upper()],
            doi=row.get("doi") or None,
            record_id=None if record is None else int(record),
            metadata=dict(meta) if meta is not None else None,
            created_at=utc(row.get("created_at")),
            updated_at=utc(row.get("updated_at")),
            bytes=None if files is None else sum(file.bytes or 0 for file in files),
            files=files,
        )
    except (DlaasError, KeyError, TypeError, ValueError, AttributeError):
        raise RucioFailed(f"{title} answers open data in a way that nobody understands.") from None


def _file(row: Mapping[str, Any]) -> OpenFile:
    size = row.get("bytes")
    return OpenFile(
        DID(f"{row['scope']}:{row['name']}"),
        None if size is None else int(size),
        row.get("adler32") or None,
        tuple(shown(str(url)) for url in row.get("uris") or ()),
    )


def shown(url: str) -> str:
    """Answer an address without what may be a ticket; of SRM the query is the path.

    >>> shown("https://eos.example/eos/a.root?authz=secret")
    'https://eos.example/eos/a.root'
    """
    return url if "?SFN=" in url else url.partition("?")[0]


def is_doi(text: str) -> bool:
    """Tell a DOI, with `doi:` or as a link too, from a DID.

    >>> is_doi("https://doi.org/10.5072/a.b"), is_doi("user.alice:10.5072/a")
    (True, False)
    """
    return _DOI.fullmatch(str(text).strip()) is not None


def doi_of(text: str) -> str:
    """Read a DOI, whose letters mean the same in capitals; raises `InvalidInput`.

    >>> doi_of("https://doi.org/10.5072/A.B"), doi_of("doi:10.5072/a.b")
    ('10.5072/a.b', '10.5072/a.b')
    """
    found = _DOI.fullmatch(unquote(str(text).strip()))
    if found is None:
        raise InvalidInput(f"{text!r} is not a DOI.", remedy="A DOI is such as 10.7483/OPENDATA.X.")
    return found[1].casefold()
