"""The checksums that Rucio keeps, both in one pass."""

from __future__ import annotations

import hashlib
import zlib
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


def same_adler32(one: str | None, other: str | None) -> bool:
    """Compare two adler32, for some tools drop leading zeros; False where one is unknown."""
    return bool(one) and bool(other) and str(one).lower().zfill(8) == str(other).lower().zfill(8)
