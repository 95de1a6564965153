"""Transfers that kernels hand over: orders claimed, answered, and those of dead servers adopted."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dlaas import background, private
from dlaas.background import HandedOver
from dlaas.model import Job, JobFile, to_json

# What a killed kernel was about to write, in seconds.
_FORSAKEN = 600.0


class Inbox:
    """The folder into which kernels of this server put orders; every method may block.

    An order is claimed by renaming it: from then on its kernel cannot take it back.
    """

    def __init__(self, folder: Path, server: str, log: logging.Logger) -> None:
        self._folder = folder
        self._inbox = folder / server
        self._told = folder / background.TOLD
        self._log = log
        self._complained: set[str] = set()

    def open(self, is_dead: Callable[[str], bool]) -> None:
        """Make it, and take what the kernels of dead servers have put into theirs."""
        with self._careful():
            for folder in (self._inbox, self._told):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            for other in self._folder.iterdir():
                if other not in (self._inbox, self._told) and is_dead(other.name):
                    with self._careful():
                        self._adopt(other)

    def offer(self, handover: Path) -> None:
        """Say in the hand-over to kernels, where there is one, where the inbox is."""
        pointer = handover / background.POINTER
        if handover.is_dir() and self._inbox.is_dir() and not pointer.exists():
            with self._careful():
                private.write(pointer, background.pointing(self._inbox, self._told))

    def take(self) -> tuple[list[HandedOver], list[str]]:
        """Claim new orders; answers them, and the ids of jobs that are to be cancelled.

        An order is given again until it is `settle`d, also after a crash.
        """
        orders: list[HandedOver] = []
        cancels: list[str] = []
        with self._careful():
            for path in self._arrived():
                # One that cannot be read stops no other.
                with self._careful():
                    self._sort(path, orders, cancels)
        return orders, cancels

    def settle(self, job_id: str) -> None:
        """Remove an order that is known to the list of jobs."""
        (self._inbox / f"{job_id}{background.CLAIMED}").unlink(missing_ok=True)

    def tell(self, job: Job, files: list[JobFile]) -> None:
        """Let the kernel know how a job gets on."""
        content = {"inbox": str(self._inbox), "job": to_json(job), "files": to_json(files)}
        with self._careful():
            private.write(self._told / f"{job.id}.json", json.dumps(content))

    def forget(self, known: Container[str]) -> None:
        """Remove what was told of jobs that nobody remembers."""
        with self._careful():
            for path in self._told.iterdir():
                if path.stem not in known and _age(path) > _FORSAKEN:
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give it up where nothing is left in it: kernels must not hope for an answer."""
        with suppress(OSError):
            self._inbox.rmdir()

    def _sort(self, path: Path, orders: list[HandedOver], cancels: list[str]) -> None:
        if path.suffix == background.CANCEL:
            path.unlink()
            cancels.append(path.stem)
        elif path.suffix == background.ORDER:
            claimed = path.with_suffix(background.CLAIMED)
            path.rename(claimed)
            orders += self._read(claimed)
        elif path.suffix == background.CLAIMED:
            orders += self._read(path)

    def _adopt(self, other: Path) -> None:
        for path in other.iterdir():
            # Another new server may do the same just now.
            with suppress(FileNotFoundError):
                os.replace(path, self._inbox / path.name)
        with suppress(FileNotFoundError):
            other.rmdir()

    def _arrived(self) -> Iterator[Path]:
        with os.scandir(self._inbox) as rows:
            found = sorted(row.path for row in rows)
        for path in map(Path, found):
            if not path.name.startswith("."):
                yield path
            elif _age(path) > _FORSAKEN:
                path.unlink(missing_ok=True)

    def _read(self, path: Path) -> list[HandedOver]:
        try:
            return [HandedOver.read(path.read_text(encoding="utf-8"), path.stem)]
        except OSError:
            raise
        except Exception:
            self._log.warning("%s is not an order that can be read; it was removed.", path)
            path.unlink(missing_ok=True)
            return []

    @contextmanager
    def _careful(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # Once for each reason: it is looked into several times a second.
            if str(error) not in self._complained:
                self._complained.add(str(error))
                self._log.warning("What kernels hand over is not heard: %s", error)


def _age(path: Path) -> float:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0
