"""An error as it is told to people and programs; part of `dlaas.model`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dlaas.errors import Blame


@dataclass(frozen=True)
class Problem:
    """An error as the HTTP API tells it."""

    error: str
    message: str
    blame: Blame
    remedy: str
    details: dict[str, Any] = field(default_factory=dict)
