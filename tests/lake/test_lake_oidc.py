"""The lake's identity provider: logins through Rucio, logins of devices, and its tokens."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from approval import approve
from judge import SCOPE as DATA
from judge import Storage, until
from oidc import (
    ACCESS_TOKEN,
    AUDIENCE,
    DEVICE,
    SCOPE,
    Provider,
    RucioLogin,
    account_of,
    claims,
    logged_in,
)
from test_lake_xrootd import Door

from jupyter_dlaas.lake import EmbeddedLake, LakeError
from jupyter_dlaas.lake.node_packages import DESCRIPTIONS, PROVIDER, NodePackages

FILE = f"/{DATA}/b8/7d/mc_363490.llll.4lep.root"
ANY = AUDIENCE.split()[1]


@pytest.mark.parametrize(
    ("user", "account", "expected"),
    [("alice", "", "alice"), ("alice", "higgs", "higgs"), ("bob", "bob", "bob")],
)
def test_a_person_logs_in_through_rucio_and_copies_nothing(
    lake: EmbeddedLake, user: str, account: str, expected: str
) -> None:
    login = RucioLogin(lake, account)
    assert login.token() == ""
    last = login.approve(user)
    assert urlsplit(last.url).path == "/auth/oidc_code"
    assert "fetch your token automatically" in last.text
    token = login.token()
    assert account_of(lake, token) == expected
    said = claims(token)
    assert (said["iss"], said["sub"], said["wlcg.ver"]) == (lake.state.issuer, user, "1.0")
    assert said["aud"] == AUDIENCE.split()
    assert set(said["scope"].split()) == set(SCOPE.split())


def test_a_second_login_in_the_same_browser_asks_for_consent_alone(lake: EmbeddedLake) -> None:
    browser = requests.Session()
    for account in ("alice", "higgs"):
        login = RucioLogin(lake, account)
        login.approve("alice", password="" if account == "alice" else "no", browser=browser)
        assert account_of(lake, login.token()) == account


def test_another_account_is_given_only_to_those_who_have_it(lake: EmbeddedLake) -> None:
    login = RucioLogin(lake, "higgs")
    login.approve("bob")
    assert login.token() == ""


def test_no_token_comes_of_a_wrong_password_or_a_refusal(lake: EmbeddedLake) -> None:
    login = RucioLogin(lake, "alice")
    answer = login.approve("alice", password="guess")
    assert answer.status_code == 401
    assert "Name or password is wrong" in answer.text
    assert login.token() == ""
    login = RucioLogin(lake, "alice")
    assert "access_denied" in login.approve("alice", refuse=True).url
    assert login.token() == ""


def test_rucio_refreshes_a_token_until_it_is_over(lake: EmbeddedLake) -> None:
    lake.shorten_tokens(12)
    try:
        login = RucioLogin(lake, "alice")
        login.approve("alice")
        first = login.token()
        assert claims(first)["exp"] - claims(first)["iat"] == 12
        # Not at once: Rucio gives the same token back while it is young.
        second = until(
            lambda: (found := login.refreshed(first, "alice")) != first and found, "a new token"
        )
        assert claims(second)["exp"] > claims(first)["exp"]
        assert account_of(lake, second) == "alice"
        until(lambda: not account_of(lake, first), "the old token is over")
        assert login.refreshed(first, "alice") == ""
    finally:
        lake.shorten_tokens(None)


def test_rucios_own_tokens_live_as_short_as_one_wants(lake: EmbeddedLake) -> None:
    headers = {"X-Rucio-Account": "bob", "X-Rucio-Username": "bob"}
    headers["X-Rucio-Password"] = lake.layout.password("bob")
    lake.shorten_tokens(3)
    try:
        answer = requests.get(
            f"{lake.url}/auth/userpass", headers=headers, verify=str(lake.layout.ca), timeout=30
        )
    finally:
        lake.shorten_tokens(None)
    token = answer.headers["X-Rucio-Auth-Token"]
    until(lambda: not account_of(lake, token), "the token is over")


@pytest.mark.parametrize("client", ["jupyter", "jupyter-public"])
def test_a_device_logs_in_by_a_code_that_a_person_types(lake: EmbeddedLake, client: str) -> None:
    provider = Provider(lake, client)
    asked = provider.device(f"{SCOPE} wlcg.groups")
    pending = provider.token(DEVICE, device_code=asked["device_code"])
    assert pending.json()["error"] == "authorization_pending"
    password = lake.layout.password("alice")
    page, code = asked["verification_uri"], asked["user_code"]
    assert "not known" in approve(page, "alice", password, provider.ca, code="ABCD-EFGH").text
    assert "logged in" in approve(page, "alice", password, provider.ca, code=code).text
    given = provider.token(DEVICE, device_code=asked["device_code"]).json()
    assert account_of(lake, given["access_token"]) == "alice"
    assert claims(given["access_token"])["wlcg.groups"] == ["/lake", "/lake/higgs"]
    assert "not known" in approve(page, "alice", password, provider.ca, code=code).text


def test_a_refresh_token_is_used_once_and_its_replay_ends_all_of_its_family(
    lake: EmbeddedLake,
) -> None:
    provider = Provider(lake)
    first = provider.device_login("bob")

    def refresh(tokens: dict[str, str]) -> requests.Response:
        return provider.token("refresh_token", refresh_token=tokens["refresh_token"])

    second = refresh(first).json()
    assert claims(second["access_token"])["aud"] == AUDIENCE.split()
    assert set(claims(second["access_token"])["scope"].split()) == set(SCOPE.split())
    assert account_of(lake, second["access_token"]) == "bob"
    assert refresh(first).json()["error"] == "invalid_grant"
    assert refresh(second).json()["error"] == "invalid_grant"


def test_a_token_is_exchanged_for_a_narrower_one_and_for_no_wider_one(lake: EmbeddedLake) -> None:
    provider, token = Provider(lake), logged_in(lake, "alice")
    narrow = f"storage.read:/{DATA} storage.modify:/user/alice"
    answer = provider.exchanged(token, scope=narrow, audience=ANY).json()
    assert answer["issued_token_type"] == ACCESS_TOKEN
    said = claims(answer["access_token"])
    assert (said["sub"], said["aud"], said["scope"]) == ("alice", ANY, narrow)
    north = Storage(lake, "north")
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert north("GET", FILE, headers=headers).status_code == 200
    assert north("GET", "/user/bob", headers=headers).status_code == 403
    again = provider.exchanged(answer["access_token"], scope="storage.read:/user/alice")
    assert again.json()["error"] == "invalid_scope"
    assert provider.exchanged(token, scope="storage.stage:/").json()["error"] == "invalid_scope"
    forged = f"{token[:-4]}{'AAAA' if token[-4:] != 'AAAA' else 'BBBB'}"
    assert provider.exchanged(forged).json()["error"] == "invalid_grant"
    over = lake.token("alice", SCOPE, lifetime=-60, audience=AUDIENCE)
    assert provider.exchanged(over).json()["error"] == "invalid_grant"


def test_rucio_gets_tokens_of_its_own_for_one_storage(lake: EmbeddedLake) -> None:
    site = f"https://localhost:{lake.state.ports['south']}"
    provider = Provider(lake, "rucio")
    answer = provider.token("client_credentials", scope="storage.read:/", audience=site).json()
    said = claims(answer["access_token"])
    assert (said["sub"], said["aud"], said["scope"]) == ("rucio", site, "storage.read:/")
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert Storage(lake, "south")("GET", "/", headers=headers).status_code == 200
    assert Storage(lake, "north")("GET", "/", headers=headers).status_code == 401


def test_a_hub_at_any_port_logs_people_in_with_pkce(lake: EmbeddedLake) -> None:
    provider, verifier = Provider(lake, "jupyterhub"), secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    # Nobody listens there: the browser's last address is what the hub would be asked.
    redirect = "http://127.0.0.1:9/hub/oauth_callback"
    wanted = {
        "client_id": "jupyterhub",
        "response_type": "code",
        "scope": SCOPE,
        "audience": AUDIENCE,
        "redirect_uri": redirect,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    url = f"{provider.known['authorization_endpoint']}?{urlencode(wanted)}"
    with pytest.raises(requests.exceptions.ConnectionError) as ended:
        approve(url, "alice", lake.layout.password("alice"), provider.ca)
    assert ended.value.request is not None
    (code,) = parse_qs(urlsplit(str(ended.value.request.url)).query)["code"]
    more = {"code": code, "redirect_uri": redirect, "code_verifier": verifier}
    guess = provider.token("authorization_code", **(more | {"code_verifier": verifier[::-1]}))
    assert guess.json()["error"] == "invalid_grant"
    given = provider.token("authorization_code", **more).json()
    assert account_of(lake, given["access_token"]) == "alice"
    assert "refresh_token" in given
    who = requests.get(
        provider.known["userinfo_endpoint"],
        headers={"Authorization": f"Bearer {given['access_token']}"},
        verify=provider.ca,
        timeout=30,
    ).json()
    assert (who["sub"], who["preferred_username"]) == ("alice", "alice")


@pytest.mark.parametrize("service", ["north", "south", "notebook"])
def test_every_storage_takes_the_token_of_a_login(lake: EmbeddedLake, service: str) -> None:
    storage, headers = Storage(lake, service), {"Authorization": f"Bearer {logged_in(lake, 'bob')}"}
    path = f"/user/bob/by-oidc-{service}"
    assert storage("PUT", path, headers=headers, data=b"mine").status_code == 201
    assert storage("GET", path, headers=headers).content == b"mine"
    assert storage("DELETE", path, headers=headers).status_code == 204


@pytest.mark.parametrize("scheme", ["https", "root"])
def test_xrootd_takes_the_token_of_a_login_through_both_doors(
    lake: EmbeddedLake, tmp_path: Path, scheme: str
) -> None:
    door, token = Door(lake, scheme, tmp_path), logged_in(lake, "bob")
    path = f"/user/bob/by-oidc-{scheme}"
    assert door.write(path, b"mine", token=token).done
    assert door.read(path, token=token).content == b"mine"
    rucio_alone = Provider(lake).exchanged(token, audience="rucio").json()["access_token"]
    assert claims(rucio_alone)["aud"] == "rucio"
    assert not door.read(path, token=rucio_alone).done


def test_a_token_for_rucio_alone_is_a_login_and_opens_no_storage(lake: EmbeddedLake) -> None:
    token = lake.token("bob", f"openid profile {SCOPE}", audience="rucio")
    assert account_of(lake, token) == "bob"
    headers = {"Authorization": f"Bearer {token}"}
    assert Storage(lake, "north")("GET", FILE, headers=headers).status_code == 401
    only_storage = lake.token("bob", SCOPE, audience=ANY)
    assert account_of(lake, only_storage) == ""


def test_nobodys_login_ends_when_the_provider_is_started_again(lake: EmbeddedLake) -> None:
    provider, browser = Provider(lake), requests.Session()
    tokens = provider.device_login("alice")
    RucioLogin(lake, "alice").approve("alice", browser=browser)
    lake.hold("provider")
    try:
        assert account_of(lake, tokens["access_token"]) == "alice"
    finally:
        lake.release("provider")
    renewed = provider.token("refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert account_of(lake, renewed["access_token"]) == "alice"
    login = RucioLogin(lake, "alice")
    login.approve("alice", password="not asked for", browser=browser)
    assert login.token()


def test_rucio_that_was_started_without_the_provider_finds_it_later(lake: EmbeddedLake) -> None:
    lake.hold("provider")
    lake.hold("rucio")
    lake.release("rucio")
    try:
        with pytest.raises(KeyError):
            RucioLogin(lake, "alice")
    finally:
        lake.release("provider")
    assert account_of(lake, logged_in(lake, "alice")) == "alice"


def _path_without(folder: Path, *more: str) -> str:
    """A PATH of the programs that a lake needs, and these: no node, no npm."""
    folder.mkdir()
    for name in ("setpriv", "sh", "env", *more):
        (folder / name).symlink_to(str(shutil.which(name)))
    return str(folder)


def test_without_node_a_lake_is_a_lake_and_is_given_the_provider_later(
    other_lake: EmbeddedLake, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    with monkeypatch.context() as patch:
        patch.setenv("PATH", _path_without(tmp_path / "bin"))
        other_lake.up(db=db, log=lines.append)
    assert any(
        re.search(r"Without Node.js .* apt-get install .*nodejs npm", line) for line in lines
    )
    assert "provider" not in other_lake.status()["services"]
    assert "login_methods" not in other_lake.instance()
    minted = other_lake.token("alice", "storage.read:/")
    assert Storage(other_lake, "north")(
        "GET", FILE, headers={"Authorization": f"Bearer {minted}"}
    ).ok
    other_lake.down()
    other_lake.up()
    assert account_of(other_lake, logged_in(other_lake, "alice")) == "alice"
    assert "device" in other_lake.instance()["login_methods"]


def test_what_npm_cannot_install_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, lines = Path(_path_without(tmp_path / "bin", "node")), []
    monkeypatch.setenv("PATH", str(programs))
    packages = NodePackages(tmp_path / "cache")
    assert packages.ensure(lines.append) is False
    assert "Without Node.js 18 or newer, and npm" in lines[-1]
    npm = programs / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error 404 no such package'\nexit 1\n")
    npm.chmod(0o755)
    with pytest.raises(LakeError, match="npm error 404 no such package"):
        packages.ensure(lines.append)
    assert not packages.ready
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []
    node = programs / "node"
    node.unlink()
    node.write_text("#!/bin/sh\necho v16.20.2\n")
    node.chmod(0o755)
    assert packages.ensure(lines.append) is False
    assert len(lines) == 2


def test_the_npm_lock_pins_every_package_by_hash_and_names_no_registry() -> None:
    lock = (PROVIDER / DESCRIPTIONS[1]).read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/')


def test_the_provider_shows_no_secret_on_its_command_line_or_in_its_log(lake: EmbeddedLake) -> None:
    logged_in(lake, "alice")
    pid = lake.status()["services"]["provider"]["pid"]
    command = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=True
    ).stdout
    shown = command + lake.layout.log_file("provider").read_text()
    assert "main.mjs" in command
    secret = [lake.layout.password("alice")]
    secret += [path.read_text().strip() for path in lake.layout.pki.glob("*.secret")]
    assert len(secret) == 5
    assert not [text for text in secret if text in shown]
