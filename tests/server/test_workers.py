"""Blocking calls off the event loop, without HTTP and without a lake."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from jupyter_dlaas.workers import Rows, Workers


def test_calls_run_on_as_many_threads_as_are_needed_and_no_more() -> None:
    workers = Workers("test", 2)
    barrier = threading.Barrier(2, timeout=10)
    names = [workers.submit(_meet, barrier) for _ in range(4)]
    assert len({future.result(10) for future in names}) == 2
    alone = Workers("alone", 5)
    assert {alone.submit(_name).result(10) for _ in range(5)} == {"alone-1"}
    workers.stop()
    alone.stop()


def test_threads_do_not_keep_python_from_ending() -> None:
    workers = Workers("test", 1)
    assert workers.submit(lambda: threading.current_thread().daemon).result(10)
    workers.stop()


def test_a_call_that_was_cancelled_while_it_waited_never_runs() -> None:
    workers = Workers("test", 1)
    free = threading.Event()
    ran: list[int] = []
    first = workers.submit(free.wait, 10)
    second = workers.submit(ran.append, 1)
    assert second.cancel()
    free.set()
    assert first.result(10)
    assert workers.submit(_name).result(10) == "test-1"
    assert ran == []
    workers.stop()


def test_an_error_is_that_of_its_call_alone() -> None:
    workers = Workers("test", 1)
    failed = workers.submit(int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        failed.result(10)
    assert workers.submit(int, "7").result(10) == 7
    workers.stop()
    with pytest.raises(RuntimeError, match="stopped"):
        workers.submit(int, "8")


def test_rows_come_in_batches_and_end_with_none() -> None:
    rows = Rows(lambda: iter(range(5)))
    assert [rows.take(2, 10) for _ in range(4)] == [[0, 1], [2, 3], [4], []]


def test_a_slow_source_is_not_waited_for_to_fill_a_batch() -> None:
    rows = Rows(lambda: iter(range(5)))
    assert rows.take(100, 0) == [0]


def test_what_came_before_an_error_is_not_lost() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("the rest is missing")

    rows = Rows(source)
    assert rows.take(10, 10) == [1]
    with pytest.raises(ValueError, match="the rest is missing"):
        rows.take(10, 10)


def test_nothing_is_asked_for_before_the_first_rows_are() -> None:
    asked: list[int] = []
    rows = Rows(lambda: iter([asked.append(1)]))
    assert asked == []
    rows.close()
    assert rows.take(1, 1) == []
    assert asked == []


def test_a_source_that_waits_is_closed_when_it_is_given_up() -> None:
    reached, go, closed = threading.Event(), threading.Event(), threading.Event()

    def source() -> Iterator[int]:
        try:
            yield 1
            reached.set()
            go.wait(10)
            yield 2
            yield 3
        finally:
            closed.set()

    rows = Rows(source)
    workers = Workers("test", 1)
    taken = workers.submit(rows.take, 10, 10.0)
    assert reached.wait(10)
    # It runs on another thread: it can only be closed there.
    rows.close()
    assert not closed.is_set()
    go.set()
    assert taken.result(10) == [1, 2]
    assert closed.wait(10)
    assert rows.take(1, 1) == []
    workers.stop()


def test_an_idle_source_is_closed_at_once() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.set()

    rows = Rows(source)
    assert rows.take(1, 10) == [1]
    rows.close()
    assert closed.is_set()


def _meet(barrier: threading.Barrier) -> str:
    barrier.wait()
    return threading.current_thread().name


def _name() -> str:
    return threading.current_thread().name
