"""The library against the genuine lake: one Lake as alice, one as bob, and names that nobody has
used.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from standin import StandIn

from dlaas import Instance, Lake
from dlaas.rucio.connection import forget, register
from jupyter_dlaas.lake import EmbeddedLake

AMBIENT = (
    "RUCIO_",
    "SWAN_",
    "JPY_",
    "DLAAS_HANDOVER",
    "X509_",
    "BEARER_",
    "JUPYTER_CONFIG",
    "JUPYTER_RUNTIME",
)


@pytest.fixture(autouse=True)
def nothing_ambient(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """No configuration of whoever runs the tests is found, and none that another test left."""
    for name in list(os.environ):
        if name.startswith(AMBIENT):
            monkeypatch.delenv(name)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("DLAAS_CACHE", str(tmp_path / "cache"))
    if "lake" in request.fixturenames:
        # XRootD reads it with the first connection of a process, and never again.
        authorities = request.getfixturevalue("lake").layout.authorities
        monkeypatch.setenv("X509_CERT_DIR", str(authorities))
    monkeypatch.setattr("dlaas.handover._told", None)
    forget()
    # A lake of an earlier test may live on in a traceback, and references would still find it.
    monkeypatch.setattr("dlaas.rucio.connection._lakes", {})
    if "alice" in request.fixturenames:
        register(request.getfixturevalue("alice"))


@pytest.fixture(scope="session")
def alice_instance(lake: EmbeddedLake) -> Instance:
    return Instance.from_mapping(lake.instance("alice"))


@pytest.fixture(scope="session")
def alice(alice_instance: Instance) -> Iterator[Lake]:
    """The lake as alice."""
    found = Lake(alice_instance)
    yield found
    found.close()


@pytest.fixture(scope="session")
def bob(lake: EmbeddedLake) -> Iterator[Lake]:
    """The lake as bob, under a name of its own so that references go on meaning alice's."""
    found = Lake(Instance.from_mapping({**lake.instance("bob"), "name": "bobs"}))
    yield found
    found.close()


_numbers = itertools.count()


@pytest.fixture
def fresh() -> Callable[[str], str]:
    """Make a name that no test has used."""

    def name(stem: str) -> str:
        return f"{stem}-{os.getpid()}-{time.time_ns() % 10**9}-{next(_numbers)}"

    return name


@pytest.fixture
def a_file(tmp_path: Path) -> Path:
    """A file of 2.5 MB that no storage has."""
    path = tmp_path / "histos.bin"
    path.write_bytes(os.urandom(2_500_000))
    return path


@pytest.fixture
def standin() -> Iterator[Callable[..., StandIn]]:
    """Make services that misbehave; they end with the test."""
    made: list[StandIn] = []

    def make(*args: Any, **options: Any) -> StandIn:
        made.append(StandIn(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that nobody vouches for, and its key."""
    folder = tmp_path_factory.mktemp("stranger")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            key,
            "-out",
            cert,
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ],
        check=True,
        capture_output=True,
    )
    return cert, key
