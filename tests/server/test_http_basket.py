"""The baskets of ESAP behind the server: a stand-in of ESAP, the genuine lake, an archive."""

from __future__ import annotations

import json
import logging
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from http_answers import Api, Listen, Samples
from jupyter_core.paths import jupyter_data_dir
from test_http_uploads import ended

from dlaas.basket import fetching
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake

sys.path.insert(0, str(Path(__file__).parents[1] / "kernel"))
from esap import ACCESS_TOKEN, ID_TOKEN, Esap, jwt, rucio
from standin import Answer, StandIn

DATA = b"SIMPLE  =                    T" * 100
DATASET = "ATLAS_OD_EDU:4lep_data"
ZOO = {"archive": "zooniverse", "catalog": "project", "project_id": 7, "category": "subjects"}


def tls_of(lake: EmbeddedLake) -> tuple[Path, Path]:
    pki = Path(lake.layout.pki)
    return pki / "server.pem", pki / "server.key"


@pytest.fixture
def archive(lake: EmbeddedLake) -> Iterator[StandIn]:
    """An archive whose certificate the lake's authority signed."""
    found = StandIn(lambda _: Answer(200, DATA), tls_of(lake))
    yield found
    found.close()


@pytest.fixture
def esap(samples: Samples, archive: StandIn) -> Iterator[Esap]:
    """An ESAP with an item of each kind."""
    vo = {"archive": "vo_reg", "record": ["M51", f"{archive.url}/m51.fits?sig=ticket", 3]}
    found = Esap([rucio(DATASET), rucio(samples.dataset), vo, ZOO], jwt())
    yield found
    found.close()


@pytest.fixture
def other() -> Iterator[Esap]:
    """A second ESAP, of which somebody else has the token."""
    found = Esap([rucio("no.such.scope:thing")], jwt(mark="b"))
    yield found
    found.close()


@pytest.fixture
def instances(lake: EmbeddedLake) -> list[dict[str, Any]]:
    """One where somebody is logged in, and one where nobody is: it cannot be asked."""
    elsewhere = {**lake.instance("bob", login=False), "name": "elsewhere"}
    return [elsewhere, {**lake.instance("alice"), "name": "lake"}]


@pytest.fixture
def settings(esap: Esap, other: Esap) -> dict[str, Any]:
    hosts = [f"{esap.url}esap-gui/", other.url, "http://far.example/"]
    return {"RucioConfig": {"esap_hosts": hosts, "default_instance": "lake"}}


@pytest.fixture(autouse=True)
def surroundings(
    monkeypatch: pytest.MonkeyPatch, esap: Esap, tmp_path: Path, lake: EmbeddedLake
) -> None:
    """The token of the first ESAP is in a file, as in the DLaaS of CERN."""
    file = tmp_path / "token-of-esap"
    file.write_text(f"{esap.token}\n")
    monkeypatch.setenv("RUCIO_OIDC_FILE_NAME", str(file))
    monkeypatch.setenv("X509_CERT_DIR", str(lake.layout.authorities))
    monkeypatch.setattr(fetching, "_PAUSE", 0.0)


async def basket(api: Api) -> dict[str, dict[str, Any]]:
    """The items by title."""
    return {row["title"]: row for row in (await api("GET", "basket")).value["items"]}


async def test_items_of_all_shapes_are_shown_with_where_they_come_from(
    api: Api, esap: Esap, samples: Samples
) -> None:
    found = (await api("GET", "basket")).value
    rows = {row["title"]: row for row in found["items"]}
    assert len(rows) == 4
    assert {row["host"] for row in rows.values()} == {esap.url}
    assert (rows[DATASET]["type"], rows[DATASET]["instance"]) == ("dataset", "lake")
    assert rows[samples.dataset]["instance"] == "lake"
    assert rows["M51"]["url"].endswith("m51.fits?sig=ticket")
    zoo = next(row for row in rows.values() if row["archive"] == "zooniverse")
    assert zoo["link"].startswith("https://www.zooniverse.org/lab/7/")
    # One that makes no sense is left out.
    assert found["hosts"][0]["host"] == esap.url
    assert len(found["hosts"]) == 2


