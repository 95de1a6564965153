"""Blocking calls kept off the event loop: a few daemon threads, and iterators read in batches."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Workers:
    """At most `limit` threads that carry out blocking calls, one after the other.

    The threads are daemons: `concurrent.futures` joins its threads when Python ends, and then a
    lake that never answers would keep a server from stopping. A call that was cancelled before it
    began never runs.
    """

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._waiting = 0
        self._stopped = False

    def submit(self, function: Callable[..., T], *args: Any) -> Future[T]:
        """Queue a call; RuntimeError after `stop`."""
        future: Future[T] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    result = function(*args)
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)

        with self._lock:
            if self._stopped:
                raise RuntimeError(f"The workers {self.name} are stopped.")
            self._waiting += 1
            if self._waiting > self._threads and self._threads < self.limit:
                self._threads += 1
                name = f"{self.name}-{self._threads}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
            self._calls.put(call)
        return future

    def stop(self) -> None:
        """Let the threads end when all that was queued is done; waits for nothing."""
        with self._lock:
            self._stopped = True
            for _ in range(self._threads):
                self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            finally:
                with self._lock:
                    self._waiting -= 1
            # Not until the next call: what the last one held must be freed now.
            del call


async def carry_out(workers: Workers, timeout: float, function: Callable[..., T], *args: Any) -> T:
    """Wait for a call without blocking the event loop.

    Raises `asyncio.TimeoutError` after `timeout` seconds; a call that has begun goes on.
    """
    future = asyncio.wrap_future(workers.submit(function, *args))
    return await asyncio.wait_for(future, timeout)


class Rows(Generic[T]):
    """A blocking iterator that any thread may read in batches and any other may close.

    A generator cannot be closed while it runs: then the reader does it as soon as it comes back.
    """

    def __init__(self, make: Callable[[], Iterator[T]]) -> None:
        self._make = make
        self._iterator: Iterator[T] | None = None
        self._error: Exception | None = None
        self._lock = threading.Lock()
        self.closed = False

    def take(self, rows: int, seconds: float) -> list[T]:
        """Return up to `rows` rows, none at the end; collects no longer than about `seconds`.

        Raises what the iterator raises, once what came before has been taken.
        """
        with self._lock:
            if self._iterator is None and not self.closed:
                self._iterator = self._make()
            batch = self._collect(rows, seconds)
        if self.closed:
            self.close()
        return batch

    def close(self) -> None:
        """Stop the iterator, now or when its reader comes back."""
        self.closed = True
        if self._lock.acquire(blocking=False):
            try:
                iterator, self._iterator = self._iterator, None
                close = getattr(iterator, "close", None)
                if close is not None:
                    close()
            finally:
                self._lock.release()

    def _collect(self, rows: int, seconds: float) -> list[T]:
        batch: list[T] = []
        if self._error is not None:
            raise self._error
        enough = time.monotonic() + seconds
        try:
            for row in self._iterator or ():
                batch.append(row)
                if len(batch) >= rows or self.closed or time.monotonic() > enough:
                    break
        except Exception as error:
            if not batch:
                raise
            # What came is worth having: the next reader hears of the error.
            self._error = error
        return batch
