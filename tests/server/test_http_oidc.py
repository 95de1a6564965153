"""Logging in with the genuine identity provider: by popup through Rucio, and by a device's code."""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from approval import approve
from http_answers import Api, Listen
from lake_gate import Gate

from dlaas import Lake, credentials, handover, terminal_files
from dlaas.config import Instance
from dlaas.credentials import device, oidc
from dlaas.credentials.tokens import jwt_claims
from dlaas.errors import CannotAuthenticate
from dlaas.transfer.wire import shown
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake

FOR_RUCIO = {
    "scope": "openid profile storage.read:/",
    "audience": "rucio https://wlcg.cern.ch/jwt/v1/any",
}
Person = Callable[..., Awaitable[requests.Response]]


@pytest.fixture
def instances(lake: EmbeddedLake) -> list[dict[str, Any]]:
    plain = {**lake.instance("alice", login=False), "account": None, "username": None}
    return [
        {**plain, "name": "popup"},
        {**plain, "name": "narrow", "oidc_storage_scope": "storage.read:/"},
        {**lake.instance("bob"), "name": "bob"},
    ]


@pytest.fixture
def settings() -> dict[str, Any]:
    # Who asks for the instances waits for their logins, also on a slow machine.
    return {"DlaasExtension": {"login_patience": 60.0}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask more often than one does on a genuine net."""
    monkeypatch.setattr(oidc.OidcLogin, "interval", 0.2)
    monkeypatch.setattr(device, "_INTERVAL", 0.2)


@pytest.fixture
def short(lake: EmbeddedLake) -> Iterator[None]:
    """Tokens live for half a minute."""
    lake.shorten_tokens(30)
    yield
    lake.shorten_tokens(None)


@pytest.fixture
def target(jp_fetch: Any) -> Callable[[dict[str, Any]], Awaitable[str]]:
    """Open the address of a popup, as a browser does, and answer where it leads."""

    async def opened(login: dict[str, Any]) -> str:
        path = login["pending"]["url"]
        answer = await jp_fetch(*path.split("/"), follow_redirects=False, raise_error=False)
        assert answer.code == 302, answer.body
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        return str(answer.headers["Location"])

    return opened


@pytest.fixture
def person(lake: EmbeddedLake) -> Person:
    """Somebody at a browser, who logs in and allows, or refuses."""

    async def approved(url: str, user: str = "alice", **options: Any) -> requests.Response:
        secret, ca = lake.layout.password(user), str(lake.layout.ca)
        return await asyncio.to_thread(approve, url, user, secret, ca, **options)

    return approved


async def settled(api: Api, name: str) -> dict[str, Any]:
    """Wait until a login that was begun has ended."""
    while True:
        login: dict[str, Any] = (await api("GET", f"{name}/login")).value
        if login["pending"] is None:
            return login
        await asyncio.sleep(0.1)


Target = Callable[[dict[str, Any]], Awaitable[str]]


async def by_popup(
    api: Api, target: Target, person: Person, user: str = "alice", **request: Any
) -> dict[str, Any]:
    begun = await api("POST", "popup/login", {"method": "oidc", **request})
    assert begun.status == 202
    await person(await target(begun.value), user)
    return await settled(api, "popup")


async def test_a_popup_logs_in_and_shows_the_account(
    api: Api, target: Target, person: Person, listen: Listen
) -> None:
    await api("GET", "instances")
    hints = await listen()
    begun = await api("POST", "popup/login", {"method": "oidc"})
    assert (begun.status, begun.value["state"]) == (202, "pending")
    assert begun.value["pending"]["kind"] == "popup"
    assert (await api("GET", "popup/scopes")).status == 401
    page = await person(await target(begun.value))
    assert page.ok
    login = await settled(api, "popup")
    assert (login["state"], login["account"], login["method"]) == ("logged_in", "alice", "oidc")
    assert login["identity"]
    assert login["renewable"]
    assert login["expires_at"]
    await hints.until(lambda hint: bool(hint["kind"] == "login" and hint["instance"] == "popup"))
    assert (await api("GET", "popup/scopes")).value == ["user.alice"]


async def test_the_address_of_a_popup_works_once(api: Api, target: Target, jp_fetch: Any) -> None:
    begun = (await api("POST", "popup/login", {"method": "oidc"})).value
    await target(begun)
    path = begun["pending"]["url"].split("/")
    for parts in (path, [*path[:-1], "x" * 43]):
        answer = await jp_fetch(*parts, follow_redirects=False, raise_error=False)
        assert answer.code == 404
        assert "text/html" in answer.headers["Content-Type"]
        assert "used already" in answer.body.decode()
    await api("DELETE", "popup/login")


async def test_another_account_of_the_same_person_is_asked_for(
    api: Api, target: Target, person: Person
) -> None:
    login = await by_popup(api, target, person, account="higgs", issuer="lake")
    assert (login["state"], login["account"]) == ("logged_in", "higgs")


async def test_who_logs_in_is_not_who_is_configured(
    api: Api, target: Target, person: Person
) -> None:
    begun = await api("POST", "bob/login", {"method": "oidc"})
    await person(await target(begun.value), "alice")
    while (await api("GET", "bob/login")).value["account"] != "alice":
        await asyncio.sleep(0.1)
    assert (await api("GET", "bob/scopes")).value == ["user.alice"]


async def test_a_device_gives_only_ones_usual_account_and_says_so(api: Api, person: Person) -> None:
    begun = await api("POST", "popup/login", {"method": "device", "account": "higgs"})
    pending = begun.value["pending"]
    await person(pending["url"], code=pending["code"])
    login = await settled(api, "popup")
    assert login["state"] == "refused"
    assert login["problem"]["details"]["why"] == "other_account"
    assert "'alice', not of 'higgs'" in login["problem"]["message"]


async def test_an_unknown_account_or_provider_is_told_by_name(api: Api) -> None:
    answer = await api("POST", "popup/login", {"method": "oidc", "account": "nobody"})
    assert (answer.status, answer.value["error"]) == (401, "CannotAuthenticate")
    assert "'nobody'" in answer.value["message"]
    assert "Traceback" not in str(answer.value)
    answer = await api("POST", "popup/login", {"method": "oidc", "issuer": "elsewhere"})
    assert (answer.status, answer.value["error"]) == (400, "InvalidInput")
    assert (await api("GET", "popup/login")).value["state"] == "logged_out"


async def test_a_login_stays_while_another_one_is_not_finished(api: Api) -> None:
    before = (await api("GET", "bob/login")).value
    begun = (await api("POST", "bob/login", {"method": "oidc", "account": None})).value
    assert begun["pending"]
    assert {**begun, "pending": None} == before
    assert (await api("GET", "bob/scopes")).value == ["user.bob"]
    # Whoever begins anew, or gives up, leaves nothing of the first.
    again = (await api("POST", "bob/login", {"method": "oidc"})).value
    assert again["pending"]["url"] != begun["pending"]["url"]
    assert (await api("DELETE", "bob/login")).value == before
    assert (await api("DELETE", "bob/login")).value["state"] == "logged_out"


async def test_a_login_that_nobody_finishes_ends_and_says_so(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "_LIFETIME", 1.0)
    await api("POST", "popup/login", {"method": "oidc"})
    login = await settled(api, "popup")
    assert (login["state"], login["problem"]["error"]) == ("logged_out", "TookTooLong")
    assert login["problem"]["blame"] == "you"
    assert "not finished" in login["problem"]["message"]


async def test_a_login_outlives_its_tokens_and_logout_ends_it(
    short: None, api: Api, target: Target, person: Person, app: DlaasExtension
) -> None:
    login = await by_popup(api, target, person)
    first = handover.read(app.sessions.handover, "popup")
    assert first.expires_at is not None
    assert first.expires_at - time.time() < 31
    while time.time() < first.expires_at + 1:
        await asyncio.sleep(1)
        assert (await api("GET", "popup/login")).value["state"] in ("logged_in", "expiring")
    assert (await api("GET", "popup/scopes")).value == ["user.alice"]
    handed = handover.read(app.sessions.handover, "popup")
    assert handed.token != first.token
    assert Lake(handed.instance).whoami().name == "alice"
    assert (await api("GET", "popup/login")).value["expires_at"] > login["expires_at"]
    assert (await api("DELETE", "popup/login")).value["state"] == "logged_out"
    assert (await api("GET", "popup/scopes")).status == 401
    assert handover.read(app.sessions.handover, "popup").token is None


async def test_a_login_can_be_renewed_at_once(
    short: None, api: Api, target: Target, person: Person
) -> None:
    assert (await api("POST", "popup/login/renew")).value["error"] == "LoginRequired"
    before = await by_popup(api, target, person)
    # Rucio does not renew what it has just issued.
    while (after := await api("POST", "popup/login/renew")).value["expires_at"] == before[
        "expires_at"
    ]:
        assert after.status == 200
        await asyncio.sleep(1)
    assert after.value["state"] == "logged_in"


async def by_device(api: Api, person: Person, name: str = "popup", **options: Any) -> Any:
    begun = await api("POST", f"{name}/login", {"method": "device"})
    pending = begun.value["pending"]
    assert (begun.status, pending["kind"]) == (202, "device")
    await person(pending["url"], code=pending["code"], **options)
    return await settled(api, name)


async def test_a_code_logs_in_from_any_machine(api: Api, person: Person) -> None:
    login = await by_device(api, person)
    assert (login["state"], login["account"], login["method"]) == ("logged_in", "alice", "device")
    assert login["renewable"]
    assert (await api("GET", "popup/scopes")).value == ["user.alice"]


async def test_who_refuses_in_the_browser_is_told_so(api: Api, person: Person) -> None:
    login = await by_device(api, person, refuse=True)
    assert (login["state"], login["problem"]["error"]) == ("refused", "CannotAuthenticate")
    assert "refused in the browser" in login["problem"]["message"]
    assert (await api("GET", "popup/scopes")).status == 401


async def test_a_providers_login_is_renewed_by_one_at_a_time(
    api: Api, person: Person, app: DlaasExtension
) -> None:
    await by_device(api, person)
    session = await app.sessions.get("popup")
    live = session._live
    assert live is not None
    before = live().value
    # A refresh token that is used twice ends the login.
    await asyncio.gather(*(asyncio.to_thread(live.renew) for _ in range(8)))
    assert live().value != before
    await asyncio.to_thread(live.renew)
    assert (await api("GET", "popup/scopes")).value == ["user.alice"]


async def test_a_logout_ends_the_login_at_the_provider_too(
    api: Api, person: Person, app: DlaasExtension
) -> None:
    await by_device(api, person)
    live = (await app.sessions.get("popup"))._live
    assert live is not None
    credential = live._credential
    assert isinstance(credential, device.ProviderToken)
    form = {"grant_type": "refresh_token", "refresh_token": credential._refresh}
    await api("DELETE", "popup/login")
    await ended_at_the_provider()
    with pytest.raises(CannotAuthenticate, match="invalid_grant"):
        credential._provider.post("token_endpoint", form)


async def ended_at_the_provider() -> None:
    for thread in threading.enumerate():
        if thread.name == "dlaas-revocation":
            await asyncio.to_thread(thread.join, 30)


async def test_a_provider_that_is_down_is_named(api: Api, lake: EmbeddedLake) -> None:
    lake.hold("provider")
    try:
        answer = await api("POST", "popup/login", {"method": "device"})
    finally:
        lake.release("provider")
    assert (answer.status, answer.value["error"]) == (502, "Unreachable")
    assert answer.value["blame"] == "network"
    assert "provider" in answer.value["message"]


async def test_storages_are_shown_a_narrower_token(
    api: Api, person: Person, app: DlaasExtension
) -> None:
    await by_device(api, person, "narrow")
    handed = handover.read(app.sessions.handover, "narrow")
    assert handed.token is not None
    assert handed.storage_token is not None
    wide, narrow = (jwt_claims(text) or {} for text in (handed.token, handed.storage_token))
    assert "storage.modify:/" in str(wide["scope"])
    assert narrow["scope"] == "storage.read:/"
    assert narrow["sub"] == wide["sub"]


async def test_no_secret_of_a_login_is_answered_or_logged(
    api: Api,
    target: Target,
    person: Person,
    jp_fetch: Any,
    app: DlaasExtension,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    begun = (await api("POST", "popup/login", {"method": "oidc"})).value
    url = await target(begun)
    # What a person's browser does is not ours to log.
    caplog.set_level(logging.CRITICAL)
    await person(url)
    caplog.set_level(logging.DEBUG)
    answers = [begun, await settled(api, "popup")]
    session = await app.sessions.get("popup")
    assert session._live is not None
    secrets = [url.partition("?")[2], session._live().value]
    answers.append(await by_device(api, person))
    assert session._live is not None
    credential = session._live._credential
    assert isinstance(credential, device.ProviderToken)
    secrets += [credential().value, str(credential._refresh)]
    answers.append((await api("GET", "instances")).value)
    said = f"{answers} {caplog.text} {credential!r} {session._live!r}"
    assert len(caplog.text) > 1000
    for secret in secrets:
        assert len(secret) > 20
        assert secret not in said


async def test_certificates_are_listed_without_their_keys(api: Api) -> None:
    answer = await api("GET", "popup/certificates")
    assert answer.status == 200
    assert "PRIVATE KEY" not in str(answer.value)


def test_a_credential_of_a_provider_is_not_pickled(lake: EmbeddedLake) -> None:
    instance = Instance.from_mapping(lake.instance("alice"))
    token = credentials.token_from(lake.token("alice"))
    with pytest.raises(TypeError):
        pickle.dumps(oidc.RucioToken(instance, token))


class TestCertificate:
    """A certificate in the home folder, its key under a passphrase."""

    @pytest.fixture
    def passphrase(self, lake: EmbeddedLake, jp_environ: Any) -> str:
        home = Path.home() / ".globus"
        home.mkdir(parents=True)
        kept = Path(lake.layout.client("alice"))
        for name, ours in (("cert.pem", "usercert.pem"), ("key-encrypted.pem", "userkey.pem")):
            (home / ours).write_bytes((kept / name).read_bytes())
            (home / ours).chmod(0o600)
        return (kept / "passphrase").read_text().strip()

    async def test_a_certificate_with_a_passphrase_logs_in_as_a_proxy(
        self, api: Api, passphrase: str, app: DlaasExtension
    ) -> None:
        (found,) = [
            one
            for one in (await api("GET", "popup/certificates")).value
            if one["path"] == "~/.globus/usercert.pem"
        ]
        assert found["encrypted"]
        request = {"method": "x509", "certificate": found["path"], "key": found["key"]}
        wrong = await api("POST", "popup/login", {**request, "passphrase": "no"})
        assert (wrong.status, wrong.value["details"]["why"]) == (401, "passphrase_wrong")
        answer = await api("POST", "popup/login", {**request, "passphrase": passphrase})
        login = answer.value
        assert (login["state"], login["account"], login["method"]) == ("logged_in", "alice", "x509")
        assert login["credential_expires_at"] > login["expires_at"]
        assert "CN=Alice" in login["identity"]
        assert login["renewable"]
        handed = handover.read(app.sessions.handover, "popup")
        assert Lake(handed.instance).whoami().name == "alice"
        session = await app.sessions.get("popup")
        assert passphrase not in str(vars(session._live))

    async def test_what_is_no_certificate_of_ones_own_is_not_opened(
        self, api: Api, passphrase: str
    ) -> None:
        said = set()
        for path in ("/etc/hostname", "~/../etc/hostname", "~/.globus/nothing.pem"):
            answer = await api("POST", "popup/login", {"method": "x509", "certificate": path})
            assert answer.status in (400, 401)
            said.add(answer.value["message"].replace(path, ""))
        assert len(said) == 1
        # What the administrator named is.
        answer = await api("POST", "popup/login", {"method": "x509"})
        assert (answer.status, answer.value["account"]) == (200, "alice")


class TestEnvironment:
    """The token is there already, as on a hub."""

    @pytest.fixture
    def instances(
        self, lake: EmbeddedLake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> list[dict[str, Any]]:
        plain = {**lake.instance("alice", login=False), "account": None}
        entry = {**plain, "auth_type": "oidc"}
        monkeypatch.setenv("THE_TOKEN", lake.token("alice", **FOR_RUCIO))
        monkeypatch.setenv("OTHER_TOKEN", lake.token("alice", audience="https://other.example"))
        kept = tmp_path / "token"
        kept.write_text(lake.token("alice", **FOR_RUCIO) + "\n")
        return [
            {**entry, "name": "ready", "oidc_auth": "env", "oidc_env_name": "THE_TOKEN"},
            {**entry, "name": "other", "oidc_auth": "env", "oidc_env_name": "OTHER_TOKEN"},
            {**entry, "name": "kept", "oidc_auth": "file", "oidc_file_name": str(kept)},
            {**entry, "name": "empty"},
            # Nothing says that it is OIDC but where the token is.
            {**plain, "name": "told", "oidc_auth": "env", "oidc_env_name": "THE_TOKEN"},
            {
                **entry,
                "name": "narrow",
                "oidc_auth": "env",
                "oidc_env_name": "THE_TOKEN",
                "oidc_storage_scope": "storage.read:/",
                # Which is no secret of our client's.
                "oidc_client_secret_file": str(kept),
            },
        ]

    async def test_a_token_of_the_environment_needs_no_click(self, api: Api) -> None:
        infos = (await api("GET", "instances")).value["instances"]
        found = {info["name"]: info["login"] for info in infos}
        for name in ("ready", "kept", "told", "narrow"):
            assert (found[name]["state"], found[name]["account"]) == ("logged_in", "alice")
            assert found[name]["method"] == "oidc"
            assert not found[name]["renewable"]
        assert found["other"]["state"] == "refused"
        assert found["other"]["problem"]["details"]["why"] == "audience_mismatch"
        # That there is no token is no problem where one can log in by a click.
        assert (found["empty"]["state"], found["empty"]["problem"]) == ("logged_out", None)

    async def test_a_storage_is_never_shown_more_than_is_configured(
        self, api: Api, app: DlaasExtension
    ) -> None:
        await api("GET", "instances")
        login = (await api("GET", "narrow/login")).value
        assert login["problem"]["error"] == "ConfigurationError"
        assert "secret" in login["problem"]["message"]
        handed = handover.read(app.sessions.handover, "narrow")
        kernels = Lake(handed.instance)
        assert kernels.whoami().name == "alice"
        with pytest.raises(CannotAuthenticate, match="token for the storages"):
            shown.storage_token(kernels)
        terminals = terminal_files.folder_of(app.sessions.handover, "narrow")
        assert (terminals / terminal_files.RUCIO_TOKEN).exists()
        assert not (terminals / terminal_files.TOKEN).exists()

    async def test_a_token_file_that_changes_reaches_the_kernels(
        self, api: Api, app: DlaasExtension, lake: EmbeddedLake, tmp_path: Path
    ) -> None:
        await api("GET", "instances")
        fresh = lake.token("alice", lifetime=7200, **FOR_RUCIO)
        (tmp_path / "token").write_text(fresh)
        session = await app.sessions.get("kept")
        assert session._live is not None
        await asyncio.to_thread(session._live.look)
        assert handover.read(app.sessions.handover, "kept").token == fresh
        assert session._live.login().renewable

    async def test_the_panel_may_still_log_in_by_hand(
        self, api: Api, target: Target, person: Person
    ) -> None:
        begun = await api("POST", "empty/login", {"method": "oidc"})
        await person(await target(begun.value))
        assert (await settled(api, "empty"))["account"] == "alice"


class TestGivenUp:
    """Rucio is slow to say whose login it is."""

    @pytest.fixture
    def instances(self, lake: EmbeddedLake, gated: dict[str, Any]) -> list[dict[str, Any]]:
        plain = lake.instance("alice", login=False)
        urls = {key: gated[key] for key in ("rucio_base_url", "rucio_auth_url")}
        return [{**plain, **urls, "name": "slow", "account": None, "username": None}]

    async def test_who_logs_out_while_a_login_is_made_is_not_logged_in_by_it(
        self, api: Api, person: Person, gate: Gate, app: DlaasExtension
    ) -> None:
        begun = await api("POST", "slow/login", {"method": "device"})
        pending = begun.value["pending"]
        gate.mode = "late"
        await person(pending["url"], code=pending["code"])
        await asyncio.to_thread(gate.reached.wait, 60)
        assert (await api("DELETE", "slow/login")).value["state"] == "logged_out"
        gate.released.set()
        session = await app.sessions.get("slow")
        async with session._lock:
            # The login has been made, and nobody wanted it.
            assert session._live is None
        login = (await api("GET", "slow/login")).value
        assert (login["state"], login["problem"]) == ("logged_out", None)
        await ended_at_the_provider()


class TestEnding:
    """A token that nobody renews, and that ends soon."""

    @pytest.fixture
    def instances(
        self, lake: EmbeddedLake, monkeypatch: pytest.MonkeyPatch
    ) -> list[dict[str, Any]]:
        monkeypatch.setenv("SHORT_TOKEN", lake.token("alice", lifetime=20, **FOR_RUCIO))
        entry = {**lake.instance("alice", login=False), "name": "short", "auth_type": "oidc"}
        return [{**entry, "oidc_auth": "env", "oidc_env_name": "SHORT_TOKEN"}]

    async def test_the_end_is_told_before_and_after_and_by_a_click_it_goes_on(
        self, api: Api, listen: Listen, target: Target, person: Person
    ) -> None:
        await api("GET", "instances")
        hints = await listen()
        states = [(await api("GET", "short/login")).value["state"]]
        while states[-1] != "expired":
            await hints.until(lambda hint: bool(hint["kind"] == "login"))
            states.append((await api("GET", "short/login")).value["state"])
        assert list(dict.fromkeys(states)) == ["logged_in", "expiring", "expired"]
        answer = await api("GET", "short/scopes")
        assert (answer.status, answer.value["error"]) == (401, "LoginRequired")
        begun = (await api("POST", "short/login", {"method": "oidc"})).value
        assert begun["state"] == "expired"
        await person(await target(begun))
        assert (await settled(api, "short"))["state"] == "logged_in"
        assert (await api("GET", "short/scopes")).value == ["user.alice"]
