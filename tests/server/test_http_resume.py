"""Transfers that outlive their login and their server: they wait, go on, are tried again."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from http_answers import Api, Listen
from logins import token_by_browser
from test_http_uploads import ended, kill

from dlaas.credentials import Credential, Token
from dlaas.errors import CannotAuthenticate, LoginRequired, StorageRefused
from dlaas.lake import Lake
from dlaas.model import DID, Job, JobFile, Problem, UploadRequest
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake
from jupyter_dlaas.transfers import active
from jupyter_dlaas.transfers.hearing import Hearing
from jupyter_dlaas.transfers.job_store import JobStore
from jupyter_dlaas.transfers.orders import Ending, Listener, Order, Size
from jupyter_dlaas.transfers.upload_orders import UploadOrder


@pytest.fixture
def outputs(jp_root_dir: Path) -> Path:
    path = jp_root_dir / "outputs.root"
    path.write_bytes(os.urandom(200_000))
    return path


@pytest.fixture
def left(jp_data_dir: Path, outputs: Path, jp_root_dir: Path) -> Job:
    """An upload that a server had begun when it was killed."""
    order = UploadOrder(
        UploadRequest(
            outputs.name, f"user.alice:server-left-{secrets.token_hex(4)}.root", lifetime=86400
        ),
        str(jp_root_dir),
    ).renewed()
    store = JobStore(jp_data_dir / "dlaas", "killed", logging.getLogger("test"))
    store.open()
    job = order.job("lake", order.size)
    store.save(job, order, "Queued.")
    kill(store)
    return job


async def log_of(api: Api, job_id: str) -> list[str]:
    return [note["text"] for note in (await api("GET", f"jobs/{job_id}/log")).value]


async def test_the_next_server_goes_on_with_what_a_killed_one_left(
    left: Job, api: Api, listen: Listen
) -> None:
    job = await ended(api, listen, left.id)
    assert (job["state"], job["problem"]) == ("done", None)
    assert (await api("GET", "lake/metadata", did=left.did)).value["bytes"] == 200_000
    assert await log_of(api, left.id) == [
        "Queued.",
        "The server that ran it has stopped.",
        "Begun.",
        "Ended: done.",
    ]


async def log_in(api: Api, lake: EmbeddedLake) -> str:
    """Log in as alice; answers her password."""
    secret: str = lake.layout.password("alice")
    login = {"username": "alice", "password": secret, "account": "alice"}
    assert (await api("POST", "lake/login", login)).status == 200
    return secret


class EndsMidway:
    """A credential that ends, and that nobody renews, as soon as a first file has arrived."""

    def __init__(self, credential: Credential, folder: Path) -> None:
        self._credential = credential
        self._folder = folder

    def __call__(self) -> Token:
        if any(self._folder.glob("paused-*")):
            raise LoginRequired("The login has ended.")
        return self._credential()

    def refused(self, token: Token) -> bool:
        return False


class TestWithoutALogin:
    """An instance for which nobody has logged in yet."""

    @pytest.fixture
    def instances(self, lake: EmbeddedLake) -> list[dict[str, Any]]:
        instance = lake.instance("alice")
        return [{key: instance[key] for key in instance if "password" not in key}]

    async def test_what_was_left_waits_for_a_login_and_goes_on_after_it(
        self, left: Job, api: Api, listen: Listen, app: DlaasExtension, lake: EmbeddedLake
    ) -> None:
        hints = await listen()
        while (job := (await api("GET", f"jobs/{left.id}")).value)["state"] != "waiting":
            await hints.until(lambda hint: bool(hint["job"] == left.id))
        assert job["problem"]["blame"] == "credential"
        # It does not keep an idle server alive.
        assert app.current_activity() is None
        secret = await log_in(api, lake)
        assert (await ended(api, listen, left.id))["state"] == "done"
        assert secret not in json.dumps(await log_of(api, left.id))

    async def test_a_login_that_ends_in_the_middle_of_a_download_pauses_it_until_the_next(
        self,
        api: Api,
        listen: Listen,
        lake: EmbeddedLake,
        app: DlaasExtension,
        tmp_path: Path,
        jp_root_dir: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Storages' keys are looked up for each file; and there are more than are fetched at once.
        monkeypatch.setattr("dlaas.transfer.wire.doors._FRESH", 0)
        paths = [tmp_path / f"paused-{number}.bin" for number in range(20)]
        for path in paths:
            path.write_bytes(os.urandom(1000))
        lake.seed(paths, dataset="server-paused")
        await log_in(api, lake)
        live = (await app.sessions.get("lake"))._live
        assert live is not None
        live._credential = EndsMidway(live._credential, jp_root_dir / "paused")
        hints = await listen()
        body = {"did": "user.alice:server-paused", "folder": "paused"}
        begun = (await api("POST", "lake/downloads", body)).value
        while (job := (await api("GET", f"jobs/{begun['id']}")).value)["state"] != "waiting":
            await hints.until(lambda hint: bool(hint["job"] == begun["id"]))
        assert (job["problem"]["blame"], job["speed"]) == ("credential", None)
        assert 0 < len(list((jp_root_dir / "paused").glob("paused-*"))) < 20
        assert app.current_activity() is None
        await log_in(api, lake)
        job = await ended(api, listen, begun["id"])
        assert (job["state"], job["done_files"], job["attempt"]) == ("done", 20, 1)
        rows = (await api("GET", f"jobs/{begun['id']}/files")).value
        assert {row["outcome"] for row in rows} == {"skipped", "fetched"}

    @pytest.mark.parametrize("kind", ["downloads", "uploads"])
    async def test_a_storage_that_refuses_the_login_pauses_a_transfer_until_the_next(
        self,
        kind: str,
        api: Api,
        listen: Listen,
        lake: EmbeddedLake,
        app: DlaasExtension,
        tmp_path: Path,
        outputs: Path,
        jp_root_dir: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # The login of Rucio goes on, and so does the job, by nothing but the next one.
        monkeypatch.setattr(active, "FIRST_PAUSE", 600)
        name = f"server-refused-{secrets.token_hex(4)}"
        paths = [tmp_path / f"{name}-{number}.bin" for number in range(25)]
        for path in paths:
            path.write_bytes(os.urandom(1000))
        if kind == "downloads":
            lake.seed(paths, dataset=name)
        good, over = token_by_browser(lake), [kind == "uploads"]
        junk = f"{good.rpartition('.')[0]}.{'A' * 86}"
        folder = jp_root_dir / "refused"

        def shown(_: object) -> Token:
            over[0] = over[0] or (kind == "downloads" and any(folder.glob("*.bin")))
            return Token(junk if over[0] else good, account="alice")

        monkeypatch.setattr("dlaas.transfer.wire.shown._exchanged", shown)
        monkeypatch.setattr("dlaas.transfer.wire.doors._FRESH", 0)
        await log_in(api, lake)
        hints = await listen()
        body = {
            "downloads": {"did": f"user.alice:{name}", "folder": folder.name},
            "uploads": {"path": outputs.name, "did": f"user.alice:{name}", "rse": "NORTH-DISK"},
        }[kind]
        begun = (await api("POST", f"lake/{kind}", body)).value
        while (job := (await api("GET", f"jobs/{begun['id']}")).value)["state"] != "waiting":
            assert job["state"] not in ("failed", "done"), job["problem"]
            await hints.until(lambda hint: bool(hint["job"] == begun["id"]))
        assert (job["problem"]["error"], job["problem"]["details"]["status"]) == (
            "LoginRequired",
            401,
        )
        assert "NORTH-DISK" in job["problem"]["message"]
        assert (await api("GET", "lake/login")).value["state"] == "logged_in"
        if kind == "downloads":
            assert 0 < len(list(folder.glob("*.bin"))) < 25
        over[0] = False
        folder, before = tmp_path / "nobody", folder
        assert (await api("DELETE", "lake/login")).status == 200
        await log_in(api, lake)
        job = await ended(api, listen, begun["id"])
        assert (job["state"], job["attempt"], job["failed_files"]) == ("done", 1, 0)
        if kind == "downloads":
            came = {path.name: path.read_bytes() for path in before.glob("*.bin")}
            assert came == {path.name: path.read_bytes() for path in paths}
        told = json.dumps((await api("GET", f"jobs/{begun['id']}/log")).value)
        assert good not in told

    async def test_what_waits_can_be_cancelled(self, left: Job, api: Api, listen: Listen) -> None:
        hints = await listen()
        while (await api("GET", f"jobs/{left.id}")).value["state"] != "waiting":
            await hints.until(lambda hint: bool(hint["job"] == left.id))
        assert (await api("DELETE", f"jobs/{left.id}")).value["state"] == "cancelled"


def test_of_many_files_that_are_refused_in_a_row_no_more_are_asked_for() -> None:
    why = Problem("StorageRefused", "401", "credential", "", {"status": 401})
    hearing = Hearing(lambda: False, lambda **_: None)
    refused = JobFile(DID("user.alice:x"), "", "failed", problem=why)
    for _ in range(31):
        hearing.arrived(refused)
    hearing.arrived(JobFile(DID("user.alice:y"), "y", "fetched"))
    for _ in range(31):
        hearing.arrived(refused)
    hearing.arrived(replace(refused, problem=replace(why, details={"status": 403})))
    for _ in range(31):
        hearing.arrived(refused)
    with pytest.raises(StorageRefused, match="401"):
        hearing.arrived(refused)
    assert hearing.counts == {"done_files": 1, "failed_files": 95}


async def test_a_file_that_changed_meanwhile_is_not_uploaded_until_it_is_tried_again(
    left: Job, outputs: Path, api: Api, listen: Listen
) -> None:
    outputs.write_bytes(b"other results")
    job = await ended(api, listen, left.id)
    assert (job["state"], job["problem"]["blame"]) == ("failed", "you")
    assert "changed" in job["problem"]["message"]
    assert (await api("POST", f"jobs/{left.id}/retry")).status == 202
    job = await ended(api, listen, left.id)
    assert (job["state"], job["problem"], job["bytes"]) == ("done", None, 13)
    again = await api("POST", f"jobs/{left.id}/retry")
    assert (again.status, again.value["error"]) == (400, "InvalidInput")


async def test_what_failed_is_tried_again(
    api: Api, listen: Listen, lake: EmbeddedLake, outputs: Path
) -> None:
    await api("GET", "lake/scopes")
    body = {"path": outputs.name, "did": "user.alice:server-retried.root"}
    lake.hold("north")
    try:
        job = await ended(api, listen, (await api("POST", "lake/uploads", body)).value["id"])
    finally:
        lake.release("north")
    assert job["state"] == "failed"
    again = await api("POST", f"jobs/{job['id']}/retry")
    assert (again.status, again.value["finished_at"], again.value["problem"]) == (202, None, None)
    assert (await ended(api, listen, job["id"]))["state"] == "done"
    lines = await log_of(api, job["id"])
    assert lines[0] == "Queued."
    assert job["problem"]["message"] in lines[2]
    assert lines[3:] == ["Tried again.", "Begun.", "Ended: done."]


@dataclass(frozen=True)
class Scripted(Order):
    """A transfer that does on its worker what a test says."""

    act = staticmethod(lambda: None)

    kind = "download"
    name = "scripted"

    @property
    def keys(self) -> frozenset[tuple[str, ...]]:
        return frozenset({("download", "user.alice:scripted", "")})

    @classmethod
    def restored(cls, values: dict[str, Any]) -> Order:
        return cls(**values)

    def renewed(self) -> Order:
        return self

    def told(self) -> dict[str, Any]:
        return {"did": DID("user.alice:scripted"), "source": "scripted"}

    def check(self, lake: Lake) -> Size:
        return Size(0)

    def carry_out(self, lake: Lake, listener: Listener) -> Ending:
        self.act()
        return Ending(0)


class Script:
    """What `Scripted` does, once: wait, and then fail, where it is to."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.error: Exception | None = None

    def __call__(self) -> None:
        assert self.go.wait(60)
        error, self.error = self.error, None
        if error is not None:
            raise error


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    script = Script()
    monkeypatch.setattr(Scripted, "act", staticmethod(script))
    yield script
    script.go.set()


