"""Rules move bytes, hold them, and let them go, by the genuine daemons."""

from __future__ import annotations

import stat
import zlib
from pathlib import Path

import pytest
from judge import SCOPE, add_rule, await_state, rucio_client, until
from rucio.client import Client
from rucio.common.exception import (
    AccessDenied,
    InsufficientAccountLimit,
    InvalidRSEExpression,
    RuleNotFound,
)

from jupyter_dlaas.lake import EmbeddedLake


def test_a_rule_brings_files_to_the_mount(lake: EmbeddedLake, alice: Client) -> None:
    # By an expression of its own: other rooms' tests may have such a rule on the RSE's name.
    rule = await_state(alice, add_rule(alice, "GamGam_data", "site=CAMPUS"), "OK")
    assert rule["locks_ok_cnt"] == 4
    mount = Path(lake.env()["RUCIO_RSE_MOUNT_PATH"])
    skip = int(lake.env()["RUCIO_PATH_BEGINS_AT"])
    for file in alice.list_replicas(
        [{"scope": SCOPE, "name": "GamGam_data"}], rse_expression="NOTEBOOK-MOUNT"
    ):
        pfns = file["rses"]["NOTEBOOK-MOUNT"]
        assert pfns
        for pfn in pfns:
            parts = pfn.split("://", 1)[1].split("/")[1:]
            path = mount.joinpath(*parts[skip:])
            assert f"{zlib.adler32(path.read_bytes()):08x}" == file["adler32"]
            assert stat.S_IMODE(path.stat().st_mode) == 0o444
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o555


def test_every_scheme_has_the_same_path_on_the_mount(lake: EmbeddedLake, alice: Client) -> None:
    protocols = alice.get_protocols("NOTEBOOK-MOUNT")
    prefixes = {protocol["scheme"]: protocol["prefix"] for protocol in protocols}
    assert prefixes["file"] == f"{lake.layout.mount / 'notebook'}/"
    assert prefixes["https"] == prefixes["file"].replace(" ", "%20")


def test_south_gets_what_north_has_and_availability_is_told(alice: Client) -> None:
    await_state(alice, add_rule(alice, "GamGam_data", "SOUTH-DISK"), "OK")

    def told() -> bool:
        replicas = {row["rse"]: row for row in alice.list_dataset_replicas(SCOPE, "GamGam_data")}
        return "SOUTH-DISK" in replicas and replicas["SOUTH-DISK"]["available_length"] == 4

    until(told, "the dataset's replica at SOUTH-DISK is complete")


def test_an_expired_rule_is_gone_with_its_files(lake: EmbeddedLake, alice: Client) -> None:
    rule = add_rule(alice, "4lep_mc_Zee", "NOTEBOOK-MOUNT", lifetime=5)
    name = "mc_361106.Zee.4lep.root"
    mount = lake.layout.mount / "notebook"
    until(lambda: list(mount.rglob(name)), "the file has come")

    def gone() -> bool:
        try:
            alice.get_replication_rule(rule)
        except RuleNotFound:
            return not list(mount.rglob(name))
        return False

    until(gone, "rule and file are gone")
    (file,) = alice.list_replicas([{"scope": SCOPE, "name": "4lep_mc_Zee"}])
    assert "NOTEBOOK-MOUNT" not in file["rses"]


def test_a_rule_is_stuck_while_storage_is_down_and_mends_by_boost(
    lake: EmbeddedLake, alice: Client
) -> None:
    lake.hold("south")
    try:
        rule = add_rule(alice, "4lep_data", "SOUTH-DISK", lifetime=7200)
        stuck = await_state(alice, rule, "STUCK")
        assert stuck["locks_stuck_cnt"] == 4
        assert "Connection refused" in stuck["error"]
    finally:
        lake.release("south")
    alice.update_replication_rule(rule, {"boost_rule": True})
    assert await_state(alice, rule, "OK")["locks_ok_cnt"] == 4


def test_a_missing_source_file_is_told(lake: EmbeddedLake, tmp_path: Path) -> None:
    path = tmp_path / "will-be-lost.txt"
    path.write_text("soon gone")
    lake.seed([path])
    next((lake.layout.storage / "north").rglob(path.name)).unlink()
    alice = rucio_client(lake, "alice")
    rule = add_rule(alice, path.name, "SOUTH-DISK", scope="user.alice")
    stuck = await_state(alice, rule, "STUCK")
    assert "SOURCE [404]" in stuck["error"]
    alice.delete_replication_rule(rule)


