"""Uploads: what is checked before they begin, how they run, end, are cancelled and remembered."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from http_answers import Answer, Api, Listen

from dlaas.errors import AccessDenied
from dlaas.model import DID, Job, UploadRequest, to_json
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake
from jupyter_dlaas.transfers import places
from jupyter_dlaas.transfers.job_store import INTERRUPTED, JobStore
from jupyter_dlaas.transfers.upload_orders import UploadOrder

FINAL = ("done", "failed", "cancelled")
LARGE = 2_000_000_000


@pytest.fixture
def histogram(jp_root_dir: Path) -> Path:
    (jp_root_dir / "results").mkdir()
    path = jp_root_dir / "results" / "histos.root"
    path.write_bytes(os.urandom(300_000))
    return path


async def ended(api: Api, listen: Listen, job_id: str) -> dict[str, Any]:
    """Wait for the hints of a job until it has ended."""
    hints = await listen()
    while (job := (await api("GET", f"jobs/{job_id}")).value)["state"] not in FINAL:
        await hints.until(lambda hint: bool(hint["job"] == job_id))
    return dict(job)


async def test_an_upload_ends_in_the_lake(api: Api, listen: Listen, histogram: Path) -> None:
    did, dataset = "user.alice:server-histos.root", "user.alice:server-results"
    body = {"path": "results/histos.root", "did": did, "dataset": dataset, "lifetime": 86400}
    hints = await listen()
    begun = await api("POST", "lake/uploads", body)
    assert begun.status == 202
    assert (begun.value["state"], begun.value["bytes"]) == ("queued", 300_000)
    assert begun.value["source"] == "results/histos.root"
    job = await ended(api, listen, begun.value["id"])
    assert (job["state"], job["problem"]) == ("done", None)
    assert job["done_bytes"] == job["bytes"] == 300_000
    assert job["result"]["rule"]["expires_at"]
    assert job["result"]["dataset"] == dataset
    await hints.until(lambda hint: bool(hint["job"] == job["id"] and hint["did"] == did))
    found = await api("GET", "lake/dids", pattern="user.alice:server-histos*")
    assert [row["did"] for row in found.rows] == [did]
    assert [row["did"] for row in (await api("GET", "lake/contents", did=dataset)).rows] == [did]
    assert (await api("GET", "jobs")).value[0] == job


async def test_a_name_is_taken_for_ever(api: Api, listen: Listen, histogram: Path) -> None:
    body = {"path": "results/histos.root", "did": "user.alice:server-taken.root"}
    job = await ended(api, listen, (await api("POST", "lake/uploads", body)).value["id"])
    assert job["state"] == "done"
    histogram.write_bytes(b"other")
    answer = await api("POST", "lake/uploads", body)
    assert (answer.status, answer.value["error"]) == (409, "DataIdentifierAlreadyExists")
    assert len((await api("GET", "jobs")).value) == 1


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"path": "results/nothing.root"}, 404, "NotThere"),
        ({"path": "results"}, 400, "InvalidInput"),
        ({"path": ""}, 400, "InvalidInput"),
        ({"path": "/"}, 400, "InvalidInput"),
        ({"path": "../outside.root"}, 400, "InvalidInput"),
        ({"path": "results/../../outside.root"}, 400, "InvalidInput"),
        ({"path": "/etc/hostname"}, 404, "NotThere"),
        ({"path": "link.root"}, 400, "InvalidInput"),
        ({"path": "folder/outside.root"}, 400, "InvalidInput"),
        ({"path": "circle"}, 404, "NotThere"),
        ({"path": "fifo"}, 400, "InvalidInput"),
        ({"path": ".hidden"}, 400, "InvalidInput"),
        ({"path": "a\0b"}, 400, "InvalidInput"),
        ({"path": "x" * 5000}, 404, "NotThere"),
        ({"did": "nonsense"}, 400, "InvalidDID"),
        ({"did": "user.bob:x"}, 403, "AccessDenied"),
        ({"did": "no_such_scope:x"}, 404, "ScopeNotFound"),
        ({"lifetime": 0}, 400, "InvalidLifetime"),
        ({"until": "2020-01-01"}, 400, "InvalidLifetime"),
        ({"rse": "NOWHERE"}, 404, "RSENotFound"),
        ({"dataset": "user.alice:server-x.root"}, 400, "InvalidInput"),
        ({"path": None}, 400, "InvalidInput"),
    ],
)
async def test_an_upload_that_cannot_be_is_refused_before_it_begins(
    api: Api, jp_root_dir: Path, histogram: Path, change: Any, status: int, error: str
) -> None:
    outside = jp_root_dir.parent / "outside.root"
    outside.write_bytes(b"secret of another folder")
    (jp_root_dir / "link.root").symlink_to(outside)
    (jp_root_dir / "folder").symlink_to(jp_root_dir.parent)
    (jp_root_dir / "circle").symlink_to(jp_root_dir / "circle")
    (jp_root_dir / ".hidden").write_bytes(b"x")
    os.mkfifo(jp_root_dir / "fifo")
    body = {"path": "results/histos.root", "did": "user.alice:server-x.root", **change}
    answer = await api("POST", "lake/uploads", body)
    assert (answer.status, answer.value["error"]) == (status, error)
    assert "secret" not in json.dumps(answer.value)
    assert (await api("GET", "jobs")).value == []
    assert (await api("GET", "lake/metadata", did="user.alice:server-x.root")).status == 404


class TestTurns:
    """One upload at a time, of files that take a while."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"Jobs": {"parallel_uploads": 1, "progress_interval": 0.1}}

    @pytest.fixture
    def large(self, jp_root_dir: Path) -> str:
        with (jp_root_dir / "large.root").open("wb") as file:
            file.truncate(LARGE)
        return "large.root"

    async def test_a_job_is_cancelled_while_it_runs_and_while_it_waits(
        self, api: Api, listen: Listen, large: str, app: DlaasExtension
    ) -> None:
        hints = await listen()
        first = await self.begin(api, large, "cancel-1")
        second = await self.begin(api, large, "cancel-2")
        # A hint with progress: it runs.
        while (await api("GET", f"jobs/{first.value['id']}")).value["done_bytes"] == 0:
            await hints.until(lambda hint: bool(hint["job"] == first.value["id"]))
        assert app.current_activity()
        waiting = await api("DELETE", f"jobs/{second.value['id']}")
        assert waiting.value["state"] == "cancelled"
        await api("DELETE", f"jobs/{first.value['id']}")
        assert (await ended(api, listen, first.value["id"]))["state"] == "cancelled"
        assert app.current_activity() is None
        for name in ("cancel-1", "cancel-2"):
            assert (
                await api("GET", "lake/metadata", did=f"user.alice:server-{name}")
            ).status == 404
        # One that has ended stays as it is.
        again = await api("DELETE", f"jobs/{first.value['id']}")
        assert again.value["state"] == "cancelled"

    async def test_a_file_that_became_a_link_to_outside_while_it_waited_is_not_uploaded(
        self, api: Api, listen: Listen, large: str, jp_root_dir: Path
    ) -> None:
        (jp_root_dir.parent / "secret").write_bytes(b"secret of another folder")
        (jp_root_dir / "small.root").write_bytes(b"harmless")
        first = await self.begin(api, large, "swap-1")
        second = await self.begin(api, "small.root", "swap-2")
        (jp_root_dir / "small.root").unlink()
        (jp_root_dir / "small.root").symlink_to(jp_root_dir.parent / "secret")
        await api("DELETE", f"jobs/{first.value['id']}")
        job = await ended(api, listen, second.value["id"])
        assert (job["state"], job["problem"]["error"]) == ("failed", "InvalidInput")
        assert (await api("GET", "lake/metadata", did="user.alice:server-swap-2")).status == 404

    async def test_an_upload_that_begins_while_the_server_stops_is_left_to_the_next(
        self, api: Api, histogram: Path, app: DlaasExtension, jp_data_dir: Path
    ) -> None:
        assert (await api("GET", "jobs")).value == []
        with closing(sqlite3.connect(jp_data_dir / "dlaas" / "jobs.sqlite")) as db:
            db.execute("BEGIN EXCLUSIVE")
            begun = asyncio.create_task(self.begin(api, "results/histos.root", "stop-3"))
            while not app.jobs.active:
                await asyncio.sleep(0.01)
            stopped = asyncio.create_task(app.jobs.stop())
            await asyncio.sleep(0.1)
            db.rollback()
        await stopped
        answer = await begun
        assert (answer.status, answer.value["state"]) == (202, "queued")
        assert (await api("GET", "lake/metadata", did="user.alice:server-stop-3")).status == 404
        ((job, order),) = JobStore(jp_data_dir / "dlaas", "next", app.log).open()
        assert (job.id, job.state) == (answer.value["id"], "queued")
        assert order is not None
        assert order.request.path == "results/histos.root"

    async def test_a_name_is_not_uploaded_twice_at_once(self, api: Api, large: str) -> None:
        await self.begin(api, large, "twice")
        again = await self.begin(api, large, "twice")
        assert (again.status, again.value["error"]) == (409, "AlreadyThere")

    async def test_a_server_that_stops_leaves_its_jobs_to_the_next_and_nothing_in_the_lake(
        self, api: Api, large: str, app: DlaasExtension, jp_data_dir: Path
    ) -> None:
        first = await self.begin(api, large, "stop-1")
        await self.begin(api, large, "stop-2")
        await app.jobs.stop()
        jobs = JobStore(jp_data_dir / "dlaas", "next", app.log).open()
        assert [(job.state, job.done_bytes, bool(order)) for job, order in jobs] == [
            ("queued", 0, True)
        ] * 2
        assert jobs[0][0].id == first.value["id"]
        for name in ("stop-1", "stop-2"):
            assert (
                await api("GET", "lake/metadata", did=f"user.alice:server-{name}")
            ).status == 404

    async def begin(self, api: Api, path: str, name: str) -> Answer:
        return await api("POST", "lake/uploads", {"path": path, "did": f"user.alice:server-{name}"})


