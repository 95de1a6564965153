"""What storages answer, read: checksums of all dialects, and errors that say whose fault it is."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

from dlaas import errors
from dlaas.rucio.translate import origin


@dataclass(frozen=True)
class Answer:
    """The end of a request: status, headers, and the address that gave it."""

    status: int
    reason: str
    headers: Mapping[str, str]
    url: str


def digest(header: str) -> str | None:
    """Read an adler32 from a Digest header: hexadecimal, or base64 as RFC 3230 has it for others.

    >>> digest("adler32=03da0195"), digest("md5=x, ADLER32=A9oBlQ=="), digest("")
    ('03da0195', '03da0195', None)
    """
    found = re.search(r"(?i)adler32=([^,\s]+)", header)
    if found is None:
        return None
    text = found[1]
    if re.fullmatch(r"[0-9a-fA-F]{1,8}", text):
        return text.lower().zfill(8)
    try:
        return base64.b64decode(text, validate=True).hex().zfill(8)
    except ValueError:
        return None


def failed(rse: str, status: int, reason: str, url: str, act: str) -> errors.DlaasError:
    """Make the error for what a storage answered, saying whose fault it is."""
    what = f"{rse} ({origin(url)}) answered {status} {reason} when we wanted to {act} it."
    details = {"rse": rse, "status": status}
    if status in (401, 403):
        return errors.StorageRefused(
            f"{rse} does not accept your credential: {what}", details=details
        )
    if status in (413, 507):
        remedy = "It is full: use another RSE, or ask its site."
        return errors.StorageFailed(what, remedy=remedy, details=details)
    if status in (404, 410):
        remedy = "The catalogue lists a file that the storage does not have: tell its site."
        return errors.StorageFailed(what, remedy=remedy, details=details)
    return errors.StorageFailed(what, details=details)
