"""The card of a DID: its copies, what holds it, its metadata, and cells that open it."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path
from typing import Any

import pytest
from http_answers import Answer, Api, Samples
from lake_gate import Gate

from dlaas import Instance, Lake
from jupyter_dlaas.lake import EmbeddedLake

DATA = "ATLAS_OD_EDU:GamGam_data"
FILE = "ATLAS_OD_EDU:data_A.GamGam.root"
# Rucio has no such names; what stands for something else in a URL must not find another DID.
STRANGE = [
    "ATLAS_OD_EDU:GamGam_data/../4lep_data",
    "ATLAS_OD_EDU:GamGam_data?did=ATLAS_OD_EDU:4lep_data",
    "ATLAS_OD_EDU:GamGam_data#",
    "ATLAS_OD_EDU:GamGam_data%2F..",
    "ATLAS_OD_EDU:GamGam_dat%61",
    "ATLAS_OD_EDU:GamGam_data'--",
    "ATLAS_OD_EDU:GamGam_datä",
]


@pytest.fixture
def alice(lake: EmbeddedLake) -> Lake:
    return Lake(Instance.from_mapping(lake.instance("alice")))


async def copies(api: Api, did: str) -> dict[str, dict[str, Any]]:
    """Answer the copies of a DID by RSE."""
    answer = await api("GET", "lake/replicas", did=did)
    assert answer.end == {"end": True, "truncated": False}, answer.value
    return {row["rse"]: row for row in answer.rows}


class TestCopies:
    async def test_a_file_has_its_pfn_and_how_it_is_read_from_here(self, api: Api) -> None:
        north = (await copies(api, FILE))["NORTH-DISK"]
        assert (north["site"], north["qos"], north["tape"]) == ("NORTH", "SAFE", False)
        assert (north["state"], north["access"], north["reason"]) == ("AVAILABLE", "https", "")
        assert north["pfn"].startswith("https://")
        assert north["pfn"].endswith("/data_A.GamGam.root")
        assert north["protocols"] == ["https"]
        assert (north["files"], north["available_files"]) == (1, 1)
        assert north["bytes"] == north["available_bytes"] > 0

    async def test_those_of_a_dataset_are_counted_by_rse(self, api: Api) -> None:
        north = (await copies(api, DATA))["NORTH-DISK"]
        assert (north["state"], north["files"], north["available_files"]) == ("AVAILABLE", 4, 4)
        assert north["pfn"] is None

    async def test_a_part_of_a_container_is_told_as_a_part(self, api: Api) -> None:
        found = await copies(api, "ATLAS_OD_EDU:2020_13TeV")
        east = found["EAST-DISK"]
        assert east["state"] == "PARTIAL"
        assert 0 < east["available_files"] < east["files"]
        assert 0 < east["available_bytes"] < east["bytes"]
        assert (east["access"], east["protocols"][0]) == ("root", "root")

    async def test_an_empty_dataset_has_none(self, api: Api, alice: Lake) -> None:
        alice.client.add_dataset("user.alice", "card-empty")
        assert await copies(api, "user.alice:card-empty") == {}

    async def test_what_has_not_arrived_yet_is_told_with_its_reason(
        self, api: Api, alice: Lake, samples: Samples
    ) -> None:
        did = next(samples.files)
        rule = alice.make_available(did, "1h", rse_expression="SOUTH-DISK").rule
        found = await copies(api, did)
        while found.get("SOUTH-DISK", {}).get("access") != "https":
            south = found["SOUTH-DISK"]
            assert (south["access"], south["available_files"]) == ("none", 0)
            assert "copying" in south["reason"]
            found = await copies(api, did)
        assert found["SOUTH-DISK"]["reason"] == ""
        alice.delete_rule(rule.id)

    async def test_an_rse_that_is_switched_off_is_told_as_such(
        self, api: Api, lake: EmbeddedLake
    ) -> None:
        root = Lake(Instance.from_mapping(lake.instance("root")))
        did = next(root.list_files("ATLAS_OD_EDU:4lep_mc_llll")).did
        root.client.update_rse("EAST-DISK", {"availability_read": False})
        try:
            found = await copies(api, did)
            assert found["EAST-DISK"]["access"] == "none"
            assert "switched off" in found["EAST-DISK"]["reason"]
            assert found["NORTH-DISK"]["access"] == "https"
            # What can be read comes first.
            assert list(found)[-1] == "EAST-DISK"
        finally:
            root.client.update_rse("EAST-DISK", {"availability_read": True})
        # Rucio remembers for a while, and other tests read from there.
        while not any("EAST" in copy.rse for copy in root.list_replicas(did)):
            await asyncio.sleep(0.2)


class TestParents:
    async def test_the_nearest_comes_first_with_its_size(self, api: Api) -> None:
        rows = (await api("GET", "lake/parents", did=FILE)).rows
        assert [row["did"] for row in rows] == [
            DATA,
            "ATLAS_OD_EDU:GamGam",
            "ATLAS_OD_EDU:2020_13TeV",
        ]
        assert rows[0]["files"] == 4
        assert [row["type"] for row in rows] == ["dataset", "container", "container"]

    async def test_what_is_in_nothing_has_none(self, api: Api, samples: Samples) -> None:
        answer = await api("GET", "lake/parents", did=next(samples.files))
        assert (answer.rows, answer.end) == ([], {"end": True, "truncated": False})

    async def test_they_are_cut_at_the_limit(self, api: Api) -> None:
        answer = await api("GET", "lake/parents", did=FILE, limit="2")
        assert (len(answer.rows), answer.end["truncated"]) == (2, True)


class TestPaths:
    @pytest.fixture
    def instances(self, lake: EmbeddedLake, tmp_path: Path) -> list[dict[str, Any]]:
        return [{**lake.instance("alice"), "cache_folder": str(tmp_path / "cache")}]

    async def test_files_that_are_here_have_theirs(
        self, api: Api, instances: list[dict[str, Any]], samples: Samples
    ) -> None:
        did = next(samples.files)
        assert (await api("GET", "lake/paths", did=did)).rows == []
        Lake(Instance.from_mapping(instances[0])).download(did)
        (path,) = (await api("GET", "lake/paths", did=did)).rows
        assert Path(path).stat().st_size == 50_000
        await api("DELETE", "cache")
        assert (await api("GET", "lake/paths", did=did)).rows == []

    async def test_those_on_the_mount_are_cut_at_the_limit(
        self, api: Api, alice: Lake, samples: Samples
    ) -> None:
        alice.make_available(samples.dataset, "9d", extend=True)
        paths: list[str] = []
        while len(paths) < 2:
            paths = (await api("GET", "lake/paths", did=samples.dataset)).rows
        assert [Path(path).stat().st_size for path in paths] == [50_000, 50_000]
        some = await api("GET", "lake/paths", did=samples.dataset, limit="1")
        assert (some.rows, some.end["truncated"]) == (paths[:1], True)


@pytest.mark.parametrize("place", ["replicas", "parents", "snippets", "metadata", "paths"])
@pytest.mark.parametrize("did", STRANGE)
async def test_a_strange_name_finds_nothing_else(api: Api, place: str, did: str) -> None:
    answer = await api("GET", f"lake/{place}", did=did)
    assert answer.status in (400, 404), answer
    assert answer.value["error"] in ("DataIdentifierNotFound", "InvalidDID", "InvalidInput")


@pytest.mark.parametrize("place", ["replicas", "parents", "snippets", "paths"])
@pytest.mark.parametrize(
    ("did", "status", "error"),
    [
        ("ATLAS_OD_EDU:nothing", 404, "DataIdentifierNotFound"),
        ("no_such_scope:nothing", 404, "ScopeNotFound"),
        ("nonsense", 400, "InvalidDID"),
        ("ATLAS_OD_EDU:*", 404, "DataIdentifierNotFound"),
        ("", 400, "InvalidInput"),
    ],
)
async def test_a_did_that_is_not_there_or_none_is_told_as_such(
    api: Api, place: str, did: str, status: int, error: str
) -> None:
    answer = await api("GET", f"lake/{place}", did=did)
    assert (answer.status, answer.value["error"]) == (status, error)


class TestMetadata:
    async def patch(self, api: Api, did: str, **values: Any) -> Answer:
        return await api("PATCH", "lake/metadata", {"did": did, "values": values})

    async def test_ones_own_is_editable_and_anothers_is_not(
        self, api: Api, samples: Samples
    ) -> None:
        own = await api("GET", "lake/metadata", did=next(samples.files))
        assert own.value["editable"] is True
        assert (await api("GET", "lake/metadata", did=DATA)).value["editable"] is False

    async def test_what_is_set_is_answered_and_searched_by(
        self, api: Api, samples: Samples
    ) -> None:
        did = next(samples.files)
        answer = await self.patch(api, did, card_energy=13, card_kind="mc", campaign="card")
        assert answer.value["custom"] == {"card_energy": 13, "card_kind": "mc", "campaign": "card"}
        assert answer.value["editable"] is True
        found = await api("GET", "lake/dids", pattern="user.alice:*.bin", where="card_energy >= 13")
        assert [row["did"] for row in found.rows] == [did]

    async def test_a_null_takes_a_value_away_and_leaves_the_others(
        self, api: Api, samples: Samples
    ) -> None:
        did = next(samples.files)
        await self.patch(api, did, card_a=1, card_b="two", campaign="card")
        answer = await self.patch(api, did, card_a=None, campaign=None)
        assert answer.value["custom"] == {"card_b": "two"}

    @pytest.mark.parametrize(
        "values",
        [
            {"card_good": 1, "bytes": 5},
            {"card_good": 1, "events": "many"},
            {"card_good": 1, "lifetime": 60},
            {"card_good": 1, "a.b": 2},
            {"card_good": 1, " blank": 2},
            {},
        ],
    )
    async def test_one_bad_value_changes_nothing(
        self, api: Api, alice: Lake, samples: Samples, values: dict[str, Any]
    ) -> None:
        answer = await self.patch(api, samples.dataset, **values)
        assert (answer.status, answer.value["error"]) == (400, "InvalidMetadata")
        assert "card_good" not in alice.get(samples.dataset).custom

    async def test_anothers_is_refused(self, api: Api) -> None:
        answer = await self.patch(api, DATA, mine=1)
        assert (answer.status, answer.value["error"]) == (403, "AccessDenied")
        assert "mine" not in (await api("GET", "lake/metadata", did=DATA)).value["custom"]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"did": FILE},
            {"did": FILE, "values": []},
            {"did": FILE, "values": {}, "recursive": True},
            "[",
        ],
    )
    async def test_a_body_that_is_none_is_refused(self, api: Api, body: Any) -> None:
        answer = await api("PATCH", "lake/metadata", body)
        assert (answer.status, answer.value["error"]) == (400, "InvalidInput")

    async def test_that_of_nothing_is_not_found(self, api: Api) -> None:
        answer = await self.patch(api, "user.alice:nothing-there", mine=1)
        assert (answer.status, answer.value["error"]) == (404, "DataIdentifierNotFound")


class TestDates:
    async def test_those_that_are_there_are_answered(self, api: Api) -> None:
        dids = [FILE, DATA, "ATLAS_OD_EDU:nothing", FILE]
        answer = await api("POST", "lake/dates", {"dids": dids})
        assert set(answer.value) == {FILE, DATA}
        metadata = await api("GET", "lake/metadata", did=FILE)
        assert answer.value[FILE] == metadata.value["created_at"]

    async def test_none_are_asked_for(self, api: Api) -> None:
        assert (await api("POST", "lake/dates", {"dids": []})).value == {}

    @pytest.mark.parametrize(
        ("dids", "error"),
        [(["nonsense"], "InvalidDID"), ([FILE] * 101, "InvalidInput"), (FILE, "InvalidInput")],
    )
    async def test_what_makes_no_sense_is_refused(self, api: Api, dids: Any, error: str) -> None:
        answer = await api("POST", "lake/dates", {"dids": dids})
        assert (answer.status, answer.value["error"]) == (400, error)


class TestSnippets:
    async def test_a_file_has_cells_that_are_python(self, api: Api) -> None:
        cells = (await api("GET", "lake/snippets", did=FILE, name="events")).value
        assert any("uproot" in cell["code"] for cell in cells)
        for cell in cells:
            ast.parse(cell["code"])
            assert "events" in cell["code"]
            assert cell["language"] == "python"
            assert cell["title"]

    async def test_without_a_name_it_is_made_of_the_did(self, api: Api) -> None:
        cells = (await api("GET", "lake/snippets", did=DATA)).value
        assert "GamGam_data" in cells[0]["code"]
        # The default instance is not named: elsewhere it may have another name.
        assert "lake@" not in cells[0]["code"]

    @pytest.mark.parametrize("language", ["R", "julia", "C++"])
    async def test_other_languages_have_theirs(self, api: Api, language: str) -> None:
        cells = (await api("GET", "lake/snippets", did=FILE, name="x", language=language)).value
        assert cells
        assert all("x" in cell["code"] for cell in cells)

    @pytest.mark.parametrize(
        "params", [{"language": "cobol"}, {"name": "a b"}, {"name": "for"}, {"name": "1"}]
    )
    async def test_what_no_kernel_understands_is_refused(
        self, api: Api, params: dict[str, str]
    ) -> None:
        answer = await api("GET", "lake/snippets", did=FILE, **params)
        assert (answer.status, answer.value["error"]) == (400, "InvalidInput")


class TestPlaces:
    @pytest.fixture
    def instances(self, lake: EmbeddedLake) -> list[dict[str, Any]]:
        told = {
            "activities": ["Analysis", "Production"],
            "rucio_webui_url": "https://webui.example/",
            "site_name": "CAMPUS",
            "embargoed_scopes": ["secret.*"],
        }
        return [
            {**lake.instance("alice"), **told},
            {**lake.instance("bob"), "name": "other"},
        ]

    async def test_an_instance_tells_what_the_panel_shows_of_it(self, api: Api) -> None:
        infos = (await api("GET", "instances")).value["instances"]
        mine, other = infos
        assert mine["activities"] == ["Analysis", "Production"]
        assert mine["webui_url"] == "https://webui.example"
        assert mine["site"] == "CAMPUS"
        assert mine["embargoed_scopes"] == ["secret.*"]
        assert (other["activities"], other["webui_url"]) == ([], None)

    async def test_activities_are_those_of_the_instance(self, api: Api) -> None:
        found = (await api("GET", "lake/activities")).value
        assert found == ["Analysis", "Production"]
        assert (await api("GET", "other/activities")).value == []
        assert (await api("GET", "nowhere/activities")).status == 404

    async def test_scopes_are_ones_own_or_all(self, api: Api) -> None:
        assert (await api("GET", "other/scopes")).value == ["user.bob"]
        every = (await api("GET", "other/scopes", all="1")).value
        assert {"user.alice", "user.bob", "ATLAS_OD_EDU"} <= set(every)
        assert (await api("GET", "other/scopes", all="yes")).status == 400

    async def test_qualities_of_service_name_their_rses(self, api: Api) -> None:
        found = {qos["label"]: qos for qos in (await api("GET", "other/qos")).value}
        assert found["FAST"]["rses"] == ["NOTEBOOK-MOUNT"]
        assert found["FAST"]["expression"] == "QOS=FAST"


class TestUnreachable:
    @pytest.fixture
    def instances(self, gated: dict[str, Any]) -> list[dict[str, Any]]:
        return [gated]

    @pytest.mark.parametrize("place", ["replicas", "parents", "snippets", "qos", "keys"])
    async def test_a_login_that_rucio_refuses_is_told_as_such(
        self, api: Api, gate: Gate, place: str
    ) -> None:
        await api("GET", "gated/scopes")
        gate.mode = "refuse"
        answer = await api("GET", f"gated/{place}", did=FILE)
        assert (answer.status, answer.value["blame"]) == (401, "credential")
