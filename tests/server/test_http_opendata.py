"""Open data behind a server where nobody is logged in."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from http_answers import Api, Listen
from test_http_uploads import ended

from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake

DATASET = "ATLAS_OD_EDU:4lep_data"
FILE = "ATLAS_OD_EDU:data_A.4lep.root"
PRIVATE = "ATLAS_OD_EDU:GamGam_data"
DOI = "10.5072/dlaas-lake.4lep"


@pytest.fixture
def instances(lake: EmbeddedLake, tmp_path: Path) -> list[dict[str, Any]]:
    """The lake as it is configured for people who have no account, and a server that is none."""
    told = lake.instance("alice", login=False)
    keys = ("name", "display_name", "rucio_base_url", "rucio_ca_cert")
    nobody = {key: told[key] for key in keys} | {"cache_folder": str(tmp_path / "cache")}
    return [nobody, {"name": "gone", "rucio_base_url": "https://localhost:1"}]


async def test_what_is_public_is_listed_before_any_login(api: Api) -> None:
    assert (await api("GET", "lake/login")).value["state"] != "logged_in"
    found = await api("GET", "lake/opendata")
    assert DATASET in {row["did"] for row in found.rows}
    assert PRIVATE not in {row["did"] for row in found.rows}
    assert found.end == {"end": True, "truncated": False}
    assert (await api("GET", "lake/dids", pattern="ATLAS_OD_EDU:*")).status == 401


async def test_it_is_searched_by_words_names_and_doi(api: Api) -> None:
    for text in ("*4lep*", "HIGGS education", f"https://doi.org/{DOI}"):
        found = await api("GET", "lake/opendata", text=text)
        assert [(row["did"], row["doi"]) for row in found.rows] == [(DATASET, DOI)]
    assert (await api("GET", "lake/opendata", text="nonsense")).rows == []


async def test_an_item_tells_its_files_and_what_is_not_public_is_not_there(api: Api) -> None:
    for did in (DATASET, f"doi:{DOI}"):
        item = (await api("GET", "lake/opendata/item", did=did)).value
        assert (item["did"], item["doi"], len(item["files"])) == (DATASET, DOI, 4)
        assert FILE in {file["did"] for file in item["files"]}
        assert item["metadata"]
    missing = await api("GET", "lake/opendata/item", did=PRIVATE)
    assert (missing.status, missing.value["details"]["why"]) == (404, "not_public")
    assert (await api("GET", "lake/opendata/item")).status == 400


async def test_it_is_downloaded_without_a_login_and_goes_on_after_a_restart(
    api: Api, app: DlaasExtension, listen: Listen, jp_root_dir: Path
) -> None:
    body = {"did": DATASET, "folder": "open"}
    job = (await api("POST", "lake/opendata/downloads", body)).value
    assert (job["files"], job["did"]) == (4, DATASET)
    job = await ended(api, listen, job["id"])
    assert (job["state"], job["done_files"], job["problem"]) == ("done", 4, None)
    here = sorted(jp_root_dir.glob("open/*.root"))
    assert len(here) == 4
    here[0].unlink()
    here[1].write_bytes(b"mine")
    job = (await api("POST", "lake/opendata/downloads", body)).value
    job = await ended(api, listen, job["id"])
    assert (job["state"], job["done_files"], job["failed_files"]) == ("failed", 3, 1)
    assert here[0].is_file()
    assert here[1].read_bytes() == b"mine"
    order = app.jobs._list.orders[job["id"]]
    shutil.rmtree(jp_root_dir / "open")
    from jupyter_dlaas.transfers import orders

    assert orders.read(order.write()) == order
    again = await api("POST", f"jobs/{job['id']}/retry")
    assert (await ended(api, listen, again.value["id"]))["done_files"] == 4


ATTACH = """
import json, sys
from dlaas.notebook.attaching import handle
names = {}
answer = handle(json.loads(sys.argv[1]), names)
assert answer["ok"], answer
print([name for file in names["events"] for name in [file.open().read(4)]])
print(names["one"].open().read(4))
"""


async def opened(api: Api, tmp_path: Path) -> list[str]:
    """What a kernel prints that attaches a collection and a file, and reads both."""
    folder = (await api("GET", "instances")).value["handover"]
    # The default instance is not named in records.
    wanted = [
        {"variableName": "events", "did": DATASET, "type": "collection"},
        {"variableName": "one", "did": FILE, "type": "file", "instance": "lake"},
    ]
    message = {"action": "attach", "handover": folder, "variables": wanted}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", ATTACH, json.dumps(message)),
        stdout=asyncio.subprocess.PIPE,
        cwd=tmp_path,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    return out.decode().split("\n")


READ = [str([b"root"] * 4), str(b"root"), ""]


async def test_a_kernel_opens_it_by_what_the_server_hands_over_without_a_login(
    api: Api, jp_environ: None, tmp_path: Path
) -> None:
    assert (await api("GET", "lake/login")).value["state"] == "logged_out"
    assert await opened(api, tmp_path) == READ


async def test_a_kernel_opens_it_after_a_logout_and_finds_nothing_of_the_login(
    api: Api, app: DlaasExtension, lake: EmbeddedLake, jp_environ: None, tmp_path: Path
) -> None:
    body = {"username": "alice", "password": lake.layout.password("alice"), "account": "alice"}
    assert (await api("POST", "lake/login", body)).value["state"] == "logged_in"
    handed = app.sessions.handover / "lake.json"
    token = json.loads(handed.read_text())["token"]
    assert (await api("DELETE", "lake/login")).value["state"] == "logged_out"
    assert await opened(api, tmp_path) == READ
    left = [path.read_text() for path in app.sessions.handover.rglob("*") if path.is_file()]
    assert left
    assert not [text for text in left if token in text]


async def test_one_file_of_it_goes_into_the_cache(api: Api, listen: Listen, tmp_path: Path) -> None:
    await api("GET", "lake/opendata/item", did=DATASET)
    job = (await api("POST", "lake/opendata/downloads", {"did": FILE})).value
    assert (await ended(api, listen, job["id"]))["state"] == "done"
    assert len(list((tmp_path / "cache").rglob("data_A.4lep.root"))) == 1


async def test_what_is_not_public_or_not_there_is_told_before_a_transfer_begins(api: Api) -> None:
    for did in (PRIVATE, "no.scope:here"):
        refused = await api("POST", "lake/opendata/downloads", {"did": did})
        assert (refused.status, refused.value["error"]) == (404, "DataIdentifierNotFound")
    assert (await api("GET", "jobs")).value == []
    assert (await api("GET", "gone/opendata")).value["error"] == "Unreachable"
    assert (await api("GET", "nowhere/opendata")).value["error"] == "InstanceNotFound"
