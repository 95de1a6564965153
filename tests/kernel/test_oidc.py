"""Logins with an identity provider: what is asked of whom, and how each failure is told."""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from approval import approve
from standin import Answer, Request, StandIn

from dlaas import Instance, Lake, credentials
from dlaas.credentials import TokenFile, provider
from dlaas.credentials.device import DeviceLogin, ProviderToken
from dlaas.credentials.hub import HubToken
from dlaas.credentials.oidc import OidcLogin, RucioToken
from dlaas.credentials.provider import Provider
from dlaas.credentials.storage import Exchanging, with_storage_token
from dlaas.credentials.tokens import Token, jwt_claims, token_from
from dlaas.credentials.wrong import require_clock, why_refused
from dlaas.errors import (
    CannotAuthenticate,
    ConfigurationError,
    LoginRequired,
    RucioFailed,
    TookTooLong,
    Unreachable,
)
from jupyter_dlaas.lake import EmbeddedLake

AUDIENCE = "rucio https://wlcg.cern.ch/jwt/v1/any"


def jwt(**claims: object) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "ES256"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(p).decode().rstrip("=") for p in parts), "c2ln"])


@pytest.fixture
def instance(lake: EmbeddedLake) -> Instance:
    return replace(Instance.from_mapping(lake.instance("alice", login=False)), account=None)


class FakeProvider:
    """A provider that says what it is told to, for what a genuine one cannot be made to say."""

    def __init__(self) -> None:
        self.told: list[Answer] = []
        self.issuer = ""
        self.interval: float | None = 0.01
        self.lifetime: float = 60
        self.methods = ["client_secret_basic", "client_secret_post"]
        self.server = StandIn(self.answer)
        self.instance = Instance(
            "lake", "https://lake.example", oidc_provider_url=self.server.url, oidc_client_id="me"
        )

    def answer(self, request: Request) -> Answer:
        if request.path == "/.well-known/openid-configuration":
            return said(
                issuer=self.issuer or self.server.url,
                token_endpoint=f"{self.server.url}/token",
                device_authorization_endpoint=f"{self.server.url}/device",
                revocation_endpoint=f"{self.server.url}/revoke",
                token_endpoint_auth_methods_supported=self.methods,
            )
        if request.path == "/device":
            return said(
                device_code="device-code",
                user_code="ABCD-EFGH",
                verification_uri=f"{self.server.url}/page",
                expires_in=self.lifetime,
                interval=self.interval,
            )
        return self.told.pop(0)

    def forms(self, path: str = "/token") -> list[dict[str, list[str]]]:
        return [parse_qs(r.body.decode()) for r in self.server.requests if r.path == path]


def said(status: int = 200, **fields: Any) -> Answer:
    return Answer(status, json.dumps(fields).encode(), {"Content-Type": "application/json"})


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    fake = FakeProvider()
    yield fake
    fake.server.close()


def test_a_device_waits_as_long_as_the_provider_wants(fake: FakeProvider) -> None:
    fake.told = [
        said(400, error="authorization_pending"),
        said(400, error="slow_down"),
        said(access_token="opaque", refresh_token="r1", expires_in=100),
    ]
    login = DeviceLogin(fake.instance)
    assert (login.url, login.code) == (f"{fake.server.url}/page", "ABCD-EFGH")
    before = login.interval
    assert login.poll() is None
    assert login.interval == before
    assert login.poll() is None
    assert login.interval == before + 5
    credential = login.poll()
    assert credential is not None
    assert credential().value == "opaque"
    assert 90 < (credential().expires_at or 0) - time.time() <= 100


@pytest.mark.parametrize(
    ("word", "kind", "told"),
    [
        ("access_denied", CannotAuthenticate, "refused in the browser"),
        ("expired_token", CannotAuthenticate, "code has expired"),
        ("invalid_grant", CannotAuthenticate, "no longer accepts"),
        ("invalid_client", ConfigurationError, "client 'me'"),
        ("invalid_scope", ConfigurationError, "scope or audience"),
        ("unauthorized_client", ConfigurationError, "client 'me'"),
    ],
)
def test_what_a_provider_refuses_is_told_by_name(
    fake: FakeProvider, word: str, kind: type[Exception], told: str
) -> None:
    fake.told = [said(400, error=word, error_description="because of it")]
    login = DeviceLogin(fake.instance)
    with pytest.raises(kind, match=told):
        login.poll()


@pytest.mark.parametrize(
    "failure",
    [
        Answer(503),
        said(503, error="temporarily_unavailable"),
        said(500, error="server_error"),
        said(429, error="too_many_requests"),
    ],
)
def test_a_provider_that_fails_is_asked_again_later(fake: FakeProvider, failure: Answer) -> None:
    fake.told = [failure, said(400, error="authorization_pending")]
    login = DeviceLogin(fake.instance)
    with pytest.raises(Unreachable, match=str(failure.status)):
        login.poll()
    assert login.poll() is None


