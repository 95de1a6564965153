"""An upload before a byte is sent: all that can be checked is checked."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaas import errors
from dlaas.access import HTTPS_SCHEMES, as_https
from dlaas.lifetime import Lifetime, Until, seconds
from dlaas.model import DID
from dlaas.transfer import register
from dlaas.transfer.checksums import of_file, same_adler32

if TYPE_CHECKING:
    from dlaas.lake import Lake

_SCOPE = re.compile(r"[a-zA-Z_\-.0-9]{1,25}")
_NAME = re.compile(r"[/A-Za-z0-9][/A-Za-z0-9._\-]{0,249}")


@dataclass(frozen=True)
class Plan:
    """An upload whose every check has passed; nothing has been sent yet."""

    path: Path
    did: DID
    bytes: int
    rse: str
    url: str
    lifetime: int | None
    dataset: DID | None
    new_dataset: bool
    # What an interrupted upload left in the catalogue.
    known: dict[str, Any] | None


def check(
    lake: Lake,
    path: str | os.PathLike[str],
    did: str,
    *,
    dataset: str | None = None,
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    rse: str | None = None,
) -> Plan:
    """Check all that can be checked before a byte is sent, and answer what would be done."""
    wanted = seconds(lifetime, until)
    name, parent = DID(did), DID(dataset) if dataset else None
    _checked_new(name)
    if parent == name:
        raise errors.InvalidInput("The file and its dataset need different names.")
    source, size = _source(path)
    for one in (name, *([parent] if parent else [])):
        _check_scope(lake, one.scope)
    known = _check_free(lake, name, source, size)
    new_dataset = parent is not None and _check_dataset(lake, parent)
    if new_dataset and parent is not None:
        _checked_new(parent)
    target = rse or lake.instance.upload_rse or lake.instance.destination_rse
    if not target:
        raise errors.InvalidInput(
            f"{lake.instance.title} has no upload_rse: say which RSE the file is to go to."
        )
    url = _url(lake, target, name)
    # What an earlier try brought and kept has been counted.
    if known is None or not _is_kept(lake, name, target):
        lake.check_quota(target, lambda: size)
    return Plan(source, name, size, target, url, wanted, parent, new_dataset, known)


def _checked_new(text: DID) -> None:
    """Refuse what Rucio would refuse after the transfer, by the patterns of its generic schema."""
    # Rucio would take ".." in a name; storages do not, or worse, do.
    climbs = not {".", ".."}.isdisjoint(text.name.split("/"))
    if _SCOPE.fullmatch(text.scope) and _NAME.fullmatch(text.name) and not climbs:
        return
    raise errors.InvalidDID(
        f"{str(text)!r} is not a name that can be made.",
        remedy="Letters, digits and . _ - / are allowed, 250 at most, a letter, digit or / first.",
    )


def _source(path: str | os.PathLike[str]) -> tuple[Path, int]:
    source = Path(os.path.expanduser(os.fspath(path)))
    try:
        found = source.stat()
        with source.open("rb"):
            pass
    except FileNotFoundError:
        raise errors.NotThere(f"There is no file {source}.") from None
    except IsADirectoryError:
        raise errors.InvalidInput(f"{source} is a folder: upload its files one by one.") from None
    except OSError as error:
        raise errors.InvalidInput(f"{source} cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(found.st_mode):
        raise errors.InvalidInput(f"{source} is not a regular file.")
    return source, found.st_size


def _check_scope(lake: Lake, scope: str) -> None:
    if scope in lake.list_scopes() or lake.is_admin():
        return
    if not lake.knows_scope(scope):
        raise errors.ScopeNotFound(f"{lake.instance.title} has no scope {scope!r}.")
    own = ", ".join(lake.list_scopes()) or "none"
    raise errors.AccessDenied(
        f"The scope {scope!r} does not belong to the account {lake.account!r}.",
        remedy=f"Upload into a scope of yours ({own}), or ask the owner of {scope}.",
    )


def _check_free(lake: Lake, did: DID, source: Path, size: int) -> dict[str, Any] | None:
    """Raise where the name is taken by something else; answer the row where it is this file."""
    try:
        row = dict(lake.client.get_did(did.scope, did.name))
    except errors.DataIdentifierNotFound:
        return None
    if str(row["type"]).upper() != "FILE":
        raise errors.DataIdentifierAlreadyExists(f"{did} is a {str(row['type']).lower()} already.")
    if row.get("bytes") == size and same_adler32(row.get("adler32"), of_file(source).adler32):
        return row
    raise register.taken(lake, did)


def _check_dataset(lake: Lake, dataset: DID) -> bool:
    """Tell whether the dataset has to be made; raises where files cannot be attached to it."""
    try:
        row = lake.client.get_did(dataset.scope, dataset.name)
    except errors.DataIdentifierNotFound:
        return True
    kind = str(row["type"]).lower()
    if kind != "dataset":
        raise errors.InvalidInput(
            f"{dataset} is a {kind}, not a dataset.", remedy="Name a dataset."
        )
    if row.get("open") is False:
        raise errors.InvalidInput(f"The dataset {dataset} is closed.", remedy="Name an open one.")
    return False


def _url(lake: Lake, rse: str, did: DID) -> str:
    """Answer where the file goes on an RSE; raises where it cannot be written over https."""
    info = lake.rse_info(rse)
    if info.get("availability_write") is False:
        raise errors.AccessDenied(
            f"{rse} takes no new files at present.", remedy="Choose another RSE."
        )
    if info.get("deterministic") is False:
        raise errors.InvalidInput(
            f"{rse} needs a path for each file.", remedy="Choose another RSE."
        )
    for protocol in info.get("protocols") or []:
        domains = (protocol.get("domains") or {}).values()
        if protocol.get("scheme") in HTTPS_SCHEMES and any(d.get("write") for d in domains):
            asked = lake.client.lfns2pfns(
                rse, [str(did)], operation="write", scheme=protocol["scheme"]
            )
            return as_https(str(asked[str(did)]))
    schemes = sorted({str(p.get("scheme")) for p in info.get("protocols") or []})
    raise errors.InvalidInput(
        f"{rse} cannot be written over https: it speaks {', '.join(schemes) or 'nothing'}.",
        remedy="Choose another RSE.",
    )


def _is_kept(lake: Lake, did: DID, rse: str) -> bool:
    rules = lake.rules_of(did, is_file=True)
    return any(rule.account == lake.account and rule.rse_expression == rse for rule in rules)
