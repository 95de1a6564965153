"""Completion while somebody types, and keys to search by."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from http_answers import Api
from lake_gate import Gate

from dlaas import Instance, Lake
from jupyter_dlaas.lake import EmbeddedLake


@pytest.fixture
def instances(lake: EmbeddedLake, gated: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {**lake.instance("alice"), "wildcard_enabled": False},
        {**lake.instance("bob"), "name": "other", "wildcard_enabled": True},
        gated,
    ]


async def complete(api: Api, text: str, place: str = "lake", **more: str) -> list[str]:
    answer = await api("GET", f"{place}/complete", text=text, **more)
    assert answer.status == 200, answer.value
    return list(answer.value)


async def test_a_scope_is_completed_whatever_its_case(api: Api) -> None:
    assert await complete(api, "ATL") == ["ATLAS_OD_EDU:"]
    assert await complete(api, "atlas") == ["ATLAS_OD_EDU:"]


async def test_ones_own_scopes_come_first(api: Api) -> None:
    assert (await complete(api, ""))[0] == "user.alice:"
    assert (await complete(api, "user.", "other"))[0] == "user.bob:"


async def test_names_are_completed_in_order_and_to_the_limit(api: Api) -> None:
    found = await complete(api, "ATLAS_OD_EDU:GamGam")
    assert found == sorted(found)
    assert {"ATLAS_OD_EDU:GamGam", "ATLAS_OD_EDU:GamGam_data"} <= set(found)
    assert all(did.startswith("ATLAS_OD_EDU:GamGam") for did in found)
    assert len(await complete(api, "ATLAS_OD_EDU:GamGam", limit="2")) == 2


@pytest.mark.parametrize(
    "begin", ["rucio://{}/", "rucio://lake@{}/", "lake@{}:", "rucio://an%20other@{}/"]
)
async def test_a_reference_is_completed_in_kind(api: Api, begin: str) -> None:
    written = begin.format("ATLAS_OD_EDU")
    assert await complete(api, written + "GamGam_d") == [written + "GamGam_data"]
    assert await complete(api, begin.format("ATLAS")[:-1]) == [written]


@pytest.mark.parametrize(
    "text",
    [
        "no_such_scope:a",
        "no_such_scope",
        "ATLAS_OD_EDU:nothing_like_it",
        "ATLAS_OD_EDU:Gam*",
        "ATLAS*",
        "*",
        "*:*",
        "%",
        "ATLAS_OD_EDU:%",
        "ATLAS_OD_EDU:Gam Gam",
        "..:x",
        ":x",
        "a/b:x",
        "ATLAS_OD_EDU:'",
        "ATLAS_OD_EDU:\\",
        'ATLAS_OD_EDU:"}, {"name": "GamGam_data',
        "ATLAS_OD_EDU:ä",
        "ATLAS_OD_EDU:",
    ],
)
async def test_what_cannot_be_completed_is_an_empty_answer(api: Api, text: str) -> None:
    assert await complete(api, text) == []


async def test_a_bare_scope_is_completed_where_it_may_be_listed(api: Api) -> None:
    found = await complete(api, "ATLAS_OD_EDU:", "other", limit="5")
    assert len(found) == 5


async def test_an_underscore_is_no_wildcard(api: Api, lake: EmbeddedLake) -> None:
    alice = Lake(Instance.from_mapping(lake.instance("alice")))
    for name in ("typed_1", "typedX1", "typed_2"):
        alice.client.add_dataset("user.alice", name)
    found = await complete(api, "user.alice:typed_")
    assert found == ["user.alice:typed_1", "user.alice:typed_2"]


@pytest.mark.parametrize("name", ["2026-11-21T10.00", "13000", "truest-Falsehood", "/store//x"])
async def test_names_that_rucio_takes_for_something_else_are_found(
    api: Api, lake: EmbeddedLake, name: str
) -> None:
    alice = Lake(Instance.from_mapping(lake.instance("alice")))
    alice.client.add_dataset("user.alice", name)
    for length in (1, len(name) // 2, len(name)):
        assert f"user.alice:{name}" in await complete(api, f"user.alice:{name[:length]}")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x"])
async def test_a_limit_that_is_none_is_refused(api: Api, limit: str) -> None:
    answer = await api("GET", "lake/complete", text="A", limit=limit)
    assert (answer.status, answer.value["error"]) == (400, "InvalidInput")


async def test_an_instance_that_is_not_there_is_not_found(api: Api) -> None:
    for place in ("complete", "keys"):
        answer = await api("GET", f"nowhere/{place}", text="A")
        assert (answer.status, answer.value["error"]) == (404, "InstanceNotFound")


async def test_a_scope_of_any_number_of_names_is_not_read_to_its_end(api: Api, gate: Gate) -> None:
    await api("GET", "gated/complete", text="user.")
    gate.mode = "endless"
    found = await complete(api, "user.alice:n", "gated", limit="20")
    assert len(found) == 20
    assert await asyncio.to_thread(gate.left.wait, 20)


async def test_what_somebody_has_typed_on_from_is_not_asked_any_more(
    api: Api, gate: Gate, jp_base_url: str, jp_http_port: int, jp_auth_header: dict[str, str]
) -> None:
    await api("GET", "gated/complete", text="user.")
    gate.mode = "late"
    for number in range(12):
        _, writer = await asyncio.open_connection("127.0.0.1", jp_http_port)
        path = f"{jp_base_url}dlaas/gated/complete?text=user.alice:typed{number}"
        headers = "".join(f"{name}: {value}\r\n" for name, value in jp_auth_header.items())
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        await writer.drain()
        await asyncio.to_thread(gate.reached.wait, 20)
        writer.close()
        await writer.wait_closed()
    last = asyncio.ensure_future(complete(api, "user.alice:last", "gated"))
    gate.released.set()
    assert await last == []
    asked = [path for path in gate.paths if "typed" in path]
    assert len(asked) < 6, asked


async def test_keys_are_rucios_own_and_those_that_were_seen(api: Api) -> None:
    before = (await api("GET", "lake/keys")).value
    assert {"bytes", "length", "campaign", "created_at", "run_number"} <= set(before)
    assert "energy" not in before
    await api("GET", "lake/metadata", did="ATLAS_OD_EDU:GamGam_data")
    after = (await api("GET", "lake/keys")).value
    assert after == sorted({*before, "energy", *after})
    assert "energy" in after


async def test_each_key_can_be_searched_by(api: Api) -> None:
    for key in (await api("GET", "lake/keys")).value:
        value = {"guid": "0" * 32}.get(key, "1")
        for where in (f"{key} = {value}", f"{key} = 'x'", f"{key} >= 2020-01-31"):
            answer = await api("GET", "lake/dids", pattern="user.alice:typed*", where=where)
            if answer.status == 200:
                break
        assert answer.status == 200, (key, answer.value)