def test_a_provider_that_is_silent_is_asked_less_often(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = DeviceLogin(fake.instance)
    before = login.interval
    monkeypatch.setattr(provider, "_TIMEOUT", (10.0, 0.2))
    over = threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait(30)
        yield b""

    fake.told = [Answer(200, promised=10, drip=nothing())]
    with pytest.raises(TookTooLong):
        login.poll()
    over.set()
    assert login.interval == 2 * before


def test_a_device_is_not_waited_for_without_end(fake: FakeProvider) -> None:
    fake.lifetime = 1e12
    assert DeviceLogin(fake.instance).expires_at < time.time() + 7200


def test_what_a_provider_quotes_of_a_secret_is_not_told(fake: FakeProvider) -> None:
    # Unsigned, as some providers make their refresh tokens.
    secret = "eyJhbGciOiJub25lIn0.eyJqdGkiOiI0NzExIn0."
    fake.told = [said(400, error="invalid_grant", error_description=f"{secret} is no longer good")]
    credential = ProviderToken(
        Provider(fake.instance), {"access_token": "a0", "refresh_token": secret, "expires_in": 60}
    )
    with pytest.raises(CannotAuthenticate, match="is no longer good") as caught:
        credential.renew()
    assert secret[:20] not in str(caught.value)


def test_a_login_that_ends_is_ended_at_the_provider_once(fake: FakeProvider) -> None:
    credential = ProviderToken(
        Provider(fake.instance), {"access_token": "a0", "refresh_token": "r0", "expires_in": 60}
    )
    fake.told = [said()]
    credential.revoke()
    credential.revoke()
    assert [form["token"] for form in fake.forms("/revoke")] == [["r0"]]
    assert not credential.renewable


def test_a_provider_under_another_name_is_told(fake: FakeProvider) -> None:
    fake.issuer = "https://elsewhere.example/"
    with pytest.raises(ConfigurationError, match=r"calls itself https://elsewhere\.example/"):
        DeviceLogin(fake.instance)
    assert len(fake.server.requests) == 1


def test_a_last_slash_makes_no_other_provider(fake: FakeProvider) -> None:
    fake.issuer = f"{fake.server.url}/"
    assert DeviceLogin(fake.instance).code


def test_a_clients_secret_goes_where_the_provider_takes_it(
    fake: FakeProvider, tmp_path: Path
) -> None:
    path = tmp_path / "secret"
    path.write_text("s3cret/+\n")
    known = replace(fake.instance, oidc_client_secret_file=str(path))
    fake.told = [said(access_token="a"), said(access_token="a")]
    Provider(known).post("token_endpoint", {"grant_type": "x"})
    header = fake.server.requests[-1].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(header) == b"me:s3cret%2F%2B"
    fake.methods = ["client_secret_post"]
    Provider(known).post("token_endpoint", {"grant_type": "x"})
    assert fake.forms()[-1]["client_secret"] == ["s3cret/+"]
    assert "s3cret" not in str(known.public())


def test_each_refresh_token_is_used_once_however_many_ask(fake: FakeProvider) -> None:
    fake.told = [said(access_token=f"a{n}", refresh_token=f"r{n}") for n in (1, 2)]
    credential = ProviderToken(
        Provider(fake.instance), {"access_token": "a0", "refresh_token": "r0", "expires_in": 60}
    )
    first = credential()
    together = threading.Barrier(8)

    def refused(_: int) -> bool:
        together.wait(30)
        return credential.refused(first)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(refused, range(8)))
    assert credential().value == "a1"
    assert [form["refresh_token"] for form in fake.forms()] == [["r0"]]
    credential.renew()
    assert [form["refresh_token"] for form in fake.forms()] == [["r0"], ["r1"]]


class Door:
    """A lock that tells how many have come to it."""

    def __init__(self) -> None:
        self.came = threading.Semaphore(0)
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self.came.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_who_waits_for_a_renewal_that_fails_does_not_try_it_again(fake: FakeProvider) -> None:
    credential = ProviderToken(
        Provider(fake.instance), {"access_token": "a0", "refresh_token": "r0", "expires_in": 60}
    )
    door = Door()
    credential._renewing = door  # type: ignore[assignment]

    def once_all_wait() -> Iterator[bytes]:
        for _ in range(4):
            assert door.came.acquire(timeout=30)
        yield json.dumps({"error": "invalid_grant"}).encode()

    fake.told = [Answer(400, promised=26, drip=once_all_wait())]

    def renewed(_: int) -> bool:
        with pytest.raises(CannotAuthenticate, match="no longer accepts"):
            credential.renew()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(renewed, range(4)))
    assert len(fake.forms()) == 1
    # Later it is tried again.
    fake.told = [said(access_token="a1")]
    assert credential.renew().value == "a1"


