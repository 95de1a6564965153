"""Upload in the order that protects: check, transfer, verify, then register and keep.

Killed at any point, calling it again goes on: bytes travel under a temporary name, what is
registered with the same checksum is completed instead of refused, and no file is left that the
catalogue does not know.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from dlaas import errors
from dlaas.lifetime import Lifetime, Until
from dlaas.model import Uploaded
from dlaas.transfer.disk.checksums import same_adler32
from dlaas.transfer.disk.sums_cache import Summed, sums_of
from dlaas.transfer.upload import register
from dlaas.transfer.upload.plan import Plan as Plan
from dlaas.transfer.upload.plan import check as check
from dlaas.transfer.wire.body import Progress
from dlaas.transfer.wire.door import Door, open_door
from dlaas.transfer.wire.storage import Stat

if TYPE_CHECKING:
    from dlaas.lake import Lake

Cancelled = Callable[[], bool]


class _Missing(errors.StorageFailed):
    """The storage has no such file."""


_LOST = (_Missing, errors.ChecksumMismatch)


def upload(
    lake: Lake,
    path: str | os.PathLike[str],
    did: str,
    *,
    dataset: str | None = None,
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    rse: str | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Uploaded:
    """Upload a file; see `Lake.upload`."""
    plan = check(lake, path, did, dataset=dataset, lifetime=lifetime, until=until, rse=rse)
    sums = _sums_of_known(plan)
    known = sums is not None and register.has_replica(lake, plan.did, plan.rse)
    if sums is None or not known or _is_lost(lake, plan, sums):
        sums = _transfer(lake, plan, sums, progress, cancelled)
    rule = register.register(lake, plan, sums)
    if _is_lost(lake, plan, sums):
        # Another upload under this name took bytes that nobody knew yet for a leftover.
        _transfer(lake, plan, sums, progress, None)
    new = plan.known is None
    return Uploaded(plan.did, plan.rse, sums.bytes, sums.adler32, rule, plan.dataset, new)


def _sums_of_known(plan: Plan) -> Summed | None:
    return sums_of(plan.path) if plan.known is not None else None


def _transfer(
    lake: Lake,
    plan: Plan,
    known: Summed | None,
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> Summed:
    """Bring the bytes to the storage under their name, verified, or leave nothing there."""
    storage = open_door(lake, plan.rse, plan.url)
    try:
        return bring(lake, storage, plan, known, progress, cancelled)
    finally:
        storage.close()


def bring(
    lake: Lake,
    storage: Door,
    plan: Plan,
    known: Summed | None,
    progress: Progress | None,
    cancelled: Cancelled | None,
    others: bool = True,
) -> Summed:
    """Bring the bytes to a storage that is open; see `_transfer`.

    Without `others` the caller makes sure that no other upload took the name meanwhile.
    """
    found = storage.stat(plan.url)
    sums = _recognised(found, plan, known)
    if sums is not None:
        return sums
    registered = known is not None
    asks = others or registered or found is not None
    return _put(lake, storage, plan, found, registered, progress, cancelled, asks)


def _is_lost(lake: Lake, plan: Plan, sums: Summed) -> bool:
    storage = open_door(lake, plan.rse, plan.url)
    try:
        return is_lost(storage, plan, sums)
    except errors.DlaasError:
        # It says nothing.
        return False
    finally:
        storage.close()


def is_lost(storage: Door, plan: Plan, sums: Summed) -> bool:
    """Tell whether the storage says that it has not these bytes."""
    try:
        _verify(storage, plan, plan.url, sums)
    except _LOST:
        return True
    return False


def _recognised(found: Stat | None, plan: Plan, known: Summed | None) -> Summed | None:
    """Recognise what an upload brought that was killed before it could register."""
    if found is None or found.bytes != plan.bytes or found.adler32 is None:
        return None
    sums = known or sums_of(plan.path)
    return sums if same_adler32(found.adler32, sums.adler32) else None


def _put(
    lake: Lake,
    storage: Door,
    plan: Plan,
    found: Stat | None,
    registered: bool,
    progress: Progress | None,
    cancelled: Cancelled | None,
    asks: bool,
) -> Summed:
    """Send the file under a temporary name, then give it its own, in the place of what was `found`.

    What is `registered` keeps its name, whatever the storage says of it then.
    """
    temporary = url = _temporary(plan)
    try:
        sums: Summed = storage.put(temporary, plan.path, plan.bytes, progress, cancelled)
        _verify(storage, plan, temporary, sums)
        if asks:
            register.check_contents(lake, plan.did, sums)
        if cancelled is not None and cancelled():
            # Later somebody else may have recognised the file, and count on it.
            raise errors.Cancelled("The upload was cancelled.")
        if found is not None:
            storage.delete(plan.url)
        if storage.stat(plan.url) is not None:
            # XRootD would replace it, and so would a PUT where there is no rename.
            return _overtaken(lake, storage, plan, temporary, sums)
        try:
            moved = storage.move(temporary, plan.url)
        except errors.AlreadyThere:
            return _overtaken(lake, storage, plan, temporary, sums)
        except errors.StorageFailed:
            # Another process that sends the same file may have renamed it.
            if _recognised(storage.stat(plan.url), plan, sums) is None:
                raise
            storage.delete(temporary)
            return sums
        if not moved:
            # A storage that cannot rename: its PUT is all or nothing, or the verification says so.
            storage.delete(temporary)
            url = plan.url
            sums = storage.put(plan.url, plan.path, plan.bytes, progress, cancelled)
        url = plan.url
        return _verify(storage, plan, plan.url, sums)
    except BaseException:
        if url == temporary or not registered:
            storage.delete(url)
        raise


def _temporary(plan: Plan) -> str:
    """Name the place of the bytes while they travel.

    The same for the same file, so that what a killed upload left is replaced by the next; another
    for another, so that two uploads never write into one; and never too long for a folder.
    """
    with suppress(OSError):
        found = plan.path.stat()
        source = (platform.node(), str(plan.path.absolute()), found.st_size, found.st_mtime_ns)
        digest = hashlib.sha256(repr((plan.did.encode(), source)).encode()).hexdigest()
        return f"{plan.url.rpartition('/')[0]}/dlaas-{digest[:16]}.part"
    raise errors.NotThere(f"There is no file {plan.path}.")


def _overtaken(lake: Lake, storage: Door, plan: Plan, temporary: str, sums: Summed) -> Summed:
    """Go on with the same bytes that another upload brought meanwhile; refuse others."""
    storage.delete(temporary)
    if _recognised(storage.stat(plan.url), plan, sums) is None:
        raise register.taken(lake, plan.did)
    return sums


def _verify(storage: Door, plan: Plan, url: str, sums: Summed) -> Summed:
    found = storage.stat(url)
    if found is None:
        raise _Missing(f"{plan.rse} took the file and does not have it.")
    if found.bytes is not None and found.bytes != sums.bytes:
        raise errors.ChecksumMismatch(f"{plan.rse} has {found.bytes} of {sums.bytes} bytes.")
    if found.adler32 is not None and not same_adler32(found.adler32, sums.adler32):
        raise errors.ChecksumMismatch(
            f"{plan.rse} has other bytes than we sent: adler32 {found.adler32}, not {sums.adler32}."
        )
    return sums
