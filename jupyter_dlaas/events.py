"""What changed, pushed to the panel: numbered hints on Jupyter's event stream."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.model import DID, Change, ChangeKind, JobState, to_json

if TYPE_CHECKING:
    from jupyter_events import EventLogger

SCHEMA = Path(__file__).parent / "schema" / "changed.yaml"
SCHEMA_ID = "https://jupyter-dlaas.example/changed/v1"


class Events:
    """Numbers the hints of this run of the server and emits them; lives on the event loop."""

    def __init__(self, event_logger: EventLogger, log: logging.Logger) -> None:
        self.server = secrets.token_hex(8)
        self.seq = 0
        self._event_logger = event_logger
        self._log = log
        event_logger.register_event_schema(SCHEMA)

    def emit(
        self,
        kind: ChangeKind,
        instance: str,
        *,
        did: DID | None = None,
        job: str | None = None,
        state: JobState | None = None,
    ) -> None:
        """Push one hint; it never fails, for what it tells of has happened already."""
        self.seq += 1
        change = Change(self.server, self.seq, kind, instance, did, job, state)
        try:
            self._event_logger.emit(schema_id=SCHEMA_ID, data=to_json(change))
        except Exception:
            self._log.exception("The change %s could not be pushed", change)
