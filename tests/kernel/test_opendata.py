"""Open data of the genuine lake, by a process in which nobody is logged in."""

from __future__ import annotations

import json
import logging
import multiprocessing
import pickle
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import fsspec
import pytest
import requests
import uproot
from commandline import CommandLine
from datasets import made
from distributed import Client, LocalCluster
from standin import Answer, Request, StandIn

import dlaas
from dlaas import Instance, Lake, MultipleItemDID, errors
from dlaas.model import to_json
from dlaas.notebook import attaching
from dlaas.opendata import OpenData, client
from dlaas.rucio.connection import lake_for
from jupyter_dlaas.lake import EmbeddedLake

DATASET = "ATLAS_OD_EDU:4lep_data"
FILE = "ATLAS_OD_EDU:data_A.4lep.root"
DOI = "10.5072/dlaas-lake.4lep"
PRIVATE = "ATLAS_OD_EDU:GamGam_data"
TICKET = "zteos64-of-one-file"
Fresh = Callable[[str], str]
Publish = Callable[..., MultipleItemDID]


@pytest.fixture
def nobody(lake: EmbeddedLake) -> Instance:
    """The lake as it is configured for people who have no account."""
    told = lake.instance("alice", login=False)
    keys = ("name", "display_name", "rucio_base_url", "rucio_ca_cert")
    return Instance.from_mapping({key: told[key] for key in keys})


@pytest.fixture
def opened(nobody: Instance) -> Iterator[OpenData]:
    found = OpenData(nobody)
    yield found
    found.close()


@pytest.fixture
def root(lake: EmbeddedLake) -> Iterator[Lake]:
    found = Lake(Instance.from_mapping({**lake.instance("root"), "name": "roots"}))
    yield found
    found.close()


@pytest.fixture
def publish(
    root: Lake, lake: EmbeddedLake, tmp_path: Path, fresh: Fresh
) -> Iterator[Callable[..., MultipleItemDID]]:
    """Make datasets of one small file each, alice's, that are open data in a state."""
    alice = Lake(Instance.from_mapping({**lake.instance("alice"), "name": "publisher"}))
    done: list[MultipleItemDID] = []

    def make(state: str = "public", **told: Any) -> MultipleItemDID:
        found = made(alice, tmp_path, fresh, files=1)
        named = {"scope": found.did.scope, "name": found.did.name}
        alice.client.close(**named)
        root.client.add_opendata_did(**named)
        if told:
            root.client.update_opendata_did(**named, **told)
        if state != "draft":
            set_state(root, found.did, "public")
            done.append(found)
        if state == "suspended":
            set_state(root, found.did, state)
        return found

    yield make
    for one in done:
        set_state(root, one.did, "suspended")
    alice.close()


def set_state(root: Lake, did: dlaas.DID, state: str) -> None:
    root.client.update_opendata_did(scope=did.scope, name=did.name, state=state)


def why(error: pytest.ExceptionInfo[errors.DlaasError]) -> str:
    return str(error.value.details["why"])


# Finding


def test_what_is_public_is_listed_to_anybody(opened: OpenData) -> None:
    found = {item.did: item for item in opened.list()}
    assert found[dlaas.DID(DATASET)].state == "public"
    assert PRIVATE not in found
    assert len(list(opened.list(limit=1))) == 1
    with pytest.raises(errors.InvalidInput, match="at least 1"):
        opened.list(limit=0)


def test_a_list_that_changes_while_it_is_read_leaves_nothing_out(
    opened: OpenData, root: Lake, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 1)
    mine = [publish().did for _ in range(3)]
    listed = opened.list()
    found = [next(listed).did]
    # It moves from the beginning to the end, and all others one place towards the beginning.
    set_state(root, found[0], "public")
    found += [item.did for item in listed]
    assert len(found) == len(set(found))
    assert {DATASET, *mine} <= set(found)


