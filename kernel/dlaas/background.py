"""Long transfers that a kernel hands to its Jupyter server, and how they get on.

An order is a file, written whole, in a folder of this user's alone that the hand-over names; so it
needs no token, and survives the kernel and a server that is killed. The server claims it by
renaming it, and tells in another file how it gets on. Both sides' names are here.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaas import errors, private
from dlaas.job_handle import CANCEL as CANCEL
from dlaas.job_handle import Transfer as Transfer
from dlaas.jobs import Duplicates
from dlaas.reference import DID

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.lifetime import Lifetime, Until
    from dlaas.transfer.upload.sources import Sources

# In the hand-over's folder: where orders go, and where one hears of them.
POINTER = "transfers"
TOLD = "told"
ORDER, CLAIMED = ".order", ".claimed"
_ANSWERS_WITHIN = 30.0
# Their names are in one order, which the server has in memory.
_MOST_FILES = 100_000
_REMEDY = "Without background=True it is done here and now."


@dataclass(frozen=True)
class HandedOver:
    """An order for the server: absolute paths, `uploads` as pairs of path and DID, with `rules`.

    `options` are those of `UploadRequest` and `DownloadRequest`.
    """

    id: str
    kind: str
    instance: str
    account: str | None
    did: str | None = None
    path: str | None = None
    uploads: tuple[tuple[str, str], ...] = ()
    rules: tuple[Any, ...] = ()
    bytes: int = 0
    files: int = 1
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str, order_id: str) -> HandedOver:
        """Read what was written; raises `ValueError`, `TypeError` or `KeyError`."""
        values = json.loads(text)
        pairs = tuple((str(path), str(did)) for path, did in values.pop("uploads"))
        if values.pop("id") != order_id or len(order_id) != 32 or int(order_id, 16) < 0:
            raise ValueError(order_id)
        rules = tuple(values.pop("rules", ()))
        return cls(id=order_id, uploads=pairs, rules=rules, **values)


def upload(
    lake: Lake,
    path: str | os.PathLike[str],
    did: str,
    *,
    dataset: str | None = None,
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    rse: str | None = None,
) -> Transfer:
    """Let the Jupyter server upload a file; raises at once what can be known now."""
    inbox, told = _server_of(lake)
    lake.check_upload(path, did, dataset=dataset, lifetime=lifetime, until=until, rse=rse)
    options = {"dataset": dataset, "rse": rse, **_times(lifetime, until)}
    return _hand_over(
        lake, inbox, told, "upload", did=str(did), path=_absolute(path), options=options
    )


def upload_many(
    lake: Lake,
    files: Sources,
    scope: str | None = None,
    *,
    dataset: str | None = None,
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    rses: str | Sequence[str] | None = None,
    rules: Iterable[str | Mapping[str, Any]] = (),
    duplicates: Duplicates = "fail",
    base: str | os.PathLike[str] | None = None,
) -> Transfer:
    """Let the Jupyter server upload several files; the arguments are those of `Lake.upload_many`.

    Raises at once what can be known now; of the files' names the first one's is looked up.
    """
    from dlaas.transfer.upload.many import check_many
    from dlaas.transfer.upload.sources import sources

    inbox, told = _server_of(lake)
    found = sources(files, scope, base)
    if len(found) > _MOST_FILES:
        raise errors.InvalidInput(
            f"{len(found)} files are too many for one transfer in the background.",
            remedy=f"Hand over {_MOST_FILES} at a time.",
        )
    for source in found:
        if source.problem is not None:
            raise source.problem
    times = _times(lifetime, until)
    first = {found[0].path: found[0].did}
    several = {"rses": [rses] if isinstance(rses, str) else list(rses or ())}
    written = [_written(rule) for rule in rules]
    given = {"dataset": dataset, "duplicates": duplicates, **times, **several}
    check_many(lake, first, **given, rules=written)
    return _hand_over(
        lake, inbox, told, "uploads",
        uploads=tuple((str(source.path), source.did) for source in found),
        rules=tuple(written), files=len(found), options=given,
    )  # fmt: skip


def download(
    lake: Lake,
    did: str,
    folder: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
) -> Transfer:
    """Let the Jupyter server download a DID; raises at once what can be known now."""
    inbox, told = _server_of(lake)
    size, files = extent(lake, did)
    target = None if folder is None else _absolute(folder)
    return _hand_over(
        lake, inbox, told, "download",
        did=str(DID(did)), path=target, bytes=size, files=files, options={"overwrite": overwrite},
    )  # fmt: skip


def extent(lake: Lake, did: str) -> tuple[int, int]:
    """Answer the bytes and the files of a DID, 0 where the catalogue does not say.

    Raises `DataIdentifierNotFound` and `ScopeNotFound`.
    """
    found = lake.get(did)
    if found.type == "file":
        return found.bytes or 0, 1
    if found.bytes is None or found.files is None:
        row = lake.client.get_did(found.did.scope, found.did.name, dynamic_depth="FILE")
        return row.get("bytes") or 0, row.get("length") or 0
    return found.bytes, found.files


def pointing(inbox: Path, told: Path) -> str:
    """Write what the hand-over says of the inbox."""
    return json.dumps({"inbox": str(inbox), "told": str(told)})


def _server_of(lake: Lake) -> tuple[Path, Path]:
    """Find the inbox of the server whose login a lake uses; raises `InvalidInput`."""
    folder = lake.instance.handover
    if folder is None:
        raise errors.InvalidInput(
            "This login does not come from a Jupyter server: there is none to do it.",
            remedy=_REMEDY,
        )
    try:
        content = json.loads((Path(folder) / POINTER).read_text(encoding="utf-8"))
        inbox, told = Path(content["inbox"]), Path(content["told"])
    except (OSError, ValueError, KeyError, TypeError):
        inbox = None
    if inbox is None or not inbox.is_dir():
        raise errors.InvalidInput(
            "The Jupyter server of this kernel takes no transfers: it has ended, or is too old.",
            remedy=_REMEDY,
        )
    return inbox, told


def _hand_over(lake: Lake, inbox: Path, told: Path, kind: str, **values: Any) -> Transfer:
    order = HandedOver(secrets.token_hex(16), kind, lake.instance.name, lake.account, **values)
    path = inbox / f"{order.id}{ORDER}"
    answer = told / f"{order.id}.json"
    end = time.monotonic() + _ANSWERS_WITHIN
    try:
        private.write(path, json.dumps(asdict(order)))
        while not answer.exists() and time.monotonic() < end:
            time.sleep(0.05)
    except FileNotFoundError:
        raise errors.InvalidInput("The Jupyter server has just ended.", remedy=_REMEDY) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if not answer.exists() and _taken_back(path):
        raise errors.TookTooLong("The Jupyter server does not answer.", remedy=_REMEDY)
    return Transfer(order.id, told)


def _taken_back(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        # The server has claimed it, and will tell.
        return False
    return True


def _times(lifetime: Lifetime | None, until: Until | None) -> dict[str, Any]:
    from dlaas.lifetime import moment, seconds

    seconds(lifetime, until)
    end = None if until is None else moment(until).isoformat()
    return {"lifetime": seconds(lifetime), "until": end}


def _written(rule: str | Mapping[str, Any]) -> str | dict[str, Any]:
    """Answer a rule as JSON can hold it; whether it is one is looked at elsewhere."""
    if not isinstance(rule, Mapping):
        return rule
    return {**rule, **_times(rule.get("lifetime"), rule.get("until"))}


def _absolute(path: str | os.PathLike[str]) -> str:
    return os.path.abspath(os.path.expanduser(os.fspath(path)))
