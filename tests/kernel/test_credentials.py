"""Tokens: where they come from, when they end, and that nobody sees them."""

from __future__ import annotations

import base64
import errno
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlaas import Instance, Lake, credentials, handover
from dlaas.credentials import Bearer, Certificate, Token, TokenFile, Userpass, jwt_claims
from dlaas.errors import CannotAuthenticate, ConfigurationError, LoginRequired
from jupyter_dlaas.lake import EmbeddedLake

INSTANCE = Instance("lake", "https://lake.example")


def _jwt(**claims: object) -> str:
    parts = [json.dumps(p).encode() for p in ({"alg": "RS256"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(p).decode().rstrip("=") for p in parts), "c2ln"])


def test_a_token_shows_nothing_of_itself() -> None:
    assert "s3cret" not in repr(Token("s3cret", 1.0, "alice"))


def test_two_dots_do_not_make_a_jwt() -> None:
    assert jwt_claims("alice-CN=john.doe@cern.ch-unknown-0123") is None
    assert jwt_claims(_jwt(sub="alice")) == {"sub": "alice"}


def test_the_expiry_of_a_jwt_is_read_from_it() -> None:
    assert credentials.token_from(_jwt(exp=1700000000)).expires_at == 1700000000


@pytest.mark.parametrize(("name", "word"), [("alice", "\u65e5\u672c"), ("al\nice", "pw")])
def test_a_password_that_no_header_can_carry_is_told_and_not_quoted(name: str, word: str) -> None:
    with pytest.raises(CannotAuthenticate, match="cannot be sent") as caught:
        Userpass(INSTANCE, name, word)
    assert word not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_expired_token_asks_for_a_login() -> None:
    with pytest.raises(LoginRequired, match="expired"):
        Bearer("t", expires_at=time.time() - 1)()


def test_a_token_file_may_end_in_a_newline_and_change(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    credential = TokenFile(path)
    first = credential()
    assert first.value == "first"
    path.write_text("second\n")
    assert credential.refused(first)
    assert credential().value == "second"


@pytest.mark.parametrize("content", ["", "\n", "root:x:0:0\nbin:x:1:1\n"])
def test_a_file_that_holds_no_token_is_not_quoted(tmp_path: Path, content: str) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    with pytest.raises(LoginRequired) as caught:
        TokenFile(path)()
    assert "root" not in str(caught.value)


def test_a_token_is_discovered_where_wlcg_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    kept = tmp_path / f"bt_u{os.geteuid()}"
    kept.write_text("of-the-session\n")
    assert credentials.discovered("alice")() == Token("of-the-session", None, "alice")
    told = tmp_path / "mounted"
    told.write_text("of-the-file\n")
    monkeypatch.setenv("BEARER_TOKEN_FILE", str(told))
    assert credentials.discovered()().value == "of-the-file"
    monkeypatch.setenv("BEARER_TOKEN", "of-the-variable")
    assert credentials.discovered()().value == "of-the-variable"


def test_a_token_that_somebody_else_left_in_a_shared_folder_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = os.geteuid() + 12345
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: stranger)
    (tmp_path / f"bt_u{stranger}").write_text("of-another")
    with pytest.raises(LoginRequired):
        credentials.discovered()
    # A hub mounts files that are root's, and says so.
    monkeypatch.setenv("BEARER_TOKEN_FILE", str(tmp_path / f"bt_u{stranger}"))
    assert credentials.discovered()().value == "of-another"


def test_another_name_than_the_configured_one_means_its_own_account(lake: EmbeddedLake) -> None:
    instance = Instance.from_mapping(lake.instance("alice"))
    assert (instance.username, instance.account) == ("alice", "alice")
    typed = Userpass(instance, "bob", lake.layout.password("bob"))
    assert Lake(instance, credentials=typed).whoami().name == "bob"


def test_a_wrong_password_is_the_fault_of_what_was_typed(lake: EmbeddedLake) -> None:
    instance = Instance.from_mapping({**lake.instance("alice"), "password_file": None})
    wrong = Lake(instance, credentials=Userpass(instance, "alice", "hunter2"))
    with pytest.raises(CannotAuthenticate, match="that you gave") as caught:
        wrong.whoami()
    assert caught.value.blame == "credential"
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(wrong._credentials)


def test_an_account_that_is_not_ones_own_is_refused(lake: EmbeddedLake) -> None:
    instance = Instance.from_mapping(lake.instance("alice"))
    other = Lake(instance, account="bob")
    with pytest.raises(CannotAuthenticate, match="'bob'"):
        other.whoami()


def test_a_certificate_logs_in(lake: EmbeddedLake) -> None:
    entry = {**lake.instance("alice"), "auth_type": "x509", "password_file": None}
    found = Lake(Instance.from_mapping(entry))
    assert found.whoami().name == "alice"
    assert isinstance(found.credential, Certificate)


