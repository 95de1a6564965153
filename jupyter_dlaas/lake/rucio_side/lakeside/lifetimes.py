"""Tokens that live shorter, for tests of what an expiry does: `run/token.lifetime` holds seconds.

While that file is there, Rucio's own tokens and the identity provider's access tokens are given so
long to live. Rucio refreshes no token that is younger than five minutes; then it is a sixth of it.
"""

from __future__ import annotations

import datetime
from typing import Any

from .layout import Layout

GUARD = 300


def apply(layout: Layout) -> None:
    """Have Rucio look at the file; raises SystemExit where its inner parts have moved."""
    from rucio.core import oidc
    from rucio.db.sqla import models

    default = models.Token.__table__.c.expired_at.default
    if default is None or oidc.timedelta is not datetime.timedelta:
        raise SystemExit("Rucio's tokens are not those that the lake was written for")
    usual = default.arg

    def expired_at(context: Any) -> datetime.datetime:
        seconds = wanted(layout)
        if seconds is None:
            return usual(context)
        return datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)

    def timedelta(*args: Any, **kwargs: Any) -> datetime.timedelta:
        seconds = wanted(layout)
        if kwargs == {"seconds": GUARD} and seconds is not None:
            kwargs = {"seconds": min(GUARD, seconds / 6)}
        return datetime.timedelta(*args, **kwargs)

    default.arg = expired_at
    oidc.timedelta = timedelta


def wanted(layout: Layout) -> int | None:
    """The seconds that new tokens shall live, or None for as long as usual."""
    try:
        return int(layout.token_lifetime.read_text())
    except (FileNotFoundError, ValueError):
        return None