def test_names_metadata_and_dois_are_searched(opened: OpenData, publish: Publish) -> None:
    mine = publish(meta={"title": "Photons", "deep": [{"detector": "MuonSpectrometer"}]}).did

    def found(text: str) -> set[dlaas.DID]:
        return {item.did for item in opened.search(text)}

    assert found("*4lep*") == {dlaas.DID(DATASET)} == found("ATLAS_OD_EDU:*")
    assert found("HIGGS education") == {dlaas.DID(DATASET)}
    assert found("photons muonspectrometer") == {mine}
    assert found(f"https://doi.org/{DOI.upper()}") == {dlaas.DID(DATASET)}
    assert found("*4lep* photons") == set() == found("higgs nonsense")
    with pytest.raises(errors.InvalidInput):
        opened.search(" ")


def test_an_item_tells_doi_metadata_and_files(opened: OpenData) -> None:
    item = opened.get(DATASET)
    assert (item.state, item.doi, item.record_id) == ("public", DOI, 93910)
    assert item.metadata is not None
    assert "synthetic" in str(item.metadata["note"]).lower()
    assert item.files is not None
    assert item.files[0].did == FILE
    assert item.bytes == sum(file.bytes or 0 for file in item.files)
    assert all(len(file.adler32 or "") == 8 for file in item.files)
    assert all(url.startswith("https://") for file in item.files for url in file.urls)
    assert opened.get(DATASET, files=False).files is None
    assert opened.get(DOI) == item == opened.get(f"rucio://lake@{DATASET.replace(':', '/')}")


@pytest.mark.parametrize("written", [DOI, f"doi:{DOI.upper()}", f"https://doi.org/{DOI}"])
def test_a_doi_leads_to_its_did(opened: OpenData, written: str) -> None:
    assert opened.resolve(written) == DATASET


def test_a_doi_that_nobody_has_is_told(opened: OpenData) -> None:
    with pytest.raises(errors.NotThere, match="5072/nobody") as unknown:
        opened.resolve("10.5072/nobody")
    assert why(unknown) == "unknown_doi"
    with pytest.raises(errors.InvalidInput, match="not a DOI"):
        opened.resolve(DATASET)


# What is not open


def test_what_is_not_public_is_no_ones_business(opened: OpenData, publish: Publish) -> None:
    for did in (PRIVATE, publish("draft").did, publish("suspended").did, "no.scope:here"):
        for ask in (opened.get, opened.download, opened.open, opened.did):
            with pytest.raises(errors.DataIdentifierNotFound, match="none, a draft, or") as error:
                ask(did)
            assert why(error) == "not_public"


@pytest.mark.parametrize("state", ["draft", "suspended"])
def test_whoever_is_logged_in_hears_why(alice: Lake, publish: Publish, state: str) -> None:
    did = publish(state).did
    asked = OpenData(lake=alice)
    with pytest.raises(errors.NotAvailable, match=state) as told:
        asked.get(did)
    assert why(told) == state
    with pytest.raises(errors.NotAvailable, match=state):
        asked.download(did)
    with pytest.raises(errors.DataIdentifierNotFound):
        asked.get(PRIVATE)


def test_a_name_with_a_slash_cannot_be_asked_for(opened: OpenData) -> None:
    with pytest.raises(errors.NotAvailable, match="slash") as error:
        opened.get("ATLAS_OD_EDU:a/b")
    assert why(error) == "slash"


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (Answer(404, b"<html>"), errors.NotThere, "no_open_data"),
        (Answer(401, b"", {"ExceptionClass": "CannotAuthenticate"}), errors.NotThere, "no_open"),
        (Answer(400, b"", {"ExceptionClass": "ConfigNotFound"}), errors.RucioFailed, "no_rse"),
    ],
)
def test_a_server_without_open_data_says_so(
    standin: Callable[..., StandIn], answer: Answer, kind: type[errors.DlaasError], told: str
) -> None:
    asked = OpenData(standin(lambda _: answer).url)
    for ask in (lambda: list(asked.list()), lambda: asked.get(DATASET)):
        with pytest.raises(kind) as error:
            ask()
        assert why(error).startswith(told)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"total": 1, "dids": [{"scope": 1}]}'])
