"""Publications: what is checked before they begin, how they end, and what is refused."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from http_answers import Api, Listen
from lake_gate import Gate
from test_http_uploads import kill

from dlaas import Instance, Lake
from dlaas.errors import Cancelled
from dlaas.model import Job, PublishRequest
from jupyter_dlaas.lake import EmbeddedLake
from jupyter_dlaas.transfers import orders
from jupyter_dlaas.transfers.job_store import JobStore
from jupyter_dlaas.transfers.orders import Size
from jupyter_dlaas.transfers.publish_orders import PublishOrder

FINAL = ("done", "failed", "cancelled")
FILE = "ATLAS_OD_EDU:data_A.GamGam.root"


def notebook(*sources: str) -> str:
    cells = [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def alice(lake: EmbeddedLake) -> Lake:
    return Lake(Instance.from_mapping(lake.instance("alice")))


@pytest.fixture
def work(jp_root_dir: Path) -> Path:
    """The content folder with a notebook in a folder, a plot and a module beside it."""
    folder = jp_root_dir / "higgs"
    folder.mkdir()
    (folder / "mass.ipynb").write_text(notebook("import cuts", "print(cuts.LOWEST)"))
    (folder / "cuts.py").write_text("LOWEST = 105\n")
    (folder / "plot.txt").write_text("a peak\n")
    return folder


async def ended(api: Api, listen: Listen, job_id: str) -> dict[str, Any]:
    hints = await listen()
    while (job := (await api("GET", f"jobs/{job_id}")).value)["state"] not in FINAL:
        await hints.until(lambda hint: bool(hint["job"] == job_id))
    return dict(job)


async def publish(api: Api, listen: Listen, **more: Any) -> dict[str, Any]:
    body = {"notebook": "higgs/mass.ipynb", "scope": "user.alice", "lifetime": 86400, **more}
    begun = await api("POST", "lake/publications", body)
    assert begun.status == 202, begun.value
    assert begun.value["kind"] == "publish"
    return await ended(api, listen, begun.value["id"])


async def test_a_notebook_is_published_with_its_module_and_inputs(
    api: Api, listen: Listen, work: Path, alice: Lake
) -> None:
    job = await publish(
        api, listen, name="server-mass", inputs=[FILE], outputs=["higgs/plot.txt"],
        environment="imported", note="for the talk",
    )  # fmt: skip
    assert (job["state"], job["problem"]) == ("done", None)
    assert job["did"] == job["result"]["did"] == "user.alice:server-mass"
    assert job["result"]["new"] is True
    assert job["result"]["rule"]["expires_at"]
    names = {entry.did.name.removeprefix("server-mass/") for entry in alice.list_files(job["did"])}
    assert {"mass.ipynb", "code/cuts.py", "outputs/plot.txt", "inputs.jsonl"} <= names
    told = alice.provenance(job["did"])
    assert told.note == "for the talk"
    assert [str(one.did) for one in told.inputs] == [FILE]
    files = (await api("GET", f"jobs/{job['id']}/files")).value
    assert {file["did"].rpartition("/")[2] for file in files} >= {"mass.ipynb", "provenance.json"}
    assert job["done_files"] == len(files)


async def test_without_a_name_it_is_made_of_the_contents_and_done_once(
    api: Api, listen: Listen, work: Path
) -> None:
    first = await publish(api, listen, environment="imported")
    assert first["result"]["did"].startswith("user.alice:mass-")
    again = await publish(api, listen, environment="imported")
    assert again["result"]["did"] == first["result"]["did"]
    assert again["result"]["new"] is False


async def test_what_looks_like_a_secret_is_refused_before_a_job_is_made(
    api: Api, listen: Listen, work: Path
) -> None:
    (work / "mass.ipynb").write_text(notebook("password = 'correct-horse-battery'"))
    before = (await api("GET", "jobs")).value
    body = {"notebook": "higgs/mass.ipynb", "scope": "user.alice"}
    answer = await api("POST", "lake/publications", body)
    assert (answer.status, answer.value["error"]) == (400, "InvalidInput")
    assert len(answer.value["details"]["found"]) == 1
    assert "correct-horse" not in json.dumps(answer.value)
    assert (await api("GET", "jobs")).value == before
    job = await publish(api, listen, even_with_secrets=True, environment="imported")
    assert job["state"] == "done"
    notes = (await api("GET", f"jobs/{job['id']}/log")).value
    assert any("seems to hold secrets" in note["text"] for note in notes)


async def test_a_secret_in_a_module_fails_the_job_and_nothing_is_sent(
    api: Api, listen: Listen, work: Path, alice: Lake
) -> None:
    (work / "cuts.py").write_text("LOWEST = 105\ntoken = 'ghp_" + "a1B2" * 10 + "'\n")
    job = await publish(api, listen, name="server-leak", environment="imported")
    assert (job["state"], job["problem"]["error"]) == ("failed", "InvalidInput")
    assert job["problem"]["details"]["found"]
    assert list(alice.search("user.alice:server-leak*")) == []


@pytest.mark.parametrize(
    ("more", "status", "error"),
    [
        ({"notebook": "higgs/none.ipynb"}, 404, "NotThere"),
        ({"notebook": "../mass.ipynb"}, 400, "InvalidInput"),
        ({"notebook": "higgs"}, 400, "InvalidInput"),
        ({"notebook": "higgs/plot.txt"}, 400, "InvalidInput"),
        ({"scope": "no_such_scope"}, 404, "ScopeNotFound"),
        ({"scope": "ATLAS_OD_EDU"}, 403, "AccessDenied"),
        ({"scope": ""}, 400, "InvalidDID"),
        ({"name": "a b"}, 400, "InvalidDID"),
        ({"lifetime": 0}, 400, "InvalidLifetime"),
        ({"until": "2020-01-31"}, 400, "InvalidLifetime"),
        ({"rse": "NOWHERE"}, 404, "RSENotFound"),
        ({"inputs": ["nonsense"]}, 400, "InvalidDID"),
        ({"outputs": ["../../etc/passwd"]}, 400, "InvalidInput"),
        ({"code": ["higgs/none.py"]}, 404, "NotThere"),
        ({"environment": "/etc/passwd"}, 400, "InvalidInput"),
        ({"outputs": "higgs/plot.txt"}, 400, "InvalidInput"),
    ],
)
async def test_what_cannot_be_published_is_refused_and_no_job_is_made(
    api: Api, work: Path, more: dict[str, Any], status: int, error: str
) -> None:
    before = (await api("GET", "jobs")).value
    body = {"notebook": "higgs/mass.ipynb", "scope": "user.alice", **more}
    answer = await api("POST", "lake/publications", body)
    assert (answer.status, answer.value["error"]) == (status, error), answer.value
    assert (await api("GET", "jobs")).value == before


async def test_an_order_outlives_the_server_that_took_it(
    work: Path,
) -> None:
    asked = PublishRequest("higgs/mass.ipynb", "user.alice", inputs=(FILE,), code=("a.py",))
    order = PublishOrder(asked, str(work.parent), account="alice")
    assert orders.read(order.write()) == order


async def test_a_kernel_of_another_python_is_remarked(
    api: Api, listen: Listen, work: Path, jp_data_dir: Path
) -> None:
    folder = jp_data_dir / "kernels" / "elsewhere"
    folder.mkdir(parents=True)
    spec = {"argv": ["/opt/other/bin/python", "-m", "x"], "display_name": "x", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    for kernel, remarks in (("elsewhere", 1), ("never-installed", 0)):
        content = json.loads(notebook(f"{kernel!r}"))
        content["metadata"]["kernelspec"] = {"name": kernel, "language": "python"}
        (work / "mass.ipynb").write_text(json.dumps(content))
        job = await publish(api, listen, environment="imported")
        notes = (await api("GET", f"jobs/{job['id']}/log")).value
        assert sum("/opt/other/bin/python" in note["text"] for note in notes) == remarks


ASKED = PublishRequest(
    "higgs/mass.ipynb", "user.alice", lifetime=86400, environment="imported", inputs=(FILE,)
)


@pytest.fixture
def left(jp_data_dir: Path, jp_root_dir: Path, work: Path, alice: Lake) -> Job:
    """A publication that a server had sent in part when it was killed."""
    (work / "mass.ipynb").write_text(notebook("import cuts", "'killed'"))
    sent: list[int] = []
    with pytest.raises(Cancelled):
        alice.publish(
            work / "mass.ipynb",
            ASKED.scope,
            environment=ASKED.environment,
            inputs=ASKED.inputs,
            lifetime=ASKED.lifetime,
            progress=lambda done, _: sent.append(done),
            cancelled=lambda: any(sent),
        )
    store = JobStore(jp_data_dir / "dlaas", "killed", logging.getLogger("test"))
    store.open()
    order = PublishOrder(ASKED, str(jp_root_dir)).renewed()
    job = order.job("lake", Size(1))
    store.save(job, order, "Queued.")
    kill(store)
    return job


async def test_the_next_server_goes_on_with_what_a_killed_one_had_sent_in_part(
    left: Job, api: Api, listen: Listen, alice: Lake
) -> None:
    job = await ended(api, listen, left.id)
    assert (job["state"], job["problem"]) == ("done", None)
    assert are_whole(alice, job["result"]["did"])


def are_whole(lake: Lake, did: str) -> bool:
    """Tell whether a publication is complete, each of its files there once, and nowhere else."""
    names = sorted(entry.did.name for entry in lake.list_files(did))
    stem = lake.get(did).did.name
    wanted = ("code/cuts.py", "environment.txt", "inputs.jsonl", "mass.ipynb", "provenance.json")
    every = sorted(entry.did.name for entry in lake.search(f"{did}/*", "file"))
    return names == every == [f"{stem}/{name}" for name in wanted] and lake.get(did).open is False


class TestInTheMiddle:
    @pytest.fixture
    def instances(self, lake: EmbeddedLake, gated: dict[str, Any]) -> list[dict[str, Any]]:
        nobody = {k: v for k, v in lake.instance("alice").items() if "password" not in k}
        return [lake.instance("alice"), gated, {**nobody, "name": "unknown"}]

    async def test_what_is_cancelled_can_be_tried_again_and_is_there_once(
        self, api: Api, listen: Listen, work: Path, alice: Lake, gate: Gate
    ) -> None:
        (work / "mass.ipynb").write_text(notebook("import cuts", "'cancelled'"))
        body = {"notebook": "higgs/mass.ipynb", "scope": "user.alice", "lifetime": 86400}
        more = {"inputs": [FILE], "environment": "imported"}
        begun = (await api("POST", "gated/publications", {**body, **more})).value
        gate.mode = "late"
        stopped = await api("DELETE", f"jobs/{begun['id']}")
        assert stopped.status == 200
        job = await ended(api, listen, begun["id"])
        gate.mode = "open"
        gate.released.set()
        if job["state"] == "cancelled":
            assert (await api("POST", f"jobs/{begun['id']}/retry")).status == 202
            job = await ended(api, listen, begun["id"])
        assert (job["state"], job["problem"]) == ("done", None)
        assert are_whole(alice, job["result"]["did"])

    def uses(self, work: Path, instance: str) -> None:
        """Let the notebook's record name what another lake has."""
        told = {"variableName": "data", "did": FILE, "type": "file", "instance": instance}
        content = json.loads(notebook("1 + 1"))
        content["metadata"]["rucio_attachments"] = [told]
        (work / "mass.ipynb").write_text(json.dumps(content))

    @pytest.mark.parametrize(
        ("instance", "error"), [("unknown", "LoginRequired"), ("nowhere", "InstanceNotFound")]
    )
    async def test_without_a_login_to_another_lake_that_it_names_no_job_is_made(
        self, api: Api, work: Path, instance: str, error: str
    ) -> None:
        self.uses(work, instance)
        body = {"notebook": "higgs/mass.ipynb", "scope": "user.alice"}
        answer = await api("POST", "lake/publications", body)
        assert answer.value["error"] == error
        assert (await api("GET", "jobs")).value == []

    async def test_the_record_may_name_what_is_in_another_lake(
        self, api: Api, listen: Listen, work: Path, alice: Lake
    ) -> None:
        self.uses(work, "gated")
        job = await publish(api, listen, environment="imported")
        assert (job["state"], job["problem"]) == ("done", None)
        (found,) = alice.provenance(job["result"]["did"]).inputs
        assert (found.did, found.instance) == (FILE, "gated")
