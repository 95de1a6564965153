"""Search, contents, metadata and the rest of what the catalogue knows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from http_answers import Api
from lake_gate import CUT_AT, Gate

DATA = "ATLAS_OD_EDU:GamGam_data"


async def test_a_search_answers_rows_and_says_that_they_are_all(api: Api) -> None:
    answer = await api("GET", "lake/dids", pattern="ATLAS_OD_EDU:*GamGam*")
    assert answer.end == {"end": True, "truncated": False}
    found = {row["did"]: row for row in answer.rows}
    assert found[DATA]["type"] == "dataset"
    assert found[DATA]["files"] == 4
    assert found["ATLAS_OD_EDU:data_A.GamGam.root"]["type"] == "file"


async def test_a_search_is_cut_at_its_limit_and_says_so(api: Api) -> None:
    all_rows = (await api("GET", "lake/dids", pattern="ATLAS_OD_EDU:*GamGam*")).rows
    some = await api("GET", "lake/dids", pattern="ATLAS_OD_EDU:*GamGam*", limit="3")
    assert some.end == {"end": True, "truncated": True}
    assert len(some.rows) == 3
    count = str(len(all_rows))
    exact = await api("GET", "lake/dids", pattern="ATLAS_OD_EDU:*GamGam*", limit=count)
    assert exact.end == {"end": True, "truncated": False}
    assert exact.rows == all_rows


@pytest.mark.parametrize("kind", ["file", "dataset", "container"])
async def test_a_search_keeps_to_its_type(api: Api, kind: str) -> None:
    answer = await api("GET", "lake/dids", pattern="ATLAS_OD_EDU:*GamGam*", type=kind)
    assert {row["type"] for row in answer.rows} == {kind}


async def test_a_search_by_metadata(api: Api) -> None:
    params = {"pattern": "ATLAS_OD_EDU:*", "type": "dataset"}
    found = await api("GET", "lake/dids", **params, where="kind = data")
    assert {row["did"] for row in found.rows} == {DATA, "ATLAS_OD_EDU:4lep_data"}


async def test_a_search_without_a_hit_is_an_empty_answer(api: Api) -> None:
    answer = await api("GET", "lake/dids", pattern="ATLAS_OD_EDU:nothing_like_it*")
    assert answer.rows == []
    assert answer.end == {"end": True, "truncated": False}


@pytest.mark.parametrize(
    ("params", "status", "error"),
    [
        ({"pattern": "no_such_scope:x*"}, 404, "ScopeNotFound"),
        ({"pattern": "*"}, 400, "WildcardRefused"),
        ({"pattern": "*:*"}, 400, "WildcardRefused"),
        ({"pattern": ":x"}, 400, "InvalidDID"),
        ({"pattern": "a b:c"}, 400, "InvalidDID"),
        ({"pattern": "  "}, 400, "InvalidInput"),
        ({}, 400, "InvalidInput"),
        ({"pattern": "ATLAS_OD_EDU:x", "type": "folder"}, 400, "InvalidInput"),
        ({"pattern": "ATLAS_OD_EDU:x", "limit": "0"}, 400, "InvalidInput"),
        ({"pattern": "ATLAS_OD_EDU:x", "limit": "-1"}, 400, "InvalidInput"),
        ({"pattern": "ATLAS_OD_EDU:x", "limit": "1e3"}, 400, "InvalidInput"),
        ({"pattern": "ATLAS_OD_EDU:x", "limit": "9" * 30}, 400, "InvalidInput"),
        ({"pattern": "ATLAS_OD_EDU:x", "limit": "٣"}, 400, "InvalidInput"),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(
    api: Api, params: dict[str, str], status: int, error: str
) -> None:
    answer = await api("GET", "lake/dids", **params)
    assert (answer.status, answer.value["error"]) == (status, error)
    assert answer.value["blame"] == "you"
    assert answer.value["remedy"]


class TestLists:
    async def test_each_name_has_its_line_in_its_place(self, api: Api) -> None:
        names = ["ATLAS_OD_EDU:nope", DATA, "nowhere:x", "not a did", "ATLAS_OD_EDU:GamGam", DATA]
        answer = await api("POST", "lake/lookup", {"names": names})
        assert [row["name"] for row in answer.rows] == names
        assert [[entry["did"] for entry in row["entries"]] for row in answer.rows] == [
            [], [DATA], [], [], ["ATLAS_OD_EDU:GamGam"], [DATA]
        ]  # fmt: skip
        assert [row["missing"] and row["missing"]["error"] for row in answer.rows] == [
            "DataIdentifierNotFound", None, "ScopeNotFound", "InvalidDID", None, None
        ]  # fmt: skip
        assert answer.end == {"end": True, "truncated": False}

    async def test_it_shows_what_a_search_shows(self, api: Api) -> None:
        (row,) = (await api("POST", "lake/lookup", {"names": [DATA]})).rows
        assert row["entries"] == (await api("GET", "lake/dids", pattern=DATA)).rows

    async def test_type_filter_and_limit_are_those_of_a_search(self, api: Api) -> None:
        names = [DATA, "ATLAS_OD_EDU:GamGam*"]
        body = {"names": names, "type": "dataset", "where": "energy = 13000", "limit": 2}
        rows = (await api("POST", "lake/lookup", body)).rows
        assert [(len(row["entries"]), row["truncated"]) for row in rows] == [(1, False), (2, True)]
        kinds = {entry["type"] for row in rows for entry in row["entries"]}
        assert kinds == {"dataset"}

    async def test_a_thousand_names_are_answered_and_none_too(self, api: Api) -> None:
        names = [f"ATLAS_OD_EDU:none/{number}" for number in range(1000)]
        answer = await api("POST", "lake/lookup", {"names": names})
        assert [row["name"] for row in answer.rows] == names
        assert {row["missing"]["error"] for row in answer.rows} == {"DataIdentifierNotFound"}
        assert (await api("POST", "lake/lookup", {"names": []})).rows == []

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"names": DATA},
            {"names": [1]},
            {"names": ["s:x"] * 1001},
            {"names": ["s:" + "x" * 2000] * 600},
            {"names": [DATA], "type": "folder"},
            {"names": [DATA], "limit": 0},
            {"names": [DATA], "limit": 100_001},
            {"names": [DATA], "where": "energy >"},
            {"names": [DATA], "where": "energy", "more": 1},
            "[",
        ],
    )
    async def test_what_makes_no_sense_is_refused_as_a_whole(self, api: Api, body: Any) -> None:
        answer = await api("POST", "lake/lookup", body)
        assert (answer.status, answer.value["error"]) == (400, "InvalidInput")
        assert answer.value["blame"] == "you"

    @pytest.mark.parametrize("bad", ["", "  ", ":x", "s:", "a b:c", "s:*", "*:*", "s:\0", "s:.."])
    async def test_a_name_that_is_none_hides_no_other(self, api: Api, bad: str) -> None:
        answer = await api("POST", "lake/lookup", {"names": [bad, DATA]})
        none, found = answer.rows
        # The instance lets whole scopes be listed, so that of "s:" and "s:*" the scope is missing.
        wanted = {"*:*": "WildcardRefused", "s:": "ScopeNotFound", "s:*": "ScopeNotFound"}
        assert none["missing"]["error"] == wanted.get(bad, "InvalidDID")
        assert [entry["did"] for entry in found["entries"]] == [DATA]


async def test_contents_come_in_pages(api: Api) -> None:
    whole = await api("GET", "lake/contents", did=DATA)
    assert len(whole.rows) == 4
    first = await api("GET", "lake/contents", did=DATA, limit="3")
    assert first.end == {"end": True, "truncated": True}
    second = await api("GET", "lake/contents", did=DATA, limit="3", offset="3")
    assert second.end == {"end": True, "truncated": False}
    assert first.rows + second.rows == whole.rows


async def test_contents_are_one_level(api: Api) -> None:
    answer = await api("GET", "lake/contents", did="ATLAS_OD_EDU:GamGam")
    assert {row["type"] for row in answer.rows} == {"dataset"}


async def test_metadata(api: Api) -> None:
    answer = await api("GET", "lake/metadata", did=DATA)
    assert answer.value["type"] == "dataset"
    assert answer.value["custom"]["energy"] == 13000


async def test_scopes_rses_and_usage_are_those_of_the_account(api: Api) -> None:
    assert (await api("GET", "lake/scopes")).value == ["user.alice"]
    rses = {rse["name"]: rse for rse in (await api("GET", "lake/rses")).value}
    assert rses["NORTH-DISK"]["site"] == "NORTH"
    some = (await api("GET", "lake/rses", expression="QOS=FAST")).value
    assert [rse["name"] for rse in some] == ["NOTEBOOK-MOUNT"]
    usage = {row["rse"]: row for row in (await api("GET", "lake/usage")).value}
    assert set(usage) == set(rses)


@pytest.mark.parametrize("place", ["contents", "metadata", "status", "rules"])
@pytest.mark.parametrize(
    ("did", "status", "error"),
    [
        ("ATLAS_OD_EDU:nothing", 404, "DataIdentifierNotFound"),
        ("no_such_scope:nothing", 404, "ScopeNotFound"),
        ("nonsense", 400, "InvalidDID"),
        ("a:b c", 400, "InvalidDID"),
        ("", 400, "InvalidInput"),
    ],
)
async def test_a_did_that_is_not_there_or_none_is_told_as_such(
    api: Api, place: str, did: str, status: int, error: str
) -> None:
    answer = await api("GET", f"lake/{place}", did=did)
    assert (answer.status, answer.value["error"]) == (status, error)


async def test_an_unknown_rse_expression_is_told_as_such(api: Api) -> None:
    answer = await api("GET", "lake/rses", expression="nonsense=(")
    assert (answer.status, answer.value["error"]) == (400, "InvalidRSEExpression")


async def test_a_url_is_no_instance(api: Api) -> None:
    for name in ("nowhere", "https%3A%2F%2Fevil.example", "..%2f..", "%00"):
        answer = await api("GET", f"{name}/dids", pattern="a:b")
        assert (answer.status, answer.value["error"]) == (404, "InstanceNotFound")


class TestStreams:
    """Rows through a gate that sends them without end, or stops in the middle."""

    @pytest.fixture
    def instances(self, gated: dict[str, Any]) -> list[dict[str, Any]]:
        return [gated]

    async def test_a_cut_in_the_middle_is_told_in_the_last_line(self, api: Api, gate: Gate) -> None:
        await api("GET", "gated/scopes")
        gate.mode = "cut"
        answer = await api("GET", "gated/dids", pattern="s:n*", limit="100000")
        assert 0 < len(answer.rows) <= CUT_AT
        assert answer.end["problem"]["error"] == "Unreachable"

    async def test_a_list_is_asked_for_in_halves_of_a_thousand(self, api: Api, gate: Gate) -> None:
        await api("GET", "gated/scopes")
        # Which scopes there are is asked for once.
        await api("POST", "gated/lookup", {"names": ["ATLAS_OD_EDU:none"]})
        gate.paths.clear()
        names = [f"ATLAS_OD_EDU:none/{number}" for number in range(1000)]
        await api("POST", "gated/lookup", {"names": names})
        assert gate.paths == ["/dids/bulkmeta"] * 2

    async def test_a_list_that_is_cut_is_not_taken_for_names_that_are_not_there(
        self, api: Api, gate: Gate
    ) -> None:
        await api("GET", "gated/scopes")
        gate.mode = "cut"
        answer = await api("POST", "gated/lookup", {"names": ["s:a", "s:n1"]})
        assert (answer.status, answer.value["error"]) == (502, "Unreachable")

    async def test_rows_are_passed_on_before_the_last_has_come(
        self, api: Api, gate: Gate, jp_fetch: Any
    ) -> None:
        await api("GET", "gated/scopes")
        gate.mode = "endless"
        heard = asyncio.Event()
        request = asyncio.ensure_future(
            jp_fetch(
                "dlaas",
                "gated",
                "dids",
                params={"pattern": "s:n*", "limit": "100000"},
                streaming_callback=lambda _: heard.set(),
                raise_error=False,
            )
        )
        await asyncio.wait_for(heard.wait(), 20)
        assert not gate.left.is_set()
        request.cancel()

    async def test_a_client_that_leaves_stops_the_search(
        self, api: Api, gate: Gate, jp_http_port: int, jp_auth_header: dict[str, str]
    ) -> None:
        await api("GET", "gated/scopes")
        gate.mode = "endless"
        reader, writer = await asyncio.open_connection("127.0.0.1", jp_http_port)
        writer.write(
            b"GET /a%40b/dlaas/gated/dids?pattern=s:n*&limit=100000 HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: " + jp_auth_header["Authorization"].encode() + b"\r\n\r\n"
        )
        await reader.readuntil(b'"did": "s:n1"')
        assert not gate.left.is_set()
        writer.close()
        assert await asyncio.to_thread(gate.left.wait, 20)

    async def test_the_limit_stops_the_search(self, api: Api, gate: Gate) -> None:
        await api("GET", "gated/scopes")
        gate.mode = "endless"
        answer = await api("GET", "gated/dids", pattern="s:n*", limit="10")
        assert len(answer.rows) == 10
        assert answer.end == {"end": True, "truncated": True}
        assert await asyncio.to_thread(gate.left.wait, 20)
