"""What must never happen on the way to Rucio, each pinned: prompts, shared tokens, second logins,
hangs, strangers.
"""

from __future__ import annotations

import inspect
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rucio.client.baseclient import BaseClient
from standin import Answer, Request, StandIn

from dlaas import Instance, Lake, SingleItemDID
from dlaas.credentials import Bearer, Userpass
from dlaas.errors import (
    AccessDenied,
    CannotAuthenticate,
    InvalidInput,
    LoginRequired,
    RucioFailed,
    TookTooLong,
    Unreachable,
)
from dlaas.rucio.client import LakeClient
from jupyter_dlaas.lake import EmbeddedLake

Standin = Callable[..., StandIn]
WHOAMI = json.dumps({"account": "alice", "email": None}).encode()
JSON = {"Content-Type": "application/json"}


def _lake(service: StandIn, **options: object) -> Lake:
    instance = Instance("x", service.url, account="alice", request_timeout=0.5, **options)  # type: ignore[arg-type]
    return Lake(instance, credentials=Bearer("the-token", "alice"))


def test_no_way_of_rucio_clients_to_log_in_or_prompt_is_left(alice_instance: Instance) -> None:
    client = LakeClient(alice_instance, "alice", Bearer("t"))
    for name in ("__authenticate", "__get_token", "__read_token", "__write_token"):
        with pytest.raises(LoginRequired):
            getattr(client, f"_BaseClient{name}")()


def test_what_is_overridden_still_exists_upstream() -> None:
    theirs = {name for name, _ in inspect.getmembers(BaseClient)}
    ours = {name for name in vars(LakeClient) if name.startswith("_") and not name.startswith("__")}
    assert ours <= theirs
    sent = inspect.signature(BaseClient._send_request).parameters
    assert {"url", "method", "headers", "data", "params", "stream"} <= set(sent)


def test_nothing_is_written_to_disk_or_printed_by_a_login(
    alice_instance: Instance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(BaseClient, "TOKEN_PATH_PREFIX", str(tmp_path / "rucio_"))
    assert Lake(alice_instance).whoami().name == "alice"
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]
    assert capfd.readouterr() == ("", "")


def test_two_lakes_with_one_account_name_do_not_share_a_token(
    alice: Lake, standin: Standin
) -> None:
    other = standin(lambda _: Answer(200, WHOAMI, JSON))
    alice.whoami()
    _lake(other).whoami()
    assert other.requests[0].headers["X-Rucio-Auth-Token"] == "the-token"


@pytest.mark.parametrize("account", ["al\nice", "\u0430\u043b\u0438\u0441\u0430"])
def test_an_account_that_no_header_can_carry_is_your_fault(
    alice_instance: Instance, account: str
) -> None:
    found = Lake(alice_instance, credentials=Userpass(alice_instance, "alice", "pw", account))
    with pytest.raises(InvalidInput, match="cannot be sent") as caught:
        found.whoami()
    assert caught.value.__suppress_context__


def test_one_timeout_is_told_to_many_without_growing(standin: Standin) -> None:
    found = _lake(standin(lambda _: threading.Event().wait(1) or Answer(200, b"{}", JSON)))
    told = []
    for _ in range(3):
        with pytest.raises(TookTooLong) as caught:
            found.rse_info("R")
        told.append(caught.value)
    assert len({id(error) for error in told}) == 3


def test_a_refused_permission_does_not_log_in_again(standin: Standin) -> None:
    def answer(request: Request) -> Answer:
        if request.path.startswith("/auth/"):
            return Answer(200, headers={"X-Rucio-Auth-Token": "t"})
        return Answer(401, headers={"ExceptionClass": "AccessDenied", "ExceptionMessage": "no"})

    service = standin(answer)
    instance = Instance("x", service.url, account="alice")
    found = Lake(instance, credentials=Userpass(instance, "alice", "pw"))
    with pytest.raises(AccessDenied):
        found.whoami()
    assert [r.path for r in service.requests] == ["/auth/userpass", "/accounts/whoami"]


def test_a_dead_token_is_renewed_once_and_never_twice(standin: Standin) -> None:
    def answer(request: Request) -> Answer:
        if request.path.startswith("/auth/"):
            return Answer(200, headers={"X-Rucio-Auth-Token": "t"})
        return Answer(401, headers={"ExceptionClass": "CannotAuthenticate"})

    service = standin(answer)
    instance = Instance("x", service.url, account="alice")
    found = Lake(instance, credentials=Userpass(instance, "alice", "pw"))
    with pytest.raises(CannotAuthenticate):
        found.whoami()
    assert [r.path for r in service.requests] == ["/auth/userpass", "/accounts/whoami"] * 2


def test_a_bearer_that_is_refused_is_not_sent_twice(standin: Standin) -> None:
    service = standin(lambda _: Answer(401, headers={"ExceptionClass": "CannotAuthenticate"}))
    with pytest.raises(CannotAuthenticate):
        _lake(service).whoami()
    assert len(service.requests) == 1


def test_a_missing_token_is_not_an_error_of_rucio(standin: Standin) -> None:
    told = {"ExceptionClass": "ValueError", "ExceptionMessage": "Token must be set."}
    with pytest.raises(LoginRequired):
        _lake(standin(lambda _: Answer(400, headers=told))).whoami()


def test_a_rucio_that_never_answers_ends_in_a_timeout(standin: Standin) -> None:
    def answer(_: Request) -> Answer:
        time.sleep(3)
        return Answer(200, WHOAMI, JSON)

    with pytest.raises(TookTooLong, match="did not answer in time"):
        _lake(standin(answer)).whoami()


