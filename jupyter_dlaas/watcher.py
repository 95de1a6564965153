"""Looks after what a panel looks at, and tells when it changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from traitlets import Float, Integer
from traitlets.config import LoggingConfigurable

from dlaas.errors import CannotAuthenticate, NotThere
from dlaas.model import DID, Status
from jupyter_dlaas.service import LakeService

_MOVING = ("replicating", "stuck", "suspended", "waiting_approval")
# Requests of watches to one instance at once; people come first.
_AT_ONCE = 2


class Watcher(LoggingConfigurable):
    """Asks Rucio, ever less often, for DIDs that a panel asked about and that are on their way.

    `changed` is called on the event loop with instance and DID: when the status is another one, and
    once when a watch ends with the DID still on its way, so that who still shows it asks again.
    """

    limit = Integer(100, min=1, help="How many DIDs are watched at once.").tag(config=True)
    window = Float(
        600, min=0, help="How long a DID is watched after a panel asked about it, in seconds."
    ).tag(config=True)
    shortest_pause = Float(
        2, min=0.05, help="The time between two looks when something has just changed, in seconds."
    ).tag(config=True)
    longest_pause = Float(
        30, min=0.05, help="The time between two looks when nothing changes, in seconds."
    ).tag(config=True)

    def __init__(
        self, service: LakeService, changed: Callable[[str, DID], None], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._service = service
        self._changed = changed
        self._watches: dict[tuple[str, DID], _Watch] = {}
        self._turns: dict[str, asyncio.Semaphore] = {}

    @property
    def watched(self) -> list[tuple[str, DID]]:
        """The instances and DIDs under watch, the one that was looked at least recently first."""
        return list(self._watches)

    def look(self, instance: str, status: Status) -> None:
        """Note that a panel was just told this status."""
        key = (instance, status.did)
        watch = self._watches.pop(key, None)
        if watch is not None and watch.seen != _essence(status):
            # Another panel may show the old one; and the next look is due sooner than was thought.
            self._changed(*key)
            watch.end()
            watch = None
        if _pause(status, 0, self.window) is None:
            if watch is not None:
                watch.end()
            return
        watch = watch or _Watch(_essence(status))
        watch.until = time.monotonic() + self.window
        self._watches[key] = watch
        if watch.task is None:
            watch.task = asyncio.create_task(self._follow(key, watch, status))
        while len(self._watches) > self.limit:
            self._watches.pop(next(iter(self._watches))).end()

    def stop(self) -> None:
        """End all watches."""
        for watch in self._watches.values():
            watch.end()
        self._watches.clear()

    async def _follow(self, key: tuple[str, DID], watch: _Watch, status: Status) -> None:
        pause = self.shortest_pause
        try:
            while (wait := _pause(status, pause, self.window)) is not None:
                await asyncio.sleep(wait)
                if time.monotonic() > watch.until:
                    self._changed(*key)
                    return
                found = await self._ask(*key)
                if found is None or watch.seen == _essence(found):
                    pause = min(pause * 1.5, self.longest_pause)
                else:
                    pause = self.shortest_pause
                    watch.seen = _essence(found)
                    self._changed(*key)
                status = found or status
        except CannotAuthenticate:
            # The panel hears of the login.
            return
        except NotThere:
            self._changed(*key)
        finally:
            if self._watches.get(key) is watch:
                del self._watches[key]

    async def _ask(self, instance: str, did: DID) -> Status | None:
        turn = self._turns.setdefault(instance, asyncio.Semaphore(_AT_ONCE))
        async with turn:
            try:
                return await self._service.ask(instance, lambda lake: lake.status(did))
            except (CannotAuthenticate, NotThere):
                raise
            except Exception as error:
                self.log.debug("%s could not be looked at: %s", did, type(error).__name__)
                return None


class _Watch:
    """One DID under watch."""

    def __init__(self, seen: tuple[Any, ...]) -> None:
        self.seen = seen
        self.until = 0.0
        self.task: asyncio.Task[None] | None = None

    def end(self) -> None:
        if self.task is not None:
            self.task.cancel()


def _pause(status: Status, pause: float, window: float) -> float | None:
    """Answer how long to wait before the next look, in seconds; None when nothing will change."""
    if status.state in _MOVING:
        return pause
    if status.expires_at is not None:
        left = (status.expires_at - datetime.now(timezone.utc)).total_seconds()
        if left < window:
            return max(left + 1, pause)
    return None


def _essence(status: Status) -> tuple[Any, ...]:
    """Answer what of a status is news; its reason tells the time that is left, so it is none."""
    rules = tuple(
        (r.id, r.state, r.locks_ok, r.locks_replicating, r.locks_stuck, r.error, r.expires_at)
        for r in status.rules
    )
    return (
        status.state,
        status.access,
        status.files,
        status.available_files,
        status.available_bytes,
        status.expires_at,
        status.path,
        rules,
    )
