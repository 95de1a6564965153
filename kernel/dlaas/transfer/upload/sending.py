"""Many files on their way to one storage: so many at once, each on a connection that is kept."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dlaas import errors
from dlaas.transfer.disk.sums_cache import Summed
from dlaas.transfer.upload import bring, is_lost
from dlaas.transfer.upload.batch import Brought
from dlaas.transfer.upload.duplicates import Item
from dlaas.transfer.upload.order import Order
from dlaas.transfer.upload.plan import Plan
from dlaas.transfer.wire.door import Door, open_door
from dlaas.transfer.wire.keys import KeyRing
from dlaas.transfer.wire.storage import Storage

if TYPE_CHECKING:
    from dlaas.lake import Lake

AT_ONCE = 12
# Large files fill the line by themselves.
_LARGE, _LARGE_AT_ONCE = 16 << 20, 4
_TRIES = 3
# Seconds, doubled before each further try.
_PAUSE = 0.25
# After so many failures in a row that are the storage's whole, the rest is not tried.
_ENOUGH = 5
# Insufficient Storage, as https and root:// tell it.
_FULL, _FULL_ROOT = 507, 3009


class Senders:
    """The threads that send the files of one order, and what they have sent."""

    def __init__(self, lake: Lake, order: Order, stopped: threading.Event) -> None:
        self._lake = lake
        self._order = order
        self._stopped = stopped
        self._keys = KeyRing(lake)
        self._local = threading.local()
        self._guard = threading.Lock()
        self._doors: list[Door] = []
        self._large = threading.Semaphore(_LARGE_AT_ONCE)
        self._under_way: dict[str, int] = {}
        self._total = order.bytes
        self._in_vain = 0
        self._given_up: errors.DlaasError | None = None
        self._done = 0
        self.sent = 0
        self.at_once = min(AT_ONCE, max(1, len(order.to_do)))

    def close(self) -> None:
        """Close the connections."""
        for door in self._doors:
            door.close()

    def abort(self) -> None:
        """End what the threads wait for."""
        for door in self._doors:
            door.abort()

    def so_far(self) -> tuple[int, int]:
        """Answer the bytes that have been sent, with those that were there, and those in all."""
        with self._guard:
            done = self._done + sum(self._under_way.values())
        return min(done, self._total), self._total

    def bring(self, item: Item) -> Brought:
        """Have a file on the storage, sending it where it is not there."""
        size = item.source.bytes
        if size < _LARGE:
            return item, self._bring(item)
        with self._large:
            return item, self._bring(item)

    def make_sure(self, item: Item) -> Brought:
        """Send a file that is registered again where its bytes are gone.

        Another upload under its name may have taken them for a leftover before they were.
        """
        return item, self._attempt(item)

    def _bring(self, item: Item) -> Summed:
        self._refuse_stopped(item)
        for attempt in range(1, _TRIES + 1):
            try:
                sums = self._attempt(item)
            except (errors.StorageFailed, errors.Unreachable, errors.TookTooLong) as error:
                last = attempt == _TRIES or _is_full(error)
                if last or self._stopped.wait(_PAUSE * 2**attempt):
                    self._count_failure(error)
                    raise
            except errors.StorageRefused as error:
                self._count_failure(error)
                raise
            else:
                if not item.here:
                    self._in_vain = 0
                    with self._guard:
                        self._done += item.source.bytes
                return sums
            finally:
                with self._guard:
                    self._under_way.pop(item.did, None)
        raise AssertionError("unreachable")

    def _attempt(self, item: Item) -> Summed:
        plan, door = self._order.plan(item), self._door(item.url)
        if item.here and item.sums is not None and not self._is_lost(door, plan, item.sums):
            return item.sums
        sent = [0]

        def heard(done: int, _: int) -> None:
            sent[0] = done
            with self._guard:
                self._under_way[item.did] = done

        sums = bring(self._lake, door, plan, item.sums, heard, self._stopped.is_set, others=False)
        with self._guard:
            self.sent += sent[0]
        return sums

    def _is_lost(self, door: Door, plan: Plan, sums: Summed) -> bool:
        if self._given_up is not None:
            return False
        try:
            lost = is_lost(door, plan, sums)
        except errors.DlaasError as error:
            # It says nothing, and is not asked for a thousand files whether it would.
            self._count_failure(error)
            return False
        self._in_vain = 0
        return lost

    def _door(self, url: str) -> Door:
        door: Door | None = getattr(self._local, "door", None)
        if door is None:
            door = self._local.door = open_door(self._lake, self._order.rse, url)
            with self._guard:
                self._doors.append(door)
        if isinstance(door, Storage):
            # A token may end while many files travel.
            door.use(self._keys.for_rse(self._order.rse))
        return door

    def _refuse_stopped(self, item: Item) -> None:
        if self._stopped.is_set():
            raise errors.Cancelled("The upload was cancelled.")
        if self._given_up is not None and not item.here:
            known = self._given_up
            raise type(known)(
                f"It was not tried any more: {known.message}",
                remedy=known.remedy, blame=known.blame, details=known.details,
            )  # fmt: skip

    def _count_failure(self, error: errors.DlaasError) -> None:
        self._in_vain += 1
        if self._in_vain >= _ENOUGH and _is_of_the_storage(error):
            self._given_up = error


def _is_of_the_storage(error: errors.DlaasError) -> bool:
    """Tell whether other files would meet with the same."""
    kinds = (errors.StorageRefused, errors.Unreachable, errors.TookTooLong)
    return isinstance(error, kinds) or _is_full(error)


def _is_full(error: errors.DlaasError) -> bool:
    return error.details.get("status") == _FULL or error.details.get("errno") == _FULL_ROOT
