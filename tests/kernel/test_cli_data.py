"""The command `dlaas`: data brought here and written back, rules, links, the cache."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commandline import CommandLine, lake_env

from dlaas import Instance, Lake
from jupyter_dlaas.lake import EmbeddedLake

DATASET = "ATLAS_OD_EDU:GamGam_mc_ttH125"
FILE = "ATLAS_OD_EDU:mc_341081.ttH125_gamgam.GamGam.root"
Fresh = Callable[[str], str]


@pytest.fixture
def dlaas(tmp_path: Path, alice_env: dict[str, str]) -> CommandLine:
    """The command as alice."""
    return CommandLine(tmp_path, lake_env(alice_env))


@pytest.fixture
def as_bob(tmp_path: Path, bob_env: dict[str, str]) -> CommandLine:
    """The command as bob, whose quota on SOUTH-DISK is 1 MB."""
    (tmp_path / "bob").mkdir()
    return CommandLine(tmp_path / "bob", lake_env(bob_env))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three files that no storage has."""
    made = [tmp_path / f"{os.urandom(8).hex()}.bin" for _ in range(3)]
    for path in made:
        path.write_bytes(os.urandom(200_000))
    return made


def _wait_on(dlaas: CommandLine, did: str) -> Any:
    return dlaas("info", did, "--json").rows[0]


# Bring here


def test_a_file_comes_into_a_folder_and_its_path_is_printed(dlaas: CommandLine) -> None:
    shown = dlaas("get", FILE, "-o", "here")
    assert shown.code == 0
    path = Path(shown.out.strip())
    assert path == dlaas.home / "here" / FILE.partition(":")[2]
    assert path.read_bytes()[:4] == b"root"
    assert "1 file came" in shown.err
    again = dlaas("get", FILE, "-o", "here")
    assert (again.code, again.out) == (0, shown.out)
    assert "0 files came, 1 here already" in again.err


def test_without_a_folder_a_dataset_comes_into_the_cache(dlaas: CommandLine) -> None:
    shown = dlaas("get", DATASET, "--json")
    assert shown.code == 0
    [found] = shown.rows
    assert found["fetched"] == 1
    assert all(path.startswith(str(dlaas.home / "cache")) for path in found["paths"])
    assert dlaas("get", DATASET, "--quiet").err == ""


def test_what_is_on_the_mount_is_not_said_to_be_in_the_cache(
    dlaas: CommandLine, files: list[Path], fresh: Fresh, alice_instance: Instance
) -> None:
    did = f"user.alice:{fresh('mounted')}"
    assert dlaas("put", files[0], did, "--lifetime", "1h").code == 0
    assert dlaas("rule", "add", did, "--lifetime", "1h", "--wait", "3m").code == 0
    shown = dlaas("get", did)
    assert shown.out.startswith(str(alice_instance.rse_mount_path))
    assert "1 here already" in shown.err
    assert "cache" not in shown.err


def test_what_cannot_come_is_told_and_the_rest_comes(dlaas: CommandLine) -> None:
    shown = dlaas("get", "ATLAS_OD_EDU:no-such-file", FILE, "-o", "here")
    assert shown.code == 1
    assert Path(shown.out.strip()).is_file()
    assert "ATLAS_OD_EDU:no-such-file: " in shown.err
    assert "1 of 2 failed: ATLAS_OD_EDU:no-such-file" in shown.err
    told = dlaas("get", "ATLAS_OD_EDU:no-such-file", FILE, "-o", "here", "--json")
    assert [row.get("problem", {}).get("error") for row in told.rows] == [
        "DataIdentifierNotFound",
        None,
    ]
    assert dlaas("get", "ATLAS_OD_EDU:no-such-file").code == 3


def test_a_folder_that_cannot_be_written_is_told_with_its_name(dlaas: CommandLine) -> None:
    (dlaas.home / "file").write_text("")
    shown = dlaas("get", FILE, "-o", "file/below")
    assert shown.code in (1, 2)
    assert str(dlaas.home / "file") in shown.err or "file/below" in shown.err
    assert "  Where the fault lies: the request." in shown.err


