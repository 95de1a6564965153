"""From what was typed to lakes and DIDs: one lake per instance for the length of a command."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.model import DID


class Session:
    """The lakes that a command uses; `--instance` and `--account` choose."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._instance: str | None = arguments.instance
        self._account: str | None = arguments.account
        self._lakes: dict[str | None, Lake] = {}

    def lake(self, instance: str | None = None) -> Lake:
        """Answer the lake of an instance, without a name that of `--instance` or the default."""
        from dlaas.lake import Lake

        name = self._chosen(instance)
        if name not in self._lakes:
            self._lakes[name] = Lake(name, account=self._account)
        return self._lakes[name]

    def resolve(self, text: str) -> tuple[Lake, DID]:
        """Read `scope:name`, `instance@scope:name` or a `rucio://` reference, and find its lake."""
        from dlaas.model import Reference

        found = Reference.parse(text)
        return self.lake(found.instance), found.did

    def pattern(self, text: str) -> tuple[Lake, str]:
        """Read a search pattern, before which an instance may stand."""
        instance, at, rest = text.partition("@")
        if at and instance and not set(instance) & set("/:*"):
            return self.lake(instance), rest
        return self.lake(), text

    def _chosen(self, instance: str | None) -> str | None:
        if instance and self._instance and instance != self._instance:
            from dlaas.errors import InvalidInput

            raise InvalidInput(
                f"The reference names the instance {instance!r} and --instance {self._instance!r}.",
                remedy="Leave one of them out.",
            )
        return instance or self._instance
