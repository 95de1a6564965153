"""The genuine rucio and xrdcp in a terminal of a genuine Jupyter server, by the panel's login."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from certificates import PASSPHRASE, protected
from http_answers import Api
from logins import by_popup

from dlaas import Instance, Lake, access, handover
from dlaas.model import DID
from jupyter_dlaas import terminals
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake

RUCIO = Path(sys.executable).with_name("rucio")
BOTH = DID("ATLAS_OD_EDU:mc_363490.llll.4lep.root")
OURS = ("RUCIO_CONFIG", "BEARER_TOKEN_FILE", "X509_USER_PROXY", "DLAAS_HANDOVER")


class Terminal:
    """A shell behind a Jupyter server's web socket."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._count = 0

    async def __call__(self, command: str) -> tuple[int, str]:
        """Run a command; its status and what it printed."""
        self._count += 1
        # The line as it is typed, which comes back too, must not look like its end.
        line = f"echo begin''{self._count}; {command}; echo end''{self._count}:$?\r"
        await self._socket.write_message(json.dumps(["stdin", line]))
        heard = ""
        pattern = re.compile(rf"begin{self._count}\r\n(.*?)end{self._count}:(\d+)", re.DOTALL)
        while (found := pattern.search(heard)) is None:
            message = await asyncio.wait_for(self._socket.read_message(), 90)
            kind, *rest = json.loads(message)
            heard += rest[0] if kind == "stdout" else ""
        return int(found[2]), found[1].replace("\r\n", "\n").strip()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, lake: EmbeddedLake, jp_environ: Any) -> None:
    """The server's environment as on a hub: bash, the grid's authorities, nobody's login."""
    for name in list(os.environ):
        if name.startswith(("RUCIO_", "X509_", "BEARER_", "DLAAS_HANDOVER", "PROMPT_COMMAND")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.setenv("X509_CERT_DIR", str(lake.layout.authorities))
    monkeypatch.setenv("XRD_CONNECTIONRETRY", "1")
    monkeypatch.setenv("XRD_CONNECTIONWINDOW", "5")


@pytest.fixture
def instances(lake: EmbeddedLake) -> list[dict[str, Any]]:
    bare = {**lake.instance("alice", login=False), "client_cert": None, "client_key": None}
    bare |= {"username": None, "auth_type": "userpass"}
    return [bare, {**lake.instance("bob"), "name": "other"}]


Opened = Callable[[], Awaitable[Terminal]]


@pytest.fixture
def opened(app: DlaasExtension, jp_serverapp: Any, jp_fetch: Any, jp_ws_fetch: Any) -> Opened:
    """Open terminals; they end with the server."""
    started: list[bool] = []

    async def open_one() -> Terminal:
        if not started:
            # As a server does before it answers; the fixture's does not.
            started.append(True)
            await app._start_jupyter_server_extension(jp_serverapp)
        answer = await jp_fetch("api", "terminals", method="POST", allow_nonstandard_methods=True)
        name = json.loads(answer.body)["name"]
        return Terminal(await jp_ws_fetch("terminals", "websocket", name))

    return open_one


@pytest.fixture(scope="session")
def copies(lake: EmbeddedLake) -> list[str]:
    """The commands with which grid tools copy one file to `there`, by each door that it has."""
    alice = Lake(Instance.from_mapping(lake.instance("alice")))
    ((_, root),) = access.urls(alice, BOTH, "root")
    https = dict(access.urls(alice, BOTH, "https"))["NORTH-DISK"]
    # It is a program of the system's Python.
    gfal = "GFAL_PYTHONBIN=/usr/bin/python3 gfal-copy -f"
    return [
        f"xrdcp -s -f '{root}' there",
        f"{gfal} '{root}' file://$PWD/there",
        f"{gfal} '{https}' file://$PWD/there",
        f"{gfal} '{https.replace('https:', 'davs:')}' file://$PWD/there",
    ]


async def require_copies(terminal: Terminal, copies: list[str]) -> None:
    """Copy by each of these commands."""
    line = " && ".join(f"rm -f there && {copy} && [ $(wc -c < there) -gt 1000 ]" for copy in copies)
    status, said = await terminal(line)
    assert status == 0, said


async def log_in(api: Api, lake: EmbeddedLake, **request: Any) -> None:
    answer = await api("POST", "lake/login", {"account": "alice", **request})
    assert answer.status == 200, answer.value
    assert answer.value["state"] == "logged_in"


async def by_password(api: Api, lake: EmbeddedLake) -> None:
    await log_in(api, lake, username="alice", password=lake.layout.password("alice"))


async def by_certificate(api: Api, lake: EmbeddedLake) -> None:
    protected(Path.home() / ".globus", lake)
    files = {"certificate": "~/.globus/usercert.pem", "key": "~/.globus/userkey.pem"}
    await log_in(api, lake, method="x509", passphrase=PASSPHRASE, **files)


async def test_rucio_works_by_a_password_typed_in_the_panel(
    opened: Opened, api: Api, lake: EmbeddedLake, app: DlaasExtension
) -> None:
    terminal = await opened()
    await by_password(api, lake)
    assert (await terminal(f"{RUCIO} whoami"))[0] == 0
    status, said = await terminal(f"{RUCIO} whoami")
    assert (status, "alice" in said) == (0, True), said
    status, said = await terminal(f"{RUCIO} list-scopes")
    assert (status, "ATLAS_OD_EDU" in said) == (0, True), said
    # Storages know nothing of passwords.
    assert (await terminal('echo "[$X509_USER_PROXY]"'))[1] == "[]"
    assert (await terminal('[ -e "$BEARER_TOKEN_FILE" ]'))[0] == 1


async def test_a_certificate_with_a_passphrase_reaches_rucio_xrdcp_and_gfal_copy(
    opened: Opened, api: Api, lake: EmbeddedLake, copies: list[str], app: DlaasExtension
) -> None:
    before = await opened()
    await by_certificate(api, lake)
    for terminal, commands in ((before, copies), (await opened(), copies[:1])):
        status, said = await terminal(f"{RUCIO} whoami")
        assert (status, "alice" in said) == (0, True), said
        await require_copies(terminal, commands)
    assert (await api("DELETE", "lake/login")).status == 200
    # One that is open already, too.
    for name in ("$X509_USER_PROXY", "$(dirname $RUCIO_CONFIG)/rucio_token"):
        assert (await before(f'[ -e "{name}" ]'))[0] == 1
    # And bob's login to another instance does not take its place.
    assert (await api("GET", "other/login")).value["state"] == "logged_in"
    status, said = await before(f"{RUCIO} whoami < /dev/null")
    assert status != 0
    assert "bob" not in said


async def test_a_popup_s_login_reaches_rucio_xrdcp_and_gfal_copy(
    opened: Opened,
    api: Api,
    jp_fetch: Any,
    lake: EmbeddedLake,
    copies: list[str],
    app: DlaasExtension,
) -> None:
    terminal = await opened()
    await by_popup(api, jp_fetch, lake, "lake")
    status, said = await terminal(f"{RUCIO} whoami")
    assert (status, "alice" in said) == (0, True), said
    # gfal-copy looks for no file.
    given = 'BEARER_TOKEN="$(cat "$BEARER_TOKEN_FILE")" gfal-copy'
    await require_copies(terminal, [copy.replace("gfal-copy", given) for copy in copies])
    assert (await terminal("stat -c %a $BEARER_TOKEN_FILE"))[1] == "600"


async def test_what_is_renewed_is_found_by_a_terminal_that_is_open(
    opened: Opened, api: Api, lake: EmbeddedLake, app: DlaasExtension
) -> None:
    await by_password(api, lake)
    terminal = await opened()
    read = "cat $(dirname $RUCIO_CONFIG)/rucio_token | sha256sum"
    _, before = await terminal(read)
    session = await app.sessions.get("lake")
    assert session._live is not None
    await asyncio.to_thread(session._live.renew)
    _, after = await terminal(read)
    assert before != after
    assert (await terminal(f"{RUCIO} whoami"))[0] == 0


async def test_dlaas_in_a_terminal_has_the_panel_s_login(
    opened: Opened, api: Api, lake: EmbeddedLake, app: DlaasExtension
) -> None:
    terminal = await opened()
    await by_password(api, lake)
    code = "import dlaas; print(dlaas.Lake().whoami().name)"
    assert await terminal(f"{sys.executable} -c '{code}'") == (0, "alice")


def test_what_the_server_s_environment_says_stays() -> None:
    said = {
        "RUCIO_CONFIG": "/opt/rucio.cfg", "X509_USER_PROXY": "/x", "BEARER_TOKEN": "t",
        "RUCIO_ACCOUNT": "hub",
    }  # fmt: skip
    told = dict(terminals.TerminalEnvironment(Path("/nowhere"), said, "/bin/bash").items())
    assert told == {"DLAAS_HANDOVER": "/nowhere"}
    hub = {"RUCIO_ACCOUNT": "hub"}
    told = dict(terminals.TerminalEnvironment(Path("/nowhere"), hub, "/bin/sh").items())
    assert told["RUCIO_ACCOUNT"] is None
    assert "PROMPT_COMMAND" not in told


def test_what_the_administrator_says_of_terminals_stays() -> None:
    said = {"RUCIO_CONFIG": "/opt/rucio.cfg", "X509_USER_PROXY": "/x", "BEARER_TOKEN_FILE": "/t"}
    manager = SimpleNamespace(shell_command=["/bin/bash"], extra_env=said)
    server: Any = SimpleNamespace(web_app=SimpleNamespace(settings={"terminal_manager": manager}))
    terminals.tell(server, Path("/nowhere"))
    assert dict(manager.extra_env.items()) == {"DLAAS_HANDOVER": "/nowhere", **said}


async def test_a_proxy_that_somebody_names_in_a_terminal_stays(
    opened: Opened, api: Api, lake: EmbeddedLake
) -> None:
    terminal = await opened()
    await terminal("export X509_USER_PROXY=/my/own")
    await by_certificate(api, lake)
    assert await terminal("echo $X509_USER_PROXY") == (0, "/my/own")


async def test_terminals_hold_paths_and_the_server_s_environment_nothing(
    opened: Opened, api: Api, lake: EmbeddedLake, app: DlaasExtension
) -> None:
    before = dict(os.environ)
    await by_certificate(api, lake)
    terminal = await opened()
    _, shown = await terminal("env")
    assert all(f"{name}=" in shown for name in OURS)
    assert dict(os.environ) == before
    handed = handover.read(app.sessions.handover, "lake")
    assert handed.proxy is not None
    for secret in (PASSPHRASE, str(handed.token), "PRIVATE KEY"):
        assert secret not in shown
    files = [path for path in app.sessions.handover.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    folders = [path for path in app.sessions.handover.rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


async def test_the_files_end_with_the_server(
    opened: Opened, api: Api, lake: EmbeddedLake, app: DlaasExtension
) -> None:
    await by_certificate(api, lake)
    assert handover.terminal(app.sessions.handover).is_dir()
    await app.sessions.stop()
    assert not app.sessions.handover.exists()
