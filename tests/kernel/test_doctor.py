"""The doctor: what is wrong between here and a lake, with its mend, and nothing hides the rest."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commandline import CommandLine, Result, lake_env
from standin import Answer, StandIn

from dlaas import Instance
from dlaas.doctor import diagnose
from dlaas.doctor.check import Check, Looker
from dlaas.doctor.lake import _clock
from dlaas.doctor.storage import _why_not
from jupyter_dlaas.lake import EmbeddedLake


@pytest.fixture
def dlaas(tmp_path: Path, alice_env: dict[str, str]) -> CommandLine:
    """The command as alice."""
    return CommandLine(tmp_path, lake_env(alice_env))


def _found(shown: Result, name: str, about: str = "lake") -> dict[str, Any]:
    rows = [row for row in shown.rows if (row["about"], row["name"]) == (about, name)]
    assert rows, f"no check {name} about {about} in {shown.out}"
    return rows[0]


def _configured(home: Path, *entries: dict[str, Any]) -> CommandLine:
    (home / "jupyter").mkdir()
    (home / "jupyter" / "jupyter_server_config.json").write_text(
        json.dumps({"RucioConfig": {"instances": list(entries)}})
    )
    return CommandLine(home, {})


def test_a_lake_that_is_well_has_no_problem(dlaas: CommandLine) -> None:
    shown = dlaas("doctor", "--json")
    assert shown.code == 0, shown.out
    names = [row["name"] for row in shown.rows if row["about"] == "lake"]
    for name in (
        "CA", "certificate", "server", "clock", "login", "account", "destination", "upload",
        "protocols", "hosts", "mount", "cache",
    ):  # fmt: skip
        assert name in names
    assert {row["state"] for row in shown.rows} <= {"ok", "warning"}
    assert "alice, by userpass" in _found(shown, "login")["message"]
    for_people = dlaas("doctor")
    assert for_people.code == 0
    assert "ok       login: alice, by userpass" in for_people.out


def test_a_wrong_password_is_a_problem_of_the_login_and_the_rest_is_told(
    dlaas: CommandLine, lake: EmbeddedLake, tmp_path: Path
) -> None:
    right = (lake.layout.client("alice") / "rucio.cfg").read_text()
    wrong = tmp_path / "rucio.cfg"
    wrong.write_text(right.replace(lake.layout.password("alice"), "not-the-password"))
    shown = dlaas("doctor", "--json", RUCIO_CONFIG=str(wrong))
    assert shown.code == 5
    assert _found(shown, "login")["problem"]["error"] == "CannotAuthenticate"
    assert _found(shown, "server")["state"] == _found(shown, "mount")["state"] == "ok"
    assert "not-the-password" not in shown.out


def test_a_mount_that_is_not_there_is_told_with_its_mend(dlaas: CommandLine) -> None:
    shown = dlaas("doctor", "--json", RUCIO_RSE_MOUNT_PATH="/nowhere/mount")
    assert shown.code == 2
    found = _found(shown, "mount")
    assert found["state"] == "problem"
    assert "/nowhere/mount is not mounted" in found["message"]
    assert found["remedy"]


def test_a_wrong_path_begins_at_is_seen(dlaas: CommandLine) -> None:
    shown = dlaas("doctor", "--json", RUCIO_PATH_BEGINS_AT="1")
    found = _found(shown, "mount")
    assert found["state"] == "warning"
    assert "path_begins_at (1)" in found["remedy"]


def test_an_rse_that_is_not_there_is_told(dlaas: CommandLine) -> None:
    shown = dlaas("doctor", "--json", RUCIO_DESTINATION_RSE="NO-SUCH-RSE")
    assert shown.code == 3
    assert _found(shown, "destination")["problem"]["error"] == "RSENotFound"
    assert _found(shown, "upload")["state"] == "ok"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_that_is_none_is_told(dlaas: CommandLine, tmp_path: Path, content: str | None) -> None:
    ca = tmp_path / "ca.pem"
    if content is not None:
        ca.write_text(content)
    shown = dlaas("doctor", "--json", RUCIO_CA_CERT=str(ca))
    assert shown.code == 2
    assert str(ca) in _found(shown, "CA")["message"]
    assert _found(shown, "server")["state"] == "problem"
    assert "not checked" in _found(shown, "login")["message"].lower()


def test_one_bad_instance_hides_no_other(
    tmp_path: Path, lake: EmbeddedLake, standin: Callable[..., StandIn]
) -> None:
    silent = standin(lambda _: threading.Event().wait(60) or Answer())
    with socket.socket() as taken:
        # Bound and not listening: connections are refused.
        taken.bind(("127.0.0.1", 0))
        dlaas = _configured(
            tmp_path,
            {"name": "mistyped", "rucio_base_url": "https://x.invalid", "destintion_rse": "R"},
            {"name": "shut", "rucio_base_url": f"http://127.0.0.1:{taken.getsockname()[1]}"},
            {"name": "silent", "rucio_base_url": silent.url},
            lake.instance("alice"),
        )
        shown = dlaas("doctor", "--json", "--timeout", 3)
    mistyped = _found(shown, "configuration of mistyped", "this machine")
    assert "'destination_rse'" in mistyped["message"]
    assert _found(shown, "server", "shut")["problem"]["error"] == "Unreachable"
    assert _found(shown, "server", "silent")["problem"]["error"] == "TookTooLong"
    assert _found(shown, "server")["state"] == "ok"
    assert _found(shown, "login", "silent")["state"] == "warning"
    assert shown.code == 2


def test_without_configuration_it_says_so(tmp_path: Path) -> None:
    shown = CommandLine(tmp_path, {})("doctor", "--json")
    assert shown.code == 3
    assert _found(shown, "instance", "this machine")["problem"]["error"] == "InstanceNotFound"


def test_one_instance_can_be_asked_for(dlaas: CommandLine) -> None:
    assert {row["about"] for row in dlaas("doctor", "--instance", "lake", "--json").rows} == {
        "this machine",
        "lake",
    }
    assert dlaas("doctor", "--instance", "other", "--json").code == 3


def test_the_password_of_a_proxy_is_not_told(dlaas: CommandLine) -> None:
    shown = dlaas(
        "doctor", "--json", HTTP_PROXY="http://me:hunter2@proxy.invalid:3128", NO_PROXY="localhost"
    )
    assert "hunter2" not in shown.out
    assert "proxy.invalid:3128" in _found(shown, "proxy", "this machine")["message"]


@pytest.mark.parametrize("proxy", ["me:hunter2@proxy:3128", "http://me:hunter2@[proxy:3128"])
def test_a_proxy_that_is_no_url_is_named(dlaas: CommandLine, proxy: str) -> None:
    shown = dlaas("doctor", "--json", HTTP_PROXY=proxy)
    found = _found(shown, "proxy", "this machine")
    assert found["message"] == "HTTP_PROXY is no URL."
    assert "hunter2" not in shown.out


def test_the_password_in_an_address_is_not_told(
    dlaas: CommandLine, lake: EmbeddedLake, tmp_path: Path
) -> None:
    right = (lake.layout.client("alice") / "rucio.cfg").read_text()
    cfg = tmp_path / "rucio.cfg"
    cfg.write_text(right.replace("https://", "https://me:hunter2@"))
    shown = dlaas("doctor", RUCIO_CONFIG=str(cfg))
    assert shown.code == 2
    assert "hunter2" not in shown.out + shown.err


def test_a_cache_that_cannot_be_written_is_told(dlaas: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shown = dlaas("doctor", "--json", DLAAS_CACHE=str(tmp_path / "file" / "cache"))
    assert _found(shown, "cache")["state"] == "problem"
    assert "DLAAS_CACHE" in _found(shown, "cache")["remedy"]


def test_something_that_is_not_rucio_is_seen(
    tmp_path: Path, standin: Callable[..., StandIn]
) -> None:
    page = standin(lambda _: Answer(200, b"<html>", {"Content-Type": "text/html"}))
    shown = _configured(tmp_path, {"name": "page", "rucio_base_url": page.url})("doctor", "--json")
    assert "is no Rucio" in _found(shown, "server", "page")["message"]
    assert shown.code == 7


def test_a_wrong_clock_is_seen() -> None:
    looker = Looker("x", 1, "clock")
    date = "Fri, 20 Nov 2026 21:00:00 GMT"
    server = 1795208400.0
    assert [c.state for c in _clock(looker, date, server + 1)] == ["ok"]
    [slow] = _clock(looker, date, server - 60)
    assert (slow.state, "1 minute behind" in slow.message) == ("warning", True)
    [fast] = _clock(looker, date, server + 7200)
    assert (fast.state, "2 hours ahead" in fast.message) == ("problem", True)
    assert "NTP" in fast.remedy


@pytest.mark.parametrize(
    ("schemes", "kind", "why"),
    [
        (["davs", "root"], "DISK", ""),
        (["davs"], "TAPE", "only on tape: make it available first"),
        (["srm"], "DISK", "no library for srm"),
        (["file"], "DISK", "that folder is not on this machine"),
        ([], "DISK", "it has no protocol"),
    ],
)
def test_an_rse_that_cannot_be_read_from_here_says_why(
    alice_instance: Instance, schemes: list[str], kind: str, why: str
) -> None:
    protocols = [{"scheme": scheme, "prefix": "/nowhere"} for scheme in schemes]
    info = {"rse_type": kind, "protocols": protocols}
    assert _why_not(replace(alice_instance, destination_rse="R"), "OTHER", info) == why


def test_a_blocked_rse_is_told_as_blocked(alice_instance: Instance) -> None:
    instance = replace(alice_instance, destination_rse="R", blocked_rses=("OTHER",))
    told = _why_not(instance, "OTHER", {"protocols": [{"scheme": "https"}]})
    assert "OTHER is blocked" in told


def test_a_check_that_hangs_or_fails_ends_in_a_problem() -> None:
    looker, never = Looker("x", 0.2), threading.Event()

    def hang(looker: Looker) -> Check:
        never.wait(60)
        return looker.ok("")

    def fail(_: Looker) -> Check:
        raise RuntimeError("token=hunter2")

    [late] = looker.look("mount", hang)
    never.set()
    assert late.problem is not None
    assert (late.state, late.problem.error) == ("problem", "TookTooLong")
    [failed] = looker.look("mount", fail)
    assert failed.problem is not None
    assert failed.problem.error == "InternalError"
    assert "hunter2" not in failed.message


def test_the_library_diagnoses_without_the_command(
    alice_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in lake_env(alice_env).items():
        monkeypatch.setenv(name, value)
    states = {check.name: check.state for check in diagnose("lake", timeout=30)}
    assert states["login"] == "ok"
