"""Small datasets of alice's own, on NORTH-DISK, and some of their files on the mount."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dlaas
from dlaas import Lake, MultipleItemDID


def made(
    lake: Lake, folder: Path, fresh: Callable[[str], str], files: int = 3, scope: str = "user.alice"
) -> MultipleItemDID:
    """A new dataset of small files, a.txt, b.txt and so on, each with its letter a hundred times.

    What their names begin with is unique.
    """
    stem = fresh("set")
    for letter in "abcdefghij"[:files]:
        path = folder / f"{stem}-{letter}"
        path.write_text(letter * 100)
        lake.upload(path, f"{scope}:{stem}-{letter}.txt", dataset=f"{scope}:{stem}", lifetime="1d")
    found = dlaas.did(f"{scope}:{stem}", lake=lake)
    assert isinstance(found, MultipleItemDID)
    return found


def brought(part: MultipleItemDID) -> MultipleItemDID:
    """A dataset or part that has been put on the mount."""
    part.make_available("1d")
    return part.wait("2min", progress=False)


def shown(part: MultipleItemDID) -> MultipleItemDID:
    """A part whose files can be seen on the mount."""
    end = time.monotonic() + 60
    while len(part.available) < len(part):
        assert time.monotonic() < end
        time.sleep(0.2)
    return part


def noted(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs that a lake's client asks for from now on."""
    asked: list[str] = []
    wire = lake.client._wire
    request = wire.request

    def note(method: str, url: str, **options: Any) -> Any:
        asked.append(url)
        return request(method, url, **options)

    monkeypatch.setattr(wire, "request", note)
    return asked
