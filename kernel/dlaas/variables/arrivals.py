"""Files as they arrive: a few calls for each look, whatever the number of files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dlaas.errors import DlaasError
from dlaas.model import DID, Entry, Status
from dlaas.variables.item import SingleItemDID
from dlaas.variables.part_status import arrived
from dlaas.variables.progress import shown
from dlaas.variables.waiting import STUCK_GRACE, Patience, Progress

if TYPE_CHECKING:
    from dlaas.variables import MultipleItemDID

# So few are looked for each time; of more only when the catalogue has counted another one.
_FEW = 1000


def as_available(
    items: MultipleItemDID,
    timeout: str | float | None = None,
    progress: bool | Progress = False,
    *,
    grace: float = STUCK_GRACE,
) -> Iterator[SingleItemDID]:
    """Yield files as they arrive, each once; see `MultipleItemDID.as_available`."""
    patience = Patience(timeout, grace, getattr(progress, "sleep", time.sleep))
    return _arriving(items, patience, progress, grace)


def _arriving(
    items: MultipleItemDID, patience: Patience, progress: bool | Progress, grace: float
) -> Iterator[SingleItemDID]:
    missing = {entry.did: entry for entry in items._entries()}
    counted, unseen_since = -1, None
    with shown(progress) as show:
        while missing:
            found = patience.ask(items._arriving)
            show(found)
            done = found.state == "available"
            # The consumer may take hours for one: what came meanwhile is looked for first.
            news: list[Entry] = []
            if done or len(missing) <= _FEW or found.available_files != counted:
                news = _taken(items, missing)
                yield from items._singles(news)
            counted = found.available_files
            if news:
                patience.begin_anew()
            elif done:
                unseen_since = unseen_since or time.monotonic()
                if time.monotonic() - unseen_since >= grace:
                    # The mount does not show them: they can be streamed.
                    yield from items._singles(list(missing.values()))
                    return
            else:
                yield from _given_up(items, patience, found, missing)
            if missing:
                patience.rest()


def _taken(items: MultipleItemDID, missing: dict[DID, Entry]) -> list[Entry]:
    """Take out of the missing what has arrived, in the order in which it did."""
    news = arrived(items.lake, items.did, list(missing.values()))
    for entry in news:
        del missing[entry.did]
    return news


def _given_up(
    items: MultipleItemDID, patience: Patience, found: Status, missing: dict[DID, Entry]
) -> Iterator[SingleItemDID]:
    """Raise what ends the wait, after what has arrived at the last moment."""
    try:
        patience.check(found)
    except DlaasError:
        yield from items._singles(_taken(items, missing))
        if missing:
            raise
