"""Who one is on the lake: passwords, certificates and proxies, judged by the genuine client."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
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


def _x509(lake: EmbeddedLake, file: Path, account: str = "alice") -> int:
    return requests.get(
        f"{lake.url}/auth/x509",
        headers={"X-Rucio-Account": account},
        cert=str(file),
        verify=str(lake.layout.ca),
        timeout=30,
    ).status_code


def test_a_limited_proxy_is_a_login_too(lake: EmbeddedLake) -> None:
    proxy = lake.proxy("alice", limited=True)
    assert _x509(lake, proxy) == 200
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-text", "-in", str(proxy)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "1.3.6.1.4.1.3536.1.1.1.9" in shown


def test_a_certificate_that_rucio_does_not_know_is_refused(lake: EmbeddedLake) -> None:
    assert _x509(lake, lake.certificate("mallory")) == 401
    assert _x509(lake, lake.certificate("alice")) == 200


def test_what_has_expired_is_refused_in_words_that_reach_the_client(lake: EmbeddedLake) -> None:
    for file in (lake.certificate("alice", lifetime=-60), lake.proxy("alice", lifetime=-60)):
        with pytest.raises(requests.exceptions.SSLError, match="certificate expired"):
            _x509(lake, file)


def test_alice_may_act_as_the_group_and_bob_may_not(lake: EmbeddedLake) -> None:
    for user, status in (("alice", 200), ("bob", 401)):
        assert _x509(lake, lake.layout.client(user) / "identity.pem", "higgs") == status
        headers = {"X-Rucio-Account": "higgs", "X-Rucio-Username": user}
        headers["X-Rucio-Password"] = lake.layout.password(user)
        answer = requests.get(
            f"{lake.url}/auth/userpass", headers=headers, verify=str(lake.layout.ca), timeout=30
        )
        assert answer.status_code == status


@pytest.mark.parametrize("account", ["alice", "bob"])
def test_a_users_key_is_there_in_every_form_under_its_passphrase(
    lake: EmbeddedLake, account: str
) -> None:
    folder = lake.layout.client(account)
    passphrase = (folder / "passphrase").read_text().strip().encode()
    key = load_pem_private_key((folder / "key.pem").read_bytes(), None)
    pkcs8, traditional = (folder / f"key-{form}.pem" for form in ("encrypted", "traditional"))
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in pkcs8.read_bytes()
    assert b"Proc-Type: 4,ENCRYPTED" in traditional.read_bytes()
    archived, certificate, _ = pkcs12.load_key_and_certificates(
        (folder / "identity.p12").read_bytes(), passphrase
    )
    assert certificate is not None
    assert f"CN={account.capitalize()}" in certificate.subject.rfc4514_string()
    opened = [load_pem_private_key(path.read_bytes(), passphrase) for path in (pkcs8, traditional)]
    for found in (*opened, archived):
        assert found is not None
        assert found.public_key() == key.public_key()
    with pytest.raises(TypeError):
        load_pem_private_key(pkcs8.read_bytes(), None)