def test_many_variables_do_not_take_many_timeouts(standin: Standin) -> None:
    service = standin(lambda _: threading.Event().wait(1) or Answer(200, WHOAMI, JSON))
    found = _lake(service, destination_rse="R")
    items = [SingleItemDID(f"s:{number}", lake=found) for number in range(20)]
    assert items[19] == "rucio://x@s/19"
    assert len(service.requests) <= 1


def test_a_lake_that_is_down_names_the_host() -> None:
    found = Lake(Instance("x", "https://localhost:9"), credentials=Bearer("t", "alice"))
    with pytest.raises(Unreachable, match="https://localhost:9") as caught:
        found.whoami()
    assert caught.value.blame == "network"


def test_an_unknown_host_is_told_as_such() -> None:
    found = Lake(Instance("x", "https://no-such-host.invalid"), credentials=Bearer("t", "alice"))
    with pytest.raises(Unreachable, match=r"no-such-host\.invalid"):
        found.whoami()


def test_a_front_end_that_is_busy_is_asked_again(standin: Standin) -> None:
    answers = [Answer(503), Answer(502), Answer(200, WHOAMI, JSON)]
    service = standin(lambda _: answers.pop(0))
    assert _lake(service).whoami().name == "alice"
    assert len(service.requests) == 3


def test_a_rule_is_never_asked_for_twice(standin: Standin) -> None:
    def answer(request: Request) -> Answer:
        if request.method == "POST":
            return Answer(503)
        if "usage/local" in request.path:
            endless = {"rse": "R", "bytes": 0, "files": 0, "bytes_limit": -1}
            return Answer(200, json.dumps(endless).encode(), JSON)
        if "usage" in request.path or "/attr" in request.path:
            return Answer(200, b"", {"Content-Type": "application/x-json-stream"})
        return Answer(200, json.dumps({"type": "DATASET", "bytes": 1}).encode(), JSON)

    service = standin(answer)
    with pytest.raises(RucioFailed, match="503"):
        _lake(service, destination_rse="R").make_available("s:n", "1d")
    assert len(service.asked("POST")) == 1


def test_an_error_page_is_an_error_of_rucio_without_its_markup(standin: Standin) -> None:
    service = standin(lambda _: Answer(500, b"<html>Traceback secret</html>"))
    with pytest.raises(RucioFailed) as caught:
        _lake(service).whoami()
    assert caught.value.blame == "rucio"
    assert "html" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>Log in to the Wi-Fi</html>", {"Content-Type": "text/html"}),
        Answer(200, b"{", JSON),
    ],
)
def test_something_that_is_not_rucio_is_not_believed(standin: Standin, answer: Answer) -> None:
    with pytest.raises(RucioFailed, match="answered"):
        _lake(standin(lambda _: answer)).whoami()


def test_a_redirect_to_a_stranger_gets_no_token(standin: Standin) -> None:
    stranger = standin(lambda _: Answer(200, WHOAMI, JSON))
    service = standin(lambda _: Answer(303, headers={"Location": f"{stranger.url}/accounts/alice"}))
    with pytest.raises(RucioFailed, match="not configured"):
        _lake(service).whoami()
    assert stranger.requests == []


def test_a_redirect_within_rucio_is_followed(standin: Standin) -> None:
    def answer(request: Request) -> Answer:
        if request.path == "/accounts/whoami":
            return Answer(303, headers={"Location": "/accounts/alice"})
        return Answer(200, WHOAMI, JSON)

    assert _lake(standin(answer)).whoami().name == "alice"


def test_a_self_signed_rucio_gets_no_password(
    standin: Standin, self_signed: tuple[Path, Path], lake: EmbeddedLake
) -> None:
    service = standin(lambda _: Answer(200, WHOAMI, JSON), tls=self_signed)
    for ca in (None, str(lake.layout.ca)):
        instance = Instance("x", service.url, account="alice", rucio_ca_cert=ca)
        with pytest.raises(Unreachable, match="certificate"):
            Lake(instance, credentials=Userpass(instance, "alice", "pw")).whoami()
    assert service.requests == []


def test_a_ca_bundle_in_the_environment_does_not_replace_the_instances(
    alice_instance: Instance, self_signed: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(self_signed[0]))
    assert Lake(alice_instance).whoami().name == "alice"


def test_a_ca_file_that_is_missing_is_told(alice_instance: Instance) -> None:
    wrong = replace(alice_instance, rucio_ca_cert="/nowhere/ca.pem")
    with pytest.raises(Exception, match=r"/nowhere/ca\.pem"):
        Lake(wrong).whoami()


def test_a_list_that_is_cut_is_an_error_and_not_a_shorter_list(standin: Standin) -> None:
    rows = b'{"scope":"s","name":"a","did_type":"FILE","bytes":1,"length":1}\n'
    told = {"Content-Type": "application/x-json-stream"}
    service = standin(lambda _: Answer(200, rows, told, promised=10_000))
    found = _lake(service).search("s:a*")
    with pytest.raises((Unreachable, TookTooLong)):
        list(found)


def test_passwords_in_netrc_are_not_sent(
    standin: Standin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login alice password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    service = standin(lambda _: Answer(200, WHOAMI, JSON))
    _lake(service).whoami()
    assert "Authorization" not in service.requests[0].headers


def test_at_the_debug_level_no_secret_is_logged(
    alice_instance: Instance, lake: EmbeddedLake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    found = Lake(alice_instance)
    assert list(found.search("ATLAS_OD_EDU:GamGam_data"))
    assert caplog.text
    assert found.credential().value not in caplog.text
    assert lake.layout.password("alice") not in caplog.text


def test_a_traceback_does_not_carry_the_token(standin: Standin) -> None:
    service = standin(lambda _: Answer(200, WHOAMI, JSON))
    found = _lake(service)
    service.close()
    with pytest.raises(Unreachable) as caught:
        found.whoami()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