def test_nonsense_is_rucios_fault(standin: Callable[..., StandIn], body: bytes) -> None:
    asked = OpenData(standin(lambda _: Answer(200, body)).url)
    with pytest.raises(errors.RucioFailed):
        list(asked.list())


# Reading


def test_it_is_downloaded_verified_and_kept(opened: OpenData, tmp_path: Path) -> None:
    item = opened.get(DOI)
    assert item.files is not None
    found = opened.download(DOI, tmp_path)
    assert (found.fetched, found.failed, found.bytes) == (4, 0, item.bytes)
    sums = {f"{zlib.adler32(Path(path).read_bytes()):08x}" for path in found.paths}
    assert sums == {file.adler32 for file in item.files}
    assert opened.download(DATASET, tmp_path).kept == 4


def test_a_file_of_an_item_is_downloaded_by_itself(opened: OpenData, tmp_path: Path) -> None:
    variable = opened.did(DATASET)
    assert isinstance(variable, MultipleItemDID)
    assert opened.download(variable[2].did, tmp_path).fetched == 1
    assert Path(variable[1].local(tmp_path)).read_bytes()[:4] == b"root"


def test_a_download_goes_on_where_it_was_cancelled(
    root: Lake, lake: EmbeddedLake, nobody: Instance, a_file: Path, tmp_path: Path, fresh: Fresh
) -> None:
    did = dlaas.DID(f"user.alice:{fresh('large')}")
    with_login = Lake(Instance.from_mapping({**lake.instance("alice"), "name": "publisher"}))
    with_login.upload(a_file, did, lifetime="1d")
    root.client.add_opendata_did(scope=did.scope, name=did.name)
    set_state(root, did, "public")
    opened = OpenData(nobody)
    here: list[int] = []
    with pytest.raises(errors.Cancelled):
        opened.download(
            did,
            tmp_path / "here",
            progress=lambda done, _: here.append(done),
            cancelled=lambda: bool(here),
        )
    found = opened.download(did, tmp_path / "here")
    assert Path(found.paths[0]).read_bytes() == a_file.read_bytes()
    set_state(root, did, "suspended")
    with_login.close()


def test_other_bytes_than_the_catalogues_are_refused(
    opened: OpenData, publish: Publish, lake: EmbeddedLake, tmp_path: Path
) -> None:
    item = opened.get(publish().did)
    assert item.files is not None
    [file] = item.files
    [there] = lake.layout.storage.glob(f"*/user/alice/*/*/{file.did.name}")
    there.write_bytes(b"b" * 100)
    found = opened.download(item.did, tmp_path / "here")
    assert [failure.problem.error for failure in found.failures] == ["ChecksumMismatch"]
    assert list((tmp_path / "here").glob("*")) == []


def test_files_open_as_streams_and_variables(opened: OpenData) -> None:
    variable = opened.did(DATASET)
    assert isinstance(variable, MultipleItemDID)
    assert len(variable) == 4
    with uproot.open(variable[0].open()) as tree:
        entries = tree["mini"].num_entries
    with opened.open(FILE) as file, uproot.open(file) as tree:
        assert tree["mini"].num_entries == entries > 10
    assert variable.metadata.custom["doi"] == DOI


def test_references_open_where_nobody_is_logged_in(opened: OpenData) -> None:
    assert opened.get(DATASET)
    files = fsspec.filesystem("rucio")
    path = DATASET.replace(":", "/")
    assert files.ls("ATLAS_OD_EDU", detail=False) == [path]
    found = files.ls(f"lake@{path}", detail=False)
    assert found[0] == f"lake@{FILE.replace(':', '/')}"
    with fsspec.open(f"rucio://{found[0]}") as file:
        assert file.read(4) == b"root"
    assert not files.exists(f"rucio://{PRIVATE.replace(':', '/')}")
    assert dlaas.did(DATASET).lake is opened.lake


