"""An upload before a byte is sent: all that can be checked is checked."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaas import errors
from dlaas.access import HTTPS_SCHEMES, as_https, reads_root
from dlaas.lifetime import Lifetime, Until, seconds
from dlaas.model import DID
from dlaas.reading.ranking import ROOT_SCHEMES
from dlaas.rucio.rows import utc
from dlaas.transfer.disk.checksums import same_adler32
from dlaas.transfer.disk.sums_cache import sums_of
from dlaas.transfer.upload.names import free_name, known_rows, taken, unusable
from dlaas.transfer.wire.route import is_open

if TYPE_CHECKING:
    from dlaas.lake import Lake

_SCOPE = re.compile(r"[a-zA-Z_\-.0-9]{1,25}")
# `rucio erase` leaves a day to think again.
_ERASED = timedelta(days=1, minutes=5)
# So many names fit the address of one question.
_PFNS = 40
OTHER = "is there already, with other contents"
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
    known: dict[str, Any] | None = None


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
    checked_new(name)
    if parent == name:
        raise errors.InvalidInput("The file and its dataset need different names.")
    file, size = source(path)
    for one in (name, *([parent] if parent else [])):
        check_scope(lake, one.scope)
    known = _check_free(lake, name, file, size)
    new_dataset = parent is not None and check_dataset(lake, parent)
    if new_dataset and parent is not None:
        checked_new(parent)
    target = target_rse(lake, rse)
    url = urls(lake, target, [name])[name]
    # What an earlier try brought and kept has been counted.
    if known is None or not _is_kept(lake, name, target):
        lake.check_quota(target, lambda: size)
    return Plan(file, name, size, target, url, wanted, parent, new_dataset, known)


def checked_new(text: DID) -> None:
    """Refuse what Rucio would refuse after the transfer, by the patterns of its generic schema.

    Raises `InvalidDID`.
    """
    # Rucio would take ".." in a name; storages do not, or worse, do.
    climbs = not {".", ".."}.isdisjoint(text.name.split("/"))
    if _SCOPE.fullmatch(text.scope) and _NAME.fullmatch(text.name) and not climbs:
        return
    raise errors.InvalidDID(
        f"{str(text)!r} is not a name that can be made.",
        remedy="Letters, digits and . _ - / are allowed, 250 at most, a letter, digit or / first.",
    )


def source(path: str | os.PathLike[str]) -> tuple[Path, int]:
    """Answer path and size of a file that can be uploaded; raises `NotThere`, `InvalidInput`."""
    file = Path(os.path.expanduser(os.fspath(path)))
    try:
        found = file.stat()
        if stat.S_ISDIR(found.st_mode):
            raise errors.InvalidInput(
                f"{file} is a {'link to a ' if file.is_symlink() else ''}folder.",
                remedy="Upload its files together: upload_many.",
            )
        if not stat.S_ISREG(found.st_mode):
            # To open a pipe would be to wait for who writes into it.
            raise errors.InvalidInput(f"{file} is not a regular file.")
        with file.open("rb"):
            return file, found.st_size
    except FileNotFoundError:
        raise errors.NotThere(f"There is no file {file}.") from None
    except OSError as error:
        raise errors.InvalidInput(f"{file} cannot be read: {error.strerror}.") from None


def check_scope(lake: Lake, scope: str) -> None:
    """Raise `ScopeNotFound` or `AccessDenied` where this account cannot make names in a scope."""
    if scope in lake.list_scopes() or lake.is_admin():
        return
    if not lake.knows_scope(scope):
        raise errors.ScopeNotFound(f"{lake.instance.title} has no scope {scope!r}.")
    own = ", ".join(lake.list_scopes()) or "none"
    raise errors.AccessDenied(
        f"The scope {scope!r} does not belong to the account {lake.account!r}.",
        remedy=f"Upload into a scope of yours ({own}), or ask the owner of {scope}.",
    )


def _check_free(lake: Lake, did: DID, file: Path, size: int) -> dict[str, Any] | None:
    """Raise where the name is taken by something else; answer the row where it is this file."""
    row = known_rows(lake, [did]).get(did)
    if row is None:
        return None
    why = unusable(row)
    same = not why and row.get("bytes") == size
    if same and same_adler32(row.get("adler32"), sums_of(file).adler32):
        return row
    raise taken(did, why or OTHER, free_name(lake, did))


def check_dataset(lake: Lake, dataset: DID) -> bool:
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
    ends = utc(row.get("expired_at"))
    if ends is not None and ends < datetime.now(timezone.utc) + _ERASED:
        raise errors.InvalidInput(
            f"The dataset {dataset} was erased: Rucio deletes it after {ends:%Y-%m-%d %H:%M} UTC,"
            " and a name is for ever.",
            remedy="Name another dataset.",
        )
    return False


def target_rse(lake: Lake, rse: str | None) -> str:
    """Answer where files go: where the caller says, else where the instance does."""
    found = rse or lake.instance.upload_rse or lake.instance.destination_rse
    if not found:
        raise errors.InvalidInput(
            f"{lake.instance.title} has no upload_rse: say which RSE the file is to go to."
        )
    return found


def urls(lake: Lake, rse: str, dids: Sequence[DID]) -> dict[DID, str]:
    """Answer where files go on an RSE; raises where it cannot be written to from here."""
    info = lake.rse_info(rse)
    if info.get("availability_write") is False:
        raise errors.AccessDenied(
            f"{rse} takes no new files at present.", remedy="Choose another RSE."
        )
    if info.get("deterministic") is False:
        raise errors.InvalidInput(
            f"{rse} needs a path for each file.", remedy="Choose another RSE."
        )
    scheme = _scheme(rse, info)
    found: dict[DID, str] = {}
    for start in range(0, len(dids), _PFNS):
        asked = [str(did) for did in dids[start : start + _PFNS]]
        told = lake.client.lfns2pfns(rse, asked, operation="write", scheme=scheme)
        found.update((DID(did), as_https(str(told[did]))) for did in asked)
    return found


def _scheme(rse: str, info: Mapping[str, Any]) -> str:
    """Choose how an RSE is written to: as its site prefers, of what works from here."""
    priorities: dict[str, int] = {}
    doors: dict[str, tuple[str, int]] = {}
    for protocol in info.get("protocols") or []:
        found = [int(d.get("write") or 0) for d in (protocol.get("domains") or {}).values()]
        if any(found):
            scheme = str(protocol.get("scheme"))
            priorities[scheme] = min(one for one in found if one)
            doors[scheme] = str(protocol.get("hostname") or ""), int(protocol.get("port") or 0)
    usable = [*HTTPS_SCHEMES, *(ROOT_SCHEMES if reads_root() else ())]
    spoken = sorted(
        (scheme for scheme in priorities if scheme in usable), key=lambda one: priorities[one]
    )
    if len(set(map(doors.get, spoken))) > 1:
        # The preferred one may be shut from here.
        return next((one for one in spoken if is_open(one, *doors[one])), spoken[0])
    if spoken:
        return spoken[0]
    said = ", ".join(sorted(priorities)) or "nothing"
    if any(scheme in ROOT_SCHEMES for scheme in priorities):
        raise errors.InvalidInput(
            f"{rse} can be written to over {said}, and this Python has no library for root://.",
            remedy="Install it (pip install 'jupyter-dlaas-kernel[xrootd]'), or choose another RSE."
            " The storage is not at fault.",
        )
    raise errors.InvalidInput(
        f"{rse} can be written to over {said}; from here only https and root:// work.",
        remedy="Choose another RSE.",
    )


def _is_kept(lake: Lake, did: DID, rse: str) -> bool:
    rules = lake.rules_of(did, is_file=True)
    return any(rule.account == lake.account and rule.rse_expression == rse for rule in rules)