def test_another_file_of_that_name_is_replaced_only_on_demand(dlaas: CommandLine) -> None:
    mine = dlaas.home / FILE.partition(":")[2]
    mine.write_text("mine")
    refused = dlaas("get", FILE, "-o", ".")
    assert refused.code == 2, refused.err
    assert "or say --overwrite." in refused.err
    assert mine.read_text() == "mine"
    assert dlaas("get", FILE, "-o", ".", "--overwrite").code == 0
    assert mine.read_bytes()[:4] == b"root"


# Write back


def test_files_go_into_a_dataset_and_come_back(
    dlaas: CommandLine, files: list[Path], fresh: Fresh
) -> None:
    dataset = f"user.alice:{fresh('results')}"
    put = dlaas("put", *files, "--scope", "user.alice", "--dataset", dataset, "--lifetime", "1h")
    assert put.code == 0, put.err
    assert put.out.split() == [f"user.alice:{path.name}" for path in files]
    assert sorted(dlaas("ls", dataset).out.split()) == sorted(put.out.split())
    got = dlaas("get", put.out.split()[0], "-o", "back")
    assert Path(got.out.strip()).read_bytes() == files[0].read_bytes()


def test_one_file_gets_the_name_that_is_given(
    dlaas: CommandLine, files: list[Path], fresh: Fresh
) -> None:
    did = f"user.alice:{fresh('histos')}"
    shown = dlaas("put", files[0], did, "--lifetime", "1h", "--json")
    assert shown.code == 0
    assert shown.rows[0]["did"] == did
    assert set(shown.rows[0]) == {
        "did", "rse", "bytes", "adler32", "rule", "dataset", "new",
    }  # fmt: skip
    again = dlaas("put", files[0], did, "--lifetime", "1h", "--json")
    assert (again.code, again.rows[0]["new"]) == (0, False)


def test_a_full_quota_ends_with_6_and_its_numbers(
    as_bob: CommandLine, tmp_path: Path, fresh: Fresh
) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(2_000_000))
    shown = as_bob("put", large, f"user.bob:{fresh('large')}", "--rse", "SOUTH-DISK")
    assert shown.code == 6
    assert "2.0 MB are needed on SOUTH-DISK" in shown.err
    assert "Release rules that you no longer need" in shown.err
    ruled = as_bob("rule", "add", "ATLAS_OD_EDU:GamGam_data", "--rse", "SOUTH-DISK", "--json")
    assert (ruled.code, ruled.problem["error"]) == (6, "InsufficientAccountLimit")


def test_of_several_files_one_fails_and_the_rest_is_there(
    dlaas: CommandLine, files: list[Path]
) -> None:
    missing = files[0].with_name("not-there.bin")
    shown = dlaas("put", files[0], missing, files[1], "--scope", "user.alice", "--lifetime", "1h")
    assert shown.code == 1
    assert shown.out.split() == [f"user.alice:{path.name}" for path in files[:2]]
    assert f"1 of 3 failed: {missing}" in shown.err


@pytest.mark.parametrize(
    "arguments",
    [["a.bin"], ["a.bin", "b.bin", "user.alice:c"], ["a", "x/a", "--scope", "user.alice"]],
)
def test_files_without_a_clear_name_are_refused_before_anything_is_sent(
    dlaas: CommandLine, arguments: list[str]
) -> None:
    shown = dlaas("put", *arguments)
    assert (shown.code, shown.out) == (2, "")


def test_another_accounts_scope_is_denied(
    dlaas: CommandLine, files: list[Path], fresh: Fresh
) -> None:
    shown = dlaas("put", files[0], f"user.bob:{fresh('mine')}", "--json")
    assert (shown.code, shown.problem["error"]) == (6, "AccessDenied")


# Rules