def test_references_go_on_meaning_the_login_that_there_is(alice: Lake, nobody: Instance) -> None:
    both = OpenData(nobody)
    assert lake_for("lake") is alice
    assert both.lake is not alice
    assert dlaas.did(PRIVATE).lake is alice
    both.did(DATASET)
    with both.open(FILE) as file:
        assert file.read(4) == b"root"


def test_what_needs_a_login_says_so(opened: OpenData, a_file: Path) -> None:
    variable = opened.did(DATASET)
    for act in (
        lambda: variable.make_available("1d", rse_expression="NORTH-DISK"),
        lambda: variable.status,
        lambda: opened.lake.upload(a_file, "user.alice:never", rse="NORTH-DISK"),
        lambda: opened.lake.list_rules(DATASET),
        lambda: opened.lake.download(DATASET, background=True),
    ):
        with pytest.raises(errors.LoginRequired):
            act()
    assert DATASET in variable.card()


def test_the_lakes_storage_lets_anybody_read_open_data_and_no_more(
    opened: OpenData, publish: Publish, root: Lake, lake: EmbeddedLake, alice: Lake
) -> None:
    item, other = opened.get(DATASET), opened.get(publish().did)
    assert item.files is not None
    assert other.files is not None

    def status(method: str, url: str, **told: str) -> int:
        ca = str(lake.layout.ca)
        return requests.request(method, url, headers=told, verify=ca, timeout=30).status_code

    url, its = item.files[0].urls[0], other.files[0].urls[0]
    assert (status("GET", url), status("HEAD", url), status("GET", its)) == (200, 200, 200)
    for method in ("PUT", "DELETE", "MOVE", "PROPFIND"):
        assert status(method, url) == 401
    assert status("GET", url, Authorization="Bearer nonsense") == 401
    assert status("GET", url.rpartition("/")[0]) == 401
    private = next(alice.list_replicas(PRIVATE, schemes=["https"]))
    assert status("GET", private.pfn) == 401
    set_state(root, other.did, "suspended")
    assert status("GET", url.replace(".root", ".other")) == 401
    assert status("GET", its) == 401


# Secrets


