"""Who may call the API, and that it gives no secret away."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from environments import environment_of_a_kernel
from http_answers import Api
from jupyter_server.auth import AllowAllAuthorizer
from tornado.httputil import HTTPHeaders

from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.handlers import ROUTES
from jupyter_dlaas.lake import EmbeddedLake
from jupyter_dlaas.redaction import Redactor

CANARY = "canary-in-the-coal-mine"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Asked with a body, and change nothing.
QUESTIONS = ("dlaas/lake/dates", "dlaas/lake/lookup", "dlaas/lake/rules/check")


def addresses() -> Iterator[tuple[str, str]]:
    """Each method of each address."""
    for pattern, handler in ROUTES:
        path = pattern.replace("([^/]+)", "lake").replace("([0-9a-f]{32})", "0" * 32)
        path = path.replace("(?:/.*)?", "/nothing").replace(r"([\w-]+)", "x" * 43)
        for method in METHODS:
            if method.lower() in vars(handler):
                yield method, path


ADDRESSES = sorted(addresses())


async def fetch(jp_fetch: Any, method: str, path: str, **options: Any) -> Any:
    options = {"allow_nonstandard_methods": True, "raise_error": False, **options}
    return await jp_fetch(*path.split("/"), method=method, **options)


def test_all_methods_are_found() -> None:
    assert len(ADDRESSES) >= 57
    assert not [path for _, path in ADDRESSES if "(" in path]
    assert ("DELETE", f"dlaas/jobs/{'0' * 32}") in ADDRESSES


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
async def test_nobody_gets_in_without_jupyters_login(
    jp_fetch: Any, app: DlaasExtension, method: str, path: str
) -> None:
    answer = await fetch(jp_fetch, method, path, headers={"Authorization": "token wrong"})
    assert answer.code == 403
    assert json.loads(answer.body)["error"] == "Forbidden"


class DenyLake(AllowAllAuthorizer):
    """Lets everybody do everything but what has to do with the lake."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        self.asked.append((action, resource))
        return resource != "dlaas"


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
async def test_who_is_not_authorized_is_refused(
    jp_fetch: Any, jp_serverapp: Any, app: DlaasExtension, method: str, path: str
) -> None:
    authorizer = DenyLake(parent=jp_serverapp)
    authorizer.asked.clear()
    jp_serverapp.web_app.settings["authorizer"] = authorizer
    answer = await fetch(jp_fetch, method, path)
    assert answer.code == 403
    assert json.loads(answer.body)["blame"] == "you"
    looks = path in QUESTIONS or (method == "GET" and "/login/go/" not in path)
    assert authorizer.asked == [("read" if looks else "write", "dlaas")]


async def test_each_method_keeps_its_own_action(
    jp_fetch: Any, jp_serverapp: Any, app: DlaasExtension
) -> None:
    # Jupyter's decorator remembers what the first request was.
    authorizer = DenyLake(parent=jp_serverapp)
    jp_serverapp.web_app.settings["authorizer"] = authorizer
    authorizer.asked.clear()
    for method in ("GET", "DELETE", "POST", "GET"):
        await fetch(jp_fetch, method, "dlaas/lake/login")
    assert [action for action, _ in authorizer.asked] == ["read", "write", "write", "read"]


def test_every_method_is_decorated() -> None:
    for _, handler in ROUTES:
        for method in METHODS:
            function = vars(handler).get(method.lower())
            if function is not None:
                source = inspect.getsource(function)
                assert re.match(r"\s*@web\.authenticated\n\s*@authorized\(", source), function


@pytest.mark.parametrize(
    ("method", "path"), [pair for pair in ADDRESSES if pair[0] not in ("GET", "HEAD")]
)
async def test_a_strange_page_cannot_act_with_the_cookie(
    jp_fetch: Any,
    jp_serverapp: Any,
    jp_base_url: str,
    http_server_client: Any,
    app: DlaasExtension,
    method: str,
    path: str,
) -> None:
    token = jp_serverapp.identity_provider.token
    entered = await http_server_client.fetch(f"{jp_base_url}api/status?token={token}")
    cookies = [cookie.split(";")[0] for cookie in entered.headers.get_list("Set-Cookie")]
    headers = HTTPHeaders({"Cookie": "; ".join(cookies)})
    url = f"{jp_base_url}{path}"
    options = {"allow_nonstandard_methods": True, "raise_error": False, "headers": headers}
    read = await http_server_client.fetch(f"{jp_base_url}dlaas/jobs", headers=headers)
    assert read.code == 200
    answer = await http_server_client.fetch(url, method=method, **options)
    assert answer.code == 403
    assert json.loads(answer.body)["error"] == "Forbidden"


async def test_no_answer_is_kept_in_a_cache(jp_fetch: Any, app: DlaasExtension) -> None:
    for path in ("instances", "nothing"):
        answer = await fetch(jp_fetch, "GET", f"dlaas/{path}")
        assert answer.headers["Cache-Control"] == "no-store"


