"""What every Python test shares: one embedded lake for the session, a genuine Rucio and its
storage, XRootD's too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_dlaas.lake import EmbeddedLake
from jupyter_dlaas.lake.services import last_lines

DATABASES = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--db",
        default=os.environ.get("DLAAS_TEST_DB", "sqlite"),
        choices=DATABASES,
        help="the database of the embedded lake (default: $DLAAS_TEST_DB, or sqlite)",
    )


@pytest.fixture(scope="session")
def db(request: pytest.FixtureRequest) -> str:
    """The database that lakes of this session are made on."""
    return str(request.config.getoption("--db"))


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory, db: str) -> Iterator[EmbeddedLake]:
    """A lake that is up, seeded, with the accounts alice and bob; tests share it and what they
    leave.
    """
    lake = EmbeddedLake(tmp_path_factory.mktemp("lake") / "lake")
    lake.up(db=db, xrootd=True)
    yield lake
    lake.reset()


@pytest.fixture(scope="session")
def alice_env(lake: EmbeddedLake) -> dict[str, str]:
    """This process's environment, and in it what makes rucio and dlaas alice of the lake."""
    return {**os.environ, **lake.env("alice")}


@pytest.fixture(scope="session")
def bob_env(lake: EmbeddedLake) -> dict[str, str]:
    return {**os.environ, **lake.env("bob")}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failed test shows the end of the logs of the lakes that it used."""
    report = yield
    if report.failed:
        used = getattr(item, "funcargs", {}).values()
        for lake in (value for value in used if isinstance(value, EmbeddedLake)):
            for log in sorted(Path(lake.layout.logs).glob("*.log")):
                if end := last_lines(log, 8):
                    report.sections.append((f"end of the lake's {log.name}", end))
    return report


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Ask until the answer is true; what the daemons do takes seconds."""

    def wait(ask: Callable[[], Any], seconds: float = 60) -> Any:
        end = time.monotonic() + seconds
        while True:
            found = ask()
            if found:
                return found
            assert time.monotonic() < end, f"still {found!r} after {seconds} s"
            time.sleep(0.3)

    return wait
