"""Which lake a reference means, and what a lake does while others use it."""

from __future__ import annotations

import gc
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from standin import Answer, Request, StandIn

from dlaas import Instance, Lake
from dlaas.config import sources
from dlaas.credentials import Token
from dlaas.errors import InstanceNotFound
from dlaas.rucio.connection import forget, lake_for

ONE = Instance("one", "https://one.example")
TWO = Instance("two", "https://two.example")


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str | None]]:
    """The names for which configuration was read from its sources."""
    asked: list[str | None] = []
    real = sources.find_instance

    def find(name: str | None = None) -> Instance:
        asked.append(name)
        return real(name)

    monkeypatch.setattr("dlaas.rucio.connection.find_instance", find)
    yield asked
    forget()


def configure(*names: str) -> None:
    folder = Path(os.environ["JUPYTER_CONFIG_DIR"])
    folder.mkdir(exist_ok=True)
    entries = [{"name": name, "rucio_base_url": f"https://{name}.example"} for name in names]
    section = {"RucioConfig": {"instances": entries}}
    (folder / "jupyter_server_config.json").write_text(json.dumps(section))


def test_a_name_means_the_lake_that_was_made_last_and_is_in_use() -> None:
    first = Lake(ONE, account="alice")
    second = Lake(ONE, account="bob")
    assert lake_for("one") is second
    del second
    gc.collect()
    assert lake_for("one") is first


def test_a_lake_made_by_hand_wins_over_the_configuration_of_its_name() -> None:
    configure("one")
    mine = Lake(ONE, account="alice")
    assert lake_for("one") is mine
    assert lake_for() is mine


def test_without_a_name_the_configured_default_wins_over_another_lake_of_this_process() -> None:
    configure("one", "two")
    other = Lake(TWO)
    assert lake_for().instance.name == "one"
    assert lake_for("two") is other


def test_without_configuration_no_name_means_the_only_lake() -> None:
    with pytest.raises(InstanceNotFound, match="No Rucio instance"):
        lake_for()
    one = Lake(ONE)
    assert lake_for() is one
    two = Lake(TWO)
    with pytest.raises(InstanceNotFound, match="several: one, two") as caught:
        lake_for()
    assert "one@scope:name" in caught.value.remedy
    del two
    gc.collect()
    assert lake_for() is one


def test_many_references_without_an_instance_read_the_configuration_seldom(
    monkeypatch: pytest.MonkeyPatch, looked_up: list[str | None]
) -> None:
    monkeypatch.setattr("dlaas.rucio.connection._DEFAULT_FOR", 3600.0)
    configure("one")
    assert len({id(lake_for()) for _ in range(10_000)}) == 1
    assert looked_up == [None]


def test_the_only_lake_of_a_script_is_found_as_seldom(
    monkeypatch: pytest.MonkeyPatch, looked_up: list[str | None]
) -> None:
    monkeypatch.setattr("dlaas.rucio.connection._DEFAULT_FOR", 3600.0)
    one = Lake(ONE)
    assert all(lake_for() is one for _ in range(1000))
    assert looked_up == [None]


def test_what_changes_in_this_process_is_seen_by_the_next_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dlaas.rucio.connection._DEFAULT_FOR", 3600.0)
    configure("one")
    assert lake_for().instance.name == "one"
    monkeypatch.setenv("RUCIO_BASE_URL", "https://env.example")
    monkeypatch.setenv("RUCIO_NAME", "env")
    assert lake_for().instance.name == "env"
    monkeypatch.delenv("RUCIO_BASE_URL")
    configure("two")
    forget()
    assert lake_for().instance.name == "two"


def test_a_file_that_changes_is_seen_soon(eventually: Callable[..., bool]) -> None:
    configure("one")
    assert lake_for().instance.name == "one"
    configure("two")
    assert eventually(lambda: lake_for().instance.name == "two")


def test_threads_that_ask_at_once_get_one_lake() -> None:
    configure("one")
    start = threading.Barrier(8)
    found: list[Lake] = []

    def ask() -> None:
        start.wait()
        found.append(lake_for("one"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(lake) for lake in found}) == 1


class SlowLogin:
    """A login that takes until it is told to go on."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self) -> Token:
        self.begun.set()
        assert self.go_on.wait(60)
        return Token("token", None, "alice")

    def refused(self, token: Token) -> bool:
        return False


def test_closing_a_lake_does_not_wait_for_a_login(standin: Callable[..., StandIn]) -> None:
    def answer(_: Request) -> Answer:
        return Answer(200, b'{"account": "alice"}', {"Content-Type": "application/json"})

    login = SlowLogin()
    lake = Lake(Instance("slow", standin(answer).url), credentials=login)
    told: list[str] = []
    asking = threading.Thread(target=lambda: told.append(lake.client.whoami()["account"]))
    asking.start()
    assert login.begun.wait(60)
    closing = threading.Thread(target=lake.close)
    closing.start()
    closing.join(30)
    assert not closing.is_alive()
    login.go_on.set()
    asking.join(60)
    assert told == ["alice"]
