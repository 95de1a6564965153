"""The checksums that Rucio keeps, both in one pass."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

CHUNK = 1 << 20


class Checksums:
    """Adler32 and md5 of the bytes that went by."""

    def __init__(self) -> None:
        self.bytes = 0
        self._adler32 = 1
        self._md5 = hashlib.md5(usedforsecurity=False)

    def update(self, data: bytes | memoryview) -> None:
        """Take in the next bytes."""
        self.bytes += len(data)
        self._adler32 = zlib.adler32(data, self._adler32)
        self._md5.update(data)

    @property
    def adler32(self) -> str:
        """Eight hexadecimal digits, as Rucio writes it."""
        return f"{self._adler32:08x}"

    @property
    def md5(self) -> str:
        """Thirty-two hexadecimal digits."""
        return self._md5.hexdigest()


def of_file(path: Path) -> Checksums:
    """Read a file once for its checksums."""
    sums = Checksums()
    buffer = memoryview(bytearray(CHUNK))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            sums.update(buffer[:count])
    return sums


def adler32_of(path: Path, before_each: Callable[[], None] = lambda: None) -> str:
    """Read a file once for its adler32 alone; what `before_each` chunk raises ends it."""
    adler32 = 1
    buffer = memoryview(bytearray(CHUNK))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            before_each()
            adler32 = zlib.adler32(buffer[:count], adler32)
    return f"{adler32:08x}"


def same_adler32(one: str | None, other: str | None) -> bool:
    """Compare two adler32, for some tools drop leading zeros; False where one is unknown."""
    return bool(one) and bool(other) and str(one).lower().zfill(8) == str(other).lower().zfill(8)
