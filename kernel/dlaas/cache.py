"""A readable cache of files, shared between processes, and between users where its folder is."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from dlaas.errors import InvalidDID, InvalidInput, InvalidLifetime, NotAvailable
from dlaas.lifetime import Lifetime, duration
from dlaas.model import DID
from dlaas.model import Cleaned as Cleaned
from dlaas.private import is_own
from dlaas.transfer.disk import local_error
from dlaas.transfer.disk.part import remove_free
from dlaas.transfer.disk.place import OURS, Place, read_back, user_cache, written

if TYPE_CHECKING:
    from dlaas.config import Instance


@dataclass(frozen=True)
class CacheEntry:
    """A file in the cache; `used_at` is when it was fetched, or used, to the hour."""

    instance: str
    did: DID
    path: str
    bytes: int
    used_at: datetime


class Cache:
    """Verified copies of files at `<folder>/<instance>/<scope>/<name>`.

    Without a folder it is `$DLAAS_CACHE`, else the user's own. A folder that others may read or
    write to is shared with them: files in it get their modes from its own.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        told = folder or os.environ.get("DLAAS_CACHE") or user_cache()
        self.folder = Path(os.path.abspath(os.path.expanduser(os.fspath(told))))
        self.place = Place(self.folder, shared=True)

    def relative(self, instance: str, did: str) -> str:
        """Answer the path of a file below the folder."""
        did = DID(did)
        return f"{_flat(instance)}/{written(did.scope)}/{written(did.name)}"

    def path(self, instance: str, did: str) -> Path:
        """Answer where a file is, or would be."""
        return self.folder / self.relative(instance, did)

    def find(
        self, instance: str, did: str, size: int | None = None, adler32: str | None = None
    ) -> str | None:
        """Answer the path of a file that is here, whole and unchanged since it was verified.

        It costs a look at two files, and reads neither the network nor the file itself.
        """
        path = self.place.path(self.relative(instance, did))
        if not self.place.is_verified(path, DID(did), size, adler32):
            return None
        self.place.note_use(path)
        return path

    @contextmanager
    def hold(self, path: str | os.PathLike[str]) -> Iterator[str]:
        """Keep a file from being cleaned while it is used; raises `NotAvailable` if it is gone."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            raise NotAvailable(f"{os.fspath(path)} is not in the cache any more.") from None
        try:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_SH)
            if not os.fstat(descriptor).st_nlink:
                raise NotAvailable(f"{os.fspath(path)} is not in the cache any more.")
            yield os.fspath(path)
        finally:
            os.close(descriptor)

    def entries(self) -> Iterator[CacheEntry]:
        """List what is here, in no order."""
        for path, now, used in self._files():
            instance, scope, name = os.fspath(path.relative_to(self.folder)).split("/", 2)
            try:
                did = DID(f"{read_back(scope)}:{read_back(name)}")
            except InvalidDID:
                continue
            when = datetime.fromtimestamp(used, timezone.utc)
            yield CacheEntry(unquote(instance), did, str(path), now.st_size, when)

    def size(self) -> int:
        """Answer the bytes of all files here, also of those that are only in part."""
        return sum(now.st_size for _, now, _ in self._files()) + self.parts_size()

    def parts_size(self) -> int:
        """Answer the bytes of the files that are here only in part."""
        found = 0
        for part in self._parts():
            with suppress(OSError):
                found += part.stat().st_size
        return found

    def clean(
        self,
        older_than: Lifetime | None = None,
        max_bytes: int | None = None,
        did: str | Iterable[str] | None = None,
        instance: str | None = None,
    ) -> Cleaned:
        """Delete files: those unused for so long, the longest unused until `max_bytes` are left,
        those of a DID, those of an instance, or, without any of these, all.

        What is being fetched, or held, stays.
        """
        if max_bytes is not None and max_bytes < 0:
            raise InvalidInput("max_bytes is below zero.")
        before = None if older_than is None else time.time() - _age(older_than)
        dids = None if did is None else {DID(did)} if isinstance(did, str) else set(map(DID, did))
        everything = all(one is None for one in (older_than, max_bytes, did, instance))
        found = _Cleaner(self)
        if everything or before is not None or dids is not None or instance is not None:
            for entry in self.entries():
                old = before is None or entry.used_at.timestamp() < before
                own = instance is None or entry.instance == instance
                if old and own and (dids is None or entry.did in dids):
                    found.delete(entry)
        if max_bytes is not None:
            found.shrink(max_bytes)
        if everything or (before is not None and instance is None and dids is None):
            found.delete_parts(before)
        return Cleaned(found.files, found.bytes, found.in_use)

    def _files(self) -> Iterator[tuple[Path, os.stat_result, float]]:
        depth = len(self.folder.parts) + 3
        for path in self.place.walk():
            if len(path.parts) < depth:
                continue
            with suppress(OSError):
                now = path.stat()
                used = self.place.last_used(path, now)
                # Somebody's file in a folder that is not for the cache alone is never ours.
                if used is not None:
                    yield path, now, used

    def _parts(self) -> Iterator[Path]:
        return self.place.parts.glob(f"{OURS}-*.part")


class _Cleaner:
    """One cleaning: what it deleted and what it left."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self.files = self.bytes = self.in_use = 0

    def delete(self, entry: CacheEntry) -> bool:
        path = Path(entry.path)
        try:
            if not remove_free(path):
                self.in_use += 1
                return False
        except OSError:
            # Another cleaning was faster, or it is another user's.
            return False
        self._cache.place.forget(path)
        with suppress(OSError):
            for folder in path.relative_to(self._cache.folder).parents:
                os.rmdir(self._cache.folder / folder)
        self.files += 1
        self.bytes += entry.bytes
        return True

    def shrink(self, max_bytes: int) -> None:
        """Delete the longest unused; a million files are counted by second, not remembered."""
        seconds: Counter[int] = Counter()
        for entry in self._cache.entries():
            seconds[int(entry.used_at.timestamp())] += entry.bytes
        surplus = sum(seconds.values()) - max_bytes
        going = set()
        for second in sorted(seconds):
            if surplus <= 0:
                break
            going.add(second)
            surplus -= seconds[second]
        last, left = max(going, default=0), seconds[max(going, default=0)] + surplus
        for entry in self._cache.entries():
            second = int(entry.used_at.timestamp())
            if second not in going or (second == last and left <= 0):
                continue
            if self.delete(entry) and second == last:
                left -= entry.bytes

    def delete_parts(self, before: float | None) -> None:
        """Delete what was left half-way, unless somebody is at it."""
        for part in self._cache._parts():
            with suppress(OSError):
                now = part.stat()
                if (before is None or now.st_mtime < before) and remove_free(part):
                    self.bytes += now.st_size


