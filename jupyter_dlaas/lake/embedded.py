"""The embedded lake: a genuine Rucio, its daemons and three storage sites, in one folder of this machine."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import clients
from .environment import Log, PrivateEnvironment, locked
from .errors import LakeError
from .probe import answers
from .processes import free_ports, port_is_free
from .rucio_side.lakeside.layout import PORTS, SITES, Layout, State
from .services import POSTGRESQL, Status, last_lines, names, open_log

POLL = 0.05
START_SECONDS = 180.0
STOP_SECONDS = 60.0
STEP_SECONDS = 60.0
PACKAGE_ROOT = Path(__file__).parents[2]
DATABASES = ("sqlite", POSTGRESQL)
POLICIES = ("lake", "stock")
WIPED = ("etc", "db", "pki", "clients", "storage", "mount", "logs", "run", "state.json", "lock")


def default_directory() -> Path:
    """Where the lake lies unless told otherwise: `$XDG_DATA_HOME/jupyter-dlaas/lake`."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "jupyter-dlaas" / "lake"


class EmbeddedLake:
    """One lake, in one folder; every act may be repeated, and goes on where a killed one stopped."""

    def __init__(self, directory: Path | str | None = None) -> None:
        self.directory = Path(directory or default_directory()).expanduser().absolute()
        self.layout = Layout(self.directory)

    def up(
        self,
        db: str | None = None,
        policy: str | None = None,
        port: int = 0,
        log: Log = print,
    ) -> None:
        """Make the lake if there is none, start it, and return when it answers.

        `db` is sqlite (unless told otherwise) or postgresql, `policy` lake or stock; both are chosen
        when the lake is made. `port` is the Rucio server's; 0 means the one that it has, or a free one.
        Raises LakeError.
        """
        since = time.monotonic()
        if self.running and self._fits(db, policy, port):
            log(f"The lake in {self.directory} is up")
            return
        with self._alone():
            if not self.running:
                state = self._decide(db, policy, port)
                PrivateEnvironment(state.db).ensure(log)
                self._end_leftovers()
                self._start(self._with_ports(state, port, log))
            try:
                self._await_running(log, since)
            except BaseException:
                self._stop()
                raise
        log(f"The lake is up ({time.monotonic() - since:.1f} s): {self.url}")

    def down(self, log: Log = lambda line: None) -> None:
        """Stop every process of the lake; nothing that it holds is lost."""
        if not self.layout.run.is_dir():
            return
        with self._alone():
            self._stop()
        log("The lake is down")

    def reset(self, log: Log = lambda line: None) -> None:
        """Stop the lake and delete it, with all data in it; notebooks beside it stay."""
        if not self.directory.exists():
            return
        if not self.layout.state_file.exists():
            raise LakeError(f"There is no lake in {self.directory}; nothing was deleted.")
        self.down()
        for name in WIPED:
            _delete(self.directory / name)
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
            raise LakeError(f"There is no lake in {self.directory}. Start one: jupyter dlaas lake up")
        return state

    @property
    def url(self) -> str:
        """The address of the Rucio server."""
        return f"https://localhost:{self.state.ports['rucio']}"

    def status(self) -> dict[str, Any]:
        """What is there and what runs, without a secret: for people and for `--json`."""
        state = self._load()
        status = Status.read(self.layout)
        alive = status is not None and status.alive
        result: dict[str, Any] = {"directory": str(self.directory), "exists": state is not None}
        if state:
            result |= {"db": state.db, "policy": state.policy, "url": self.url, "ports": state.ports}
        result["up"] = self.running
        result["phase"] = status.phase if status and alive else "down"
        result["services"] = status.services if status and alive else {}
        return result

    def env(self, account: str = "alice") -> dict[str, str]:
        """Environment variables with which rucio and dlaas are `account`; no secret is among them."""
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

    def proxy(self, account: str = "alice", lifetime: int = 43200) -> Path:
        """A file with a new RFC 3820 proxy of the account's certificate."""
        return Path(self._run("proxy", account, "--lifetime", str(lifetime)).strip())

    def seed(
        self,
        paths: Sequence[Path | str],
        scope: str = "user.alice",
        dataset: str = "",
        rse: str = SITES[0].rse,
    ) -> list[str]:
        """Put local files into the lake, with a rule without lifetime; their DIDs. Raises LakeError."""
        arguments = ["--scope", scope, "--dataset", dataset, "--rse", rse]
        absolute = [str(Path(path).absolute()) for path in paths]
        return self._run("seed", *arguments, "--files", *absolute).splitlines()

    def hold(self, service: str) -> None:
        """Stop a service and keep it stopped, over restarts of the lake too, until it is released."""
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

    def _fits(self, db: str | None, policy: str | None, port: int) -> bool:
        state = self.state
        if db not in (None, state.db) or policy not in (None, state.policy):
            raise LakeError(
                f"The lake in {self.directory} was made with --db {state.db} --policy {state.policy}, "
                "which cannot be changed. Use another --dir, or delete it with `jupyter dlaas lake reset`."
            )
        if self.running and port not in (0, state.ports["rucio"]):
            raise LakeError(
                f"The lake is up on port {state.ports['rucio']}. Take it down first to change the port."
            )
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Only one process at a time changes whether the lake is up."""
        existed = self.directory.exists()
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            known = self.layout.state_file.exists() or not existed
            if not known and any(path.name not in WIPED for path in self.directory.iterdir()):
                raise LakeError(f"{self.directory} holds other things than a lake; use another --dir.")
            self.directory.chmod(0o700)
            for folder in (self.layout.run, self.layout.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise LakeError(
                f"The lake cannot be kept in {self.directory}: {error.strerror}. Use another --dir."
            ) from error
        with locked(self.directory / "lock", wait=True):
            yield

    def _decide(self, db: str | None, policy: str | None, port: int) -> State:
        """The state of the lake that there is, or of the one that is made now."""
        if self._load() is None:
            if (db or "sqlite") not in DATABASES or (policy or "lake") not in POLICIES:
                raise LakeError(f"Choose --db from {DATABASES} and --policy from {POLICIES}.")
            self.layout.save(State(db=db or "sqlite", policy=policy or "lake"))
        self._fits(db, policy, 0)
        return self.state

    def _with_ports(self, state: State, port: int, log: Log) -> State:
        """Give every service a port that is free; those that it has, if they still are."""
        wanted = dict(state.ports)
        if port:
            wanted["rucio"] = port
            if not port_is_free(port):
                raise LakeError(
                    f"Port {port} is taken by another program. Choose another --port, or none at all."
                )
        taken = [name for name in PORTS if not (name in wanted and port_is_free(wanted[name]))]
        for name in taken:
            if name in wanted:
                log(f"Port {wanted[name]} of {name} is taken by another program; another is used")
        wanted.update(zip(taken, free_ports(len(taken)), strict=True))
        chosen = replace(state, ports=wanted)
        self.layout.save(chosen)
        return chosen

    def _start(self, state: State) -> None:
        variables = os.environ | {
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH")])
            )
        }
        self._forget_progress()
        with open_log(self.layout.log_file("supervisor")) as output:
            subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.supervisor", str(self.directory)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=variables,
                cwd="/",
                start_new_session=True,
            )

    def _forget_progress(self) -> None:
        self.layout.log_file("bootstrap").unlink(missing_ok=True)
        Status.path(self.layout).unlink(missing_ok=True)

    def _await_running(self, log: Log, since: float) -> None:
        """Report progress until every service answers; raises LakeError with what went wrong."""
        progress = Progress(self.layout, log, since)
        until = time.monotonic() + START_SECONDS
        while True:
            status = Status.read(self.layout)
            if status:
                progress(status)
                self._check_failures(status)
                if status.alive and status.settled and self._serves(status):
                    return
            if time.monotonic() > until:
                raise LakeError(f"The lake is not up after {START_SECONDS:.0f} s. {self._see_logs()}")
            time.sleep(POLL)

    def _serves(self, status: Status) -> bool:
        """Whether a person could log in now."""
        if status.services["rucio"]["state"] == "held":
            return True
        return answers(self.url, self.layout.ca, "alice", self.layout.password("alice"))

    def _check_failures(self, status: Status) -> None:
        if status.phase == "failed":
            raise LakeError(f"{status.error}\n{self._see_logs()}")
        for name, service in status.services.items():
            if service["restarts"] > 2 and service["state"] == "waiting":
                end = last_lines(self.layout.log_file(name))
                raise LakeError(f"{name} does not start:\n{end}\n{self._see_logs()}")
        if not status.alive:
            end = last_lines(self.layout.log_file("supervisor"))
            raise LakeError(f"The supervisor has ended:\n{end}\n{self._see_logs()}")

    def _see_logs(self) -> str:
        return f"See the logs in {self.layout.logs}."

    def _stop(self) -> None:
        status = Status.read(self.layout)
        if status and status.supervisor and not status.supervisor.end(STOP_SECONDS):
            self._end_leftovers(status)
        self._end_leftovers(status)
        Status.path(self.layout).unlink(missing_ok=True)

    def _end_leftovers(self, status: Status | None = None) -> None:
        """End services that outlived their supervisor; they do so by themselves, mostly."""
        status = status or Status.read(self.layout)
        for process in status.processes() if status else []:
            if not process.wait(2.0):
                process.end(10.0)

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
            timeout=START_SECONDS,
            check=False,
        )
        if result.returncode:
            raise LakeError(result.stderr.strip().splitlines()[-1] if result.stderr else module)
        return result.stdout


class Progress:
    """Tells once what has become ready, and when."""

    def __init__(self, layout: Layout, log: Callable[[str], None], since: float) -> None:
        self.layout, self.log, self.since = layout, log, since
        self.told: set[str] = set()

    def __call__(self, status: Status) -> None:
        bootstrap = self.layout.log_file("bootstrap")
        lines = bootstrap.read_text(errors="replace").splitlines() if bootstrap.exists() else []
        for line in lines:
            if line.endswith(" s)"):
                self._tell(line)
        for name, service in status.services.items():
            if service["state"] == "ready":
                self._tell(f"{name} ready", f" ({time.monotonic() - self.since:.1f} s)")
            elif service["state"] == "held":
                self._tell(f"{name} is held and stays stopped")

    def _tell(self, what: str, more: str = "") -> None:
        if what not in self.told:
            self.told.add(what)
            self.log(what + more)


def _delete(path: Path) -> None:
    """Delete a file or a folder, read-only ones too."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        for folder, _, _ in os.walk(path):
            os.chmod(folder, stat.S_IRWXU)
        shutil.rmtree(path)