def test_a_failed_renewal_leaves_a_token_in_force_as_long_as_it_lasts(fake: FakeProvider) -> None:
    told = {"access_token": "a0", "refresh_token": "r0", "expires_in": 3}
    credential = ProviderToken(Provider(fake.instance), told)
    credential._obtained_at -= 10
    fake.told = [said(400, error="invalid_grant")] * 2
    assert credential().value == "a0"
    credential._token = replace(credential(), expires_at=time.time() - 1)
    fake.told = [said(400, error="invalid_grant")]
    with pytest.raises(CannotAuthenticate, match="no longer accepts"):
        credential()


def test_rucios_address_is_for_the_browser_and_only_its_query_for_us(
    instance: Instance, lake: EmbeddedLake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    login = OidcLogin(instance)
    assert login.url.startswith("https://")
    assert login.poll() is None
    secret = login.url.partition("?")[2]
    assert len(secret) > 20
    assert "oidc_redirect" in caplog.text
    assert secret not in caplog.text
    login.url = "https://elsewhere.example/"
    caplog.set_level(logging.CRITICAL)
    approve(
        f"{instance.auth_url}/auth/oidc_redirect?{secret}",
        "alice",
        lake.layout.password("alice"),
        str(lake.layout.ca),
    )
    credential = login.poll()
    assert credential is not None
    assert credential().account == "alice"
    assert Lake(instance, credentials=credential).list_scopes() == ["user.alice"]


def test_a_login_that_rucio_cannot_renew_says_so_and_is_not_asked_again(
    instance: Instance, lake: EmbeddedLake
) -> None:
    # A token straight from the provider has no refresh token at Rucio.
    credential = RucioToken(instance, token_from(lake.token("alice"), "alice"))
    assert credential.renewable
    with pytest.raises(LoginRequired, match="does not renew"):
        credential.renew()
    assert not credential.renewable
    assert not credential.refused(credential())


@pytest.mark.parametrize(
    ("bent", "minted", "why"),
    [
        ({}, {"audience": "https://elsewhere.example"}, "audience_mismatch"),
        ({"oidc_provider_url": "https://elsewhere.example"}, {}, "issuer_mismatch"),
        ({}, {"lifetime": -60}, "expired"),
        ({}, {"scope": "storage.read:/"}, "scope_missing"),
    ],
)
def test_why_rucio_refuses_a_token_is_told_by_name(
    instance: Instance,
    lake: EmbeddedLake,
    bent: dict[str, Any],
    minted: dict[str, Any],
    why: str,
) -> None:
    made = lake.token("alice", **{"audience": AUDIENCE, **minted})
    error = why_refused(replace(instance, **bent), Token(made), CannotAuthenticate("Refused."))
    assert error.details["why"] == why
    assert made not in str(error)
    assert error.remedy


def test_an_identity_without_an_account_is_told_by_name(instance: Instance) -> None:
    claims = {"iss": instance.oidc_provider_url, "sub": "mallory", "exp": time.time() + 60}
    token = Token(jwt(**claims, aud="rucio"))
    error = why_refused(instance, token, CannotAuthenticate("Refused."))
    assert error.details["why"] == "unknown_identity"
    assert "mallory" in error.message


@pytest.mark.parametrize(("shift", "side"), [(-7200, "ahead of"), (7200, "behind")])
def test_a_clock_that_is_wrong_is_named(shift: float, side: str) -> None:
    require_clock(Token(jwt(iat=time.time() - 5)))
    with pytest.raises(CannotAuthenticate, match=f"clock is 2 hours {side}"):
        require_clock(Token(jwt(iat=time.time() + shift)))


def test_a_refusal_by_a_server_with_another_clock_names_the_clock(
    standin: Callable[..., StandIn],
) -> None:
    headers = {"ExceptionClass": "CannotAuthenticate", "Date": formatdate(time.time() - 10800)}
    server = standin(lambda _: Answer(401, headers=headers))
    lake = Lake(Instance("x", server.url, account="alice"), credentials=credentials.Bearer("t"))
    with pytest.raises(CannotAuthenticate, match="clock is 3 hours ahead of"):
        lake.whoami()


def test_a_denied_permission_is_no_bad_login(standin: Callable[..., StandIn]) -> None:
    headers = {"ExceptionClass": "AccessDenied", "ExceptionMessage": "Account may not"}
    server = standin(lambda _: Answer(401, headers=headers))
    lake = Lake(Instance("x", server.url, account="alice"), credentials=credentials.Bearer("t"))
    with pytest.raises(PermissionError, match="does not allow") as caught:
        lake.whoami()
    assert not isinstance(caught.value, CannotAuthenticate)


def test_a_provider_whose_authority_is_unknown_is_named(instance: Instance) -> None:
    with pytest.raises(Unreachable, match="is not trusted") as caught:
        DeviceLogin(replace(instance, rucio_ca_cert=None))
    assert "provider" in caught.value.message


def test_a_token_for_storages_is_exchanged_once(instance: Instance, lake: EmbeddedLake) -> None:
    known = replace(instance, oidc_storage_scope="storage.read:/", auth_type="oidc")
    wide = lake.token("alice", scope="openid storage.read:/ storage.modify:/", audience=AUDIENCE)
    credential = with_storage_token(known, credentials.Bearer(wide))
    assert isinstance(credential, Exchanging)
    narrow = credential.storage_token()
    assert (jwt_claims(narrow.value) or {})["scope"] == "storage.read:/"
    assert credential.storage_token() is narrow
    assert credential().value == wide
    assert not hasattr(credential, "renew")


def test_rucios_own_token_is_not_sent_to_the_provider(fake: FakeProvider) -> None:
    known = replace(fake.instance, oidc_storage_scope="storage.read:/")
    credential = with_storage_token(known, credentials.Bearer("alice-CN=x-unknown-0123"))
    assert isinstance(credential, Exchanging)
    assert credential.storage_token() is None
    assert fake.server.requests == []


class TestHub:
    """A token service as docs/admin describes it."""

    @pytest.fixture
    def served(self) -> dict[str, Any]:
        return {"status": 200, "access_token": jwt(exp=time.time() + 3600), "expires_at": None}

    @pytest.fixture
    def hub(
        self,
        served: dict[str, Any],
        standin: Callable[..., StandIn],
        monkeypatch: pytest.MonkeyPatch,
    ) -> StandIn:
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of-this-server")
        return standin(lambda _: said(**served))

    def test_the_hub_is_asked_with_this_servers_token(
        self, hub: StandIn, served: dict[str, Any]
    ) -> None:
        entry = {"name": "x", "rucio_base_url": "https://x.example", "oidc_auth": "hub"}
        instance = Instance.from_mapping({**entry, "oidc_hub_url": f"{hub.url}/services/token"})
        credential = credentials.for_instance(instance)
        assert isinstance(credential, HubToken)
        token = credential()
        assert (token.value, token.is_jwt) == (served["access_token"], True)
        assert credential() is token
        assert not credential.refused(token)
        served["access_token"] = jwt(exp=time.time() + 7200)
        assert credential.refused(token)
        assert credential().value == served["access_token"]
        request = hub.requests[0]
        assert request.headers["Authorization"] == "token of-this-server"
        assert request.path == "/services/token"

    @pytest.mark.parametrize(
        ("status", "kind", "told"),
        [
            (403, CannotAuthenticate, "does not give"),
            (404, LoginRequired, "has no token"),
            (503, Unreachable, "503"),
            (302, Unreachable, "302"),
        ],
    )
    def test_what_the_hub_refuses_is_told_by_name(
        self,
        hub: StandIn,
        served: dict[str, Any],
        status: int,
        kind: type[Exception],
        told: str,
    ) -> None:
        served["status"] = status
        instance = Instance("x", "https://x.example", oidc_hub_url=hub.url)
        with pytest.raises(kind, match=told) as caught:
            HubToken(instance)()
        assert "of-this-server" not in repr(caught.value)

    def test_without_a_hub_it_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
        instance = Instance("x", "https://x.example", oidc_hub_url="http://127.0.0.1:1")
        with pytest.raises(LoginRequired, match="JupyterHub"):
            HubToken(instance)
        with pytest.raises(ConfigurationError, match="oidc_hub_url"):
            HubToken(replace(instance, oidc_hub_url=None))


def test_a_token_file_that_changes_is_one_that_somebody_keeps_fresh(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    credential = TokenFile(path)
    assert credential().value == "first"
    assert not credential.renewable
    path.write_text("second\n")
    assert credential.renew().value == "second"
    assert credential.renewable


@pytest.mark.parametrize("url", ["", "http://plain.example/auth/oidc_redirect?x"])
def test_an_address_that_is_not_https_is_shown_to_no_browser(
    standin: Callable[..., StandIn], url: str
) -> None:
    server = standin(lambda _: Answer(200, headers={"X-Rucio-OIDC-Auth-URL": url}))
    with pytest.raises(RucioFailed, match="where one logs in"):
        OidcLogin(Instance("x", server.url))


def test_a_script_is_told_too_what_is_wrong_with_its_token(
    instance: Instance, lake: EmbeddedLake
) -> None:
    wrong = lake.token("alice", scope="openid profile", audience="https://elsewhere.example")
    with pytest.raises(CannotAuthenticate, match=r"meant for https://elsewhere\.example") as caught:
        Lake(instance, credentials=credentials.Bearer(wrong)).whoami()
    assert wrong not in str(caught.value)