def test_a_rule_is_added_waited_for_shortened_and_released(
    dlaas: CommandLine, alice: Lake, files: list[Path], fresh: Fresh, tmp_path: Path
) -> None:
    did = f"user.alice:{fresh('ruled')}"
    assert dlaas("put", files[0], did, "--lifetime", "1h").code == 0
    added = dlaas("rule", "add", did, "--lifetime", "2d", "--wait", "3m")
    assert added.code == 0, added.err
    rule_id = added.out.strip()
    assert "Granted on NOTEBOOK-MOUNT until" in added.err
    linked = dlaas("link", did, "inputs")
    assert linked.code == 0, linked.err
    assert Path(linked.out.strip()).read_bytes() == files[0].read_bytes()
    assert Path(linked.out.strip()).parent == dlaas.home / "inputs"
    before = alice.get_rule(rule_id)
    shorter = dlaas("rule", "extend", rule_id, "--lifetime", "1d", "--json")
    assert shorter.rows[0]["id"] == rule_id
    after = alice.get_rule(rule_id)
    assert before.expires_at is not None
    assert after.expires_at is not None
    assert after.expires_at < before.expires_at
    assert rule_id in dlaas("rule", "list", did).out
    own = [row for row in dlaas("rule", "list", "--json").rows if row["id"] == rule_id]
    assert [(row["did"], row["account"]) for row in own] == [(did, "alice")]
    assert rule_id in dlaas("rule", "list").out
    shown = dlaas("rule", "show", rule_id)
    assert re.search(r"files +1 there, 0 on their way, 0 stuck", shown.out)
    released = dlaas("rule", "release", rule_id)
    assert (released.code, released.err.strip()) == (0, f"Released {rule_id}.")


def test_a_rule_elsewhere_is_waited_for_where_it_puts_the_data(
    dlaas: CommandLine, files: list[Path], fresh: Fresh
) -> None:
    did = f"user.alice:{fresh('south')}"
    dlaas("put", files[0], did, "--lifetime", "1h")
    added = dlaas("rule", "add", did, "--lifetime", "1h", "--rse", "SOUTH-DISK", "--wait", "3m")
    assert added.code == 0, added.err
    assert dlaas("rule", "show", added.out.strip(), "--json").rows[0]["rule"]["state"] == "OK"


@pytest.mark.parametrize("wait", ["banana", "-5", "99y"])
def test_a_wait_that_is_no_time_leaves_no_rule(
    dlaas: CommandLine, files: list[Path], fresh: Fresh, wait: str
) -> None:
    did = f"user.alice:{fresh('banana')}"
    dlaas("put", files[0], did, "--lifetime", "1h")
    before = dlaas("rule", "list", did, "--json").out
    refused = dlaas("rule", "add", did, "--lifetime", "1h", f"--wait={wait}", "--json")
    assert (refused.code, refused.problem["error"]) == (2, "InvalidLifetime")
    assert dlaas("rule", "list", did, "--json").out == before


def test_what_no_rule_keeps_is_told_to_programs_too(
    dlaas: CommandLine, alice: Lake, fresh: Fresh
) -> None:
    did = f"user.alice:{fresh('unruled')}"
    alice.client.add_dataset("user.alice", did.partition(":")[2])
    shown = dlaas("rule", "show", did, "--json")
    assert (shown.code, shown.problem["error"]) == (3, "RuleNotFound")


def test_a_second_rule_is_refused_and_extend_lengthens_the_first(
    dlaas: CommandLine, files: list[Path], fresh: Fresh
) -> None:
    did = f"user.alice:{fresh('twice')}"
    dlaas("put", files[0], did, "--lifetime", "1h")
    first = dlaas("rule", "add", did, "--lifetime", "1d").out.strip()
    refused = dlaas("rule", "add", did, "--lifetime", "9d", "--json")
    assert (refused.code, refused.problem["error"]) == (2, "DuplicateRule")
    assert refused.problem["details"]["rule_id"] == first
    assert "dlaas rule add … --extend" in dlaas("rule", "add", did, "--lifetime", "9d").err
    longer = dlaas("rule", "add", did, "--lifetime", "9d", "--extend", "--json")
    assert (longer.code, longer.rows[0]["rule"]["id"], longer.rows[0]["new"]) == (0, first, False)


def test_a_did_stands_for_ones_own_rule_only_where_there_is_one(
    dlaas: CommandLine, files: list[Path], fresh: Fresh
) -> None:
    did = f"user.alice:{fresh('own')}"
    dlaas("put", files[0], did, "--lifetime", "1h")
    dlaas("rule", "add", did, "--lifetime", "1d")
    both = dlaas("rule", "release", did)
    assert both.code == 2
    assert "has 2 rules" in both.err
    others = dlaas("rule", "release", DATASET, "--json")
    assert (others.code, others.problem["error"]) == (3, "RuleNotFound")
    ids = [row["id"] for row in dlaas("rule", "list", did, "--json").rows]
    assert dlaas("rule", "release", *ids).code == 0


