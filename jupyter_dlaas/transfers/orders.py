"""What a transfer was asked to do, as it must be known to go on with it after a restart."""

from __future__ import annotations

import json
import secrets
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from dlaas.lake import Lake
from dlaas.model import Job, JobFile, JobKind, Problem, Uploaded

if TYPE_CHECKING:
    from jupyter_dlaas.login.session import Session
    from jupyter_dlaas.service import LakeService

Key = tuple[str, ...]


@dataclass(frozen=True)
class Ending:
    """What a transfer left; `problem` says what a part of its files lacks, `remarks` go into the
    log.
    """

    bytes: int
    result: Uploaded | None = None
    problem: Problem | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Size:
    """How much a transfer is, as far as it is known before its first byte."""

    bytes: int
    files: int = 1


class Listener(Protocol):
    """Who hears of a transfer while it runs."""

    def cancelled(self) -> bool:
        """Tell whether it is to stop."""

    def progress(self, done: int, total: int) -> None:
        """Hear of bytes."""

    def arrived(self, file: JobFile) -> None:
        """Hear what became of a file."""


@dataclass(frozen=True)
class Order(ABC):
    """A transfer as it was asked for, in the name of `account`; subclasses hold what JSON can."""

    account: str | None = field(default=None, kw_only=True)

    kind: ClassVar[JobKind]
    name: ClassVar[str]
    needs_login: ClassVar[bool] = True

    @property
    @abstractmethod
    def keys(self) -> frozenset[Key]:
        """What no other transfer of the same instance may touch meanwhile."""

    @property
    def size(self) -> Size | None:
        """How much it is, where that is known without asking."""
        return None

    @classmethod
    @abstractmethod
    def restored(cls, values: dict[str, Any]) -> Order:
        """Make it of what `write` wrote; raises `TypeError`, `KeyError` or `ValueError`."""

    @abstractmethod
    def renewed(self) -> Order:
        """Answer this order for the files as they are now; may block, and raise `InvalidInput`."""

    @abstractmethod
    def told(self) -> dict[str, Any]:
        """Answer what a job says of it: `did`, `source`, and `folder`."""

    async def checked(self, service: LakeService, instance: str) -> tuple[Size, str | None]:
        """Check it; answers how much it is, and in whose name it is carried out."""
        return await service.ask(instance, lambda lake: (self.check(lake), lake.account))

    async def opened(self, service: LakeService, instance: str) -> tuple[Session | None, Lake]:
        """Open the lake by which it is carried out; raises what `LakeService.open` does."""
        return await service.open(instance)

    @abstractmethod
    def check(self, lake: Lake) -> Size:
        """Raise what the transfer would raise before its first byte; answers how much it is."""

    @abstractmethod
    def carry_out(self, lake: Lake, listener: Listener) -> Ending:
        """Do it; raises what `Lake.upload` and `Lake.download` do."""

    def tidy(self) -> None:  # noqa: B027  (most leave nothing)
        """Remove what a job that ended early left here and nobody has gone on with; may block."""

    def job(self, instance: str, size: Size, job_id: str | None = None) -> Job:
        """Make the job for this order."""
        return Job(
            id=job_id or secrets.token_hex(16),
            kind=self.kind,
            instance=instance,
            state="queued",
            bytes=size.bytes,
            files=size.files,
            created_at=datetime.now(timezone.utc),
            **self.told(),
        )

    def write(self) -> str:
        """Write it as JSON."""
        return json.dumps({"order": self.name, **asdict(self)})


def lacking(failed: int, files: int, why: Problem) -> Problem:
    """Say that some files did not make it, and why the first of them."""
    return replace(why, message=f"{failed} of {files} files failed, the first one: {why.message}")


def read(text: str | None) -> Order | None:
    """Read what `Order.write` wrote; None for nothing, and for what another version wrote."""
    from jupyter_dlaas.transfers.download_orders import DownloadOrder
    from jupyter_dlaas.transfers.free_orders import OpenOrder, UrlOrder
    from jupyter_dlaas.transfers.publish_orders import PublishOrder
    from jupyter_dlaas.transfers.upload_orders import FilesOrder, UploadOrder

    try:
        values = json.loads(text or "")
        # The first versions knew uploads of one file alone.
        name = values.pop("order", UploadOrder.name)
        kinds: tuple[type[Order], ...] = (
            UploadOrder,
            FilesOrder,
            DownloadOrder,
            OpenOrder,
            UrlOrder,
            PublishOrder,
        )
        return next(kind for kind in kinds if kind.name == name).restored(values)
    except (TypeError, KeyError, ValueError, AttributeError, StopIteration):
        return None
