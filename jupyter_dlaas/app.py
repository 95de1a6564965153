"""The Jupyter server extension: configuration, what it is made of, and its addresses."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from traitlets import Float

from dlaas.model import DID, Job
from jupyter_dlaas import terminals
from jupyter_dlaas.baskets import Baskets
from jupyter_dlaas.configuration import RucioConfig, esap_hosts, log_level, section
from jupyter_dlaas.events import Events
from jupyter_dlaas.handlers import ROUTES
from jupyter_dlaas.here import Here
from jupyter_dlaas.login.sessions import Sessions
from jupyter_dlaas.service import LakeService
from jupyter_dlaas.transfers.inbox import Inbox
from jupyter_dlaas.transfers.job_store import JobStore
from jupyter_dlaas.transfers.jobs import Jobs
from jupyter_dlaas.watcher import Watcher


class DlaasExtension(ExtensionApp):
    """The data lake behind a Jupyter server: the library, its logins, an HTTP API for the panel."""

    name = "dlaas"
    description = "Find data in a Rucio data lake, have it made available, write results back."
    classes = [RucioConfig, Sessions, LakeService, Jobs, Watcher, Baskets]  # noqa: RUF012

    login_patience = Float(
        1.5,
        min=0,
        help="How long the panel waits to hear of configured logins that have begun, in seconds.",
    ).tag(config=True)

    sessions: Sessions
    service: LakeService
    jobs: Jobs
    events: Events
    watcher: Watcher
    baskets: Baskets
    here: Here

    def initialize_settings(self) -> None:
        """Make what the handlers use."""
        server = self._server()
        settings = section(server.config, self)
        self._show_library_log(log_level(settings, server.log.getEffectiveLevel()))
        # traitlets types `log` as any of two loggers; a server has the standard one.
        self.events = Events(server.event_logger, self.log)  # type: ignore[arg-type]
        self.sessions = Sessions(
            settings,
            Path(server.runtime_dir),
            self._login_changed,
            parent=self,
        )
        self.service = LakeService(self.sessions, parent=self)
        self.here = Here(self.sessions)
        data = Path(jupyter_data_dir()) / "dlaas"
        store = JobStore(data, self.events.server, self.log)
        inbox = Inbox(data / "background", self.events.server, self.log)
        self.jobs = Jobs(
            self.service,
            store,
            inbox,
            self.sessions.redactor,
            self._job_changed,
            parent=self,
        )
        self.watcher = Watcher(self.service, self._status_changed, parent=self)
        hosts = esap_hosts(server.config, self)
        self.baskets = Baskets(hosts, self.service, data / "basket.json", parent=self)

    def initialize_handlers(self) -> None:
        """Add the HTTP API."""
        self.handlers.extend(ROUTES)

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Log in where the configuration suffices, so that the first kernel finds the login."""
        terminals.tell(serverapp, self.sessions.handover)
        await self.jobs.listen(self.sessions.handover)
        await self.sessions.start()

    async def stop_extension(self) -> None:
        """End what runs and take back what was handed over."""
        self.watcher.stop()
        self.here.stop()
        self.baskets.stop()
        await self.jobs.stop()
        await self.sessions.stop()
        for handler in self.log.handlers:
            logging.getLogger("dlaas").removeHandler(handler)

    def current_activity(self) -> dict[str, Any] | None:
        """Say what runs, so that an idle server is not stopped in the middle of a transfer."""
        return {"transfers": self.jobs.active} if self.jobs.active else None

    async def instances(self) -> dict[str, Any]:
        """Answer the instances, the server's id and last hint, and where kernels find logins."""
        # The number first: what changes from now on has a greater one.
        seq = self.events.seq
        return {
            "server": self.events.server,
            "seq": seq,
            "instances": await self.sessions.infos(self.login_patience),
            "handover": str(self.sessions.handover),
        }

    def _show_library_log(self, level: int) -> None:
        library = logging.getLogger("dlaas")
        library.setLevel(level)
        for handler in self.log.handlers:
            library.addHandler(handler)

    def _login_changed(self, instance: str) -> None:
        self.events.emit("login", instance)
        self.jobs.login_changed(instance)

    def _job_changed(self, job: Job) -> None:
        self.events.emit("job", job.instance, did=job.did, job=job.id, state=job.state)

    def _status_changed(self, instance: str, did: DID) -> None:
        self.events.emit("status", instance, did=did)

    def _server(self) -> ServerApp:
        if self.serverapp is None:
            raise RuntimeError("This extension has no server.")
        return self.serverapp
