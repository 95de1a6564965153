"""What is on this machine: the cache, and what the doctor finds; part of `dlaas.model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dlaas.problems import Problem

Verdict = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class CacheShare:
    """What the files of one instance take up in a cache."""

    instance: str
    files: int
    bytes: int


@dataclass(frozen=True)
class CacheUse:
    """What a cache folder holds, and the room that its disk has.

    `bytes` are those of whole files and of parts; `private` says that nobody else may look into
    the folder. `complete` is False where the folder has more files than were counted.
    """

    folder: str
    files: int
    bytes: int
    free_bytes: int | None = None
    total_bytes: int | None = None
    private: bool = False
    complete: bool = True
    shares: tuple[CacheShare, ...] = ()


@dataclass(frozen=True)
class Cleaned:
    """What was deleted from the cache; `in_use` files were left because somebody holds them."""

    files: int
    bytes: int
    in_use: int


@dataclass(frozen=True)
class Check:
    """What was found, and for all but `ok` how to mend it.

    `about` is the instance, or this machine; `problem` is there for a problem, as the HTTP API
    tells it.
    """

    about: str
    name: str
    state: Verdict
    message: str
    remedy: str = ""
    problem: Problem | None = None
