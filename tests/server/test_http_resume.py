"""Transfers that outlive their login and their server: they wait, go on, are tried again."""

from __future__ import annotations

import json
import logging
import os
import secrets
from pathlib import Path
from typing import Any

import pytest
from http_answers import Api, Listen
from test_http_uploads import ended, kill

from dlaas.model import Job, UploadRequest
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake
from jupyter_dlaas.transfers.job_store import JobStore
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
        secret = lake.layout.password("alice")
        login = {"username": "alice", "password": secret, "account": "alice"}
        assert (await api("POST", "lake/login", login)).status == 200
        assert (await ended(api, listen, left.id))["state"] == "done"
        assert secret not in json.dumps(await log_of(api, left.id))

    async def test_what_waits_can_be_cancelled(self, left: Job, api: Api, listen: Listen) -> None:
        hints = await listen()
        while (await api("GET", f"jobs/{left.id}")).value["state"] != "waiting":
            await hints.until(lambda hint: bool(hint["job"] == left.id))
        assert (await api("DELETE", f"jobs/{left.id}")).value["state"] == "cancelled"


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