async def test_a_failed_upload_says_whose_fault_it_is(
    api: Api, listen: Listen, lake: EmbeddedLake, histogram: Path
) -> None:
    await api("GET", "lake/scopes")
    lake.hold("north")
    try:
        body = {"path": "results/histos.root", "did": "user.alice:server-fails.root"}
        begun = await api("POST", "lake/uploads", body)
        job = await ended(api, listen, begun.value["id"])
    finally:
        lake.release("north")
    assert job["state"] == "failed"
    assert job["problem"]["blame"] in ("network", "storage")
    assert (await api("GET", "lake/metadata", did="user.alice:server-fails.root")).status == 404


async def test_not_every_job_is_remembered_for_ever(
    api: Api, listen: Listen, app: DlaasExtension, histogram: Path
) -> None:
    await api("GET", "jobs")
    past = [
        Job(f"{number:032x}", "upload", "lake", DID("user.alice:x"), "x", "done")
        for number in range(300)
    ]
    app.jobs._list.jobs.update({job.id: job for job in past})
    body = {"path": "results/histos.root", "did": "user.alice:server-many.root"}
    job = await ended(api, listen, (await api("POST", "lake/uploads", body)).value["id"])
    jobs = (await api("GET", "jobs")).value
    assert len(jobs) == 201
    assert [jobs[0]["id"], jobs[1]["id"]] == [job["id"], past[-1].id]


