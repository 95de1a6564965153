"""How long data is kept: `14d`, `14 days`, seconds, a timedelta, or until a date's end in UTC."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone

from dlaas.errors import InvalidInput, InvalidLifetime

Lifetime = str | int | float | timedelta
Until = str | date | datetime

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_WORDS = {"second": "s", "minute": "m", "hour": "h", "day": "d", "week": "w", "year": "y"}
_PART = re.compile(
    rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(f'{word}s?' for word in _WORDS)}|min|[smhdwy])(?![a-z])",
    re.IGNORECASE,
)
# Rucio computes a date from it: beyond the year 9999 there is none.
_LONGEST = 1000 * 31536000


def seconds(
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    *,
    now: datetime | None = None,
) -> int | None:
    """Turn a lifetime or a date into seconds from now; None when neither is given.

    >>> seconds("2w"), seconds("36h"), seconds(timedelta(days=1)), seconds("1d 12h")
    (1209600, 129600, 86400, 129600)

    Raises `InvalidInput` when both are given and `InvalidLifetime` for zero, the past and what is
    no time at all.
    """
    if lifetime is not None and until is not None:
        raise InvalidInput("Give a lifetime or a date, not both.")
    if lifetime is not None:
        return _positive(duration(lifetime), f"The lifetime {lifetime!r}")
    if until is None:
        return None
    left = moment(until) - (now or datetime.now(timezone.utc))
    return _positive(left.total_seconds(), f"The date {until!s}")


def duration(lifetime: Lifetime) -> float:
    """Read a lifetime in seconds; raises `InvalidLifetime` for what is none."""
    if isinstance(lifetime, bool):
        raise InvalidLifetime(f"{lifetime!r} is not a lifetime.")
    if isinstance(lifetime, timedelta):
        return lifetime.total_seconds()
    if isinstance(lifetime, (int, float)):
        return lifetime
    text = str(lifetime).strip()
    if re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        raise InvalidLifetime(f"{text!r} is not a lifetime.")
    return sum(float(number) * _seconds_of(unit.lower()) for number, unit in parts)


def _seconds_of(unit: str) -> int:
    return _UNITS[_WORDS.get(unit.removesuffix("s"), unit)]


def moment(until: Until) -> datetime:
    """Read a date, which means its end, or a time, in UTC; raises `InvalidLifetime`."""
    if isinstance(until, str):
        until = _parsed(until.strip())
    if not isinstance(until, date):
        raise InvalidLifetime(f"{until!r} is not a date.")
    if not isinstance(until, datetime):
        until = datetime.combine(until, time(23, 59, 59))
    return until if until.tzinfo else until.replace(tzinfo=timezone.utc)


def _parsed(text: str) -> date | datetime:
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        # Python 3.10 does not read the Z.
        return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    except ValueError:
        raise InvalidLifetime(f"{text!r} is not a date: write it as 2027-01-31.") from None


def _positive(value: float, what: str) -> int:
    if not value > 0:
        raise InvalidLifetime(f"{what} is over before it begins.")
    if value > _LONGEST:
        raise InvalidLifetime(f"{what} is longer than Rucio can keep.")
    return max(1, int(value))


def said(value: float) -> str:
    """Say a number of seconds as people do.

    >>> said(1209600), said(5400), said(45)
    ('14 days', '1.5 hours', '45 seconds')
    """
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if value >= size:
            number = f"{value / size:.1f}".removesuffix(".0")
            return f"{number} {unit}{'' if number == '1' else 's'}"
    return f"{value:.0f} second{'' if round(value) == 1 else 's'}"
