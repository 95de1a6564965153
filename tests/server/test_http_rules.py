"""The main job through HTTP: find, make available, wait, read; and what is refused."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from http_answers import Api, Listen, Samples

from dlaas import Instance, Lake
from dlaas.model import DID, Status
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake

DAY = 86400


def when(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


async def ids(api: Api, did: str) -> set[str]:
    """Answer the ids of a DID's rules."""
    return {rule["id"] for rule in (await api("GET", "lake/rules", did=did)).value}


async def test_data_is_made_available_and_can_be_read(
    api: Api, listen: Listen, lake: EmbeddedLake, tmp_path: Path
) -> None:
    paths = [tmp_path / f"for-rules-{number}.bin" for number in range(2)]
    for path in paths:
        path.write_bytes(os.urandom(1000))
    lake.seed(paths, dataset="for-rules-dataset")
    found = await api("GET", "lake/dids", pattern="user.alice:for-rules-data*", type="dataset")
    did = found.rows[0]["did"]
    assert did == "user.alice:for-rules-dataset"
    before = (await api("GET", "lake/status", did=did)).value
    assert (before["state"], before["available_files"]) == ("absent", 0)
    hints = await listen()
    granted = await api("POST", "lake/rules", {"did": did, "lifetime": 14 * DAY})
    assert granted.status == 201
    assert granted.value["new"]
    rule = granted.value["rule"]
    left = when(rule["expires_at"]) - datetime.now(timezone.utc)
    assert timedelta(days=13, hours=23) < left <= timedelta(days=14)
    status = (await api("GET", "lake/status", did=did)).value
    while status["state"] != "available":
        # The server watches it: nobody needs to ask before it tells.
        await hints.until(lambda hint: hint["kind"] == "status" and hint["did"] == did)
        status = (await api("GET", "lake/status", did=did)).value
        assert status["state"] in ("replicating", "available")
    assert status["access"] == "mount"
    assert status["expires_at"] == rule["expires_at"]
    rules = (await api("GET", "lake/rules", did=did)).value
    assert rule["id"] in {found["id"] for found in rules}
    seqs = [hint["seq"] for hint in hints.heard]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


async def test_an_available_file_has_the_bytes_that_the_catalogue_knows(
    api: Api, listen: Listen, samples: Samples
) -> None:
    did = next(samples.files)
    hints = await listen()
    await api("POST", "lake/rules", {"did": did, "lifetime": DAY})
    status = (await api("GET", "lake/status", did=did)).value
    while status["path"] is None:
        await hints.until(lambda hint: hint["kind"] == "status" and hint["did"] == did)
        status = (await api("GET", "lake/status", did=did)).value
    metadata = (await api("GET", "lake/metadata", did=did)).value
    content = Path(status["path"]).read_bytes()
    assert len(content) == metadata["bytes"]
    assert hashlib.md5(content).hexdigest() == metadata["md5"]


async def test_a_second_rule_is_no_success_and_names_the_first(api: Api, samples: Samples) -> None:
    body = {"did": next(samples.files), "lifetime": 2 * DAY}
    first = await api("POST", "lake/rules", body)
    again = await api("POST", "lake/rules", {**body, "lifetime": DAY})
    assert (again.status, again.value["new"]) == (200, False)
    longer = await api("POST", "lake/rules", {**body, "lifetime": 9 * DAY})
    assert (longer.status, longer.value["error"]) == (409, "DuplicateRule")
    assert longer.value["details"]["rule_id"] == first.value["rule"]["id"]
    extended = await api("POST", "lake/rules", {**body, "lifetime": 9 * DAY, "extend": True})
    assert extended.status == 200
    assert extended.value["rule"]["id"] == first.value["rule"]["id"]
    assert when(extended.value["rule"]["expires_at"]) > when(first.value["rule"]["expires_at"])


