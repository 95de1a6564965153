"""The part of a configuration behind a `$url`: waited for shortly, and kept for bad days."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from standin import Answer, Request, StandIn

from dlaas.config import Instances, load_instances, published
from dlaas.errors import ConfigurationError, TookTooLong, Unreachable

Publish = Callable[..., str]
REMOTE = {"rucio_base_url": "https://one.example", "site_name": "THERE", "destination_rse": "R"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # A machine that is busy must not look like a service that hangs.
    monkeypatch.setattr(published, "PATIENCE", 60.0)
    return tmp_path / "cache" / "dlaas" / "configuration"


class Place:
    """An address that publishes `says`, which a test changes; None hangs until the test ends."""

    def __init__(self, standin: Callable[..., StandIn]) -> None:
        self.says: Answer | None = Answer(200, json.dumps(REMOTE).encode())
        self.over = threading.Event()
        self.service = standin(self._answer)
        self.url = f"{self.service.url}/{uuid.uuid4()}.json"

    def _answer(self, _: Request) -> Answer:
        if self.says is None:
            self.over.wait(60)
        return self.says or Answer(500)

    def load(self, **local: Any) -> Instances:
        entry = {"name": "one", "$url": self.url, **local}
        return load_instances({"instances": [entry]})


@pytest.fixture
def place(standin: Callable[..., StandIn]) -> Iterator[Place]:
    found = Place(standin)
    yield found
    found.over.set()


def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what this process knows; what lies on the disk stays."""
    monkeypatch.setattr(published, "_good", {})
    monkeypatch.setattr(published, "_questions", {})


def test_it_is_merged_and_local_keys_win(place: Place) -> None:
    found = place.load(site_name="HERE")
    assert (found.get().site_name, found.get().destination_rse) == ("HERE", "R")
    assert not found.warnings


@pytest.mark.parametrize(
    "broken",
    [Answer(503), Answer(404), Answer(200, b"<html>"), Answer(200, b'{"rucio_base_url": "x"}')],
    ids=["down", "missing", "a page", "nonsense"],
)
def test_what_was_good_last_serves_a_later_process_with_a_warning(
    place: Place, monkeypatch: pytest.MonkeyPatch, broken: Answer
) -> None:
    place.load()
    another_process(monkeypatch)
    place.says = broken
    found = place.load(site_name="HERE")
    assert (found.get().destination_rse, found.get().site_name) == ("R", "HERE")
    [warning] = found.warnings
    assert "seconds ago is used" in warning


def test_what_is_broken_does_not_take_the_place_of_the_good_copy(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.load()
    place.says = Answer(200, b'{"message": "closed for the holidays"}')
    for _ in range(2):
        another_process(monkeypatch)
        assert place.load().get().destination_rse == "R"


def test_the_copy_is_for_its_owner_alone_and_does_not_hold_what_is_local(
    place: Place, cache: Path
) -> None:
    place.load(password="hunter2")
    [path] = cache.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert json.loads(path.read_text()) == REMOTE


def test_a_service_that_hangs_is_given_up_and_its_copy_used(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.load()
    another_process(monkeypatch)
    monkeypatch.setattr(published, "PATIENCE", 0.2)
    place.says = None
    found = place.load()
    assert found.get().destination_rse == "R"
    assert "does not answer" in found.warnings[0]


def test_a_service_that_hangs_without_a_copy_is_no_mistake_of_the_configuration(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "PATIENCE", 0.2)
    place.says = None
    with pytest.raises(TookTooLong) as caught:
        place.load().get()
    assert caught.value.blame == "network"


def test_a_service_that_is_down_without_a_copy_is_the_fault_of_the_network() -> None:
    entry = {"name": "x", "$url": f"http://localhost:1/{uuid.uuid4()}"}
    local = {"name": "one", "rucio_base_url": "https://one.example"}
    found = load_instances({"instances": [entry, local]})
    assert found.get("one").name == "one"
    with pytest.raises(Unreachable) as caught:
        found.get("x")
    assert caught.value.blame == "network"
    assert not isinstance(caught.value, ConfigurationError)


def test_an_answer_that_is_none_is_told_without_what_is_secret_in_the_address(
    place: Place,
) -> None:
    place.says = Answer(404)
    place.url += "?key=hunter2"
    [problem] = place.load().problems.values()
    assert "404" in problem.message
    assert "hunter2" not in repr(problem)


def test_in_one_process_it_is_asked_once_in_minutes(place: Place) -> None:
    section = {"instances": [{"name": "one", "$url": place.url}]}
    for _ in range(3):
        assert load_instances(section, again=300).get().destination_rse == "R"
    assert len(place.service.requests) == 1


def test_an_answer_that_comes_late_is_found_by_the_next_question(
    place: Place, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., Any]
) -> None:
    monkeypatch.setattr(published, "PATIENCE", 0.1)
    place.says = None
    section = {"instances": [{"name": "one", "$url": place.url}]}
    assert load_instances(section, again=300).problems
    place.says = Answer(200, json.dumps(REMOTE).encode())
    place.over.set()
    eventually(lambda: len(load_instances(section, again=300)) == 1)
    assert len(place.service.requests) == 1


def test_keys_that_only_a_newer_version_knows_are_a_warning(place: Place) -> None:
    place.says = Answer(200, json.dumps({**REMOTE, "destination_rze": "X"}).encode())
    found = place.load()
    assert found.get().destination_rse == "R"
    assert "destination_rze" in found.warnings[0]


def test_a_full_disk_or_no_home_costs_the_copy_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    assert place.load().get().destination_rse == "R"
    place.says = Answer(503)
    # This process remembers.
    assert place.load().get().destination_rse == "R"


def test_a_copy_that_somebody_else_owns_is_not_believed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.load()
    another_process(monkeypatch)
    place.says = Answer(503)
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    assert place.load().problems


def test_a_process_ends_while_an_answer_is_still_under_way() -> None:
    code = (
        "import time; from dlaas.config import published; from dlaas.config import load_instances;"
        "published.PATIENCE = 0.1; published.fetch_json = lambda url: time.sleep(600);"
        "print(list(load_instances({'instances': [{'name': 'x', '$url': 'https://x'}]}).problems))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "['x']\n", ran.stderr