@pytest.fixture
def past() -> list[Job]:
    """What an earlier version wrote: one job done, one running, one waiting, none with an order."""
    return [
        Job(f"{number:032x}", "upload", "lake", DID("user.alice:x"), "x", state, 5, 0, moment)
        for number, (state, moment) in enumerate(
            (state, datetime(2026, 1, 1 + day, tzinfo=timezone.utc))
            for day, state in enumerate(("done", "running", "queued"))
        )
    ]  # type: ignore[arg-type]


def kill(store: JobStore) -> None:
    """Let go of a store's lock, as the kernel does for a server that is killed."""
    store._lock.close()  # type: ignore[union-attr]


def test_a_server_that_lives_keeps_its_jobs_and_a_dead_ones_are_taken_over(
    past: list[Job], tmp_path: Path
) -> None:
    log = logging.getLogger("test")
    dead = JobStore(tmp_path / "jobs", "dead", log)
    dead.open()
    for job in past:
        dead.save(job)
    order = UploadOrder(UploadRequest("x", "user.alice:y"), "/home", False, 5, 1)
    dead.save(replace(past[1], id="e" * 32, done_bytes=4), order)
    alive = JobStore(tmp_path / "jobs", "alive", log)
    assert [job.state for job, _ in alive.open()] == ["done"]
    alive.save(replace(past[1], id="f" * 32))
    kill(dead)
    new = JobStore(tmp_path / "jobs", "new", log)
    found = new.open()
    assert [(job.id, job.state, known) for job, known in found] == [
        (past[0].id, "done", None),
        # Nobody knows how to go on with these.
        (past[1].id, "failed", None),
        (past[2].id, "failed", None),
        ("e" * 32, "queued", order),
    ]
    assert found[1][0].problem == INTERRUPTED
    assert found[3][0].done_bytes == 0
    # It is the new one's now: the next does not take it from a server that lives.
    assert "e" * 32 not in {job.id for job, _ in JobStore(tmp_path / "jobs", "another", log).open()}
    new.close()
    for path in ("jobs.sqlite", "servers/alive"):
        assert stat.S_IMODE((tmp_path / "jobs" / path).stat().st_mode) == 0o600


