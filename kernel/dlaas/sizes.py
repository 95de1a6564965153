"""Sizes, as people read them."""

from __future__ import annotations


def size_said(size: float) -> str:
    """Say a number of bytes as people do.

    >>> size_said(999), size_said(1_500_000)
    ('999 bytes', '1.5 MB')
    """
    if size < 1000:
        return f"{size:.0f} bytes"
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.95:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} PB"
