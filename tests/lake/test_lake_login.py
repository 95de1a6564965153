"""Who one is on the lake: passwords, certificates and proxies, judged by the genuine client."""

from __future__ import annotations

import pytest
import requests
from judge import rucio_client
from rucio.client import Client
from rucio.common.exception import CannotAuthenticate

from jupyter_dlaas.lake import EmbeddedLake, LakeError


def _forget_token(lake: EmbeddedLake, account: str) -> None:
    (lake.layout.client(account) / "token").unlink(missing_ok=True)


@pytest.mark.parametrize("account", ["root", "alice", "bob"])
def test_every_account_logs_in_with_its_password(lake: EmbeddedLake, account: str) -> None:
    _forget_token(lake, account)
    assert rucio_client(lake, account).whoami()["account"] == account


def test_a_certificate_is_a_login(lake: EmbeddedLake) -> None:
    _forget_token(lake, "alice")
    assert rucio_client(lake, "alice", auth_type="x509").whoami()["account"] == "alice"


def test_a_proxy_is_a_login(lake: EmbeddedLake) -> None:
    _forget_token(lake, "bob")
    creds = {"client_proxy": str(lake.proxy("bob"))}
    client = rucio_client(lake, "bob", auth_type="x509_proxy", creds=creds)
    assert client.whoami()["account"] == "bob"


def test_the_certificate_of_another_is_refused(lake: EmbeddedLake) -> None:
    _forget_token(lake, "alice")
    folder = lake.layout.client("bob")
    creds = {"client_cert": str(folder / "cert.pem"), "client_key": str(folder / "key.pem")}
    with pytest.raises(CannotAuthenticate):
        rucio_client(lake, "alice", auth_type="x509", creds=creds)


def test_a_wrong_password_is_refused(lake: EmbeddedLake) -> None:
    _forget_token(lake, "alice")
    creds = {"username": "alice", "password": "guess"}
    with pytest.raises(CannotAuthenticate):
        rucio_client(lake, "alice", auth_type="userpass", creds=creds)


def test_a_subject_in_a_header_is_no_login(lake: EmbeddedLake) -> None:
    forged = {"X-Rucio-Account": "alice", "SSL-CLIENT-S-DN": "CN=Alice,OU=People,O=Embedded Lake"}
    answer = requests.get(
        f"{lake.url}/auth/x509", headers=forged, verify=str(lake.layout.ca), timeout=30
    )
    assert answer.status_code == 401


def test_the_server_shows_a_certificate_of_the_lake_alone(lake: EmbeddedLake) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{lake.url}/ping", verify="/etc/ssl/certs/ca-certificates.crt", timeout=30)


def test_an_unknown_account_is_an_error_in_words(lake: EmbeddedLake) -> None:
    with pytest.raises(LakeError, match="no account carol"):
        lake.env("carol")


def test_an_instance_without_login_names_no_password(lake: EmbeddedLake) -> None:
    assert "password_file" in lake.instance()
    assert "password_file" not in lake.instance(login=False)


def test_clients_of_two_accounts_do_not_share_a_token(lake: EmbeddedLake) -> None:
    clients: list[Client] = [rucio_client(lake, account) for account in ("alice", "bob")]
    assert [client.whoami()["account"] for client in clients] == ["alice", "bob"]
