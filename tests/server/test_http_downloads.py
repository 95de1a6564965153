"""Downloads that the server carries out: into folders of the file browser, into the cache."""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from http_answers import Api, Listen, Samples
from test_http_uploads import ended, kill

from dlaas.model import DownloadRequest, Job
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake
from jupyter_dlaas.lake.services import Status
from jupyter_dlaas.transfers.download_orders import DownloadOrder
from jupyter_dlaas.transfers.inbox import Inbox
from jupyter_dlaas.transfers.job_list import JobList
from jupyter_dlaas.transfers.job_store import JobStore
from jupyter_dlaas.transfers.orders import Size


@pytest.fixture
def instances(lake: EmbeddedLake, tmp_path: Path) -> list[dict[str, Any]]:
    return [{**lake.instance("alice"), "cache_folder": str(tmp_path / "cache")}]


@contextmanager
def frozen(lake: EmbeddedLake, service: str) -> Iterator[None]:
    """A storage that takes connections and never says a word."""
    status = Status.read(lake.layout)
    assert status is not None
    pid = status.services[service]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def begin(api: Api, did: str, folder: str | None = None, **options: Any) -> dict[str, Any]:
    body = {"did": did, "folder": folder, **options}
    answer = await api("POST", "lake/downloads", body)
    assert answer.status == 202, answer.value
    return dict(answer.value)


async def files_of(api: Api, job: dict[str, Any]) -> list[dict[str, Any]]:
    return list((await api("GET", f"jobs/{job['id']}/files")).value)


async def test_a_dataset_arrives_in_a_folder_that_is_made(
    api: Api, listen: Listen, samples: Samples, jp_root_dir: Path
) -> None:
    begun = await begin(api, samples.dataset, "data/run 1")
    assert (begun["kind"], begun["did"], begun["folder"]) == (
        "download",
        samples.dataset,
        "data/run 1",
    )
    assert (begun["bytes"], begun["files"]) == (100_000, 2)
    job = await ended(api, listen, begun["id"])
    assert (job["state"], job["problem"], job["speed"]) == ("done", None, None)
    assert (job["done_bytes"], job["done_files"], job["failed_files"]) == (100_000, 2, 0)
    here = {path.name: path.stat().st_size for path in (jp_root_dir / "data" / "run 1").iterdir()}
    assert here == {"server-00.bin": 50_000, "server-01.bin": 50_000}
    rows = await files_of(api, job)
    assert {(row["did"], row["outcome"], row["bytes"]) for row in rows} == {
        ("user.alice:server-00.bin", "fetched", 50_000),
        ("user.alice:server-01.bin", "fetched", 50_000),
    }
    assert all(Path(row["path"]).is_file() for row in rows)
    again = await ended(api, listen, (await begin(api, samples.dataset, "data/run 1"))["id"])
    assert [row["outcome"] for row in await files_of(api, again)] == ["skipped", "skipped"]


async def test_a_file_arrives_in_the_cache_where_notebooks_find_it(
    api: Api, listen: Listen, samples: Samples, tmp_path: Path
) -> None:
    did = next(samples.files)
    job = await ended(api, listen, (await begin(api, did))["id"])
    assert (job["state"], job["folder"], job["done_files"]) == ("done", None, 1)
    (row,) = await files_of(api, job)
    assert Path(row["path"]).is_relative_to(tmp_path / "cache")
    assert (await api("GET", "lake/status", did=did)).value["access"] == "cache"


async def test_another_file_of_that_name_is_left_alone_unless_it_may_be_replaced(
    api: Api, listen: Listen, samples: Samples, jp_root_dir: Path
) -> None:
    did = next(samples.files)
    mine = jp_root_dir / did.partition(":")[2]
    mine.write_bytes(b"mine")
    job = await ended(api, listen, (await begin(api, did, ""))["id"])
    assert (job["state"], job["problem"]["error"]) == ("failed", "AlreadyThere")
    assert mine.read_bytes() == b"mine"
    job = await ended(api, listen, (await begin(api, did, "", overwrite=True))["id"])
    assert (job["state"], mine.stat().st_size) == ("done", 50_000)