def test_a_corrupt_source_is_never_delivered(lake: EmbeddedLake, tmp_path: Path) -> None:
    path = tmp_path / "will-be-corrupt.txt"
    path.write_text("right")
    lake.seed([path])
    next((lake.layout.storage / "north").rglob(path.name)).write_text("wrong")
    alice = rucio_client(lake, "alice")
    rule = add_rule(alice, path.name, "NOTEBOOK-MOUNT", scope="user.alice")
    stuck = await_state(alice, rule, "STUCK")
    assert "SOURCE [checksum]" in stuck["error"]
    assert not list((lake.layout.storage / "notebook").rglob(f"{path.name}*"))
    alice.delete_replication_rule(rule)


def test_the_second_source_serves_when_the_first_is_broken(
    lake: EmbeddedLake, tmp_path: Path
) -> None:
    path = tmp_path / "at-two-sites.txt"
    path.write_text("the right bytes")
    lake.seed([path])
    alice = rucio_client(lake, "alice")
    await_state(alice, add_rule(alice, path.name, "SOUTH-DISK", scope="user.alice"), "OK")
    broken = next((lake.layout.storage / "north").rglob(path.name))
    broken.write_text("the wrong ones!")
    await_state(alice, add_rule(alice, path.name, "NOTEBOOK-MOUNT", scope="user.alice"), "OK")
    arrived = next((lake.layout.storage / "notebook").rglob(path.name))
    assert arrived.read_text() == "the right bytes"


def test_a_full_quota_is_an_error_and_makes_no_rule(lake: EmbeddedLake) -> None:
    bob = rucio_client(lake, "bob")
    with pytest.raises(InsufficientAccountLimit):
        add_rule(bob, "GamGam_mc_ggH125", "SOUTH-DISK")
    rules = bob.list_did_rules(SCOPE, "GamGam_mc_ggH125")
    assert [rule for rule in rules if rule["account"] == "bob"] == []


def test_a_rule_may_wait_for_approval(alice: Client, root: Client) -> None:
    dids = [{"scope": SCOPE, "name": "4lep_mc_Zmumu"}]
    (rule,) = alice.add_replication_rule(dids, 1, "EAST-DISK", lifetime=3600, ask_approval=True)
    assert alice.get_replication_rule(rule)["state"] == "WAITING_APPROVAL"
    root.approve_replication_rule(rule)
    await_state(alice, rule, "OK")


def test_an_unknown_rse_is_an_error(alice: Client) -> None:
    with pytest.raises(InvalidRSEExpression):
        add_rule(alice, "4lep_data", "NOWHERE")


def test_the_owner_changes_and_deletes_a_rule_and_nobody_else_does(lake: EmbeddedLake) -> None:
    alice = rucio_client(lake, "alice")
    rule = add_rule(alice, "4lep_mc_Zmumu", "NOTEBOOK-MOUNT")
    bob = rucio_client(lake, "bob")
    with pytest.raises(AccessDenied):
        bob.update_replication_rule(rule, {"lifetime": 1})
    with pytest.raises(AccessDenied):
        bob.delete_replication_rule(rule)
    with pytest.raises(AccessDenied):
        alice.update_replication_rule(rule, {"account": "bob"})
    before = alice.get_replication_rule(rule)["expires_at"]
    alice.update_replication_rule(rule, {"lifetime": 100_000})
    assert alice.get_replication_rule(rule)["expires_at"] > before
    alice.delete_replication_rule(rule)


def test_the_stock_policy_lets_nobody_change_his_own_rule(
    lake: EmbeddedLake, other_lake: EmbeddedLake, db: str
) -> None:
    other_lake.up(db=db, policy="stock")
    alice = rucio_client(other_lake, "alice")
    rule = add_rule(alice, "4lep_mc_Zmumu", "NOTEBOOK-MOUNT")
    with pytest.raises(AccessDenied):
        alice.update_replication_rule(rule, {"lifetime": 100_000})
