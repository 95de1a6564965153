"""A lake with Rucio's own policy, where an ordinary account may not do much: said plainly, never
taken for a bad login.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dlaas import Instance, Lake
from dlaas.errors import AccessDenied, DataIdentifierNotFound
from jupyter_dlaas.lake import EmbeddedLake


@pytest.fixture(scope="module")
def stock_lake(tmp_path_factory: pytest.TempPathFactory, db: str) -> Iterator[EmbeddedLake]:
    lake = EmbeddedLake(tmp_path_factory.mktemp("stock") / "lake")
    lake.up(db=db, policy="stock")
    yield lake
    lake.reset()


@pytest.fixture(scope="module")
def stock(stock_lake: EmbeddedLake) -> Lake:
    return Lake(Instance.from_mapping({**stock_lake.instance("alice"), "name": "stock"}))


def test_data_can_be_made_available(stock: Lake) -> None:
    assert stock.make_available("ATLAS_OD_EDU:GamGam_data", "1d").new
    assert stock.status("ATLAS_OD_EDU:GamGam_data").rules


def test_ones_own_rule_cannot_be_changed_and_that_is_said(stock: Lake) -> None:
    rule = stock.make_available("ATLAS_OD_EDU:4lep_data", "1d").rule
    for act in (
        lambda: stock.update_rule(rule.id, "9d"),
        lambda: stock.make_available("ATLAS_OD_EDU:4lep_data", "9d", extend=True),
        lambda: stock.delete_rule(rule.id),
    ):
        with pytest.raises(AccessDenied, match="Logging in again will not help"):
            act()


def test_what_only_administrators_may_is_known_before_it_is_tried(
    stock: Lake, stock_lake: EmbeddedLake
) -> None:
    fresh = Lake(stock.instance, credentials=stock.credential)
    assert fresh.may("update_rule") is False
    assert fresh.may("delete_rule") is False
    assert fresh.may("add_replicas", "NORTH-DISK") is False
    assert fresh.may("add_replicas") is False
    assert fresh.may("add_rule") is None
    rule = fresh.make_available("ATLAS_OD_EDU:4lep", "1d").rule
    assert fresh.may("add_rule") is True
    assert fresh.may("update_rule", rule.id) is False
    assert fresh.may("set_metadata", "user.alice:x") is True
    assert fresh.may("set_metadata", "ATLAS_OD_EDU:x") is False
    assert fresh.get_rule(rule.id).expires_at == rule.expires_at
    admin = Lake(Instance.from_mapping({**stock_lake.instance("root"), "name": "stock-root"}))
    assert admin.may("update_rule") is True


def test_a_refusal_says_whether_it_can_ever_be_allowed(
    stock: Lake, stock_lake: EmbeddedLake
) -> None:
    own = stock.make_available("ATLAS_OD_EDU:GamGam", "1d").rule
    with pytest.raises(AccessDenied, match="leaves that to administrators, even for your own"):
        stock.delete_rule(own.id)
    foreign = next(r for r in stock.list_rules("ATLAS_OD_EDU:GamGam_data") if r.account == "root")
    with pytest.raises(AccessDenied, match="a rule of 'root'"):
        stock.update_rule(foreign.id, "1d")


def test_an_upload_that_may_not_be_registered_leaves_nothing_behind(
    stock: Lake, stock_lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    name = fresh("denied")
    with pytest.raises(AccessDenied, match="register files on NORTH-DISK") as caught:
        stock.upload(a_file, f"user.alice:{name}")
    assert "removed from the storage again" in str(caught.value)
    assert not [p for p in Path(stock_lake.layout.storage).rglob("*") if name in p.name]
    with pytest.raises(DataIdentifierNotFound):
        stock.get(f"user.alice:{name}")


def test_many_files_that_may_not_be_registered_are_refused_before_a_byte_is_sent(
    stock: Lake, stock_lake: EmbeddedLake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    name = fresh("denied")
    with pytest.raises(AccessDenied, match="register files on NORTH-DISK: nothing was sent"):
        stock.upload_many({a_file: name}, "user.alice", rses="NORTH-DISK")
    assert not [p for p in Path(stock_lake.layout.storage).rglob("*") if name in p.name]