async def test_the_files_of_a_dataset_that_failed_are_named_and_tried_again_alone(
    api: Api, listen: Listen, lake: EmbeddedLake, tmp_path: Path
) -> None:
    paths = [tmp_path / f"partly-{number}.bin" for number in range(3)]
    for path in paths:
        path.write_bytes(os.urandom(20_000))
    lake.seed(paths, dataset="server-partly")
    (stored,) = (p for p in Path(lake.layout.storage).rglob("partly-1.bin"))
    aside = stored.rename(tmp_path / "aside")
    begun = await begin(api, "user.alice:server-partly", "partly")
    job = await ended(api, listen, begun["id"])
    assert (job["state"], job["done_files"], job["failed_files"]) == ("failed", 2, 1)
    assert job["problem"]["message"].startswith("1 of 3 files")
    assert job["problem"]["blame"] == "storage"
    first, *others = await files_of(api, job)
    assert (first["did"], first["outcome"]) == ("user.alice:partly-1.bin", "failed")
    assert first["problem"]["remedy"]
    assert {row["outcome"] for row in others} == {"fetched"}
    aside.rename(stored)
    await api("POST", f"jobs/{job['id']}/retry")
    job = await ended(api, listen, job["id"])
    assert (job["state"], job["attempt"], job["failed_files"]) == ("done", 2, 0)
    outcomes = sorted(row["outcome"] for row in await files_of(api, job))
    assert outcomes == ["fetched", "skipped", "skipped"]


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"did": "nonsense"}, 400, "InvalidDID"),
        ({"did": "user.alice:server-never-made"}, 404, "DataIdentifierNotFound"),
        ({"folder": "../outside"}, 400, "InvalidInput"),
        ({"folder": "a/../../outside"}, 400, "InvalidInput"),
        ({"folder": "link"}, 400, "InvalidInput"),
        ({"folder": "link/deeper"}, 400, "InvalidInput"),
        ({"folder": "circle"}, 400, "InvalidInput"),
        ({"folder": "file"}, 400, "InvalidInput"),
        ({"folder": "file/below"}, 400, "InvalidInput"),
        ({"folder": ".hidden"}, 400, "InvalidInput"),
        ({"folder": "a\0b"}, 400, "InvalidInput"),
        ({"folder": 5}, 400, "InvalidInput"),
        ({"overwrite": "yes"}, 400, "InvalidInput"),
    ],
)
async def test_a_download_that_cannot_be_is_refused_before_it_begins(
    api: Api, jp_root_dir: Path, samples: Samples, change: Any, status: int, error: str
) -> None:
    outside = jp_root_dir.parent / "outside"
    outside.mkdir()
    (jp_root_dir / "link").symlink_to(outside)
    (jp_root_dir / "circle").symlink_to(jp_root_dir / "circle")
    (jp_root_dir / "file").write_bytes(b"x")
    answer = await api("POST", "lake/downloads", {"did": samples.dataset, "folder": "ok", **change})
    assert (answer.status, answer.value["error"]) == (status, error)
    assert (await api("GET", "jobs")).value == []
    assert not list(outside.iterdir())
    assert not (jp_root_dir / "ok").exists()


