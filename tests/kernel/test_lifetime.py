"""Lifetimes and dates as people write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from dlaas import lifetime
from dlaas.errors import InvalidInput, InvalidLifetime

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("14d", 1209600),
        ("2w", 1209600),
        ("36h", 129600),
        ("90 min", 5400),
        ("1d 12h", 129600),
        (60, 60),
        ("60", 60),
        (1.5, 1),
        (timedelta(days=1), 86400),
        ("0.5d", 43200),
        ("1d12h", 129600),
        ("14 days", 1209600),
        ("1 Week 2 hours", 612000),
        ("45s", 45),
    ],
)
def test_a_lifetime_is_read(given: Any, seconds: int) -> None:
    assert lifetime.seconds(given) == seconds


@pytest.mark.parametrize("seconds", [1, 45, 60, 5400, 86400, 1209600])
def test_what_is_said_can_be_given(seconds: int) -> None:
    assert lifetime.seconds(lifetime.said(seconds)) == seconds


@pytest.mark.parametrize(
    "given",
    [
        0,
        "0d",
        -1,
        "-3d",
        "",
        "soon",
        "d14",
        "14 d x",
        "14 dogs",
        "5ms",
        "2 months",
        True,
        float("nan"),
        float("inf"),
        timedelta(0),
        timedelta(days=-1),
        "99999999w",
        10**20,
    ],
)
def test_what_is_no_lifetime_is_refused(given: Any) -> None:
    with pytest.raises(InvalidLifetime):
        lifetime.seconds(given)


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        ("2026-11-20", 43199),
        (date(2026, 11, 20), 43199),
        ("2026-11-20T13:00:00Z", 3600),
        ("2026-11-20T13:00:00", 3600),
        ("2026-11-20 14:00+01:00", 3600),
        (datetime(2026, 11, 20, 12, 1), 60),
        (datetime(2026, 11, 20, 12, 1, tzinfo=timezone.utc), 60),
    ],
)
def test_a_date_means_its_end_in_utc(until: Any, seconds: int) -> None:
    assert lifetime.seconds(until=until, now=NOW) == seconds


@pytest.mark.parametrize(
    "until",
    [
        "2026-11-19",
        "2026-11-20T11:59:59Z",
        "tomorrow",
        "",
        "2026-13-01",
        date(2020, 1, 1),
        5,
        1.7e9,
    ],
)
def test_a_date_in_the_past_or_none_at_all_is_refused(until: Any) -> None:
    with pytest.raises(InvalidLifetime):
        lifetime.seconds(until=until, now=NOW)


def test_a_lifetime_and_a_date_together_are_refused() -> None:
    with pytest.raises(InvalidInput, match="not both"):
        lifetime.seconds("1d", "2030-01-01")


def test_neither_is_nothing() -> None:
    assert lifetime.seconds() is None