def test_a_stuck_rule_shows_why(
    dlaas: CommandLine, lake: EmbeddedLake, fresh: Fresh, files: list[Path],
    eventually: Callable[..., Any],
) -> None:  # fmt: skip
    did = f"user.alice:{fresh('stuck')}"
    dlaas("put", files[0], did, "--lifetime", "1h")
    lake.hold("north")
    try:
        rule_id = dlaas("rule", "add", did, "--lifetime", "1h", "--rse", "SOUTH-DISK").out.strip()

        def stuck() -> Any:
            found = dlaas("rule", "show", rule_id, "--json").rows[0]
            return found if found["rule"]["state"] == "STUCK" else None

        found = eventually(stuck, 180)
        shown = dlaas("rule", "show", rule_id)
    finally:
        lake.release("north")
    assert found["reason"]
    assert found["locks"][0]["did"] == did
    assert "1 stuck" in shown.out
    assert f"dlaas rule extend {rule_id} --boost" in " ".join(shown.out.split())
    assert dlaas("rule", "extend", rule_id, "--boost").code == 0
    dlaas("rule", "release", rule_id)


def test_waiting_for_what_does_not_come_in_time_ends_with_4(
    dlaas: CommandLine, lake: EmbeddedLake, files: list[Path], fresh: Fresh
) -> None:
    did = f"user.alice:{fresh('late')}"
    dlaas("put", files[0], did, "--lifetime", "1h")
    lake.hold("fts")
    try:
        shown = dlaas("rule", "add", did, "--lifetime", "1h", "--wait", "2s", "--json")
    finally:
        lake.release("fts")
    assert shown.code == 4
    assert shown.rows[0]["new"] is True
    assert shown.problem["error"] == "NotAvailable"
    dlaas("rule", "release", shown.rows[0]["rule"]["id"])


def test_what_was_granted_is_known_while_it_is_waited_for(
    dlaas: CommandLine, lake: EmbeddedLake, files: list[Path], fresh: Fresh
) -> None:
    did = f"user.alice:{fresh('slow')}"
    dlaas("put", files[0], did, "--lifetime", "1h")
    lake.hold("fts")
    waiting = subprocess.Popen(
        [sys.executable, "-m", "dlaas", "rule", "add", did, "--lifetime", "1h", "--wait", "1h"],
        env=dlaas.env, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert waiting.stdout is not None
        rule_id = waiting.stdout.readline().strip()
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(3)
    finally:
        waiting.kill()
        waiting.communicate()
        lake.release("fts")
    assert dlaas("rule", "release", rule_id).code == 0


# What is here


def test_what_is_not_here_cannot_be_linked(dlaas: CommandLine) -> None:
    shown = dlaas("link", "ATLAS_OD_EDU:data_A.GamGam.root", "inputs")
    assert shown.code == 4
    assert "What to do: " in shown.err
    assert "dlaas " in shown.err.partition("What to do: ")[2]


def test_the_cache_is_listed_measured_and_cleaned(dlaas: CommandLine) -> None:
    assert dlaas("cache", "size", "--json").rows == [
        {"folder": str(dlaas.home / "cache"), "bytes": 0}
    ]
    dlaas("get", FILE)
    [entry] = dlaas("cache", "ls", "--json").rows
    assert entry["did"] == FILE
    assert Path(entry["path"]).is_file()
    assert FILE in dlaas("cache", "ls").out
    assert dlaas("cache", "size", "--json").rows[0]["bytes"] >= entry["bytes"]
    assert dlaas("cache", "clean").code == 2
    assert dlaas("cache", "clean", "--older-than", "1d", "--json").rows[0]["files"] == 0
    assert dlaas("cache", "clean", "--max-size", "100GB", "--json").rows[0]["files"] == 0
    cleaned = dlaas("cache", "clean", "--all", "--json")
    assert json.loads(cleaned.out)["files"] == 1
    assert not Path(entry["path"]).exists()
    assert dlaas("cache", "ls", "--json").out == ""


def test_the_cache_is_there_without_any_configuration(tmp_path: Path) -> None:
    alone = CommandLine(tmp_path, {})
    assert alone("cache", "size").out == f"0 bytes in {tmp_path / 'cache'}\n"
    assert alone("cache", "ls", "--instance", "other").code == 3


@pytest.mark.parametrize("size", ["lots", "-1", "10 apples"])
def test_a_size_that_is_none_is_usage(dlaas: CommandLine, size: str) -> None:
    assert dlaas("cache", "clean", f"--max-size={size}").code == 2