async def test_an_esap_that_does_not_know_you_is_told_beside_the_one_that_does(
    api: Api, esap: Esap, other: Esap
) -> None:
    other.strangers.add(esap.token)
    found = (await api("GET", "basket")).value
    mine, theirs = found["hosts"]
    assert mine["problem"] is None
    assert theirs["problem"]["error"] == "CannotAuthenticate"
    assert "does not know you" in theirs["problem"]["message"]
    esap.cart = []
    empty = (await api("POST", "basket/read", {})).value
    assert (empty["hosts"][0]["problem"], empty["items"]) == (None, [])


async def test_whoever_only_looks_does_not_ask_esap_again(api: Api, esap: Esap) -> None:
    await api("GET", "basket")
    asked = len(esap.service.requests)
    await api("GET", "basket")
    assert len(esap.service.requests) == asked
    await api("POST", "basket/read", {"host": esap.url})
    assert len(esap.service.requests) == asked + 1


async def test_a_typed_token_goes_to_its_esap_alone_and_nowhere_else(
    api: Api,
    app: DlaasExtension,
    esap: Esap,
    other: Esap,
    caplog: pytest.LogCaptureFixture,
    jp_data_dir: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    typed = other.token
    answers = [await api("POST", "basket/read", {"host": other.url, "token": f" {typed}\n"})]
    answers.append(await api("GET", "basket"))
    assert answers[0].value["hosts"][1] == {"host": other.url, "problem": None, "typed": True}
    assert not [r for r in esap.service.requests if typed in str(r.headers)]
    caplog.clear()
    app.log.warning("%s", app.sessions.redactor.redact(f"Leaked: {typed}"))
    written = [path.read_bytes() for path in jp_data_dir.rglob("*") if path.is_file()]
    said = repr([answer.value for answer in answers]) + caplog.text + repr(written)
    for secret in (typed, esap.token, ID_TOKEN, ACCESS_TOKEN):
        assert secret not in said
    other.token = jwt(mark="c")
    again = (await api("POST", "basket/read", {"host": other.url})).value["hosts"][1]
    assert (again["problem"]["error"], again["typed"]) == ("CannotAuthenticate", False)


async def test_a_typed_token_is_taken_back_and_what_it_has_shown_with_it(
    api: Api, app: DlaasExtension, other: Esap
) -> None:
    typed = await api("POST", "basket/read", {"host": other.url, "token": other.token})
    assert other.url in {row["host"] for row in typed.value["items"]}
    back = (await api("POST", "basket/read", {"host": other.url, "token": ""})).value
    assert back["hosts"][1]["typed"] is False
    assert back["hosts"][1]["problem"]["error"] == "CannotAuthenticate"
    assert other.url not in {row["host"] for row in back["items"]}
    leaked = f"Leaked: {other.token}"
    assert app.sessions.redactor.redact(leaked) == leaked, "it knows a token that nobody has"


async def test_an_esap_for_which_there_was_no_token_is_asked_once_there_is_one(
    api: Api, esap: Esap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUCIO_OIDC_FILE_NAME", str(tmp_path / "none-yet"))
    before = (await api("GET", "basket")).value
    assert before["hosts"][0]["problem"]["error"] == "LoginRequired"
    assert not esap.service.requests
    (tmp_path / "none-yet").write_text(esap.token)
    after = (await api("GET", "basket")).value
    assert (after["hosts"][0]["problem"], len(after["items"])) == (None, 4)


async def test_nonsense_is_refused_and_changes_nothing(api: Api, esap: Esap) -> None:
    before = await basket(api)
    for path, body, told in (
        ("read", {"host": "https://other.example/"}, "not configured"),
        ("read", {"host": esap.url, "token": "two\nlines"}, "no token"),
        ("read", {"token": esap.token}, "which ESAP"),
        ("import", {}, "path or a text"),
        ("import", {"text": "nonsense here"}, "Neither a DID"),
        ("import", {"path": "../../etc/passwd"}, "not a file"),
        ("use", {"ids": ["0-12345678"], "instance": "lake"}, "not in the basket"),
        ("use", {"ids": [], "instance": "nowhere"}, "nowhere"),
        ("remove", {"ids": []}, "Nothing is chosen"),
        ("remove", {"ids": "all"}, "ids"),
        ("download", {"ids": [before[DATASET]["id"]], "folder": "", "max_bytes": 0}, "one byte"),
        ("download", {"ids": [before[DATASET]["id"]], "folder": "../out"}, "not below"),
    ):
        answer = await api("POST", f"basket/{path}", body)
        assert answer.status in (400, 401, 404), (path, body)
        assert told in str(answer.value)
    assert await basket(api) == before
    assert len(esap.items) == 4


async def test_the_lake_of_items_is_chosen_and_found_again(api: Api) -> None:
    items = await basket(api)
    one = items[DATASET]["id"]
    chosen = await api("POST", "basket/use", {"ids": [one], "instance": "elsewhere"})
    assert {row["instance"] for row in chosen.value["items"] if row["id"] == one} == {"elsewhere"}
    read = await api("POST", "basket/read", {})
    assert {row["instance"] for row in read.value["items"] if row["id"] == one} == {"elsewhere"}
    await api("POST", "basket/use", {"ids": [one], "instance": None})
    assert (await basket(api))[DATASET]["instance"] == "lake"


async def test_what_cannot_be_downloaded_is_told_in_its_place_and_hides_no_other(
    api: Api, samples: Samples
) -> None:
    await api("POST", "basket/import", {"text": "user.alice:gone\nno.such.scope:thing"})
    items = await basket(api)
    assert items["no.such.scope:thing"]["instance"] is None
    titles = [samples.dataset, "user.alice:gone", "no.such.scope:thing"]
    ids = [items[title]["id"] for title in titles]
    answer = await api("POST", "basket/download", {"ids": ids, "folder": "in"})
    done, gone, unknown = answer.value
    assert (done["job"]["did"], done["problem"]) == (samples.dataset, None)
    assert gone["problem"]["error"] == "DataIdentifierNotFound"
    assert "Choose its lake" in unknown["problem"]["remedy"]


async def test_items_of_lake_and_archive_become_transfers(
    api: Api, listen: Listen, jp_root_dir: Path, archive: StandIn, jp_data_dir: Path
) -> None:
    items = await basket(api)
    ids = [row["id"] for row in items.values() if row["title"] in (DATASET, "M51")]
    zoo = next(row["id"] for row in items.values() if row["archive"] == "zooniverse")
    body = {"ids": [*ids, zoo], "folder": "in"}
    data, fits, page = (await api("POST", "basket/download", body)).value
    assert page["problem"]["error"] == "NotThere"
    assert "zooniverse.org" in page["problem"]["remedy"]
    jobs = [await ended(api, listen, one["job"]["id"]) for one in (data, fits)]
    assert [(job["state"], job["problem"]) for job in jobs] == [("done", None)] * 2
    assert jobs[1]["source"] == "M51"
    assert len(list((jp_root_dir / "in" / "4lep_data").glob("*.root"))) == 4
    assert (jp_root_dir / "in" / "m51.fits").read_bytes() == DATA
    [file] = (await api("GET", f"jobs/{jobs[1]['id']}/files")).value
    assert file["did"].endswith(":m51.fits")
    notes = (await api("GET", f"jobs/{jobs[1]['id']}/log")).value
    assert "ticket" not in repr([jobs, notes])
    assert not {"Authorization", "Cookie"} & set(archive.requests[0].headers)
    again = (await api("POST", "basket/download", {"ids": [ids[1]], "folder": "in"})).value[0]
    assert (await ended(api, listen, again["job"]["id"]))["state"] == "done"
    assert len(archive.requests) == 2


async def test_the_largest_size_is_bound_and_a_failed_transfer_is_tried_again(
    api: Api, listen: Listen, archive: StandIn
) -> None:
    one = (await basket(api))["M51"]["id"]
    body = {"ids": [one], "folder": "", "max_bytes": 100}
    job = (await api("POST", "basket/download", body)).value[0]["job"]
    job = await ended(api, listen, job["id"])
    assert (job["state"], job["problem"]["error"]) == ("failed", "InvalidInput")
    assert "allowed" in job["problem"]["message"]
    again = await api("POST", f"jobs/{job['id']}/retry")
    assert (await ended(api, listen, again.value["id"]))["attempt"] == 2


async def test_what_goes_wrong_at_an_archive_waits_for_no_login(
    api: Api, listen: Listen, lake: EmbeddedLake
) -> None:
    shut = StandIn(lambda _: Answer(401), tls_of(lake))
    try:
        text = f"{shut.url}/secret.fits"
        items = (await api("POST", "basket/import", {"text": text})).value["items"]
        one = next(row["id"] for row in items if row["host"] is None)
        body = {"ids": [one], "folder": ""}
        job = (await api("POST", "basket/download", body)).value[0]["job"]
        job = await ended(api, listen, job["id"])
        assert (job["state"], job["problem"]["error"]) == ("failed", "StorageRefused")
    finally:
        shut.close()


async def test_a_file_a_list_and_a_table_are_imported_and_survive_the_server(
    api: Api, app: DlaasExtension, jp_root_dir: Path, esap: Esap
) -> None:
    (jp_root_dir / "basket.json").write_bytes(esap._json([esap._profile()]).body)
    answer = await api("POST", "basket/import", {"path": "basket.json"})
    assert "delete it" in answer.value["warnings"][0]
    (jp_root_dir / "list.csv").write_text("did,instance\nuser.alice:a,elsewhere\n")
    await api("POST", "basket/import", {"path": "list.csv"})
    await api("POST", "basket/import", {"text": "user.alice:a\nuser.alice:b"})
    rows = [row for row in (await api("GET", "basket")).value["items"] if row["host"] is None]
    assert [row["title"] for row in rows[-2:]] == ["user.alice:a", "user.alice:b"]
    assert len(rows) == 6
    kept = Path(jupyter_data_dir()) / "dlaas" / "basket.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for secret in (ID_TOKEN, ACCESS_TOKEN, esap.token):
        assert secret not in kept.read_text()
    app.baskets._carts.clear()
    again = [row for row in (await api("GET", "basket")).value["items"] if row["host"] is None]
    assert again == rows
    ids = [row["id"] for row in rows]
    left = (await api("POST", "basket/remove", {"ids": ids})).value["items"]
    assert {row["host"] for row in left} == {esap.url}
    assert not kept.exists()
    assert len(esap.items) == 4


async def test_removing_leaves_what_others_have_put_in_and_tells_it(api: Api, esap: Esap) -> None:
    items = await basket(api)
    esap.cart.append(json.dumps(rucio("user.alice:new")))
    answer = await api("POST", "basket/remove", {"ids": [items[DATASET]["id"]]})
    assert "user.alice:new" in answer.value["warnings"][0]
    titles = {row["title"] for row in answer.value["items"]}
    assert "user.alice:new" in titles
    assert DATASET not in titles
    assert len(esap.items) == 4


async def test_a_removal_that_esap_loses_says_where_all_items_are(
    api: Api, esap: Esap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DLAAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    items = await basket(api)
    esap.loses = 9
    answer = await api("POST", "basket/remove", {"ids": [items[DATASET]["id"]]})
    assert (answer.status, answer.value["error"]) == (502, "Unreachable")
    kept = Path(answer.value["details"]["kept"])
    assert len(json.loads(kept.read_text())["items"]) == 4