async def test_an_address_that_is_not_there_is_told_like_any_error(api: Api) -> None:
    for path in ("nothing", "lake/nothing", "lake/login/more", "jobs/1"):
        answer = await api("GET", path)
        assert (answer.status, answer.value["error"]) == (404, "NoSuchAddress")
    answer = await api("PUT", "lake/login", "{}")
    assert (answer.status, answer.value["error"]) == (405, "NoSuchMethod")


async def test_a_mistake_of_ours_is_told_without_its_details(
    api: Api, app: DlaasExtension, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    watcher, app.watcher = app.watcher, CANARY  # type: ignore[assignment]
    answer = await api("GET", "lake/status", did="ATLAS_OD_EDU:GamGam")
    app.watcher = watcher
    assert (answer.status, answer.value["error"]) == (500, "InternalError")
    assert answer.value["blame"] == "us"
    assert "look" not in answer.value["message"]
    # The log knows where it happened.
    assert "AttributeError: 'str' object has no attribute 'look'" in caplog.text


def test_secrets_are_taken_out_of_tracebacks_until_they_are_forgotten() -> None:
    redactor = Redactor()
    redactor.add(CANARY)
    redactor.add(CANARY)
    redactor.add("")
    with pytest.raises(KeyError) as caught:
        raise KeyError(f"token {CANARY}")
    assert "KeyError: 'token [secret]'" in redactor.explain(caught.value)
    redactor.forget(CANARY)
    assert redactor.redact(f"<{CANARY}>") == "<[secret]>"
    redactor.forget(CANARY)
    assert redactor.redact(f"<{CANARY}>") == f"<{CANARY}>"


class TestCanary:
    """Secrets in use, looked for wherever they must not be; the log at DEBUG."""

    @pytest.fixture
    def instances(self, lake: EmbeddedLake) -> list[dict[str, Any]]:
        return [lake.instance("alice"), {**lake.instance("alice", login=False), "name": "plain"}]

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"RucioConfig": {"log_level": "DEBUG"}}

    async def test_no_secret_is_in_an_answer_a_log_or_a_kernel(
        self,
        jp_fetch: Any,
        jp_serverapp: Any,
        app: DlaasExtension,
        lake: EmbeddedLake,
        jp_root_dir: Path,
        jp_data_dir: Path,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        caplog.set_level(logging.DEBUG)
        logging.getLogger("dlaas").setLevel(logging.DEBUG)
        password = lake.layout.password("alice")
        (jp_root_dir / "file.root").write_bytes(b"x" * 1000)
        login = json.dumps({"username": "alice", "password": password})
        did = "did=ATLAS_OD_EDU%3AGamGam_data"
        upload = json.dumps({"path": "file.root", "did": "user.alice:server-canary.root"})
        requests = [
            ("GET", "instances", None),
            ("POST", "plain/login", login),
            ("GET", "plain/login", None),
            ("POST", "plain/login", json.dumps({"username": "alice", "password": CANARY})),
            # Bodies that are wrong in every way, all of them with the password.
            ("POST", "plain/login", login[:-1]),
            ("POST", "plain/login", json.dumps({"username": [password], "password": {}})),
            ("POST", "plain/login", json.dumps({password: password})),
            ("POST", "plain/login", json.dumps([password])),
            ("GET", "plain/dids?pattern=ATLAS_OD_EDU%3A*", None),
            ("GET", f"plain/metadata?{did}", None),
            ("GET", f"plain/status?{did}", None),
            ("GET", f"plain/rules?{did}", None),
            ("GET", "plain/usage", None),
            ("GET", "plain/metadata?did=nothing", None),
            ("POST", "plain/uploads", upload),
            ("GET", "jobs", None),
        ]
        heard = ""
        for method, path, body in requests:
            place, _, query = path.partition("?")
            params = dict(pair.split("=") for pair in query.replace("%3A", ":").split("&") if pair)
            answer = await fetch(jp_fetch, method, f"dlaas/{place}", body=body, params=params)
            heard += answer.body.decode() + str(list(answer.headers.get_all()))
        while app.jobs.active:
            await asyncio.sleep(0.05)
        tokens = [
            json.loads(path.read_text())["token"] for path in app.sessions.handover.glob("*.json")
        ]
        assert len(tokens) == 2
        heard += await environment_of_a_kernel(jp_fetch, jp_serverapp)
        heard += caplog.text + "".join(capfd.readouterr())
        heard += (jp_data_dir / "dlaas" / "jobs.sqlite").read_bytes().decode(errors="replace")
        assert "POST /a%40b/dlaas/plain/login" in caplog.text
        assert "/auth/userpass" in caplog.text or "dlaas:wire" in caplog.text
        assert "ATLAS_OD_EDU" in heard
        assert "JPY_PARENT_PID" in heard
        assert "canary.root" in heard
        for secret in (password, CANARY, *tokens):
            assert secret not in heard
