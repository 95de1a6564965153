"""`dlaas env`: the genuine rucio works with the login of dlaas, and no secret is printed."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from certificates import PASSPHRASE, protected
from commandline import CommandLine, lake_env

from dlaas import Instance, Lake, handover
from dlaas.credentials.x509 import ProxyLogin, open_certificate
from jupyter_dlaas.lake import EmbeddedLake

RUCIO = Path(sys.executable).with_name("rucio")


def _evaluated(dlaas: CommandLine, command: str, env: Mapping[str, str]) -> str:
    """Run a command in a shell after `eval "$(dlaas env)"`."""
    script = f'eval "$({sys.executable} -m dlaas env)" && {command}'
    done = subprocess.run(
        ["sh", "-c", script],
        env={**dlaas.env, **env}, cwd=dlaas.home, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _files(home: Path) -> list[Path]:
    return [path for path in (home / "runtime").rglob("*") if path.is_file()]


def _assert_private(home: Path) -> None:
    for path in _files(home):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.fixture
def handed_over(alice: Lake, alice_instance: Instance, tmp_path: Path) -> Path:
    """A folder as a Jupyter server hands it over, with alice's token and no password."""
    token = alice.credential()
    folder = tmp_path / "handover"
    handover.write(folder, alice_instance, "alice", token.value, token.expires_at, default=True)
    return folder


def test_a_login_by_password_works_for_rucio_and_again_for_dlaas(
    tmp_path: Path, alice_env: dict[str, str], lake: EmbeddedLake
) -> None:
    dlaas = CommandLine(tmp_path, lake_env(alice_env))
    shown = dlaas("env")
    assert shown.code == 0
    assert lake.layout.password("alice") not in shown.out
    assert "# This login ends" not in shown.out
    assert "alice" in _evaluated(dlaas, f"{RUCIO} whoami", {})
    again = f"{sys.executable} -m dlaas ls --json && {sys.executable} -m dlaas env"
    told = _evaluated(dlaas, again, {})
    assert '"ATLAS_OD_EDU"' in told
    assert "export RUCIO_DESTINATION_RSE=NOTEBOOK-MOUNT" in told
    assert _files(tmp_path)
    _assert_private(tmp_path)


def test_the_login_of_the_panel_works_in_a_terminal(
    tmp_path: Path, handed_over: Path, lake: EmbeddedLake, alice: Lake
) -> None:
    dlaas = CommandLine(tmp_path, {"DLAAS_HANDOVER": str(handed_over)})
    shown = dlaas("env")
    assert shown.code == 0, shown.err
    assert "# This login ends" in shown.out
    assert alice.credential().value not in shown.out
    assert "alice" in _evaluated(dlaas, f"{RUCIO} whoami", {})
    assert "ATLAS_OD_EDU" in _evaluated(dlaas, f"{RUCIO} list-scopes", {})
    written = "".join(path.read_text() for path in _files(tmp_path))
    assert lake.layout.password("alice") not in written
    _assert_private(tmp_path)


def test_a_proxy_of_the_panel_is_named_in_a_terminal(
    tmp_path: Path, lake: EmbeddedLake, alice_instance: Instance
) -> None:
    proxy = open_certificate(*protected(tmp_path / "own", lake), PASSPHRASE).proxy()
    token = ProxyLogin(alice_instance, proxy, "alice")()
    folder = tmp_path / "handover"
    handover.write(
        folder, alice_instance, "alice", token.value, token.expires_at, True, proxy=proxy
    )
    dlaas = CommandLine(tmp_path, {"DLAAS_HANDOVER": str(folder)})
    assert "alice" in _evaluated(dlaas, f"{RUCIO} whoami", {})
    named = _evaluated(dlaas, "cat $X509_USER_PROXY", {})
    assert named.strip() == proxy.pem.strip()
    _assert_private(tmp_path)


def test_two_instances_do_not_share_a_token(
    tmp_path: Path, handed_over: Path, alice_instance: Instance
) -> None:
    other = Instance(**{**alice_instance.public(), "name": "other"})
    handover.write(handed_over, other, "alice", "another-token", time.time() + 600)
    dlaas = CommandLine(tmp_path, {"DLAAS_HANDOVER": str(handed_over)})
    dlaas("env")
    found = dlaas("env", "--instance", "other", "--json").rows[0]
    assert found["variables"]["RUCIO_NAME"] == "other"
    assert "alice" in _evaluated(dlaas, f"{RUCIO} whoami", {})


def test_a_login_by_certificate_is_named_and_not_copied(
    tmp_path: Path, alice_instance: Instance
) -> None:
    entry = {**alice_instance.public(), "auth_type": "x509"}
    (tmp_path / "jupyter").mkdir()
    (tmp_path / "jupyter" / "jupyter_server_config.json").write_text(
        json.dumps({"RucioConfig": {"instances": [entry]}})
    )
    dlaas = CommandLine(tmp_path, {})
    assert "alice" in _evaluated(dlaas, f"{RUCIO} whoami", {})
    assert all("PRIVATE KEY" not in path.read_text() for path in _files(tmp_path))


def test_a_token_of_the_storage_is_named_by_its_file(
    tmp_path: Path, lake: EmbeddedLake, alice_instance: Instance
) -> None:
    token = lake.token("alice")
    (tmp_path / "bearer").write_text(token + "\n")
    told = {
        "RUCIO_NAME": "tokens",
        "RUCIO_BASE_URL": alice_instance.rucio_base_url,
        "RUCIO_CA_CERT": str(alice_instance.rucio_ca_cert),
        "RUCIO_ACCOUNT": "alice",
        "RUCIO_OIDC_AUTH": "file",
        "RUCIO_OIDC_FILE_NAME": str(tmp_path / "bearer"),
    }
    shown = CommandLine(tmp_path, told)("env", "--json", BEARER_TOKEN="stale")
    [found] = shown.rows
    assert found["variables"]["BEARER_TOKEN_FILE"] == str(tmp_path / "bearer")
    assert "BEARER_TOKEN" in found["unset"]
    assert token not in shown.out


def test_every_setting_of_an_instance_is_there_in_the_terminal(
    tmp_path: Path, alice_instance: Instance, lake: EmbeddedLake
) -> None:
    entry = {**lake.instance("alice"), "blocked_rses": ["A", "B"], "request_timeout": 17}
    (tmp_path / "jupyter").mkdir()
    (tmp_path / "jupyter" / "jupyter_server_config.json").write_text(
        json.dumps({"RucioConfig": {"instances": [entry]}})
    )
    dlaas = CommandLine(tmp_path, {})
    shown = dlaas("env", "--json", RUCIO_OIDC_AUTH="env")
    told = shown.rows[0]["variables"]
    assert told["RUCIO_BLOCKED_RSES"] == "A,B"
    assert float(told["RUCIO_REQUEST_TIMEOUT"]) == 17
    assert lake.layout.password("alice") not in shown.out
    ask = "import dlaas; print(dlaas.Lake().instance.public())"
    seen = _evaluated(dlaas, f'{sys.executable} -c "{ask}"', {})
    assert "('A', 'B')" in seen
    assert "17" in seen


def test_without_a_login_nothing_is_exported(
    tmp_path: Path, alice_env: dict[str, str], alice_instance: Instance
) -> None:
    told = {"RUCIO_BASE_URL": alice_instance.rucio_base_url, "RUCIO_AUTH_TYPE": "userpass"}
    shown = CommandLine(tmp_path, told)("env")
    assert (shown.code, shown.out) == (5, "")