def test_a_proxy_logs_in(lake: EmbeddedLake) -> None:
    proxy = str(lake.proxy("alice"))
    entry = {
        **lake.instance("alice"),
        "auth_type": "x509_proxy",
        "client_cert": proxy,
        "client_key": proxy,
    }
    assert Lake(Instance.from_mapping(entry)).whoami().name == "alice"


def test_a_certificate_of_an_unknown_authority_is_the_credentials_fault(
    lake: EmbeddedLake, tmp_path: Path
) -> None:
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Stranger"]
    subprocess.run([*make, "-out", cert, "-keyout", key], check=True, capture_output=True)
    entry = {
        **lake.instance("alice"),
        "auth_type": "x509",
        "client_cert": cert,
        "client_key": key,
    }
    with pytest.raises(CannotAuthenticate, match="does not accept the certificate") as refused:
        Lake(Instance.from_mapping(entry)).whoami()
    assert refused.value.blame == "credential"


def test_a_certificate_that_is_not_there_is_named() -> None:
    instance = Instance("x", "https://x.example", auth_type="x509", client_cert="/nowhere/cert.pem")
    with pytest.raises(ConfigurationError, match=r"/nowhere/cert\.pem"):
        Certificate(instance)


def test_nothing_to_log_in_with_is_said_before_anything_is_sent() -> None:
    with pytest.raises(LoginRequired, match="no login"):
        Lake(INSTANCE).whoami()


def test_the_token_knows_account_and_expiry(alice: Lake) -> None:
    token = alice.credential()
    assert token.account == "alice"
    assert token.expires_at is not None
    assert token.expires_at > time.time()


def test_a_hand_over_is_for_the_owner_alone(tmp_path: Path) -> None:
    path = handover.write(tmp_path / "dlaas-1", INSTANCE, "alice", "t", 5.0, True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sorted(p.name for p in path.parent.iterdir()) == ["lake.json", "login-lake", "terminal"]
    found = handover.read(path.parent, "lake")
    assert (found.account, found.token, found.expires_at, found.default) == (
        "alice",
        "t",
        5.0,
        True,
    )
    assert "t" not in repr(found).replace("'t'", "").split("token=")[-1][:1]


@pytest.mark.parametrize("name", ["../../etc/x", "a b", "ü", "x/y"])
def test_the_name_of_an_instance_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    instance = Instance(name, "https://x.example")
    path = handover.write(tmp_path / "d", instance, None, "t", None)
    assert path.parent == tmp_path / "d"
    assert [found.instance.name for found in handover.read_all(tmp_path / "d")] == [name]


def test_a_renewed_hand_over_is_seen_at_once(tmp_path: Path) -> None:
    handover.write(tmp_path, INSTANCE, "alice", "old", None)
    credential = handover.HandoverCredential(tmp_path, "lake")
    old = credential()
    handover.write(tmp_path, INSTANCE, "alice", "new", None)
    assert credential.refused(old)
    assert credential().value == "new"
    handover.remove(tmp_path, "lake")
    with pytest.raises(LoginRequired, match="panel"):
        credential()


def test_a_full_disk_keeps_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handover.write(tmp_path, INSTANCE, "alice", "very-secret", None)

    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(handover.private, "write", full)
    with pytest.raises(OSError, match="No space"):
        handover.remove(tmp_path, "lake")
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any("very-secret" in path.read_text() for path in left)


def test_folders_of_dead_servers_are_cleaned_away(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, alive = handover.directory(ended.pid), handover.directory(os.getppid())
    earlier = handover.directory()
    elsewhere, forsaken = (
        earlier.with_name(f"dlaas-pod-{number}-{ended.pid}") for number in (1, 2)
    )
    for folder in (dead, alive, earlier, elsewhere, forsaken):
        handover.write(folder, INSTANCE, "alice", "t", None)
    os.utime(forsaken, (0, 0))
    handover.clean()
    left = {folder for folder in (dead, alive, earlier, elsewhere, forsaken) if folder.exists()}
    # Nobody here can see whether the processes of another host live.
    assert left == {alive, elsewhere}


def test_a_kernel_uses_the_token_that_the_server_hands_over(
    alice: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = alice.credential()
    folder = handover.directory(os.getpid())
    handover.write(folder, alice.instance, "alice", token.value, token.expires_at, True)
    monkeypatch.setenv("JPY_PARENT_PID", str(os.getpid()))
    kernels = Lake()
    assert kernels.whoami().name == "alice"
    assert kernels.instance.password_file is None
    assert isinstance(kernels.credential, handover.HandoverCredential)


def test_lake_env_is_all_that_a_script_needs(alice_env: dict[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "import dlaas; print(dlaas.Lake().whoami().name)"],
        env=alice_env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stdout == "alice\n", ran.stderr
