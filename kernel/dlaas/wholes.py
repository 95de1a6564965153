"""What the parts of a collection that are unpickled in one process share: its list of files."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dlaas.parts import Recipe

if TYPE_CHECKING:
    from dlaas.variables import MultipleItemDID

# A hundred tasks of a Dask worker on parts of one dataset list it once. Files that were added since
# are not missed: what a stamp stands for never changes.
_wholes: dict[tuple[str, str | None, bytes], MultipleItemDID] = {}
_MOST = 4
_guard = threading.Lock()


def unpickled(
    did: str, instance: str | None, recipe: Recipe, stamp: bytes | None
) -> MultipleItemDID:
    """Make a part of its recipe, and of the stamp that tells whether its collection has changed."""
    from dlaas.variables import MultipleItemDID

    if stamp is None:
        return MultipleItemDID(did, instance)._part(*recipe)
    with _guard:
        whole = _wholes.pop((did, instance, stamp), None)
        whole = whole or MultipleItemDID(did, instance, _stamp=stamp)
        if whole._files is None:
            # Its last listing may have failed by a login that is over.
            whole._lake = None
        _wholes[did, instance, stamp] = whole
        for oldest in list(_wholes)[:-_MOST]:
            del _wholes[oldest]
    return whole._part(*recipe)
