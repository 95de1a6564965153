"""Waiting: what it shows, when it gives up, and that it can be cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from datasets import made

from dlaas import Lake
from dlaas.errors import Cancelled, NotAvailable, RuleStuck, TookTooLong
from dlaas.model import DID, Rule, Status
from dlaas.variables.progress import said_progress
from dlaas.variables.waiting import Pace, Patience, said_locks, watch
from jupyter_dlaas.lake import EmbeddedLake

RULE = Rule("1" * 32, DID("s:d"), "alice", "R", "REPLICATING", locks_ok=1, locks_replicating=2)
COMING = Status(
    DID("s:d"),
    "dataset",
    "replicating",
    "https",
    "It is on its way.",
    files=4,
    available_files=1,
    bytes=4000,
    available_bytes=1000,
    rse="R",
    rules=(RULE,),
)
STUCK = replace(
    COMING,
    state="stuck",
    rules=(replace(RULE, state="STUCK", locks_stuck=2, locks_replicating=0, error="disk on fire"),),
)


def test_the_time_that_is_left_follows_from_what_arrived() -> None:
    pace = Pace()
    assert pace.left(COMING, 0) is None
    assert pace.left(replace(COMING, available_bytes=2000), 10) == 20
    assert pace.left(replace(COMING, available_bytes=3000), 20) == 10
    assert pace.left(replace(COMING, available_bytes=4000), 30) is None


def test_without_sizes_the_files_are_counted() -> None:
    pace = Pace()
    unsized = replace(COMING, bytes=None)
    assert pace.left(unsized, 0) is None
    assert pace.left(replace(unsized, available_files=2), 5) == 10


def test_nothing_arriving_promises_no_end() -> None:
    pace = Pace()
    assert [pace.left(COMING, second) for second in range(50)] == [None] * 50


def test_progress_tells_locks_bytes_and_the_time_that_is_left() -> None:
    assert said_progress(COMING, 90) == (
        "s:d: replicating, 1 of 4 files, 1.0 kB of 4.0 kB, locks: 1 ok, 2 replicating,"
        " about 1.5 minutes left"
    )
    assert said_progress(STUCK).endswith("locks: 1 ok, 2 stuck, disk on fire")
    assert said_locks((RULE, RULE)) == "locks: 2 ok, 4 replicating"


def test_what_is_stuck_is_given_up_after_its_grace_with_the_reason() -> None:
    with pytest.raises(RuleStuck, match=r"1 of 4 files there \(locks: 1 ok, 2 stuck\): disk on"):
        Patience("1min", grace=0).check(STUCK)
    Patience("1min", grace=60).check(STUCK)


def test_what_still_arrives_is_not_given_up() -> None:
    patience = Patience("1min", grace=60)
    patience.check(STUCK)
    stuck_since = patience._stuck_since
    patience.check(STUCK)
    assert patience._stuck_since == stuck_since
    patience.check(replace(STUCK, available_files=2))
    assert patience._stuck_since != stuck_since


def test_each_state_without_hope_ends_it() -> None:
    for state in ("absent", "partial", "suspended"):
        with pytest.raises(NotAvailable, match="It is on its way"):
            Patience("1h").check(replace(COMING, state=state))
    with pytest.raises(TookTooLong, match="1 of 4 files"):
        Patience(0).check(replace(COMING, state="waiting_approval"))


def test_a_progress_that_sleeps_can_cancel_and_is_told_the_end() -> None:
    class Button:
        ended = False
        heard = 0

        def __call__(self, _found: Status) -> None:
            self.heard += 1

        def sleep(self, _seconds: float) -> None:
            raise Cancelled("The wait was cancelled.")

        def end(self) -> None:
            self.ended = True

    button = Button()
    with pytest.raises(Cancelled):
        watch(lambda: COMING, "1h", button)
    assert (button.heard, button.ended) == (1, True)


def test_a_log_gets_a_line_when_something_changes(capsys: pytest.CaptureFixture[str]) -> None:
    looks = [COMING, COMING, replace(COMING, available_files=4, state="available")]
    watch(lambda: looks.pop(0), "1min")
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["s:d: replicating", "s:d: available"]


def test_the_locks_of_a_rule_are_told_while_it_works(
    alice: Lake, lake: EmbeddedLake, tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    data = made(alice, tmp_path, fresh)
    lake.hold("daemons")
    try:
        data.make_available("1d")
        assert "3 replicating" in said_progress(data.status)
    finally:
        lake.release("daemons")
    heard: list[Any] = []
    data.wait("2min", heard.append)
    assert said_progress(heard[-1]).endswith("available, 3 of 3 files")
