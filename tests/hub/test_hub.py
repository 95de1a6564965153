"""Across two users of a genuine JupyterHub: logged in without a click, and never as the other."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from genuine_hub import Hub, Person, wait_for
from traitlets.config.loader import PyFileConfigLoader

from dlaas.credentials import jwt_claims
from jupyter_dlaas.lake import EmbeddedLake

LOGIN = "dlaas/lake/login"
SHIPPED = Path(__file__).resolve().parents[2] / "docs/admin/hub/jupyterhub_config.py"


def ask(hub: Hub, token: str | None) -> requests.Response:
    """Ask the token service as whoever holds `token`."""
    headers = {"Authorization": f"token {token}"} if token else {}
    return requests.get(hub.service, headers=headers, timeout=30)


def subject(answer: requests.Response) -> object:
    claims = jwt_claims(answer.json()["access_token"])
    assert claims is not None
    return claims["sub"]


def await_login(person: Person) -> dict[str, object]:
    """Wait for the login that the server begins by itself; nothing is clicked or sent."""

    def login() -> dict[str, object]:
        [found] = person.get(person.server + "dlaas/instances").json()["instances"]
        return dict(found["login"])

    wait_for(lambda: login()["state"] == "logged_in", person.hub)
    return login()


def test_a_server_logs_in_by_itself(alice: Person, bob: Person) -> None:
    for person in (alice, bob):
        login = await_login(person)
        assert (login["account"], login["method"]) == (person.name, "oidc")


def test_the_login_reads_the_catalogue_and_its_rights_are_the_users(
    alice: Person, bob: Person
) -> None:
    for person in (alice, bob):
        await_login(person)
        scopes = person.get(person.server + "dlaas/lake/scopes").json()
        assert scopes == [f"user.{person.name}"]


def test_the_service_gives_a_server_the_token_of_its_user_alone(
    hub: Hub, alice: Person, bob: Person
) -> None:
    for person in (alice, bob):
        answer = ask(hub, hub.server_environment(person.name)["JUPYTERHUB_API_TOKEN"])
        assert subject(answer) == person.name
        assert set(answer.json()) == {"access_token", "expires_at"}
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_service_gives_nothing_to_anybody_else(hub: Hub, alice: Person) -> None:
    made = alice.send("POST", "/hub/api/users/alice/tokens", json={"note": "mine"})
    assert made.status_code == 201, made.text
    by_cookie = alice.get("/services/dlaas-token/token")
    for answer in (ask(hub, None), ask(hub, "junk"), ask(hub, made.json()["token"]), by_cookie):
        assert answer.status_code == 403
        assert "access_token" not in answer.text


def test_the_browser_never_sees_what_the_hub_keeps(hub: Hub, alice: Person) -> None:
    token = ask(hub, hub.server_environment("alice")["JUPYTERHUB_API_TOKEN"]).json()["access_token"]
    seen = [
        alice.get(path).text
        for path in (
            "/hub/api/users/alice",
            "/hub/api/user",
            alice.server + "dlaas/instances",
            alice.server + LOGIN,
        )
    ]
    assert not any(token in text or "auth_state" in text for text in seen)
    assert token not in hub.log()


def test_neither_reaches_the_others_server(hub: Hub, alice: Person, bob: Person) -> None:
    for one, other in ((alice, bob), (bob, alice)):
        key = hub.server_environment(one.name)["JUPYTERHUB_API_TOKEN"]
        for path in ("dlaas/instances", LOGIN, "api/contents"):
            answer = one.get(other.server + path)
            assert answer.status_code == 403 or "/hub/" in answer.url, answer.text
            answer = requests.get(
                hub.url + other.server + path,
                headers={"Authorization": f"token {key}"},
                allow_redirects=False,
                timeout=30,
            )
            assert answer.status_code in (302, 403), answer.text
        answer = requests.get(
            f"{hub.url}/hub/api/users/{other.name}",
            headers={"Authorization": f"token {key}"},
            timeout=30,
        )
        assert answer.status_code in (403, 404)


def test_each_hand_over_is_its_users_own(hub: Hub, alice: Person, bob: Person) -> None:
    for person in (alice, bob):
        await_login(person)
        runtime = Path(hub.folder / "home" / person.name)
        folders = [path for path in runtime.rglob("dlaas-*") if path.is_dir()]
        assert folders, list(runtime.rglob("*"))
        for folder in folders:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            files = [path for path in folder.rglob("*") if path.is_file()]
            assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in files)
            listed = person.get(person.server + f"api/contents/{folder.relative_to(runtime)}")
            assert listed.status_code == 404, listed.text


def test_a_server_that_starts_anew_is_logged_in_again(hub: Hub, alice: Person) -> None:
    alice.send("DELETE", "/hub/api/users/alice/server")
    wait_for(lambda: not alice.get("/hub/api/users/alice").json()["servers"], hub)
    alice.start_server()
    assert await_login(alice)["account"] == "alice"


def test_the_hub_renews_the_token_without_a_browser_and_each_time_once(
    hub: Hub, bob: Person
) -> None:
    key = hub.server_environment("bob")["JUPYTERHUB_API_TOKEN"]
    seen: set[str] = set()

    def is_renewed_twice() -> bool:
        # A provider that sees a refresh token a second time ends the login.
        with ThreadPoolExecutor(8) as pool:
            for answer in pool.map(lambda _: ask(hub, key), range(8)):
                assert subject(answer) == "bob"
                assert "refresh_token" not in answer.text
                seen.add(answer.json()["access_token"])
        return len(seen) > 2

    wait_for(is_renewed_twice, hub)


def test_a_provider_that_is_down_logs_nobody_out(hub: Hub, bob: Person, lake: EmbeddedLake) -> None:
    key = hub.server_environment("bob")["JUPYTERHUB_API_TOKEN"]
    lake.hold("provider")
    before = hub.log().count("of bob was not renewed")

    def has_failed() -> bool:
        ask(hub, key)
        return hub.log().count("of bob was not renewed") > before

    try:
        wait_for(has_failed, hub)
        assert subject(ask(hub, key)) == "bob"
        assert bob.get(bob.server + LOGIN).json()["state"] == "logged_in"
    finally:
        lake.release("provider")


def test_the_configuration_adds_to_that_of_a_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CLIENT_ID", "CLIENT_SECRET", "CALLBACK", "AUTHORIZE", "TOKEN", "USERINFO"):
        monkeypatch.setenv(f"DLAAS_HUB_{name}", "x")
    mine = tmp_path / "jupyterhub_config.py"
    mine.write_text(
        "c = get_config()\n"
        "c.JupyterHub.services = [{'name': 'cull'}]\n"
        "c.JupyterHub.load_roles = [{'name': 'cull'}]\n"
        "c.Spawner.environment = {'EDITOR': 'vi'}\n"
        f"load_subconfig({str(SHIPPED)!r})\n"
        "c.Spawner.environment.update(PAGER='less')\n"
    )
    config = PyFileConfigLoader(str(mine)).load_config()
    for listed in (config.JupyterHub.services, config.JupyterHub.load_roles):
        assert [one["name"] for one in listed] == ["cull", "dlaas-token"]
    told = config.Spawner.environment
    assert set(told) == {"EDITOR", "PAGER", "RUCIO_OIDC_AUTH", "RUCIO_OIDC_HUB_URL"}
