"""What is on this machine: the caches, and what the doctor finds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from http_answers import Api, Samples

from dlaas import Instance, Lake
from jupyter_dlaas.lake import EmbeddedLake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own cache folder is one of this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DLAAS_CACHE", raising=False)


@pytest.fixture
def instances(lake: EmbeddedLake, folder: Path) -> list[dict[str, Any]]:
    return [
        {**lake.instance("alice"), "cache_folder": str(folder)},
        {**lake.instance("bob"), "name": "other", "cache_folder": str(folder)},
    ]


@pytest.fixture
def lakes(instances: list[dict[str, Any]]) -> dict[str, Lake]:
    return {told["name"]: Lake(Instance.from_mapping(told)) for told in instances}


class TestCache:
    async def test_one_that_is_not_there_yet_is_empty(self, api: Api, folder: Path) -> None:
        (found,) = (await api("GET", "cache")).value
        assert found["folder"] == str(folder)
        assert (found["files"], found["bytes"], found["shares"]) == (0, 0, [])
        assert 0 < found["free_bytes"] < found["total_bytes"]
        assert not folder.exists()

    async def test_what_instances_hold_is_told_apart(
        self, api: Api, lakes: dict[str, Lake], samples: Samples
    ) -> None:
        for name in ("lake", "lake", "other"):
            lakes[name].download(next(samples.files))
        (found,) = (await api("GET", "cache")).value
        assert (found["files"], found["bytes"]) == (3, 150_000)
        assert found["complete"] is True
        assert found["shares"] == [
            {"instance": "lake", "files": 2, "bytes": 100_000},
            {"instance": "other", "files": 1, "bytes": 50_000},
        ]

    async def test_one_instance_or_one_did_is_cleaned(
        self, api: Api, lakes: dict[str, Lake], samples: Samples
    ) -> None:
        one, two = next(samples.files), next(samples.files)
        for did in (one, two):
            lakes["lake"].download(did)
        lakes["other"].download(one)
        answer = await api("DELETE", "cache", did=one, instance="lake")
        assert answer.value == {"files": 1, "bytes": 50_000, "in_use": 0}
        (left,) = (await api("GET", "cache")).value
        assert [share["files"] for share in left["shares"]] == [1, 1]
        await api("DELETE", "cache", instance="other")
        (left,) = (await api("GET", "cache")).value
        assert [share["instance"] for share in left["shares"]] == ["lake"]

    async def test_what_was_used_lately_stays(
        self, api: Api, lakes: dict[str, Lake], samples: Samples
    ) -> None:
        for _ in range(2):
            lakes["lake"].download(next(samples.files))
        # JupyterLab appends the time.
        answer = await api("DELETE", "cache", older_than="7d", **{"1795248902257": ""})
        assert answer.value["files"] == 0
        assert (await api("GET", "cache")).value[0]["files"] == 2
        assert (await api("DELETE", "cache")).value["files"] == 2
        assert (await api("GET", "cache")).value[0]["files"] == 0

    async def test_what_is_held_stays_and_is_counted(
        self, api: Api, lakes: dict[str, Lake], samples: Samples
    ) -> None:
        from dlaas.cache import Cache

        did = next(samples.files)
        lakes["lake"].download(did)
        cache = Cache(lakes["lake"].instance.cache_folder)
        path = cache.find("lake", did)
        assert path is not None
        with cache.hold(path):
            answer = await api("DELETE", "cache")
            assert answer.value == {"files": 0, "bytes": 0, "in_use": 1}
        assert os.path.exists(path)

    @pytest.mark.parametrize(
        ("params", "error"),
        [
            ({"older_than": "soon"}, "InvalidLifetime"),
            ({"older_than": "-1"}, "InvalidLifetime"),
            ({"older_than": "0"}, "InvalidLifetime"),
            ({"older_than": "nan"}, "InvalidLifetime"),
            ({"older_than": ""}, "InvalidInput"),
            ({"did": "nonsense"}, "InvalidDID"),
            ({"did": " "}, "InvalidInput"),
            ({"instance": ""}, "InvalidInput"),
            # Who misspells a condition does not mean everything.
            ({"olderthan": "7d"}, "InvalidInput"),
            ({"older_than": "7d", "max_bytes": "5"}, "InvalidInput"),
        ],
    )
    async def test_what_makes_no_sense_deletes_nothing(
        self,
        api: Api,
        lakes: dict[str, Lake],
        samples: Samples,
        params: dict[str, str],
        error: str,
    ) -> None:
        for _ in range(2):
            lakes["lake"].download(next(samples.files))
        answer = await api("DELETE", "cache", **params)
        assert (answer.status, answer.value["error"]) == (400, error)
        assert (await api("GET", "cache")).value[0]["files"] == 2


class TestEmbargo:
    @pytest.fixture
    def instances(self, lake: EmbeddedLake, folder: Path) -> list[dict[str, Any]]:
        told = {"cache_folder": str(folder), "embargoed_scopes": ["user.alice"]}
        return [{**lake.instance("alice"), **told}]

    async def test_what_is_private_is_told_and_cleaned_too(
        self, api: Api, lakes: dict[str, Lake], samples: Samples
    ) -> None:
        for _ in range(2):
            lakes["lake"].download(next(samples.files))
        shared, private = (await api("GET", "cache")).value
        assert (shared["private"], shared["files"]) == (False, 0)
        assert (private["private"], private["files"]) == (True, 2)
        assert (await api("DELETE", "cache")).value["files"] == 2


class TestDoctor:
    async def test_all_is_looked_at_with_the_login_of_the_panel(self, api: Api) -> None:
        await api("GET", "lake/scopes")
        await api("GET", "other/scopes")
        answer = await api("GET", "doctor")
        assert answer.end == {"end": True, "truncated": False}
        found = {(row["about"], row["name"]): row for row in answer.rows}
        assert found["lake", "login"]["state"] == "ok"
        assert "alice, by the panel" in found["lake", "login"]["message"]
        assert "bob" in found["other", "login"]["message"]
        assert found["this machine", "python"]["state"] == "ok"

    async def test_without_a_login_it_says_so_and_goes_on(self, api: Api) -> None:
        await api("DELETE", "other/login")
        answer = await api("GET", "doctor", about="other")
        assert {row["about"] for row in answer.rows} == {"this machine", "other"}
        assert any(row["name"] == "server" and row["state"] == "ok" for row in answer.rows)

    async def test_an_instance_that_is_not_there_is_not_found(self, api: Api) -> None:
        answer = await api("GET", "doctor", about="nowhere")
        assert (answer.status, answer.value["error"]) == (404, "InstanceNotFound")

    async def test_no_secret_is_told(self, api: Api, instances: list[dict[str, Any]]) -> None:
        password = Path(instances[0]["password_file"]).read_text().strip()
        rows = (await api("GET", "doctor")).rows
        assert rows
        assert not any(password in str(row) or "-alice-" in str(row) for row in rows)
