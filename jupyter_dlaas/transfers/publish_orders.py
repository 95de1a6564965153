"""Publications as they were asked for."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from traitlets import TraitError

from dlaas.lake import Lake
from dlaas.model import DID, JobFile, PublishRequest, Reference, Uploaded
from dlaas.publish import Published, notebooks, recording
from dlaas.publish.publication import check
from jupyter_dlaas.transfers import places
from jupyter_dlaas.transfers.orders import Ending, Key, Listener, Order, Size
from jupyter_dlaas.transfers.sources import source

if TYPE_CHECKING:
    from jupyter_dlaas.login.session import Session
    from jupyter_dlaas.service import LakeService


@dataclass(frozen=True)
class PublishOrder(Order):
    """A publication; the paths of `request` are below `root`, `hidden` allows hidden files.

    It goes as its files are when its turn comes: its name tells the contents.
    """

    request: PublishRequest
    root: str | None
    hidden: bool = False
    bytes: int = 0

    kind = "publish"
    name = "publish"

    @classmethod
    def restored(cls, values: dict[str, Any]) -> PublishOrder:
        """Make it of what `write` wrote."""
        told = values["request"]
        several = {name: tuple(told[name]) for name in ("inputs", "code", "outputs")}
        return cls(**{**values, "request": PublishRequest(**{**told, **several})})

    @property
    def keys(self) -> frozenset[Key]:
        """The notebook, and where it goes."""
        asked = self.request
        return frozenset({("publish", f"{asked.scope}:{asked.name or ''}", asked.notebook)})

    def renewed(self) -> PublishOrder:
        """Answer this order; raises `InvalidInput` where it cannot be carried out any more."""
        self._notebook()
        self._files(self.request.code)
        self._files(self.request.outputs)
        for did in self.request.inputs:
            DID(did)
        return self

    def told(self) -> dict[str, Any]:
        """Answer what a job says of it: without a name of its own its DID is known at the end."""
        asked = self.request
        did = DID(f"{asked.scope.removesuffix(':')}:{asked.name}") if asked.name else None
        return {"did": did, "source": asked.notebook}

    async def checked(self, service: LakeService, instance: str) -> tuple[Size, str | None]:
        """Check it; answers how much it is, and in whose name it is carried out."""
        await self._open_others(service, instance)
        return await super().checked(service, instance)

    async def opened(self, service: LakeService, instance: str) -> tuple[Session | None, Lake]:
        """Open the lake by which it is carried out, and those that its inputs are from."""
        await self._open_others(service, instance)
        return await super().opened(service, instance)

    async def _open_others(self, service: LakeService, instance: str) -> None:
        # The library finds the lakes of this process by their names.
        for name in await asyncio.to_thread(self._instances):
            if name != instance:
                await service.open(name)

    def _instances(self) -> list[str]:
        """Name the instances that the notebook's record names."""
        wanted, _ = recording.references(notebooks.read(self._notebook()))
        named = (Reference.parse(text).instance for text in wanted)
        return list(dict.fromkeys(name for name in named if name is not None))

    def check(self, lake: Lake) -> Size:
        """Raise what can be known before; answers the size of the notebook alone."""
        asked = self.request
        size = check(
            lake,
            self._notebook(),
            asked.scope,
            name=asked.name,
            lifetime=asked.lifetime,
            until=asked.until,
            rse=asked.rse,
            even_with_secrets=asked.even_with_secrets,
        )
        return Size(size)

    def carry_out(self, lake: Lake, listener: Listener) -> Ending:
        """Publish it; raises what `Lake.publish` does."""
        asked = self.request
        other = self._other_python()
        found = lake.publish(
            self._notebook(),
            asked.scope,
            name=asked.name,
            inputs=asked.inputs,
            code=self._files(asked.code),
            outputs=self._files(asked.outputs),
            environment=asked.environment,
            note=asked.note,
            lifetime=asked.lifetime,
            until=asked.until,
            rse=asked.rse,
            even_with_secrets=asked.even_with_secrets,
            progress=listener.progress,
            cancelled=listener.cancelled,
        )
        for did in found.files:
            listener.arrived(JobFile(did, "", "uploaded" if found.new else "skipped"))
        return Ending(found.bytes, _result(found), remarks=(*found.remarks, *other))

    def _other_python(self) -> list[str]:
        """Say where the software that is listed is not that of the notebook's kernel."""
        notebook = notebooks.read(self._notebook())
        if self.request.environment not in ("all", "imported") or not notebook.is_python:
            return []
        program = _program(notebook.kernel)
        if program is None or not os.path.isabs(program) or program == sys.executable:
            return []
        return [
            f"environment.txt lists the software of {sys.executable}; the notebook's kernel runs"
            f" {program}."
        ]

    def _notebook(self) -> Path:
        return source(self.root, self.request.notebook, hidden=self.hidden)

    def _files(self, paths: tuple[str, ...]) -> dict[Path | str, str]:
        """Answer the files that some files and folders stand for, with their names."""
        if not paths:
            return {}
        named = places.files(self.root, list(paths), hidden=self.hidden)
        return {source(self.root, path, hidden=self.hidden): name for path, name in named.items()}


def _program(kernel: str | None) -> str | None:
    """Answer what a kernel runs; None for one that is not installed here."""
    if kernel is None:
        return None
    try:
        argv = KernelSpecManager().get_kernel_spec(kernel).argv
    except (NoSuchKernel, TraitError, OSError, ValueError):
        return None
    return str(argv[0]) if argv else None


def _result(found: Published) -> Uploaded:
    rse = found.rule.rse_expression if found.rule is not None else ""
    return Uploaded(found.did, rse, found.bytes, "", found.rule, new=found.new)
