"""Publications: what is checked before they begin, how they end, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from http_answers import Api, Listen

from dlaas import Instance, Lake
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake

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
    api: Api, app: DlaasExtension, work: Path
) -> None:
    from dlaas.model import PublishRequest
    from jupyter_dlaas.transfers import orders
    from jupyter_dlaas.transfers.publish_orders import PublishOrder

    asked = PublishRequest("higgs/mass.ipynb", "user.alice", inputs=(FILE,), code=("a.py",))
    order = PublishOrder(asked, str(work.parent), account="alice")
    assert orders.read(order.write()) == order