async def test_a_restart_keeps_the_jobs_and_tells_which_were_interrupted(
    api: Api, past: list[Job], jp_data_dir: Path
) -> None:
    killed = JobStore(jp_data_dir / "dlaas", "killed", logging.getLogger("test"))
    killed.open()
    for job in past:
        killed.save(job)
    kill(killed)
    jobs = (await api("GET", "jobs")).value
    assert [job["state"] for job in jobs] == ["failed", "failed", "done"]
    assert jobs[0]["problem"]["error"] == "Interrupted"
    assert jobs[0]["problem"]["blame"] == "us"


async def test_a_list_of_jobs_that_cannot_be_read_is_set_aside(
    api: Api, jp_data_dir: Path, listen: Listen, histogram: Path
) -> None:
    (jp_data_dir / "dlaas").mkdir(exist_ok=True)
    (jp_data_dir / "dlaas" / "jobs.sqlite").write_bytes(b"not a database" * 100)
    assert (await api("GET", "jobs")).value == []
    assert (jp_data_dir / "dlaas" / "jobs.broken").exists()
    body = {"path": "results/histos.root", "did": "user.alice:server-after.root"}
    job = await ended(api, listen, (await api("POST", "lake/uploads", body)).value["id"])
    assert job["state"] == "done"


def test_a_list_of_jobs_of_an_earlier_version_is_read(tmp_path: Path, past: list[Job]) -> None:
    (tmp_path / "servers").mkdir()
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as db, db:
        db.execute(
            "CREATE TABLE jobs (number INTEGER PRIMARY KEY, id TEXT UNIQUE,"
            " server TEXT NOT NULL, state TEXT NOT NULL, job TEXT NOT NULL)"
        )
        row = (past[0].id, "old", "done", json.dumps(to_json(past[0])))
        db.execute("INSERT INTO jobs (id, server, state, job) VALUES (?, ?, ?, ?)", row)
    store = JobStore(tmp_path, "new", logging.getLogger("test"))
    assert store.open() == [(past[0], None)]
    store.save(past[0], UploadOrder(UploadRequest("x", "user.alice:y"), None), "A line.")
    assert [note.text for note in store.notes(past[0].id)] == ["A line."]


async def test_an_unknown_job_is_not_there(api: Api) -> None:
    answer = await api("GET", f"jobs/{'0' * 32}")
    assert (answer.status, answer.value["error"]) == (404, "NotThere")
    assert (await api("DELETE", f"jobs/{'0' * 32}")).status == 404
    assert (await api("POST", f"jobs/{'0' * 32}/retry")).status == 404
    assert (await api("GET", f"jobs/{'0' * 32}/log")).status == 404


def test_a_folder_that_cannot_be_read_is_not_left_out_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run" / "locked").mkdir(parents=True)
    (tmp_path / "run" / "a.root").write_bytes(b"x")
    assert places.files(str(tmp_path), ["run"]) == {"run/a.root": "a.root"}
    scan = os.scandir

    def refuse(path: Any) -> Any:
        if os.path.basename(path) == "locked":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    # Not by its mode: root may read everything.
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(AccessDenied, match="locked"):
        places.files(str(tmp_path), ["run"])