def cache_for(instance: Instance, scope: str) -> Cache:
    """Answer the cache for the files of a scope: an embargoed one is kept from everybody else."""
    if any(fnmatchcase(scope, pattern) for pattern in instance.embargoed_scopes):
        return private_cache()
    return Cache(instance.cache_folder)


def private_folder() -> Path:
    """Answer where the cache is, or would be, that nobody but this user can look into."""
    return user_cache().with_name("dlaas-private")


def private_cache() -> Cache:
    """Answer the cache that nobody but this user can look into."""
    folder = private_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = folder.stat()
    except OSError as error:
        raise local_error(error, folder) from error
    if not is_own(now):
        raise InvalidInput(f"{folder} belongs to somebody else: embargoed data is not put there.")
    if stat.S_IMODE(now.st_mode) != 0o700:
        folder.chmod(0o700)
    return Cache(folder)


def _age(older_than: Lifetime) -> float:
    age = duration(older_than)
    if not age > 0:
        raise InvalidLifetime(f"{older_than!r} is no time since the last use: nothing was deleted.")
    return age


def _flat(instance: str) -> str:
    """Write the name of an instance, which may be any text, as that of a folder."""
    text = quote(instance, safe=" @")
    return f"%2E{text[1:]}" if text.startswith(".") else text
