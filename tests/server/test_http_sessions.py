"""What becomes of a login when the lake refuses it, is down, or is silent."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from http_answers import Api, Listen
from lake_gate import Gate

from dlaas import Instance, handover
from dlaas.credentials import Bearer
from dlaas.errors import CannotAuthenticate, Unreachable
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake
from jupyter_dlaas.login import renewal
from jupyter_dlaas.login.live import LiveLogin
from jupyter_dlaas.redaction import Redactor


@pytest.fixture
def instances(lake: EmbeddedLake, gated: dict[str, Any]) -> list[dict[str, Any]]:
    return [gated, lake.instance("alice")]


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"Sessions": {"retry_after": 0.0}}


def is_login(hint: dict[str, Any]) -> bool:
    return bool(hint["kind"] == "login")


async def test_a_refused_login_is_shown_as_expired_until_the_next_one(
    api: Api, gate: Gate, listen: Listen, lake: EmbeddedLake, app: DlaasExtension
) -> None:
    assert (await api("GET", "gated/scopes")).value == ["user.alice"]
    hints = await listen()
    gate.mode = "refuse"
    answer = await api("GET", "gated/scopes")
    assert (answer.status, answer.value["error"]) == (401, "CannotAuthenticate")
    await hints.until(is_login)
    login = (await api("GET", "gated/login")).value
    assert login["state"] == "expired"
    assert login["problem"]["error"] == "CannotAuthenticate"
    assert handover.read(app.sessions.handover, "gated").token is None
    asked = len(gate.paths)
    assert (await api("GET", "gated/scopes")).status == 401
    # A password that was refused is not sent again with every request.
    assert len(gate.paths) == asked
    gate.mode = "open"
    body = {"username": "alice", "password": lake.layout.password("alice")}
    assert (await api("POST", "gated/login", body)).value["state"] == "logged_in"
    assert (await api("GET", "gated/scopes")).value == ["user.alice"]


async def test_a_login_is_renewed_before_it_ends(
    api: Api, gate: Gate, listen: Listen, app: DlaasExtension
) -> None:
    gate.lifetime = 3
    await api("GET", "gated/scopes")
    before = handover.read(app.sessions.handover, "gated").token
    hints = await listen()
    asked = len(gate.paths)
    await hints.until(is_login)
    assert handover.read(app.sessions.handover, "gated").token != before
    assert set(gate.paths[asked:]) == {"/auth/userpass"}


async def test_a_lake_that_is_down_all_night_is_asked_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    redactor = Redactor()
    live = LiveLogin(Instance("x", "https://x"), lambda: Bearer("t"), "oidc", redactor, print)
    live.obtained_at, live.expires_at = time.time() - 100, time.time() - 1
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 12:
            raise asyncio.CancelledError

    async def down(_: object) -> None:
        raise Unreachable("It is down.")

    monkeypatch.setattr(renewal, "asyncio", SimpleNamespace(sleep=sleep))
    log = logging.getLogger("dlaas.test")
    with pytest.raises(asyncio.CancelledError):
        await renewal.keep_fresh(live, 600, down, lambda _: None, pytest.fail, log)
    assert pauses == sorted(pauses)
    assert pauses[-1] == 60


async def test_a_lake_that_comes_back_needs_no_click(
    api: Api, gate: Gate, lake: EmbeddedLake
) -> None:
    lake.hold("rucio")
    try:
        down = await api("GET", "lake/scopes")
        assert (down.status, down.value["error"]) == (502, "Unreachable")
        assert down.value["blame"] == "network"
        login = (await api("GET", "lake/login")).value
        assert (login["state"], login["problem"]["error"]) == ("logged_out", "Unreachable")
    finally:
        lake.release("rucio")
    assert (await api("GET", "lake/scopes")).value == ["user.alice"]
    assert (await api("GET", "lake/login")).value["state"] == "logged_in"


async def test_a_lake_that_goes_down_ends_no_login(api: Api, lake: EmbeddedLake) -> None:
    assert (await api("GET", "lake/scopes")).value == ["user.alice"]
    lake.hold("rucio")
    try:
        down = await api("GET", "lake/scopes")
        assert (down.status, down.value["error"]) == (502, "Unreachable")
        assert (await api("GET", "lake/login")).value["state"] == "logged_in"
    finally:
        lake.release("rucio")
    assert (await api("GET", "lake/scopes")).value == ["user.alice"]


async def test_one_login_serves_requests_that_come_at_once(api: Api, gate: Gate) -> None:
    answers = await asyncio.gather(*(api("GET", "gated/scopes") for _ in range(8)))
    assert [answer.value for answer in answers] == [["user.alice"]] * 8
    assert gate.paths.count("/auth/userpass") == 1


async def test_who_is_answered_finds_somebody_logged_in(
    app: DlaasExtension, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kernels are told of a login in another thread; until then it is not shown."""
    hand_over, told = LiveLogin.hand_over, asyncio.Event()
    loop = asyncio.get_running_loop()

    def slowly(live: LiveLogin, folder: Path, default: bool) -> None:
        loop.call_soon_threadsafe(told.set)
        time.sleep(0.3)
        hand_over(live, folder, default)

    monkeypatch.setattr(LiveLogin, "hand_over", slowly)
    session = await app.sessions.get("lake")
    first = asyncio.create_task(session.lake())
    await told.wait()
    assert session._live is not None
    await session.lake()
    assert session.login.state == "logged_in"
    assert handover.read(app.sessions.handover, "lake").token
    await first


