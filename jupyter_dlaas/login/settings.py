"""What the sessions of a server share."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jupyter_dlaas.redaction import Redactor


@dataclass(frozen=True)
class SessionSettings:
    """What the sessions of a server share; times in seconds."""

    handover: Path
    redactor: Redactor
    log: logging.Logger
    changed: Callable[[str], None]
    threads: int = 8
    login_timeout: float = 60.0
    renew_before: float = 600.0
    retry_after: float = 5.0
