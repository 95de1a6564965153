"""The embedded lake: a genuine Rucio, its daemons and its storage sites, in one folder of this
machine.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import clients, lifecycle
from .environment import Log, PrivateEnvironment
from .errors import LakeError
from .folder import OURS, alone, default_directory, delete, give_ports
from .node_packages import NodePackages
from .rucio_side.lakeside.layout import HOST, SITES, Layout, State, write_private
from .services import POSTGRESQL, Status, names

POLL = 0.05
STEP_SECONDS = 60.0
COMMAND_SECONDS = 180.0
DATABASES = ("sqlite", POSTGRESQL)
POLICIES = ("lake", "stock")
XROOTD_PROGRAMS = ("xrootd", "xrdfs", "setpriv")
XROOTD_PACKAGES = "xrootd-server xrootd-scitokens-plugins xrootd-client util-linux"


class EmbeddedLake:
    """One lake, in one folder; every act may be repeated, and goes on where it was killed."""

    def __init__(self, directory: Path | str | None = None) -> None:
        self.directory = Path(directory or default_directory()).expanduser().absolute()
        self.layout = Layout(self.directory)

    def up(
        self,
        db: str | None = None,
        policy: str | None = None,
        port: int = 0,
        log: Log = print,
        xrootd: bool = False,
    ) -> None:
        """Make the lake if there is none, start it, and return when it answers.

        `db` is sqlite (unless told otherwise) or postgresql, `policy` lake or stock; both are
        chosen when the lake is made. `port` is the Rucio server's; 0 means the one that it has, or
        a free one. `xrootd` gives it the site EAST-DISK, served by this machine's XRootD; it may
        come later and stays. Raises LakeError.
        """
        since = time.monotonic()
        if self.running and self._fits(db, policy, port, xrootd):
            log(f"The lake in {self.directory} is up")
            return
        with alone(self.layout):
            if not self.running:
                state = self._decide(db, policy, xrootd)
                PrivateEnvironment(state.db).ensure(log)
                state = replace(state, oidc=NodePackages().ensure(log))
                lifecycle.stop(self.layout)
                start = lifecycle.Start(self.layout, give_ports(self.layout, state, port, log), log)
                try:
                    start.begin()
                    start.finish()
                except BaseException:
                    start.give_up()
                    raise
        log(f"The lake is up ({time.monotonic() - since:.1f} s): {self.url}")

    def down(self, log: Log = lambda line: None) -> None:
        """Stop every process of the lake; nothing that it holds is lost."""
        if not self.layout.run.is_dir():
            return
        with alone(self.layout):
            lifecycle.stop(self.layout)
        log("The lake is down")

    def reset(self, log: Log = lambda line: None) -> None:
        """Stop the lake and delete it, with all data in it; notebooks beside it stay."""
        if not self.directory.exists():
            return
        if not self.layout.state_file.exists():
            raise LakeError(f"There is no lake in {self.directory}; nothing was deleted.")
        self.down()
        for name in OURS:
            delete(self.directory / name)
        if not any(self.directory.iterdir()):
            self.directory.rmdir()
        log(f"The lake in {self.directory} is deleted")

    @property
    def running(self) -> bool:
        """Whether the lake is up: every service answers, or is held."""
        status = Status.read(self.layout)
        return status is not None and status.alive and status.settled

    @property
    def state(self) -> State:
        """What was decided when the lake was made; raises LakeError where there is none."""
        state = self._load()
        if state is None:
            raise LakeError(
                f"There is no lake in {self.directory}. Start one: jupyter dlaas lake up"
            )
        return state

    @property
    def url(self) -> str:
        """The address of the Rucio server."""
        return f"https://{HOST}:{self.state.ports['rucio']}"

    def status(self) -> dict[str, Any]:
        """What is there and what runs, without a secret: for people and for `--json`."""
        state = self._load()
        status = Status.read(self.layout)
        alive = status is not None and status.alive
        result: dict[str, Any] = {"directory": str(self.directory), "exists": state is not None}
        if state:
            result |= {
                "db": state.db,
                "policy": state.policy,
                "url": self.url,
                "ports": state.ports,
            }
        result["up"] = self.running
        result["phase"] = status.phase if status and alive else "down"
        result["services"] = status.services if status and alive else {}
        return result

    def env(self, account: str = "alice") -> dict[str, str]:
        """Environment variables that make rucio and dlaas `account`; no secret is among them."""
        return clients.environment(self.layout, self.state, account)

    def instance(self, account: str = "alice", login: bool = True) -> dict[str, Any]:
        """The lake's entry for RucioConfig; with `login` the server logs in by itself."""
        return clients.instance(self.layout, self.state, account, login)

    def token(
        self,
        account: str = "alice",
        scope: str = "storage.read:/",
        lifetime: int = 3600,
        audience: str = "",
    ) -> str:
        """A bearer token for the lake's storage, signed by the lake; `lifetime` is in seconds."""
        arguments = ["--scope", scope, "--lifetime", str(lifetime), "--audience", audience]
        return self._run("mint", account, *arguments).strip()

    def proxy(self, account: str = "alice", lifetime: int = 43200, limited: bool = False) -> Path:
        """A file with a new RFC 3820 proxy of the account's certificate."""
        more = ["--limited"] if limited else []
        return Path(self._run("proxy", account, "--lifetime", str(lifetime), *more).strip())

    def certificate(self, name: str = "mallory", lifetime: int = 86400) -> Path:
        """A file with a new certificate and its key: of one whom Rucio does not know, or of a user.

        A negative lifetime, in seconds, makes one that is over.
        """
        return Path(self._run("keystores", name, "--lifetime", str(lifetime)).strip())

    def seed(
        self,
        paths: Sequence[Path | str],
        scope: str = "user.alice",
        dataset: str = "",
        rse: str = SITES[0].rse,
    ) -> list[str]:
        """Put local files into the lake, with a rule without lifetime; their DIDs. Raises
        LakeError.
        """
        arguments = ["--scope", scope, "--dataset", dataset, "--rse", rse]
        absolute = [str(Path(path).absolute()) for path in paths]
        return self._run("seed", *arguments, "--files", *absolute).splitlines()

    def shorten_tokens(self, seconds: int | None) -> None:
        """Let new tokens, Rucio's own and the identity provider's, live so long; None: as usual."""
        if seconds is None:
            self.layout.token_lifetime.unlink(missing_ok=True)
        else:
            write_private(self.layout.token_lifetime, f"{seconds}\n")

    def hold(self, service: str) -> None:
        """Stop a service and keep it stopped, over restarts too, until it is released."""
        self._check_service(service)
        self.layout.hold_file(service).touch()
        self._await_service(service, "held")

    def release(self, service: str) -> None:
        """Let a held service run again; returns when it answers."""
        self._check_service(service)
        self.layout.hold_file(service).unlink(missing_ok=True)
        self._await_service(service, "ready")

    def _check_service(self, service: str) -> None:
        if service not in names(self.state):
            raise LakeError(f"The lake has no service {service}: {', '.join(names(self.state))}")

    def _await_service(self, service: str, wanted: str) -> None:
        until = time.monotonic() + STEP_SECONDS
        while (status := Status.read(self.layout)) and status.alive:
            if status.services.get(service, {}).get("state") == wanted:
                return
            if time.monotonic() > until:
                raise LakeError(f"{service} is not {wanted} after {STEP_SECONDS:.0f} s")
            time.sleep(POLL)

    def _load(self) -> State | None:
        try:
            return self.layout.load()
        except ValueError as error:
            raise LakeError(
                f"The lake in {self.directory} was made by another version: {error}. "
                "Delete it with `jupyter dlaas lake reset`, or use another folder."
            ) from error

    def _fits(self, db: str | None, policy: str | None, port: int, xrootd: bool) -> bool:
        state = self.state
        if db not in (None, state.db) or policy not in (None, state.policy):
            raise LakeError(
                f"The lake in {self.directory} was made with --db {state.db} "
                f"--policy {state.policy}, which cannot be changed. Use another --dir, or delete "
                "this one with `jupyter dlaas lake reset`."
            )
        if self.running and port not in (0, state.ports["rucio"]):
            raise LakeError(
                f"The lake is up on port {state.ports['rucio']}. "
                "Take it down first to change the port."
            )
        if self.running and xrootd and not state.xrootd:
            raise LakeError(
                "The lake is up without XRootD. Take it down first (`jupyter dlaas lake down`); "
                "nothing in it is lost."
            )
        return True

    def _decide(self, db: str | None, policy: str | None, xrootd: bool) -> State:
        """The state of the lake that there is, or of the one that is to be made."""
        state = self._load()
        if xrootd or (state and state.xrootd):
            _require_xrootd()
        if state:
            self._fits(db, policy, 0, xrootd)
            return replace(state, xrootd=state.xrootd or xrootd)
        wanted = State(db=db or "sqlite", policy=policy or "lake", xrootd=xrootd)
        if wanted.db not in DATABASES or wanted.policy not in POLICIES:
            raise LakeError(f"Choose --db from {DATABASES} and --policy from {POLICIES}.")
        return wanted

    def _run(self, module: str, *arguments: str) -> str:
        """Run one of Rucio's side's commands on this lake; raises LakeError with what it says."""
        environment = PrivateEnvironment(self.state.db)
        environment.ensure(lambda line: None)
        command = environment.command(module, self.directory, *arguments)
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment.variables(self.layout.config),
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if result.returncode:
            raise LakeError(result.stderr.strip().splitlines()[-1] if result.stderr else module)
        return result.stdout


def _require_xrootd() -> None:
    """Raise LakeError unless this machine has XRootD."""
    missing = [program for program in XROOTD_PROGRAMS if shutil.which(program) is None]
    if missing:
        raise LakeError(
            f"A lake with XRootD needs {', '.join(missing)}, which this machine does not have. On "
            f"Debian: sudo apt-get install --no-install-recommends {XROOTD_PACKAGES}"
        )
