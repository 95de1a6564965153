"""Which lake an item of a basket means: ESAP does not say."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from dlaas.config import sources
from dlaas.errors import DlaasError, InstanceNotFound
from dlaas.rucio.connection import lake_for

if TYPE_CHECKING:
    from dlaas.lake import Lake


class Places:
    """Finds the instance of a scope: the chosen one, the only one, or the first that knows it."""

    def __init__(self, chosen: str | None = None, lake: Lake | None = None) -> None:
        self.chosen = chosen or (lake.instance.name if lake is not None else None)
        self._lakes: dict[str | None, Lake] = {}
        if lake is not None:
            self._lakes[lake.instance.name] = lake
        self._known: dict[str, str] = {}

    def lake(self, instance: str | None) -> Lake:
        """Answer the lake of an instance; raises `InstanceNotFound`."""
        return self._lakes.get(instance) or lake_for(instance)

    def guess(self, scope: str) -> str:
        """Name the instance that a scope is of; raises `InstanceNotFound` where none knows it.

        Of several that know it the default one, else the one that is configured first.
        """
        if self.chosen is not None:
            return self.chosen
        if scope not in self._known:
            self._known[scope] = self._ask_all(scope)
        return self._known[scope]

    def _ask_all(self, scope: str) -> str:
        names = configured()
        if len(names) < 2:
            # It, and not we, says what is wrong with the scope.
            return names[0] if names else lake_for().instance.name
        troubles = []
        for name in names:
            try:
                if self.lake(name).knows_scope(scope):
                    return name
            except DlaasError as error:
                troubles.append(f"{name} cannot be asked ({error.message})")
        told = f" {'; '.join(troubles)}." if troubles else ""
        raise InstanceNotFound(
            f"No configured instance knows the scope {scope!r}: {', '.join(names)}.{told}",
            remedy="Say which one it is: basket.use(…), or --instance.",
        )


def configured() -> list[str]:
    """List the names of the configured instances, the default one first."""
    found: dict[str, None] = {}
    with suppress(DlaasError):
        # Without a default there may be others.
        found[sources.find_instance().name] = None
    for instances in (
        sources.from_handover(),
        sources.from_environment(os.environ),
        sources.from_section(sources.jupyter_config(), os.environ, again=60.0),
    ):
        found.update(dict.fromkeys(instances.instances))
    return list(found)