class TestSeveral:
    """Files and folders that are uploaded together."""

    @pytest.fixture
    def run(self, jp_root_dir: Path) -> str:
        """A folder of results with a name that no other test has."""
        folder = jp_root_dir / f"run-{secrets.token_hex(4)}"
        (folder / "plots").mkdir(parents=True)
        (folder / ".ipynb_checkpoints").mkdir()
        for path in ("a.root", "b c.root", "plots/d.png", ".hidden", ".ipynb_checkpoints/e"):
            (folder / path).write_bytes(os.urandom(20_000))
        return folder.name

    async def begin(self, api: Api, run: str, **change: Any) -> Answer:
        stem = run.removeprefix("run-")
        body = {
            "paths": [run],
            "scope": "user.alice",
            "dataset": f"user.alice:several-{stem}",
            "lifetime": 86400,
            "duplicates": "rename",
            **change,
        }
        return await api("POST", "lake/uploads", body)

    async def test_a_folder_is_one_job_with_a_report_on_each_file(
        self, api: Api, listen: Listen, run: str
    ) -> None:
        begun = await self.begin(api, run)
        assert begun.status == 202, begun.value
        assert (begun.value["files"], begun.value["bytes"]) == (3, 60_000)
        assert begun.value["source"] == run
        job = await ended(api, listen, begun.value["id"])
        assert (job["state"], job["problem"], job["done_files"]) == ("done", None, 3)
        rows = (await api("GET", f"jobs/{job['id']}/files")).value
        assert {row["path"] for row in rows} == {
            f"{run}/a.root",
            f"{run}/b c.root",
            f"{run}/plots/d.png",
        }
        found = await api("GET", "lake/contents", did=job["did"])
        assert sorted(row["did"] for row in found.rows) == sorted(row["did"] for row in rows)

    async def test_one_that_changed_stops_no_other_and_is_tried_again_alone(
        self, api: Api, listen: Listen, run: str, jp_root_dir: Path, app: DlaasExtension
    ) -> None:
        app.jobs._workers["upload"].limit = 0
        begun = await self.begin(api, run)
        (jp_root_dir / run / "a.root").write_bytes(b"other results")
        app.jobs._workers["upload"].limit = 2
        # Any other upload wakes the workers.
        await api("POST", "lake/uploads", {"path": f"{run}/a.root", "did": f"user.alice:{run}.x"})
        job = await ended(api, listen, begun.value["id"])
        assert (job["state"], job["done_files"], job["failed_files"]) == ("failed", 2, 1)
        assert job["problem"]["blame"] == "you"
        first, *_ = (await api("GET", f"jobs/{job['id']}/files")).value
        assert (first["path"], first["outcome"]) == (f"{run}/a.root", "failed")
        await api("POST", f"jobs/{job['id']}/retry")
        job = await ended(api, listen, job["id"])
        assert (job["state"], job["done_files"], job["failed_files"]) == ("done", 3, 0)

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"paths": ["../outside"]}, "InvalidInput"),
            ({"paths": ["nothing"]}, "NotThere"),
            ({"paths": ["empty"]}, "InvalidInput"),
            ({"paths": ["linked"]}, "InvalidInput"),
            ({"path": "x"}, "InvalidInput"),
            ({"scope": None}, "InvalidDID"),
            ({"scope": "user.bob"}, "AccessDenied"),
            ({"rse": "NOWHERE"}, "RSENotFound"),
            ({"duplicates": "replace"}, "InvalidInput"),
        ],
    )
    async def test_what_cannot_be_is_refused_before_it_begins(
        self, api: Api, run: str, jp_root_dir: Path, change: Any, error: str
    ) -> None:
        (jp_root_dir.parent / "outside").mkdir()
        (jp_root_dir.parent / "outside" / "secret").write_bytes(b"secret")
        (jp_root_dir / "empty").mkdir()
        (jp_root_dir / "linked").symlink_to(jp_root_dir.parent / "outside")
        answer = await self.begin(api, run, **change)
        assert answer.value["error"] == error
        assert (await api("GET", "jobs")).value == []
