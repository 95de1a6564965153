"""Transfers that kernels hand to the server: begun without a token, heard of in a file."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from http_answers import Api, Listen, Samples
from test_http_downloads import frozen
from test_http_uploads import kill

from dlaas import handover
from dlaas.background import HandedOver, Transfer
from dlaas.cli import main
from dlaas.errors import (
    AccessDenied,
    AlreadyThere,
    Cancelled,
    DataIdentifierAlreadyExists,
    InvalidInput,
    InvalidRSEExpression,
    TookTooLong,
)
from dlaas.lake import Lake
from dlaas.model import DownloadRequest
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake
from jupyter_dlaas.transfers.download_orders import DownloadOrder
from jupyter_dlaas.transfers.inbox import Inbox
from jupyter_dlaas.transfers.job_list import JobList
from jupyter_dlaas.transfers.job_store import JobStore
from jupyter_dlaas.transfers.orders import Size

T = TypeVar("T")
Connect = Callable[[], Awaitable[Lake]]


@pytest.fixture
def connect(api: Api, app: DlaasExtension) -> Connect:
    """Make the lake as a kernel of this server has it, once it takes transfers."""

    async def lake() -> Lake:
        folder = app.sessions.handover
        await app._start_jupyter_server_extension(app.serverapp)
        while not (folder / "transfers").exists():
            await api("GET", "lake/scopes")
        return Lake(handover.read(folder, "lake").instance)

    return lake


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A file of a kernel's, outside of the folder that the file browser shows."""
    path = tmp_path / "results.root"
    path.write_bytes(os.urandom(100_000))
    return path


def fresh(name: str) -> str:
    return f"user.alice:background-{name}-{secrets.token_hex(4)}"


async def beside(act: Callable[..., T], *args: Any, **options: Any) -> T:
    """Do what blocks beside the server, as a kernel does."""
    return await asyncio.to_thread(act, *args, **options)


async def test_an_upload_goes_on_in_the_server_and_is_heard_of(
    connect: Connect, results: Path, api: Api, listen: Listen
) -> None:
    kernel = await connect()
    did = fresh("upload")
    hints = await listen()
    transfer = await beside(kernel.upload, results, did, lifetime="1d", background=True)
    assert transfer.state in ("queued", "running", "done")
    job = await beside(transfer.wait, "2 min")
    assert (job.state, job.result.did, job.done_bytes) == ("done", did, 100_000)
    assert job.result.rule.expires_at is not None
    assert [(row.did, row.outcome) for row in transfer.files] == [(did, "uploaded")]
    assert repr(transfer) == f"<Transfer: upload of {results}, done>"
    (shown,) = (await api("GET", "jobs")).value
    assert (shown["id"], shown["origin"], shown["state"]) == (transfer.id, "kernel", "done")
    await hints.until(lambda hint: bool(hint["job"] == transfer.id))


async def test_a_download_goes_into_any_folder_of_the_user_or_into_the_cache(
    connect: Connect, samples: Samples, tmp_path: Path
) -> None:
    kernel = await connect()
    heard: list[tuple[int, int]] = []
    transfer = await beside(kernel.download, samples.dataset, tmp_path / "here", background=True)
    job = await beside(transfer.wait, "2 min", lambda *step: heard.append(step))
    assert (job.state, job.files, job.done_files) == ("done", 2, 2)
    assert heard[-1] == (100_000, 100_000)
    assert len(list((tmp_path / "here").iterdir())) == 2
    did = next(samples.files)
    transfer = await beside(kernel.download, did, background=True)
    assert (await beside(transfer.wait, "2 min")).folder is None
    assert Path(transfer.files[0].path).is_file()


async def test_many_files_are_one_transfer_with_a_report(connect: Connect, tmp_path: Path) -> None:
    kernel = await connect()
    dataset, stem = fresh("set"), secrets.token_hex(4)
    for number in range(3):
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / f"{stem}-{number}.root").write_bytes(os.urandom(1000))
    from dlaas import background

    transfer = await beside(
        background.upload_many, kernel, tmp_path / "out", "user.alice", dataset=dataset
    )
    job = await beside(transfer.wait, "2 min")
    assert (job.did, job.files, job.done_files) == (dataset, 3, 3)
    assert {row.outcome for row in transfer.files} == {"uploaded"}
    assert len(list(await beside(lambda: list(kernel.list_contents(dataset))))) == 3


