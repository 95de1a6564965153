"""What a transfer was asked to do, as it must be known to go on with it after a restart."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

from dlaas.errors import InvalidInput
from dlaas.lake import Lake
from dlaas.model import DID, Job, Uploaded, UploadRequest
from dlaas.transfer.body import Progress
from dlaas.transfer.upload import check, upload
from jupyter_dlaas.sources import source

T = TypeVar("T")


@dataclass(frozen=True)
class Order:
    """An upload as it was asked for: `request.path` is below `root`, `hidden` allows hidden files.

    `bytes` and `modified_ns` are those of the file when it was asked for.
    """

    request: UploadRequest
    root: str | None
    hidden: bool = False
    bytes: int = 0
    modified_ns: int = 0

    def locate(self) -> Path:
        """Answer the file; looked for each time, for it may have become another one meanwhile.

        Raises what `sources.source` does, and `InvalidInput` when it has changed.
        """
        path = source(self.root, self.request.path, hidden=self.hidden)
        found = path.stat()
        if self.modified_ns and (found.st_size, found.st_mtime_ns) != (
            self.bytes,
            self.modified_ns,
        ):
            raise InvalidInput(
                f"{self.request.path!r} has changed since its upload was asked for.",
                remedy="Upload it again: then it goes as it is now.",
            )
        return path

    def renewed(self) -> Order:
        """Answer this order for the file as it is now."""
        found = replace(self, modified_ns=0).locate().stat()
        return replace(self, bytes=found.st_size, modified_ns=found.st_mtime_ns)

    def job(self, instance: str, size: int) -> Job:
        """Make the job for this order."""
        return Job(
            id=secrets.token_hex(16),
            kind="upload",
            instance=instance,
            did=DID(self.request.did),
            source=self.request.path,
            state="queued",
            bytes=size,
            created_at=datetime.now(timezone.utc),
        )

    def check(self, lake: Lake) -> int:
        """Raise what the upload would raise before its first byte; answers the file's size."""
        return self._apply(check, lake).bytes

    def carry_out(self, lake: Lake, progress: Progress, cancelled: Callable[[], bool]) -> Uploaded:
        """Upload the file; raises what `Lake.upload` does."""
        return self._apply(upload, lake, progress=progress, cancelled=cancelled)

    def _apply(self, act: Callable[..., T], lake: Lake, **options: Any) -> T:
        asked = self.request
        return act(
            lake,
            self.locate(),
            asked.did,
            dataset=asked.dataset,
            lifetime=asked.lifetime,
            until=asked.until,
            rse=asked.rse,
            **options,
        )

    def write(self) -> str:
        """Write it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str | None) -> Order | None:
        """Read what `write` wrote; None for nothing, and for what another version wrote."""
        try:
            values = json.loads(text or "")
            return cls(**{**values, "request": UploadRequest(**values["request"])})
        except (TypeError, KeyError, ValueError):
            return None
