"""Before a rule is made, and out of one that is stuck: what it would mean, why it is so, moved."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from http_answers import Api, Listen, Samples

from dlaas import Instance, Lake
from jupyter_dlaas.lake import EmbeddedLake

DAY = 86400
DATA = "ATLAS_OD_EDU:GamGam_data"
ALL = "ATLAS_OD_EDU:2020_13TeV"


@pytest.fixture
def instances(lake: EmbeddedLake) -> list[dict[str, Any]]:
    return [lake.instance("alice"), {**lake.instance("bob"), "name": "other"}]


@pytest.fixture
def alice(lake: EmbeddedLake) -> Lake:
    return Lake(Instance.from_mapping(lake.instance("alice")))


def when(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def is_near(text: str, lifetime: int) -> bool:
    """Tell whether a time is that of a rule made just now."""
    left = when(text) - datetime.now(timezone.utc)
    return timedelta(seconds=lifetime - 600) < left <= timedelta(seconds=lifetime)


async def preview(api: Api, did: str, place: str = "lake", **more: Any) -> dict[str, Any]:
    answer = await api("POST", f"{place}/rules/check", {"did": did, **more})
    assert answer.status == 200, answer.value
    return dict(answer.value)


class TestPreview:
    async def test_it_says_what_would_be_granted_and_makes_nothing(
        self, api: Api, samples: Samples
    ) -> None:
        did = next(samples.files)
        before = (await api("GET", "lake/rules", did=did)).value
        found = await preview(api, did)
        assert found["problem"] is None
        assert (found["rse_expression"], found["rses"]) == ("NOTEBOOK-MOUNT", ["NOTEBOOK-MOUNT"])
        assert (found["files"], found["bytes"], found["present_bytes"]) == (1, 50_000, 0)
        assert found["quota_left"] > found["bytes"]
        assert found["lifetime"] == 14 * DAY
        assert is_near(found["expires_at"], 14 * DAY)
        assert found["tape"] is False
        assert (await api("GET", "lake/rules", did=did)).value == before

    async def test_what_is_granted_is_what_it_said(self, api: Api, samples: Samples) -> None:
        body = {"did": next(samples.files), "lifetime": 2 * DAY, "qos": "CHEAP-ANALYSIS"}
        found = await preview(api, **body)
        granted = (await api("POST", "lake/rules", body)).value["rule"]
        assert granted["rse_expression"] == found["rse_expression"]
        late = when(granted["expires_at"]) - when(found["expires_at"])
        assert abs(late) < timedelta(minutes=5)

    async def test_what_is_there_already_is_counted(self, api: Api) -> None:
        found = await preview(api, ALL, rse_expression="NORTH-DISK|EAST-DISK", copies=2)
        assert found["rses"] == ["EAST-DISK", "NORTH-DISK"]
        assert 0 < found["present_files"] <= found["files"]
        assert 0 < found["present_bytes"] <= found["bytes"]
        assert (await preview(api, DATA, rse_expression="NORTH-DISK"))["present_files"] == 4

    async def test_ones_own_rule_that_lasts_is_answered(self, api: Api, samples: Samples) -> None:
        did = next(samples.files)
        rule = (await api("POST", "lake/rules", {"did": did, "lifetime": 9 * DAY})).value["rule"]
        found = await preview(api, did, lifetime=DAY)
        assert found["problem"] is None
        assert found["rule"]["id"] == rule["id"]
        assert found["expires_at"] == rule["expires_at"]

    async def test_a_shorter_one_is_in_the_way_unless_it_is_extended(
        self, api: Api, samples: Samples
    ) -> None:
        did = next(samples.files)
        rule = (await api("POST", "lake/rules", {"did": did, "lifetime": DAY})).value["rule"]
        found = await preview(api, did, lifetime=9 * DAY)
        assert found["problem"]["error"] == "DuplicateRule"
        assert found["problem"]["details"]["rule_id"] == found["rule"]["id"] == rule["id"]
        longer = await preview(api, did, lifetime=9 * DAY, extend=True)
        assert longer["problem"] is None
        assert is_near(longer["expires_at"], 9 * DAY)

    async def test_a_full_quota_is_told_with_numbers_and_as_the_act_would(self, api: Api) -> None:
        body = {"did": ALL, "rse_expression": "SOUTH-DISK"}
        found = await preview(api, place="other", **body)
        assert found["quota_left"] < found["bytes"]
        assert found["problem"]["error"] == "InsufficientAccountLimit"
        assert found["problem"]["details"]["left"] == found["quota_left"]
        act = await api("POST", "other/rules", body)
        assert act.value == found["problem"]

    async def test_without_a_quota_there_it_says_so_as_the_act_would(
        self, api: Api, lake: EmbeddedLake
    ) -> None:
        """Rucio lets nobody put anything on an RSE for which the account has no limit at all."""
        root = Lake(Instance.from_mapping(lake.instance("root")))
        root.client.add_rse("NOBODYS-DISK")
        try:
            found = await preview(api, DATA, rse_expression="NOBODYS-DISK")
            assert found["quota_left"] == 0
            assert found["problem"]["error"] == "InsufficientAccountLimit"
            assert "no quota there" in found["problem"]["message"]
            act = await api("POST", "lake/rules", {"did": DATA, "rse_expression": "NOBODYS-DISK"})
            assert act.value == found["problem"]
            # Of several RSEs that one does not count.
            either = await preview(api, DATA, rse_expression="NOBODYS-DISK|SOUTH-DISK")
            assert either["problem"] is None
        finally:
            root.client.delete_rse("NOBODYS-DISK")

    async def test_of_several_rses_enough_must_have_room(self, api: Api) -> None:
        anywhere = "SOUTH-DISK|NOTEBOOK-MOUNT"
        one = await preview(api, ALL, "other", rse_expression=anywhere)
        assert one["problem"] is None
        two = await preview(api, ALL, "other", rse_expression=anywhere, copies=2)
        assert two["problem"]["error"] == "InsufficientAccountLimit"
        assert two["quota_left"] < two["bytes"] < (one["quota_left"] or 1e20)

    @pytest.mark.parametrize(
        ("more", "error"),
        [
            ({"lifetime": 0}, "InvalidLifetime"),
            ({"lifetime": 10**30}, "InvalidLifetime"),
            ({"until": "2020-01-31"}, "InvalidLifetime"),
            ({"until": "2099-01-31", "lifetime": 5}, "InvalidInput"),
            ({"rse_expression": "NOWHERE"}, "InvalidRSEExpression"),
            ({"rse_expression": "nonsense=("}, "InvalidRSEExpression"),
            ({"rse_expression": "NORTH-DISK", "copies": 2}, "InsufficientTargetRSEs"),
            ({"copies": 0}, "InvalidInput"),
            ({"qos": "NO-SUCH"}, "InvalidInput"),
        ],
    )
    async def test_what_stands_in_the_way_is_part_of_the_answer(
        self, api: Api, more: dict[str, Any], error: str
    ) -> None:
        found = await preview(api, DATA, **more)
        assert found["problem"]["error"] == error
        assert found["problem"]["blame"] == "you"
        assert found["files"] == 4

    async def test_an_rse_that_takes_nothing_is_told_before(
        self, api: Api, lake: EmbeddedLake
    ) -> None:
        root = Lake(Instance.from_mapping(lake.instance("root")))
        root.client.add_rse("CLOSED-DISK", availability_write=False)
        try:
            found = await preview(api, DATA, rse_expression="CLOSED-DISK")
            assert found["problem"]["error"] == "AccessDenied"
            assert "CLOSED-DISK" in found["problem"]["message"]
        finally:
            root.client.delete_rse("CLOSED-DISK")

    @pytest.mark.parametrize(
        ("body", "status", "error"),
        [
            ({"did": "ATLAS_OD_EDU:nothing"}, 404, "DataIdentifierNotFound"),
            ({"did": "no_such_scope:x"}, 404, "ScopeNotFound"),
            ({"did": "nonsense"}, 400, "InvalidDID"),
            ({}, 400, "InvalidInput"),
            ({"did": DATA, "lifetim": 5}, 400, "InvalidInput"),
        ],
    )
    async def test_only_a_did_or_a_body_that_is_none_is_refused(
        self, api: Api, body: dict[str, Any], status: int, error: str
    ) -> None:
        answer = await api("POST", "lake/rules/check", body)
        assert (answer.status, answer.value["error"]) == (status, error)


class TestExplain:
    async def test_a_rule_is_explained(self, api: Api, samples: Samples) -> None:
        body = {"did": next(samples.files), "rse_expression": "SOUTH-DISK", "lifetime": 3600}
        rule = (await api("POST", "lake/rules", body)).value["rule"]
        found = (await api("GET", f"lake/rules/{rule['id']}")).value
        while found["rule"]["state"] != "OK":
            assert found["reason"]
            found = (await api("GET", f"lake/rules/{rule['id']}")).value
        assert found["reason"] == "All 1 files are on SOUTH-DISK."
        assert (found["locks"], found["complete"]) == ([], True)

    async def test_one_that_is_not_there_is_not_found(self, api: Api) -> None:
        answer = await api("GET", f"lake/rules/{'0' * 32}")
        assert (answer.status, answer.value["error"]) == (404, "RuleNotFound")


class TestMove:
    async def put(self, api: Api, did: str, **more: Any) -> dict[str, Any]:
        body = {"did": did, "lifetime": 3 * DAY, **more}
        return dict((await api("POST", "lake/rules", body)).value["rule"])

    async def test_the_old_rule_goes_when_the_new_one_is_fulfilled(
        self, api: Api, listen: Listen, samples: Samples
    ) -> None:
        did = next(samples.files)
        old = await self.put(api, did)
        hints = await listen()
        answer = await api("POST", f"lake/rules/{old['id']}/move", {"qos": "CHEAP-ANALYSIS"})
        assert answer.status == 201
        new = answer.value["rule"]
        assert new["rse_expression"] == "QOS=CHEAP-ANALYSIS"
        late = when(new["expires_at"]) - when(old["expires_at"])
        assert abs(late) < timedelta(minutes=5)
        await hints.until(lambda hint: hint["did"] == did)
        ids = {old["id"]}
        while old["id"] in ids:
            # Never is there a moment in which nothing keeps the data.
            rules = (await api("GET", "lake/rules", did=did)).value
            ids = {rule["id"] for rule in rules}
            assert new["id"] in ids
        assert next(rule for rule in rules if rule["id"] == new["id"])["state"] == "OK"

    async def test_anothers_rule_stays_and_one_gets_ones_own(
        self, api: Api, samples: Samples
    ) -> None:
        did = next(samples.files)
        old = await self.put(api, did)
        move = {"rse_expression": "SOUTH-DISK"}
        answer = await api("POST", f"other/rules/{old['id']}/move", move)
        assert (answer.status, answer.value["rule"]["account"]) == (201, "bob")
        assert "stays" in answer.value["note"]
        rules = (await api("GET", "lake/rules", did=did)).value
        kept = next(rule for rule in rules if rule["id"] == old["id"])
        assert kept["expires_at"] == old["expires_at"]

    async def test_what_is_being_moved_is_not_moved_again(self, api: Api, samples: Samples) -> None:
        old = await self.put(api, next(samples.files))
        await api("POST", f"lake/rules/{old['id']}/move", {"rse_expression": "EAST-DISK"})
        answer = await api("POST", f"lake/rules/{old['id']}/move", {"rse_expression": "SOUTH-DISK"})
        assert (answer.status, answer.value["error"]) in (
            (409, "AlreadyThere"),
            (404, "RuleNotFound"),
        )

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ({}, "InvalidInput"),
            ({"rse_expression": "NOTEBOOK-MOUNT"}, "InvalidInput"),
            ({"rse_expression": "NOWHERE"}, "InvalidRSEExpression"),
            ({"qos": "NO-SUCH"}, "InvalidInput"),
            ({"to": "SOUTH-DISK"}, "InvalidInput"),
        ],
    )
    async def test_a_place_that_is_none_changes_nothing(
        self, api: Api, alice: Lake, samples: Samples, body: dict[str, Any], error: str
    ) -> None:
        granted = alice.make_available(samples.dataset, "9d", extend=True).rule
        answer = await api("POST", f"lake/rules/{granted.id}/move", body)
        assert (answer.status, answer.value["error"]) == (400, error)
        assert alice.get_rule(granted.id).expires_at == granted.expires_at

    async def test_a_rule_that_is_not_there_is_not_found(self, api: Api) -> None:
        move = {"rse_expression": "SOUTH-DISK"}
        answer = await api("POST", f"lake/rules/{'0' * 32}/move", move)
        assert (answer.status, answer.value["error"]) == (404, "RuleNotFound")