async def test_a_new_login_leaves_no_moment_without_one(
    api: Api, app: DlaasExtension, lake: EmbeddedLake
) -> None:
    await api("GET", "lake/scopes")
    session = await app.sessions.get("lake")
    old = session._live
    assert old is not None
    # The old login cannot end yet.
    with old._lock:
        login = asyncio.create_task(api("POST", "lake/login"))
        while session._live is old:
            await asyncio.sleep(0.01)
        assert (await api("GET", "lake/scopes")).value == ["user.alice"]
    assert (await login).value["state"] == "logged_in"
    assert handover.read(app.sessions.handover, "lake").token


async def test_a_login_that_is_refused_while_it_begins_is_not_shown_as_one(
    api: Api, app: DlaasExtension
) -> None:
    await api("GET", "lake/scopes")
    session = await app.sessions.get("lake")
    old = session._live
    assert old is not None
    with old._lock:
        login = asyncio.create_task(api("POST", "lake/login"))
        while session._live is old:
            await asyncio.sleep(0.01)
        assert session._live is not None
        assert session._live.lake is not None
        session.expire(session._live.lake, CannotAuthenticate("Refused."))
    await login
    assert (await api("GET", "lake/login")).value["state"] == "expired"
    assert handover.read(app.sessions.handover, "lake").token is None


class TestSilent:
    """The lake accepts the connection and never answers."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"Sessions": {"threads": 2}}

    async def test_the_server_answers_meanwhile(
        self, api: Api, gate: Gate, jp_fetch: Any, app: DlaasExtension
    ) -> None:
        assert (await api("GET", "gated/scopes")).status == 200
        gate.mode = "silent"
        asked = asyncio.ensure_future(api("GET", "gated/scopes"))
        await asyncio.to_thread(gate.reached.wait, 10)
        assert (await jp_fetch("api", "status")).code == 200
        assert (await api("GET", "lake/scopes")).value == ["user.alice"]
        assert not asked.done()
        gate.released.set()
        assert (await asked).value["error"] == "Unreachable"

    async def test_a_request_ends(self, api: Api, gate: Gate, app: DlaasExtension) -> None:
        assert (await api("GET", "gated/scopes")).status == 200
        app.service.answer_timeout = 0.5
        gate.mode = "silent"
        for _ in range(3):
            # The third finds all threads waiting.
            answer = await api("GET", "gated/scopes")
            assert (answer.status, answer.value["error"]) == (504, "TookTooLong")
            assert answer.value["blame"] == "network"
        assert (await api("GET", "gated/login")).value["state"] == "logged_in"

    async def test_a_change_that_took_too_long_may_still_happen_and_says_so(
        self, api: Api, gate: Gate, app: DlaasExtension
    ) -> None:
        assert (await api("GET", "gated/scopes")).status == 200
        app.service.rule_timeout = 0.5
        gate.mode = "silent"
        answer = await api(
            "POST", "gated/rules", {"did": "ATLAS_OD_EDU:GamGam_data", "lifetime": 60}
        )
        assert (answer.status, answer.value["error"]) == (504, "TookTooLong")
        assert "may still happen" in answer.value["remedy"]


class TestSilentLogin:
    """The lake accepts the connection of who logs in, and does not answer in time."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {
            "Sessions": {"login_timeout": 0.5},
            "DlaasExtension": {"login_patience": 0.1},
        }

    async def test_a_login_that_was_given_up_leaves_no_secret(
        self, api: Api, gate: Gate, app: DlaasExtension, lake: EmbeddedLake
    ) -> None:
        await api("DELETE", "gated/login")
        known = app.sessions.redactor._secrets.copy()
        gate.mode = "late"
        body = {"username": "alice", "password": lake.layout.password("alice")}
        assert (await api("POST", "gated/login", body)).value["error"] == "TookTooLong"
        assert app.sessions.redactor._secrets != known
        gate.released.set()
        for _ in range(500):
            if app.sessions.redactor._secrets == known:
                break
            await asyncio.sleep(0.02)
        assert app.sessions.redactor._secrets == known
        assert (await api("GET", "gated/login")).value["state"] == "logged_out"

    async def test_a_login_ends_and_the_list_of_instances_waits_for_none(
        self, api: Api, gate: Gate
    ) -> None:
        gate.mode = "silent"
        infos = (await api("GET", "instances")).value["instances"]
        assert infos[0]["login"]["state"] == "logged_out"
        answer = await api("POST", "gated/login", {"username": "alice", "password": "x"})
        assert (answer.status, answer.value["error"]) == (504, "TookTooLong")
        assert (await api("DELETE", "gated/login")).value["state"] == "logged_out"


async def test_the_hand_over_goes_with_the_server(app: DlaasExtension, api: Api) -> None:
    await api("GET", "instances")
    folder: Path = app.sessions.handover
    assert sorted(path.name for path in folder.glob("*.json")) == ["gated.json", "lake.json"]
    await app.stop_extension()
    assert not folder.exists()