async def test_without_a_lifetime_it_is_the_default_of_the_instance(
    api: Api, samples: Samples
) -> None:
    granted = await api("POST", "lake/rules", {"did": next(samples.files)})
    left = when(granted.value["rule"]["expires_at"]) - datetime.now(timezone.utc)
    assert timedelta(days=13, hours=23) < left <= timedelta(days=14)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"did": "ATLAS_OD_EDU:nothing"}, 404, "DataIdentifierNotFound"),
        ({"did": "no_such_scope:x"}, 404, "ScopeNotFound"),
        ({"did": "nonsense"}, 400, "InvalidDID"),
        ({"did": "ATLAS_OD_EDU:GamGam_data", "lifetime": 0}, 400, "InvalidLifetime"),
        ({"did": "ATLAS_OD_EDU:GamGam_data", "lifetime": -5}, 400, "InvalidLifetime"),
        ({"did": "ATLAS_OD_EDU:GamGam_data", "until": "2020-01-31"}, 400, "InvalidLifetime"),
        ({"did": "ATLAS_OD_EDU:GamGam_data", "until": "soon"}, 400, "InvalidLifetime"),
        (
            {"did": "ATLAS_OD_EDU:GamGam_data", "until": "2099-01-31", "lifetime": 5},
            400,
            "InvalidInput",
        ),
        (
            {"did": "ATLAS_OD_EDU:GamGam_data", "rse_expression": "NOWHERE"},
            400,
            "InvalidRSEExpression",
        ),
        ({"did": "ATLAS_OD_EDU:GamGam_data", "lifetime": 10**30}, 400, "InvalidLifetime"),
        ({"did": "ATLAS_OD_EDU:GamGam_data", "copies": 0}, 400, "InvalidInput"),
        ({"did": "ATLAS_OD_EDU:\ud800"}, 400, "InvalidInput"),
        ({"did": "ATLAS_OD_EDU:GamGam_data", "comment": "\ud800"}, 400, "InvalidInput"),
        ({}, 400, "InvalidInput"),
        ({"did": 5}, 400, "InvalidInput"),
        ({"did": "ATLAS_OD_EDU:GamGam_data", "lifetime": "14d"}, 400, "InvalidInput"),
        ({"did": "ATLAS_OD_EDU:GamGam_data", "lifetim": 5}, 400, "InvalidInput"),
        ([], 400, "InvalidInput"),
        ("{", 400, "InvalidInput"),
        ("", 400, "InvalidInput"),
        (b"\xff\xfe", 400, "InvalidInput"),
        ("[" * 100_000, 400, "InvalidInput"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused_and_none_is_made(
    api: Api, body: Any, status: int, error: str
) -> None:
    did = "ATLAS_OD_EDU:GamGam_data"
    before = await ids(api, did)
    answer = await api("POST", "lake/rules", body)
    assert (answer.status, answer.value["error"]) == (status, error)
    assert answer.value["blame"] == "you"
    assert await ids(api, did) == before


async def test_a_wrong_field_is_named(api: Api) -> None:
    answer = await api("POST", "lake/rules", {"lifetime": "x"})
    assert answer.value["details"]["fields"] == ["did", "lifetime"]
    assert "lifetime must be a whole number or null" in answer.value["message"]
    assert "did is missing" in answer.value["message"]


class TestBob:
    """Bob may keep a megabyte at the south."""

    @pytest.fixture
    def instances(self, lake: EmbeddedLake) -> list[dict[str, Any]]:
        return [lake.instance("bob")]

    async def test_a_full_quota_is_told_with_numbers(self, api: Api) -> None:
        did = "ATLAS_OD_EDU:GamGam_data"
        before = await ids(api, did)
        answer = await api("POST", "lake/rules", {"did": did, "rse_expression": "SOUTH-DISK"})
        assert (answer.status, answer.value["error"]) == (403, "InsufficientAccountLimit")
        assert "SOUTH-DISK" in answer.value["message"]
        assert await ids(api, did) == before


async def test_what_is_there_for_good_is_not_watched(
    api: Api, app: DlaasExtension, samples: Samples
) -> None:
    await api("GET", "lake/status", did=next(samples.files))
    assert app.watcher.watched == []


async def test_what_changed_under_the_eyes_of_a_panel_is_looked_at_soon(
    api: Api, app: DlaasExtension, listen: Listen, samples: Samples
) -> None:
    did = DID(next(samples.files))
    hints = await listen()
    end = datetime.now(timezone.utc) + timedelta(minutes=5)
    seen = Status(did, "file", "available", "mount", "It is there.", expires_at=end)
    app.watcher.look("lake", seen)
    app.watcher.look("lake", replace(seen, state="replicating"))
    first = await hints.until(lambda hint: hint["kind"] == "status")
    # It is not there at all, which the server notices long before those five minutes are over.
    later = await hints.until(lambda hint: hint["kind"] == "status")
    assert first["did"] == later["did"] == did
    assert app.watcher.watched == []


class TestWatch:
    """What the server does for a panel that waits."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"Watcher": {"limit": 2, "shortest_pause": 0.1, "longest_pause": 0.1, "window": 1.0}}

    async def test_watches_are_bounded_and_end_with_a_last_hint(
        self,
        api: Api,
        lake: EmbeddedLake,
        app: DlaasExtension,
        listen: Listen,
        samples: Samples,
    ) -> None:
        dids = [next(samples.files) for _ in range(3)]
        lake.hold("daemons")
        try:
            for did in dids:
                await api("POST", "lake/rules", {"did": did, "lifetime": DAY})
            hints = await listen()
            for did in dids:
                assert (await api("GET", "lake/status", did=did)).value["state"] == "replicating"
            assert [did for _, did in app.watcher.watched] == dids[1:]
            # Nothing changes: these are the last hints.
            missing = set(dids[1:])
            while missing:
                missing.discard((await hints.until(lambda hint: hint["kind"] == "status"))["did"])
            assert app.watcher.watched == []
        finally:
            lake.release("daemons")


async def test_a_rule_is_extended_shortened_and_released(
    api: Api, listen: Listen, samples: Samples
) -> None:
    did = next(samples.files)
    hints = await listen()
    granted = (await api("POST", "lake/rules", {"did": did, "lifetime": DAY})).value["rule"]
    for days in (30, 2):
        changed = await api("PATCH", f"lake/rules/{granted['id']}", {"lifetime": days * DAY})
        assert changed.status == 200
        left = when(changed.value["expires_at"]) - datetime.now(timezone.utc)
        assert timedelta(days=days, hours=-1) < left <= timedelta(days=days)
    await hints.until(lambda hint: hint["kind"] == "status" and hint["did"] == did)
    released = await api("DELETE", f"lake/rules/{granted['id']}")
    assert released.status == 200
    # Rucio keeps it for another hour.
    assert when(released.value["expires_at"]) < datetime.now(timezone.utc) + timedelta(hours=2)


async def own_rule(api: Api, samples: Samples) -> dict[str, Any]:
    """A rule of alice's, for a day."""
    did = samples.dataset
    body = {"did": did, "lifetime": DAY, "rse_expression": "SOUTH-DISK", "extend": True}
    granted = await api("POST", "lake/rules", body)
    return dict(granted.value["rule"])


@pytest.mark.parametrize(
    ("method", "rule", "body", "status", "error"),
    [
        ("PATCH", "0" * 32, {"boost": True}, 404, "RuleNotFound"),
        ("DELETE", "0" * 32, None, 404, "RuleNotFound"),
        ("PATCH", "own", {}, 400, "InvalidInput"),
        ("PATCH", "own", {"lifetime": 0}, 400, "InvalidLifetime"),
        ("PATCH", "own", {"lifetime": 60, "until": "2099-01-01"}, 400, "InvalidInput"),
        ("PATCH", "own", {"until": "2020-01-01"}, 400, "InvalidLifetime"),
        ("PATCH", "own", {"state": "OK"}, 400, "InvalidInput"),
    ],
)
async def test_a_wrong_change_of_a_rule_is_refused_and_changes_nothing(
    api: Api, samples: Samples, method: str, rule: str, body: Any, status: int, error: str
) -> None:
    own = await own_rule(api, samples)
    rule_id = own["id"] if rule == "own" else rule
    answer = await api(method, f"lake/rules/{rule_id}", body)
    assert (answer.status, answer.value["error"]) == (status, error)
    rules = (await api("GET", "lake/rules", did=own["did"])).value
    assert own["expires_at"] in {found["expires_at"] for found in rules}


async def test_anothers_rule_cannot_be_released(
    api: Api, lake: EmbeddedLake, samples: Samples
) -> None:
    bob = Lake(Instance.from_mapping(lake.instance("bob")))
    rule = bob.make_available(samples.dataset, "1d", rse_expression="NORTH-DISK").rule
    for answer in (
        await api("DELETE", f"lake/rules/{rule.id}"),
        await api("PATCH", f"lake/rules/{rule.id}", {"lifetime": 5 * DAY}),
    ):
        assert (answer.status, answer.value["error"]) == (403, "AccessDenied")
        assert "Logging in again will not help" in answer.value["remedy"]
    assert bob.get_rule(rule.id).expires_at == rule.expires_at