class TestTurns:
    """One download at a time, from a storage that says nothing."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"Jobs": {"parallel_downloads": 1, "progress_interval": 0.1}}

    async def test_downloads_wait_for_their_turn_and_are_cancelled_though_the_storage_is_silent(
        self, api: Api, listen: Listen, samples: Samples, lake: EmbeddedLake, app: DlaasExtension
    ) -> None:
        await api("GET", "lake/scopes")
        hints = await listen()
        with frozen(lake, "north"):
            first = await begin(api, next(samples.files), "a")
            second = await begin(api, next(samples.files), "a")
            while (await api("GET", f"jobs/{first['id']}")).value["state"] != "running":
                await hints.until(lambda hint: bool(hint["job"] == first["id"]))
            assert (await api("GET", f"jobs/{second['id']}")).value["state"] == "queued"
            assert app.current_activity()
            assert (await api("DELETE", f"jobs/{second['id']}")).value["state"] == "cancelled"
            await api("DELETE", f"jobs/{first['id']}")
            assert (await ended(api, listen, first["id"]))["state"] == "cancelled"
            assert app.current_activity() is None
        again = await api("POST", f"jobs/{first['id']}/retry")
        assert again.status == 202
        assert (await ended(api, listen, first["id"]))["state"] == "done"

    async def test_a_did_is_not_downloaded_twice_at_once_to_one_place(
        self, api: Api, samples: Samples, lake: EmbeddedLake
    ) -> None:
        await api("GET", "lake/scopes")
        did = next(samples.files)
        with frozen(lake, "north"):
            job = await begin(api, did, "a")
            again = await api("POST", "lake/downloads", {"did": did, "folder": "a"})
            assert (again.status, again.value["error"]) == (409, "AlreadyThere")
            await begin(api, did, "b")
            await api("DELETE", f"jobs/{job['id']}")


@pytest.fixture
def left(jp_data_dir: Path, jp_root_dir: Path, samples: Samples) -> Job:
    """A download that a server had begun as alice when it was killed."""
    request = DownloadRequest(next(samples.files), "left")
    order = DownloadOrder(request, str(jp_root_dir), account="alice")
    store = JobStore(jp_data_dir / "dlaas", "killed", logging.getLogger("test"))
    store.open()
    job = order.job("lake", Size(50_000))
    store.save(job, order, "Queued.")
    kill(store)
    return job


async def test_the_next_server_goes_on_with_a_download(
    left: Job, api: Api, listen: Listen, jp_root_dir: Path
) -> None:
    job = await ended(api, listen, left.id)
    assert (job["state"], job["problem"]) == ("done", None)
    assert len(list((jp_root_dir / "left").iterdir())) == 1


def test_what_came_in_part_is_kept_for_two_weeks_and_longer_while_somebody_has_it(
    tmp_path: Path,
) -> None:
    old, new, held = (tmp_path / "a" / f".dlaas-{name}.part" for name in ("old", "new", "held"))
    (tmp_path / "a").mkdir()
    for path in (old, new, held, tmp_path / "a" / "mine.part"):
        path.write_bytes(b"some of it")
        os.utime(path, (time.time() - 15 * 86400,) * 2)
    os.utime(new)
    order = DownloadOrder(DownloadRequest("user.alice:x", "a"), str(tmp_path), account="alice")
    log = logging.getLogger("test")
    first = JobStore(tmp_path / "jobs", "first", log)
    first.open()
    first.save(replace(order.job("lake", Size(1)), state="cancelled"), order)
    first.close()
    inbox = Inbox(tmp_path / "inbox", "next", log)
    jobs = JobList(JobStore(tmp_path / "jobs", "next", log), inbox, lambda _: None, 1)
    with held.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        loop = asyncio.new_event_loop()
        jobs.open(loop)
        loop.close()
    left = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert left == [held.name, new.name, "mine.part"]
    jobs.close()


class TestWithoutALogin:
    """An instance for which nobody has logged in yet."""

    @pytest.fixture
    def instances(self, lake: EmbeddedLake) -> list[dict[str, Any]]:
        instance = lake.instance("alice")
        return [{key: instance[key] for key in instance if "password" not in key}]

    async def test_a_download_waits_for_the_login_of_whoever_asked_for_it(
        self, left: Job, api: Api, listen: Listen, lake: EmbeddedLake, jp_root_dir: Path
    ) -> None:
        hints = await listen()

        async def waits(for_what: str) -> None:
            while True:
                job = (await api("GET", f"jobs/{left.id}")).value
                if job["state"] == "waiting" and for_what in job["problem"]["message"]:
                    return
                await hints.until(lambda hint: bool(hint["job"] == left.id))

        async def log_in(account: str) -> None:
            secret = lake.layout.password(account)
            body = {"username": account, "password": secret, "account": account}
            assert (await api("POST", "lake/login", body)).status == 200

        await waits("not logged in")
        await log_in("bob")
        await waits("logged in as bob")
        assert not (jp_root_dir / "left").exists()
        await log_in("alice")
        assert (await ended(api, listen, left.id))["state"] == "done"
        told = json.dumps((await api("GET", f"jobs/{left.id}/log")).value)
        assert lake.layout.password("alice") not in told
