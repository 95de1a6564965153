"""Fixtures of the lake's own tests: clients, and a lake that a test may break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from judge import Storage, rucio_client
from rucio.client import Client

from jupyter_dlaas.lake import EmbeddedLake


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test sets for the genuine client ends with it."""
    monkeypatch.setenv("RUCIO_CONFIG", "")
    monkeypatch.delenv("X509_USER_PROXY", raising=False)


@pytest.fixture
def alice(lake: EmbeddedLake) -> Client:
    return rucio_client(lake, "alice")


@pytest.fixture
def root(lake: EmbeddedLake) -> Client:
    return rucio_client(lake, "root")


@pytest.fixture
def north(lake: EmbeddedLake) -> Storage:
    return Storage(lake, "north")


@pytest.fixture(scope="module")
def spare_lake(tmp_path_factory: pytest.TempPathFactory, db: str) -> Iterator[EmbeddedLake]:
    """A lake for a module's tests to kill, stop and start; its path has a space."""
    lake = EmbeddedLake(tmp_path_factory.mktemp("spare") / "spare lake")
    lake.up(db=db)
    yield lake
    if lake.layout.state_file.exists():
        lake.reset()


@pytest.fixture
def other_lake(tmp_path: Path) -> Iterator[EmbeddedLake]:
    """A lake of the test's own, not yet made."""
    lake = EmbeddedLake(tmp_path / "lake")
    yield lake
    if lake.layout.state_file.exists():
        lake.reset()
