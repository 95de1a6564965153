"""What we uploaded, in the words of the genuine `rucio` command: replicas, rules, and the bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dlaas import Lake
from dlaas.model import DID
from dlaas.transfer.report import Report

PROGRAM = Path(sys.executable).parent / "rucio"
RSE = "NORTH-DISK"


@pytest.fixture
def rucio(alice_env: dict[str, str], tmp_path: Path) -> Callable[..., str]:
    """The genuine command as alice."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [PROGRAM, *arguments],
            env={**alice_env, "PYTHONWARNINGS": "ignore", "NO_COLOR": "1", "COLUMNS": "300"},
            cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def uploaded(alice: Lake, tmp_path: Path, fresh: Callable[[str], str]) -> tuple[Report, Path]:
    """A dataset of three files, and their folder."""
    root = tmp_path / "sent"
    root.mkdir()
    for number in range(3):
        (root / f"{fresh(f'agrees{number}')}.bin").write_bytes(os.urandom(30_000 + number))
    dataset = f"user.alice:{fresh('agrees')}"
    report = alice.upload_many(root, "user.alice", dataset=dataset, rses=RSE, lifetime="2d")
    assert report.uploaded == 3, str(report)
    return report, root


def test_rucio_lists_each_replica_with_our_sums(
    uploaded: tuple[Report, Path], rucio: Callable[..., str]
) -> None:
    report, root = uploaded
    told = rucio("replica", "list", "file", str(report.dataset))
    for path in root.iterdir():
        (line,) = [line for line in told.splitlines() if path.name in line and RSE in line]
        assert f"{zlib.adler32(path.read_bytes()):08x}" in line
        assert "30.0" in line


def test_rucio_lists_the_rule_that_keeps_them(
    uploaded: tuple[Report, Path], rucio: Callable[..., str], alice: Lake, tmp_path: Path
) -> None:
    report, root = uploaded
    (rule,) = report.rules
    (line,) = [
        line
        for line in rucio("rule", "list", "--did", str(report.dataset)).splitlines()
        if rule.id in line
    ]
    assert (" alice " in line, RSE in line) == (True, True)
    # One by itself has a rule by itself.
    single = tmp_path / f"single-{next(root.iterdir()).name}"
    single.write_bytes(b"single")
    (row,) = alice.upload_many([single], "user.alice", rses=RSE, lifetime="1d").rows
    (own,) = alice.list_rules(row.did)
    assert own.id in rucio("rule", "list", "--did", row.did)


def test_rucio_downloads_what_we_sent(
    uploaded: tuple[Report, Path], rucio: Callable[..., str], tmp_path: Path
) -> None:
    report, root = uploaded
    rucio("download", "--rses", RSE, "--dir", str(tmp_path / "back"), str(report.dataset))
    back = tmp_path / "back" / DID(str(report.dataset)).name
    assert {p.name: p.read_bytes() for p in back.iterdir()} == {
        p.name: p.read_bytes() for p in root.iterdir()
    }


def test_what_rucio_uploaded_is_recognised_and_not_sent_again(
    uploaded: tuple[Report, Path], rucio: Callable[..., str], alice: Lake, tmp_path: Path
) -> None:
    _, root = uploaded
    theirs = tmp_path / f"theirs-{next(root.iterdir()).name}"
    theirs.write_bytes(os.urandom(10_000))
    rucio("upload", "--rse", RSE, "--scope", "user.alice", str(theirs))
    (row,) = alice.upload_many([theirs], "user.alice", rses=RSE, lifetime="1d").rows
    assert (row.outcome, row.problem) == ("skipped", None)
