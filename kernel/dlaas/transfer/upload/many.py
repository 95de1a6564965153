"""Upload of many files: checked together, sent in parallel, registered in batches, verified.

Killed at any point, calling it again goes on: what lies on the storage is recognised by its
checksum, what is registered is completed, and nothing is sent twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dlaas import errors
from dlaas.lifetime import Lifetime, Until
from dlaas.transfer.report import Outcome, Report, Row, report
from dlaas.transfer.upload.batch import Brought, Registrar
from dlaas.transfer.upload.duplicates import Duplicates, Item
from dlaas.transfer.upload.order import Order, order
from dlaas.transfer.upload.sending import Senders
from dlaas.transfer.upload.sources import Named, Sources
from dlaas.transfer.wire.body import Progress

if TYPE_CHECKING:
    from dlaas.lake import Lake

Arrived = Callable[[Row], object]
UnderWay = dict[Future[Brought], Item]
TICK = 0.1
# What is sent is registered when there are so many of it, or when it has waited so long.
_BATCH = 100
_WAITED = 3.0
_GRACE = 0.5


def check_many(lake: Lake, files: Sources, scope: str | None = None, **options: Any) -> Order:
    """Raise what `upload_many` would raise before the first byte is sent; changes nothing."""
    return order(lake, files, scope, **options)


def upload_many(
    lake: Lake,
    files: Sources,
    scope: str | None = None,
    *,
    dataset: str | None = None,
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    rses: str | Sequence[str] | None = None,
    rules: Iterable[str | Mapping[str, Any]] = (),
    duplicates: Duplicates = "fail",
    base: Named | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    arrived: Arrived | None = None,
) -> Report:
    """Upload many files; see `Lake.upload_many`. `arrived` hears each row as it ends."""
    made = order(
        lake, files, scope,
        dataset=dataset, lifetime=lifetime, until=until, rses=rses, rules=rules,
        duplicates=duplicates, base=base, cancelled=cancelled,
    )  # fmt: skip
    return _Run(lake, made, progress, cancelled, arrived).run()


class _Run:
    """One upload under way; used once."""

    def __init__(
        self,
        lake: Lake,
        made: Order,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
        arrived: Arrived | None,
    ) -> None:
        self._order = made
        self._progress = progress
        self._cancelled = cancelled
        self._arrived = arrived
        self._stopped = threading.Event()
        self._senders = Senders(lake, made, self._stopped)
        self._registrar = Registrar(lake, made)
        self._ready: list[Brought] = []
        self._since = time.monotonic()
        self._done: dict[str, Brought] = {}
        self._failed: dict[str, errors.DlaasError] = {}

    def run(self) -> Report:
        """Bring, register, verify, report; raises what ends it all."""
        for item in self._order.items:
            if item.problem is not None:
                self._tell(item)
        pool = ThreadPoolExecutor(self._senders.at_once, "dlaas-upload")
        try:
            self._bring(pool)
        finally:
            # One that connects to a silent host takes its time alone.
            pool.shutdown(wait=False, cancel_futures=True)
            self._senders.close()
        self._registrar.verify([item.name for item, _ in self._done.values()])
        rows = [self._row(item) for item in self._order.items]
        made = self._order
        return report(made.rse, made.dataset, self._registrar.rules, rows, self._senders.sent)

    def _bring(self, pool: ThreadPoolExecutor) -> None:
        under_way: UnderWay = {}
        try:
            self._each(pool, self._senders.bring, self._order.to_do, under_way, self._ready.append)
            self._register()
            sent = [
                replace(item, sums=sums, here=True)
                for item, sums in self._done.values()
                if not item.here and item.name not in self._registrar.failed
            ]
            self._each(pool, self._senders.make_sure, sent, under_way)
        except BaseException as error:
            self._give_up(under_way, error)
            raise
        self._report_progress()

    def _each(
        self,
        pool: ThreadPoolExecutor,
        act: Callable[[Item], Brought],
        items: Iterable[Item],
        under_way: UnderWay,
        take: Callable[[Brought], object] = lambda _: None,
    ) -> None:
        """Do something with each of some items, some more under way than are done at once."""
        todo = iter(items)
        while True:
            while len(under_way) < 2 * self._senders.at_once and (item := next(todo, None)):
                under_way[pool.submit(act, item)] = item
            if not under_way:
                return
            finished, _ = wait(under_way, TICK, FIRST_COMPLETED)
            for future in finished:
                self._take(under_way.pop(future), future, take)
            self._refuse_cancelled()
            self._report_progress()
            if len(self._ready) >= _BATCH or self._has_waited():
                self._register()

    def _take(self, item: Item, future: Future[Brought], take: Callable[[Brought], object]) -> None:
        try:
            take(future.result())
        except (errors.CannotAuthenticate, errors.Cancelled):
            raise
        except errors.DlaasError as error:
            self._failed[item.did] = error
            self._tell(item)

    def _refuse_cancelled(self) -> None:
        if self._cancelled is not None and self._cancelled():
            raise errors.Cancelled("The upload was cancelled; what was registered is kept.")

    def _has_waited(self) -> bool:
        return bool(self._ready) and time.monotonic() - self._since > _WAITED

    def _register(self) -> None:
        for start in range(0, len(self._ready), _BATCH):
            batch = self._ready[start : start + _BATCH]
            self._registrar.register(batch)
            for item, sums in batch:
                self._done[item.did] = (item, sums)
                self._tell(item)
        self._ready.clear()
        self._since = time.monotonic()

    def _give_up(self, under_way: dict[Future[Brought], Item], error: BaseException) -> None:
        """End what is under way, and complete what has been sent: nothing is left half-done."""
        self._stopped.set()
        for future in under_way:
            future.cancel()
        _, late = wait(under_way, _GRACE)
        if late:
            self._senders.abort()
        wait(under_way, 10 * _GRACE)
        if isinstance(error, errors.CannotAuthenticate):
            # Recognised on the storage by the next try.
            return
        brought = (f.result() for f in under_way if f.done() and not _failed(f))
        self._ready += [one for one in brought if one[0].did not in self._done]
        self._register()

    def _report_progress(self) -> None:
        if self._progress is not None:
            done, total = self._senders.so_far()
            self._progress(done, total)

    def _tell(self, item: Item) -> None:
        if self._arrived is not None:
            self._arrived(self._row(item))

    def _row(self, item: Item) -> Row:
        name, path, size = item.did, str(item.source.path), item.source.bytes
        known = self._done.get(name)
        adler32 = known[1].adler32 if known else None
        error = item.problem or self._failed.get(name) or self._registrar.failed.get(item.name)
        if error is None:
            return Row(path, name, size, item.outcome, adler32)
        outcome: Outcome = "skipped" if item.problem and item.outcome == "skipped" else "failed"
        return Row(path, name, size, outcome, adler32, errors.problem(error))


def _failed(future: Future[Brought]) -> bool:
    return future.cancelled() or future.exception() is not None