async def test_further_rules_are_made_in_the_background_too(
    connect: Connect, results: Path
) -> None:
    kernel = await connect()
    did, ends = fresh("rules"), "2099-01-31"
    rules = [{"rse_expression": "SOUTH-DISK", "until": ends}, {"rse_expression": "NOWHERE"}]
    with pytest.raises(InvalidRSEExpression):
        await beside(kernel.upload_many, {results: did}, rules=rules, background=True)
    transfer = await beside(
        kernel.upload_many, {results: did}, lifetime="1d", rules=rules[:1], background=True
    )
    await beside(transfer.wait, "2 min")
    made = {rule.rse_expression: rule for rule in await beside(kernel.list_rules, did)}
    assert made.keys() == {"NORTH-DISK", "SOUTH-DISK"}
    assert made["SOUTH-DISK"].expires_at.year == 2099


async def test_what_cannot_be_is_refused_in_the_kernel_and_nothing_is_handed_over(
    connect: Connect, results: Path, api: Api
) -> None:
    kernel = await connect()
    with pytest.raises(AccessDenied):
        await beside(kernel.upload, results, "user.bob:x", background=True)
    with pytest.raises(InvalidInput):
        await beside(kernel.upload, results, fresh("x"), lifetime=-5, background=True)
    with pytest.raises(FileNotFoundError):
        await beside(kernel.upload, results.with_name("none"), fresh("x"), background=True)
    with pytest.raises(FileNotFoundError):
        await beside(kernel.download, fresh("never"), background=True)
    with pytest.raises(AccessDenied):
        await beside(kernel.upload_many, [results], "user.bob", background=True)
    assert (await api("GET", "jobs")).value == []


async def test_what_fails_in_the_server_is_raised_by_the_wait(
    connect: Connect, samples: Samples, tmp_path: Path
) -> None:
    kernel = await connect()
    did = next(samples.files)
    mine = tmp_path / did.partition(":")[2]
    mine.write_bytes(b"mine")
    transfer = await beside(kernel.download, did, tmp_path, background=True)
    with pytest.raises(AlreadyThere, match="Nothing was changed") as caught:
        await beside(transfer.wait, "2 min")
    assert caught.value.blame == "you"
    assert (transfer.state, mine.read_bytes()) == ("failed", b"mine")


