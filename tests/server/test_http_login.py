"""Logging in, staying logged in, logging out."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from http_answers import Api, Listen

from dlaas import Lake, handover
from dlaas.config import Instance
from dlaas.credentials import Userpass
from dlaas.model import Login, LoginRequest, to_json
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake
from jupyter_dlaas.login.live import LiveLogin
from jupyter_dlaas.redaction import Redactor


@pytest.fixture
def without_login(lake: EmbeddedLake) -> dict[str, Any]:
    return {**lake.instance("alice", login=False), "name": "plain"}


@pytest.fixture
def instances(lake: EmbeddedLake, without_login: dict[str, Any]) -> list[dict[str, Any]]:
    wrong = {"name": "bad", "rucio_base_ur": "https://x"}
    far = {"name": "far", "$url": "http://127.0.0.1:1/instance.json"}
    return [lake.instance("alice"), without_login, wrong, far]


@pytest.fixture
def settings() -> dict[str, Any]:
    # Who asks for the instances waits for their logins, also on a slow machine.
    return {"DlaasExtension": {"login_patience": 60.0}}


def password(lake: EmbeddedLake) -> dict[str, str]:
    return {"username": "alice", "password": lake.layout.password("alice")}


async def test_a_configured_login_needs_no_click(api: Api) -> None:
    answer = await api("GET", "instances")
    found = {info["name"]: info for info in answer.value["instances"]}
    assert found["lake"]["login"]["state"] == "logged_in"
    assert found["lake"]["login"]["account"] == "alice"
    assert found["lake"]["default"]
    assert "userpass" in found["lake"]["methods"]
    assert found["plain"]["login"] == to_json(Login("logged_out"))


async def test_a_wrong_instance_shows_its_mistake_and_hides_no_other(api: Api) -> None:
    answer = await api("GET", "instances")
    found = {info["name"]: info for info in answer.value["instances"]}
    assert set(found) == {"lake", "plain", "bad", "far"}
    assert found["far"]["problem"]["blame"] == "network"
    assert "'rucio_base_url'" in found["bad"]["problem"]["message"]
    assert (await api("GET", "bad/scopes")).value["error"] == "ConfigurationError"
    assert (await api("GET", "lake/scopes")).value == ["user.alice"]


async def test_login_by_password_opens_the_lake_and_logout_closes_it(
    api: Api, lake: EmbeddedLake
) -> None:
    assert (await api("GET", "plain/scopes")).value["error"] == "LoginRequired"
    login = await api("POST", "plain/login", password(lake))
    assert (login.value["state"], login.value["account"]) == ("logged_in", "alice")
    assert login.value["method"] == "userpass"
    assert login.value["expires_at"]
    assert (await api("GET", "plain/login")).value == login.value
    assert (await api("GET", "plain/scopes")).value == ["user.alice"]
    assert (await api("DELETE", "plain/login")).value["state"] == "logged_out"
    refused = await api("GET", "plain/scopes")
    assert (refused.status, refused.value["error"]) == (401, "LoginRequired")


@pytest.mark.parametrize(
    ("username", "secret", "account"),
    [("alice", "wrong", None), ("nobody", "wrong", None), ("alice", None, "bob")],
)
async def test_a_wrong_password_blames_the_credential_and_changes_nothing(
    api: Api, lake: EmbeddedLake, username: str, secret: str | None, account: str | None
) -> None:
    body = {"username": username, "password": secret or lake.layout.password("alice")}
    answer = await api("POST", "lake/login", {**body, "account": account})
    assert (answer.status, answer.value["error"]) == (401, "CannotAuthenticate")
    assert answer.value["blame"] == "credential"
    assert body["password"] not in json.dumps(answer.value)
    # Whoever was logged in still is.
    assert (await api("GET", "lake/scopes")).value == ["user.alice"]
    assert (await api("POST", "plain/login", body)).status in (200, 401)


def test_a_request_to_log_in_shows_no_secret() -> None:
    shown = repr(LoginRequest("x509", password="hunter2", passphrase="hunter3"))
    assert "hunter" not in shown


async def test_logins_of_instances_are_apart(api: Api, lake: EmbeddedLake) -> None:
    await api("POST", "plain/login", password(lake))
    await api("DELETE", "lake/login")
    assert (await api("GET", "lake/login")).value["state"] == "logged_out"
    assert (await api("GET", "plain/scopes")).value == ["user.alice"]


async def test_who_has_logged_out_stays_so_until_asked_for(api: Api) -> None:
    await api("DELETE", "lake/login")
    assert (await api("GET", "lake/scopes")).status == 401
    infos = (await api("GET", "instances")).value["instances"]
    assert infos[0]["login"]["state"] == "logged_out"
    assert (await api("POST", "lake/login")).value["state"] == "logged_in"
    nothing = await api("POST", "plain/login")
    assert (nothing.status, nothing.value["error"]) == (401, "LoginRequired")


async def test_kernels_are_handed_a_token_until_logout(api: Api, app: DlaasExtension) -> None:
    folder = Path((await api("GET", "instances")).value["handover"])
    path = folder / "lake.json"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    handed = handover.read(folder, "lake")
    assert handed.account == "alice"
    assert handed.default
    assert handed.instance.password_file is None
    assert Lake(handed.instance, account="alice").whoami().name == "alice"
    await api("DELETE", "lake/login")
    # How it is reached stays: public data needs no more.
    left = handover.read(folder, "lake")
    assert (left.account, left.token, left.default) == (None, None, True)
    assert left.instance.rucio_base_url == handed.instance.rucio_base_url
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert not [file for file in files if str(handed.token) in file.read_text()]
    await api("POST", "lake/login")
    await app.stop_extension()
    assert not folder.exists()


async def test_what_a_killed_server_left_is_removed(api: Api, jp_runtime_dir: Path) -> None:
    dead = handover.directory(4194305, jp_runtime_dir)
    dead.mkdir()
    (dead / "lake.json").write_text("{}")
    other = jp_runtime_dir / "dlaas-notes"
    other.mkdir()
    await api("GET", "instances")
    assert not dead.exists()
    assert other.exists()


@pytest.fixture
def left(jp_runtime_dir: Path) -> Path:
    """What a killed server with our process id had handed over; in containers ids are few."""
    path = handover.directory(folder=jp_runtime_dir) / "plain.json"
    path.parent.mkdir()
    path.write_text("{}")
    return path


async def test_what_an_earlier_server_with_our_process_id_left_is_removed(
    left: Path, api: Api
) -> None:
    await api("GET", "instances")
    assert handover.read(left.parent, "plain").token is None
    assert handover.read(left.parent, "lake").token


def test_a_renewed_token_reaches_the_kernels(lake: EmbeddedLake, tmp_path: Path) -> None:
    instance = Instance.from_mapping(lake.instance("alice"))
    secret = lake.layout.password("alice")
    renewed: list[LiveLogin] = []
    live = LiveLogin(
        instance,
        lambda: Userpass(instance, "alice", secret, "alice"),
        "userpass",
        Redactor(),
        renewed.append,
    )
    opened = live.open(None)
    live.hand_over(tmp_path / "h", True)
    before = handover.read(tmp_path / "h", instance.name).token
    live.renew()
    after = handover.read(tmp_path / "h", instance.name).token
    assert before != after
    assert len(renewed) == 2
    assert opened.list_scopes() == ["user.alice"]
    live.end()
    live.end()
    assert handover.read(tmp_path / "h", instance.name).token is None
    with pytest.raises(PermissionError, match="logged out"):
        opened.list_scopes()


async def test_each_login_is_told_to_the_panel(
    api: Api, listen: Listen, lake: EmbeddedLake
) -> None:
    await api("GET", "instances")
    hints = await listen()
    await api("POST", "plain/login", password(lake))
    await hints.until(lambda hint: hint["kind"] == "login" and hint["instance"] == "plain")
    await api("DELETE", "plain/login")
    await hints.until(lambda hint: hint["kind"] == "login" and hint["instance"] == "plain")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"RucioConfig": {"log_level": "LOUD"}}, "The 'log_level' trait"),
        ({"RucioConfig": {"instancs": []}}, "`instancs` not recognized"),
    ],
)
async def test_a_wrong_setting_is_told_and_hides_no_instance(
    capfd: pytest.CaptureFixture[str], api: Api, told: str
) -> None:
    assert (await api("GET", "lake/scopes")).value == ["user.alice"]
    assert told in capfd.readouterr().err


async def test_who_logs_in_by_hand_is_not_replaced_by_the_configured_login(
    api: Api, lake: EmbeddedLake
) -> None:
    bob = {"username": "bob", "password": lake.layout.password("bob"), "account": "bob"}
    assert (await api("POST", "lake/login", bob)).value["account"] == "bob"
    assert (await api("GET", "lake/scopes")).value == ["user.bob"]
    assert (await api("GET", "instances")).value["instances"][0]["login"]["account"] == "bob"


class TestLate:
    """An instance is described by a document on a server that is not up yet."""

    @pytest.fixture
    def place(self) -> Iterator[socket.socket]:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with socket.socket() as place:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            place.bind(("127.0.0.1", port))
            yield place

    @pytest.fixture
    def instances(self, lake: EmbeddedLake, place: socket.socket) -> list[dict[str, Any]]:
        url = f"http://127.0.0.1:{place.getsockname()[1]}/instance.json"
        return [{"name": "late", "$url": url}, lake.instance("alice")]

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"Sessions": {"retry_after": 0.0}, "RucioConfig": {"default_instance": "late"}}

    async def test_an_instance_that_could_not_be_asked_for_comes_by_itself(
        self,
        api: Api,
        app: DlaasExtension,
        listen: Listen,
        lake: EmbeddedLake,
        place: socket.socket,
    ) -> None:
        found = (await api("GET", "instances")).value["instances"]
        assert [(i["name"], i["default"]) for i in found] == [("lake", True), ("late", False)]
        assert found[1]["problem"]["blame"] == "network"
        hints = await listen()
        document = json.dumps(lake.instance("alice")).encode()
        place.listen()
        threading.Thread(target=answer_once, args=(place, document), daemon=True).start()
        while (await api("GET", "late/scopes")).status != 200:
            await asyncio.sleep(0.05)
        await hints.until(lambda hint: bool(hint["instance"] == "late"))
        found = (await api("GET", "instances")).value["instances"]
        assert [(i["name"], i["default"]) for i in found] == [("lake", False), ("late", True)]
        assert [i["problem"] for i in found] == [None, None]
        handed = {name: handover.read(app.sessions.handover, name) for name in ("lake", "late")}
        assert {name: each.default for name, each in handed.items()} == {
            "lake": False,
            "late": True,
        }


def answer_once(place: socket.socket, document: bytes) -> None:
    connection, _ = place.accept()
    with connection:
        connection.recv(10_000)
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(document)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + document)


class TestEnvironment:
    """Nothing is configured, and the environment describes an instance, as on the hub images."""

    @pytest.fixture
    def instances(
        self, lake: EmbeddedLake, monkeypatch: pytest.MonkeyPatch
    ) -> list[dict[str, Any]]:
        for name, value in lake.env("alice").items():
            monkeypatch.setenv(name, value)
        return []

    async def test_the_environment_is_enough(self, api: Api) -> None:
        (info,) = (await api("GET", "instances")).value["instances"]
        assert info["login"]["account"] == "alice"
        assert (await api("GET", f"{info['name']}/scopes")).value == ["user.alice"]


class TestFullDisk:
    """Jupyter's runtime folder cannot be written."""

    async def test_a_login_that_kernels_cannot_be_told_of_says_so(
        self, api: Api, jp_runtime_dir: Path, app: DlaasExtension
    ) -> None:
        app.sessions.handover.write_text("a file where the folder should be")
        login = (await api("POST", "lake/login")).value
        assert login["state"] == "logged_in"
        assert login["problem"]["error"] == "HandOverFailed"
        assert (await api("GET", "lake/scopes")).value == ["user.alice"]
        app.sessions.handover.unlink()
