"""`dlaas put` for many files: folders, globs, duplicates, several rules, report, exit codes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from commandline import CommandLine, lake_env

Fresh = Callable[[str], str]


@pytest.fixture
def dlaas(tmp_path: Path, alice_env: dict[str, str]) -> CommandLine:
    """The command as alice, in a folder of her own."""
    return CommandLine(tmp_path, lake_env(alice_env))


@pytest.fixture
def names(dlaas: CommandLine, fresh: Fresh) -> list[str]:
    """Files below `out`, as paths below it."""
    made = [f"{fresh('a')}.bin", f"deep/{fresh('b')}.bin"]
    for name in made:
        path = dlaas.home / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(2000))
    return made


def test_a_folder_goes_into_a_dataset_and_is_not_sent_again(
    dlaas: CommandLine, names: list[str], fresh: Fresh
) -> None:
    dataset = f"user.alice:{fresh('set')}"
    told = ("put", "out", "--scope", "user.alice", "--dataset", dataset, "--lifetime", "1h")
    put = dlaas(*told)
    assert put.code == 0, put.err
    assert put.out.split() == [f"user.alice:{name}" for name in names]
    assert "2 uploaded; 4.0 kB sent to " in put.err
    again = dlaas(*told)
    assert (again.code, again.out) == (0, put.out)
    assert "2 skipped; 0 bytes sent" in again.err


def test_programs_get_a_row_for_each_file_and_the_sums(
    dlaas: CommandLine, names: list[str]
) -> None:
    put = dlaas("put", "out/**/*.bin", "--scope", "user.alice", "--lifetime", "1h", "--json")
    *rows, last = put.rows
    assert put.code == 0
    assert {row["did"] for row in rows} == {f"user.alice:{name}" for name in names}
    assert set(rows[0]) == {"path", "did", "bytes", "outcome", "adler32", "problem"}
    assert (last["report"]["uploaded"], last["report"]["failed"]) == (2, 0)
    assert put.err == ""


def test_one_that_fails_is_told_with_its_fault_and_the_rest_is_there(
    dlaas: CommandLine, names: list[str]
) -> None:
    first = dlaas.home / "out" / names[0]
    assert dlaas("put", first, f"user.alice:{names[0]}", "--lifetime", "1h").code == 0
    first.write_bytes(b"other contents")
    put = dlaas("put", "out", "--scope", "user.alice", "--lifetime", "1h")
    assert put.code == 1
    assert put.out.split() == [f"user.alice:{names[1]}"]
    assert "a name is for ever" in put.err
    assert "  Where the fault lies: the request." in put.err
    assert f"1 of 2 failed: {first}" in put.err
    renamed = dlaas(
        "put", "out", "--scope", "user.alice", "--lifetime", "1h", "--duplicates", "rename"
    )
    assert renamed.code == 0, renamed.err
    assert f"user.alice:{names[0].replace('.bin', '-2.bin')}" in renamed.out.split()


def test_one_file_can_have_several_rules(dlaas: CommandLine, names: list[str]) -> None:
    did = f"user.alice:{names[0]}"
    put = dlaas(
        "put", f"out/{names[0]}", did, "--lifetime", "1h",
        "--rse", "NORTH-DISK", "--rse", "SOUTH-DISK", "--rule", "NOTEBOOK-MOUNT", "--json",
    )  # fmt: skip
    assert put.code == 0, put.out
    shown = dlaas("info", did, "--json").out
    for rse in ("NORTH-DISK", "SOUTH-DISK", "NOTEBOOK-MOUNT"):
        assert f'"rse_expression": "{rse}"' in shown


def test_what_is_wrong_with_all_is_told_once_and_nothing_is_sent(
    dlaas: CommandLine, names: list[str]
) -> None:
    put = dlaas("put", "out", "--scope", "user.bob", "--json")
    assert (put.code, put.problem["error"], len(put.rows)) == (6, "AccessDenied", 1)
    put = dlaas("put", "out", f"user.alice:{names[0]}")
    assert put.code == 2
    assert "put FOLDER --scope SCOPE" in put.err