async def test_a_name_that_was_taken_meanwhile_is_told(
    connect: Connect,
    results: Path,
    lake: EmbeddedLake,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = await connect()
    did = fresh("taken")
    other = tmp_path / did.partition(":")[2]
    other.write_bytes(b"other")
    await beside(lake.seed, [other])
    # As if it had been taken after the kernel had looked.
    monkeypatch.setattr(Lake, "check_upload", lambda *_, **__: None)
    transfer = await beside(kernel.upload, results, did, background=True)
    with pytest.raises(DataIdentifierAlreadyExists):
        await beside(transfer.wait, "2 min")


async def test_a_kernel_cancels(
    connect: Connect, results: Path, samples: Samples, lake: EmbeddedLake, tmp_path: Path
) -> None:
    kernel = await connect()
    with frozen(lake, "north"):
        transfer = await beside(kernel.download, next(samples.files), tmp_path, background=True)
        with pytest.raises(TookTooLong, match="goes on"):
            await beside(transfer.wait, 0.1)
        await beside(transfer.cancel)
        with pytest.raises(Cancelled):
            await beside(transfer.wait, "1 min")
        await beside(transfer.cancel)
    assert transfer.state == "cancelled"


async def test_without_a_server_it_is_said_so(
    lake: EmbeddedLake, connect: Connect, results: Path, app: DlaasExtension
) -> None:
    kernel = await connect()
    from dlaas.config import Instance

    alone = Lake(Instance.from_mapping(lake.instance("alice")))
    with pytest.raises(InvalidInput, match="background=True"):
        await beside(alone.upload, results, fresh("x"), background=True)
    await app.jobs.stop()
    with pytest.raises(InvalidInput, match="has ended"):
        await beside(kernel.upload, results, fresh("x"), background=True)


async def test_a_server_that_does_not_answer_gets_nothing(
    connect: Connect, results: Path, app: DlaasExtension, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = await connect()
    monkeypatch.setattr("dlaas.background._ANSWERS_WITHIN", 0.5)
    for task in app.jobs._runner.tasks:
        task.cancel()
    with pytest.raises(TookTooLong, match="does not answer"):
        await beside(kernel.upload, results, fresh("x"), background=True)
    inbox = Path(json.loads((app.sessions.handover / "transfers").read_text())["inbox"])
    assert list(inbox.iterdir()) == []


async def test_what_lies_in_the_inbox_is_nobodys_else(
    connect: Connect, results: Path, app: DlaasExtension
) -> None:
    kernel = await connect()
    transfer = await beside(kernel.upload, results, fresh("private"), background=True)
    await beside(transfer.wait, "2 min")
    pointer = json.loads((app.sessions.handover / "transfers").read_text())
    for path, mode in (
        (Path(pointer["inbox"]).parent, 0o700),
        (Path(pointer["inbox"]), 0o700),
        (Path(pointer["told"]), 0o700),
        (Path(pointer["told"]) / f"{transfer.id}.json", 0o600),
    ):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    token = handover.read(app.sessions.handover, "lake").token
    assert token
    assert token not in (Path(pointer["told"]) / f"{transfer.id}.json").read_text()


async def test_an_order_that_nobody_can_read_stops_no_other(
    connect: Connect, results: Path, app: DlaasExtension
) -> None:
    kernel = await connect()
    inbox = Path(json.loads((app.sessions.handover / "transfers").read_text())["inbox"])
    (inbox / f"{'0' * 32}.order").write_text("{")
    (inbox / f"{'0' * 31}1.order").write_text("5")
    (inbox / f"{'0' * 31}2.order").mkdir()
    strange = HandedOver("1" * 32, "teleport", "lake", "alice", options={"unheard": 1})
    (inbox / f"{'1' * 32}.order").write_text(json.dumps({**vars(strange), "uploads": []}))
    transfer = await beside(kernel.upload, results, fresh("after"), background=True)
    assert (await beside(transfer.wait, "2 min")).state == "done"
    assert [path for path in inbox.iterdir() if path.is_file()] == []


async def test_an_order_is_kept_until_it_is_in_the_list_on_disk(
    connect: Connect, results: Path, app: DlaasExtension, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = await connect()
    inbox = Path(json.loads((app.sessions.handover / "transfers").read_text())["inbox"])

    def full(_: JobStore) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(JobStore, "_connect", full)
        transfer = await beside(kernel.upload, results, fresh("full"), background=True)
        assert (await beside(transfer.wait, "2 min")).state == "done"
        assert [path.stem for path in inbox.iterdir()] == [transfer.id]
    while list(inbox.iterdir()):
        await asyncio.sleep(0.05)
    with closing(app.jobs._list._store._connect()) as db:
        rows = list(db.execute("SELECT state FROM jobs WHERE id = ?", [transfer.id]))
    assert rows == [("done",)]


def job_list(folder: Path, server: str) -> JobList:
    """The jobs of a server in a folder that it shares with others."""
    log = logging.getLogger("test")
    store, inbox = JobStore(folder, server, log), Inbox(folder / "background", server, log)
    return JobList(store, inbox, lambda _: None, 1)


async def test_what_is_told_of_a_transfer_stays_while_its_server_lives_and_names_the_next_one(
    tmp_path: Path,
) -> None:
    order = DownloadOrder(DownloadRequest("user.alice:x", "/tmp/x"), "/", True, account="alice")
    job = replace(order.job("lake", Size(1)), state="waiting", origin="kernel")
    loop = asyncio.get_running_loop()
    first = job_list(tmp_path, "first")
    first.open(loop)
    first.add(job, order, "Queued.")
    told = tmp_path / "background" / "told" / f"{job.id}.json"
    os.utime(told, (1, 1))
    job_list(tmp_path, "second").open(loop)
    assert json.loads(told.read_text())["inbox"].endswith("/first")
    kill(first._store)
    Transfer(job.id, told.parent).cancel()
    third = job_list(tmp_path, "third")
    ((_, adopted),) = third.open(loop)
    assert adopted == order
    assert json.loads(told.read_text())["inbox"].endswith("/third")
    assert third._inbox.take() == ([], [job.id])


def test_a_transfer_that_nobody_remembers_says_so(tmp_path: Path) -> None:
    transfer = Transfer("0" * 32, tmp_path)
    with pytest.raises(FileNotFoundError, match="does not remember"):
        _ = transfer.state
    assert "not remembered" in repr(transfer)


async def test_a_terminal_hands_over_by_the_command_line(
    connect: Connect,
    results: Path,
    app: DlaasExtension,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await connect()
    monkeypatch.setenv("DLAAS_HANDOVER", str(app.sessions.handover))
    did = fresh("terminal")
    assert await beside(main, ["put", str(results), did, "--background"]) == 0
    job_id = capsys.readouterr().out.strip()
    pointer = json.loads((app.sessions.handover / "transfers").read_text())
    job = await beside(Transfer(job_id, Path(pointer["told"])).wait, "2 min")
    assert (job.state, job.kind, job.origin) == ("done", "upload", "kernel")
    assert await beside(main, ["get", did, "-o", str(results.parent / "got"), "--background"]) == 0
    job_id = capsys.readouterr().out.strip()
    await beside(Transfer(job_id, Path(pointer["told"])).wait, "2 min")
    assert len(list((results.parent / "got").iterdir())) == 1