async def until(true: Callable[[], Any]) -> None:
    """Wait for what no hint tells."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def test_a_job_that_loses_a_login_which_was_renewed_already_goes_on_by_itself(
    api: Api, app: DlaasExtension, lake: EmbeddedLake, script: Script, monkeypatch: Any
) -> None:
    monkeypatch.setattr(active, "FIRST_PAUSE", 0.2)
    script.error = CannotAuthenticate("The token has ended.")
    jobs = app.jobs
    job = await jobs.add("lake", Scripted())
    await until(lambda: jobs._list.jobs[job.id].state == "running")
    # Nobody will tell of another login: this one has come before the job hears of the end.
    await log_in(api, lake)
    script.go.set()
    await until(lambda: jobs._list.jobs[job.id].state == "done")
    assert (await log_of(api, job.id))[1:] == [
        "Begun.",
        "Waits for a login: The token has ended.",
        "Begun.",
        "Ended: done.",
    ]


@pytest.mark.parametrize("error", [CannotAuthenticate("The token has ended."), OSError("broken")])
async def test_what_fails_while_it_is_cancelled_is_cancelled_and_can_be_tried_again(
    api: Api, app: DlaasExtension, lake: EmbeddedLake, script: Script, error: Exception
) -> None:
    script.error = error
    jobs = app.jobs
    job = await jobs.add("lake", Scripted())
    await until(lambda: jobs._list.jobs[job.id].state == "running")
    await jobs.cancel(job.id)
    script.go.set()
    await until(lambda: job.id not in jobs._runner.active)
    assert (await jobs.get(job.id)).state == "cancelled"
    await log_in(api, lake)
    await jobs.retry(job.id)
    await until(lambda: jobs._list.jobs[job.id].state == "done")


async def test_a_server_that_is_killed_right_after_a_cancel_leaves_nothing_to_go_on_with(
    app: DlaasExtension, script: Script, jp_data_dir: Path
) -> None:
    jobs = app.jobs
    job = await jobs.add("lake", Scripted())
    await until(lambda: jobs._list.jobs[job.id].state == "running")
    await jobs.cancel(job.id)
    # Its worker has heard nothing yet, and what it writes late does not undo the cancel.
    jobs._list.advance(job.id, "Begun.", state="running")
    with closing(sqlite3.connect(jp_data_dir / "dlaas" / "jobs.sqlite")) as db:
        assert next(db.execute("SELECT state FROM jobs")) == ("cancelling",)
    store = jobs._list._store
    assert store._lock is not None
    store._lock.close()
    next_one = JobStore(jp_data_dir / "dlaas", "next", app.log)
    ((found, _),) = next_one.open()
    assert (found.id, found.state) == (job.id, "cancelled")
    assert found.finished_at is not None
    next_one.close()