def test_no_credential_is_sent_though_there_is_one(
    lake: EmbeddedLake,
    root: Lake,
    publish: Publish,
    tmp_path: Path,
    eventually: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With alice's certificate, or proxy, the storage would answer for ever."""
    monkeypatch.setenv("X509_USER_PROXY", str(lake.proxy("alice")))
    monkeypatch.setenv("BEARER_TOKEN", lake.token("alice"))
    opened = OpenData(Instance.from_mapping(lake.instance("alice")))
    did = publish().did
    assert opened.download(did, tmp_path / "before").fetched == 1
    set_state(root, did, "suspended")
    numbers = iter(range(1000))

    def refused() -> list[str]:
        found = opened.download(did, tmp_path / f"after-{next(numbers)}")
        return [failure.problem.error for failure in found.failures]

    assert eventually(refused) == ["StorageRefused"]


@pytest.fixture
def eos(standin: Callable[..., StandIn], lake: EmbeddedLake) -> StandIn:
    """A Rucio whose storage, at the same address, wants a ticket for each file."""
    tls = (Path(lake.layout.pki) / "server.pem", Path(lake.layout.pki) / "server.key")
    data = b"d" * 1000
    row = {"scope": "cms", "name": "open", "state": "PUBLIC", "doi": None, "meta": {}}

    def answer(request: Request) -> Answer:
        parts = urlsplit(request.path)
        asked = parse_qs(parts.query)
        if parts.path == "/eos/a.root":
            if asked.get("authz") != [TICKET]:
                return Answer(403)
            start, _, end = request.headers["Range"].removeprefix("bytes=").partition("-")
            part = data[int(start) : int(end) + 1]
            told = f"bytes {start}-{end}/{len(data)}"
            return Answer(206, part, {"Content-Range": told})
        url = f"{service.url}/eos/a.root"
        file = {"scope": "cms", "name": "a.root", "bytes": len(data), "uris": [url]}
        file["adler32"] = f"{zlib.adler32(data):08x}"
        if asked["download_urls"] == ["1"]:
            file["download_urls"] = [f"{url}?authz={TICKET}"]
        files = {"files": [file]} if asked["files"] == ["1"] else {}
        return Answer(200, json.dumps({**row, **files}).encode())

    service = standin(answer, tls=tls)
    return service


def test_tickets_open_files_and_are_never_shown(
    eos: StandIn,
    nobody: Instance,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG, "dlaas")
    told = {**nobody.public(), "name": "eos", "rucio_base_url": eos.url}
    opened = OpenData(Instance.from_mapping(told))
    found = opened.download("cms:open", tmp_path)
    assert (found.fetched, found.failures) == (1, ())
    with opened.open("cms:a.root") as file:
        assert file.read(3) == b"ddd"
    item, variable = opened.get("cms:open"), opened.did("cms:a.root")
    assert isinstance(variable, dlaas.SingleItemDID)
    said = [item, to_json(item), variable, pickle.dumps(variable), variable.urls()]
    said += [list(variable.replicas), variable.explain(), str(variable.explain()), variable.card()]
    said += [vars(opened), vars(opened.lake), opened.lake.client._known, found, caplog.text]
    said += [capsys.readouterr()]
    assert TICKET not in repr(said)
    assert any(TICKET in request.path for request in eos.requests)
    assert not [r for r in eos.requests if {"Authorization", "Cookie"} & set(r.headers)]
    assert not [r for r in eos.requests if any("rucio" in name.lower() for name in r.headers)]


def test_no_tickets_are_asked_for_where_anybody_may_read(
    opened: OpenData, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[dict[str, int]] = []
    ask = opened.lake.service._ask

    def note(below: str, params: dict[str, int], *rest: Any) -> Any:
        asked.append(params)
        return ask(below, params, *rest)

    monkeypatch.setattr(opened.lake.service, "_ask", note)
    assert opened.download(DATASET, tmp_path).fetched == 4
    assert [params["download_urls"] for params in asked] == [0]


def test_many_threads_ask_once(opened: OpenData, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = opened.lake.service.item

    def note(did: dlaas.DID, **options: Any) -> Any:
        asked.append(did)
        return ask(did, **options)

    monkeypatch.setattr(opened.lake.service, "item", note)
    threads = [threading.Thread(target=opened.did, args=(DATASET,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == [DATASET]


def test_a_process_that_was_forked_off_asks_by_itself(opened: OpenData) -> None:
    opened.did(DATASET)
    child = multiprocessing.get_context("fork").Process(target=_read, args=(opened,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    _read(opened)


def test_a_notebooks_record_of_open_data_is_read_without_a_login(
    nobody: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUCIO_NAME", nobody.name)
    monkeypatch.setenv("RUCIO_BASE_URL", nobody.rucio_base_url)
    monkeypatch.setenv("RUCIO_CA_CERT", str(nobody.rucio_ca_cert))
    record = {"variableName": "data", "did": DATASET, "type": "collection", "instance": "lake"}
    data = attaching.restore((record,), {})["data"]
    assert isinstance(data, MultipleItemDID)
    assert [_entries(file)[0] > 10 for file in data] == [True] * 4
    closed = attaching.restore(({**record, "did": PRIVATE},), {})["data"]
    with pytest.raises(errors.LoginRequired):
        len(closed)


@pytest.fixture
def workers(
    tmp_path: Path, nobody: Instance, monkeypatch: pytest.MonkeyPatch, request: Any
) -> Iterator[Client]:
    """A worker process of Dask where nobody is logged in, or nothing is configured either."""
    if request.param:
        monkeypatch.setenv("RUCIO_NAME", nobody.name)
        monkeypatch.setenv("RUCIO_BASE_URL", nobody.rucio_base_url)
        monkeypatch.setenv("RUCIO_CA_CERT", str(nobody.rucio_ca_cert))
    told = {"processes": True, "dashboard_address": None, "local_directory": str(tmp_path)}
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, **told) as cluster,
        Client(cluster) as found,
    ):
        yield found


def _entries(name: Any) -> list[int]:
    with fsspec.open(str(name)) as file, uproot.open(file) as tree:
        found = [tree["mini"].num_entries]
    if isinstance(name, dlaas.SingleItemDID):
        with uproot.open(name.open()) as tree:
            found.append(tree["mini"].num_entries)
    return found


@pytest.mark.parametrize("workers", [True, False], ids=["configured", "bare"], indirect=True)
def test_workers_of_dask_read_open_data_without_a_login(opened: OpenData, workers: Client) -> None:
    variable = opened.did(DATASET)
    assert isinstance(variable, MultipleItemDID)
    here = [_entries(file) for file in variable]
    assert workers.gather(workers.map(_entries, list(variable))) == here
    assert workers.submit(len, variable).result() == 4
    assert (
        workers.submit(lambda part: [_entries(f) for f in part], variable[1:3]).result()
        == (here[1:3])
    )


@pytest.mark.parametrize("workers", [True], ids=["configured"], indirect=True)
def test_workers_of_dask_read_references_of_open_data_without_a_login(
    opened: OpenData, workers: Client
) -> None:
    references = [f"rucio://lake@{FILE.replace(':', '/')}"]
    assert workers.gather(workers.map(_entries, references)) == [_entries(references[0])]
    trees = dict.fromkeys(references, "mini")
    found: Any = uproot.dask(trees, filter_name=["lep_n"])
    assert len(found.compute()) == _entries(references[0])[0]
    private = f"rucio://lake@{PRIVATE.replace(':', '/')}"
    with pytest.raises(errors.LoginRequired):
        workers.submit(_entries, private).result()


def _read(opened: OpenData) -> None:
    assert opened.get(DATASET).doi == DOI
    with opened.open(FILE) as file:
        assert file.read(4) == b"root"


# In a terminal


@pytest.fixture
def terminal(tmp_path: Path, nobody: Instance) -> CommandLine:
    """The command where nobody is logged in."""
    told = {
        "RUCIO_NAME": nobody.name,
        "RUCIO_BASE_URL": nobody.rucio_base_url,
        "RUCIO_CA_CERT": str(nobody.rucio_ca_cert),
    }
    return CommandLine(tmp_path, told)


def test_the_command_finds_and_downloads_without_a_login(terminal: CommandLine) -> None:
    assert DATASET in terminal("opendata", "list").out
    assert DATASET in terminal("opendata", "search", "*4lep*", "higgs").out
    assert terminal("opendata", "doi", DOI).out == f"{DATASET}\n"
    shown = terminal("opendata", "info", DOI).out
    assert FILE in shown
    assert "409.4 kB in 4 files" in shown
    got = terminal("opendata", "get", DATASET, "-o", "data")
    assert got.code == 0
    assert [Path(line).is_file() for line in got.out.splitlines()] == [True] * 4


def test_the_command_tells_programs(terminal: CommandLine) -> None:
    [item] = terminal("opendata", "info", DATASET, "--json").rows
    assert (item["doi"], len(item["files"])) == (DOI, 4)
    assert DATASET in {row["did"] for row in terminal("opendata", "list", "--json").rows}
    assert terminal("opendata", "doi", DOI, "--json").rows == [{"doi": DOI, "did": DATASET}]
    missing = terminal("opendata", "get", PRIVATE, "--json")
    assert (missing.code, missing.problem["details"]["why"]) == (3, "not_public")
    assert terminal("opendata", "doi", "10.5072/nobody").code == 3
    assert terminal("opendata", "doi", "nonsense").code == 2
    assert terminal("opendata", "list", "--server", "http://localhost:1").code == 7
    told = terminal.env
    anywhere = terminal(
        "opendata", "list", "--server", told["RUCIO_BASE_URL"],
        RUCIO_NAME=None, RUCIO_BASE_URL=None, REQUESTS_CA_BUNDLE=told["RUCIO_CA_CERT"],
    )  # fmt: skip
    assert DATASET in anywhere.out
    both = terminal("opendata", "list", "--server", "http://a.example", "--instance", "lake")
    assert both.code == 2
