"""The logins of a Jupyter server, one per configured instance; a Jupyter server is one user."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from traitlets import Float, Integer
from traitlets.config import LoggingConfigurable

from dlaas import handover
from dlaas.config import Instances
from dlaas.config.sources import from_environment, from_section
from dlaas.errors import DlaasError, problem
from dlaas.model import InstanceInfo, Login, Problem
from jupyter_dlaas.login.session import Session
from jupyter_dlaas.login.settings import SessionSettings
from jupyter_dlaas.redaction import Redactor


class Sessions(LoggingConfigurable):
    """Keeps one login per instance: in memory, renewed in time, handed to kernels until the end."""

    threads = Integer(
        8, min=1, help="How many requests to one Rucio instance may be under way at once."
    ).tag(config=True)
    login_timeout = Float(60, min=0, help="How long a login may take, in seconds.").tag(config=True)
    renew_before = Float(
        600,
        min=0,
        help="How long before its end a login is renewed, in seconds; at most a third of its life.",
    ).tag(config=True)

    retry_after = Float(
        5,
        min=0,
        help="""How soon a configured login is tried again where the lake was down, and the `$url`
        of an instance where nothing answered, in seconds.""",
    ).tag(config=True)

    def __init__(
        self,
        section: Mapping[str, Any],
        runtime_dir: Path,
        changed: Callable[[str], None],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.handover = handover.directory(folder=runtime_dir)
        self.redactor = Redactor()
        self._section = section
        self._changed = changed
        self._loading: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._read_at = 0.0
        self._sessions: dict[str, Session] = {}
        self._instances = Instances()

    async def start(self, patience: float | None = None) -> None:
        """Read the configuration and try the logins that it offers, waiting `patience` seconds."""
        await self._load()
        sessions = self._sessions.values()
        await asyncio.gather(*(session.settle(patience) for session in sessions))

    async def get(self, name: str) -> Session:
        """Answer the session of an instance; raises `InstanceNotFound`, `ConfigurationError`."""
        await self._load()
        session = self._sessions.get(name)
        if session is None:
            # Raises, with the reason why there is none.
            self._instances.get(name)
            raise AssertionError(name)
        return session

    async def known(self) -> list[Session]:
        """Answer the sessions of all instances whose configuration is right."""
        await self._load()
        return list(self._sessions.values())

    async def wrong(self) -> dict[str, Problem]:
        """Answer what is wrong with the other instances, by name."""
        await self._load()
        return dict(self._instances.problems)

    async def infos(self, patience: float) -> list[InstanceInfo]:
        """Answer all instances, also those that are wrong.

        Waits `patience` seconds for logins under way.
        """
        await self.start(patience)
        infos = [_info(session) for session in self._sessions.values()]
        return infos + [_broken(name, why) for name, why in self._instances.problems.items()]

    async def stop(self) -> None:
        """Log out of all instances and take back what kernels were handed."""
        for task in (self._loading, self._reading):
            if task is not None:
                task.cancel()
        await asyncio.gather(*(session.stop() for session in self._sessions.values()))
        await asyncio.to_thread(_remove, self.handover)

    async def _load(self) -> None:
        if self._loading is None:
            self._loading = asyncio.create_task(self._load_once())
        await asyncio.shield(self._loading)
        if self._may_read_again():
            # Nobody waits for it: the others work meanwhile.
            self._reading = asyncio.create_task(self._read_again())

    def _may_read_again(self) -> bool:
        idle = self._reading is None or self._reading.done()
        missing = any(why.blame == "network" for why in self._instances.problems.values())
        return idle and missing and time.monotonic() - self._read_at > self.retry_after

    async def _read_again(self) -> None:
        found = await asyncio.to_thread(_read, self._section)
        # What works already stays as it is, whatever its address answers now.
        known = {name: session.instance for name, session in self._sessions.items()}
        problems = {name: why for name, why in found.problems.items() if name not in known}
        self._instances = Instances({**found.instances, **known}, problems, found.default_name)
        await self._open_new()
        for name in self._sessions.keys() - known.keys():
            self._changed(name)

    async def _load_once(self) -> None:
        # On a thread: an entry may be a URL.
        self._instances = await asyncio.to_thread(_read, self._section)
        await asyncio.to_thread(handover.clean, self.handover.parent)
        await self._open_new()
        self._log_problems()

    async def _open_new(self) -> None:
        self._read_at = time.monotonic()
        settings = SessionSettings(
            self.handover,
            self.redactor,
            self.log,
            self._changed,
            self.threads,
            self.login_timeout,
            self.renew_before,
            self.retry_after,
        )
        default = self._instances.default
        for instance in self._instances:
            if instance.name not in self._sessions:
                self._sessions[instance.name] = Session(instance, False, settings)
        for session in self._sessions.values():
            await session.set_default(session.instance is default)
            await asyncio.to_thread(_offer, self.handover, session)

    def _log_problems(self) -> None:
        for warning in self._instances.warnings:
            self.log.warning("%s", warning)
        name = self._instances.default_name
        if name is not None and name not in {*self._sessions, *self._instances.problems}:
            self.log.error("The default instance %s is not among the configured ones.", name)
        for name, why in self._instances.problems.items():
            self.log.error("The instance %s is left out: %s %s", name, why.message, why.remedy)


def _read(section: Mapping[str, Any]) -> Instances:
    """Read the configured instances, else the one that the environment of a hub describes."""
    try:
        found = from_section(section, os.environ)
        if len(found) or found.problems:
            return found
        return from_environment(os.environ)
    except DlaasError as error:
        return Instances(problems={"RucioConfig": problem(error)})


def _info(session: Session) -> InstanceInfo:
    instance = session.instance
    return InstanceInfo(
        name=instance.name,
        display_name=instance.title,
        default=session.default,
        login=session.login,
        methods=instance.methods,
        destination_rse=instance.destination_rse,
        upload_rse=instance.upload_rse,
        default_lifetime=instance.default_lifetime,
        wildcard_enabled=instance.wildcard_enabled,
        issuers=instance.issuers,
        webui_url=instance.rucio_webui_url,
        site=instance.site_name,
        activities=instance.activities,
        embargoed_scopes=instance.embargoed_scopes,
    )


def _broken(name: str, why: Problem) -> InstanceInfo:
    return InstanceInfo(name, name, False, Login("logged_out"), (), problem=why)


def _offer(folder: Path, session: Session) -> None:
    try:
        handover.offer(folder, session.instance, session.default)
    except OSError:
        # A login says so, when there is something to hand over.
        return


def _remove(folder: Path) -> None:
    try:
        handover.remove(folder)
    except OSError:
        # The runtime folder may be gone before us.
        return
