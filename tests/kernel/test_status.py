"""What a status says in each state, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from datasets import noted

from dlaas import Lake
from dlaas.access import local_path
from dlaas.errors import NotAvailable, RuleStuck, TookTooLong
from dlaas.model import DID
from dlaas.reading.mounts import relative_path, under_mount
from dlaas.variables.waiting import wait
from jupyter_dlaas.lake import EmbeddedLake


@pytest.fixture
def dataset(alice: Lake, tmp_path: Path, fresh: Callable[[str], str]) -> str:
    """A dataset of three small files of alice's own, on NORTH-DISK."""
    name = f"user.alice:{fresh('set')}"
    for number in range(3):
        path = tmp_path / f"part-{number}"
        path.write_bytes(b"x" * (1000 + number))
        alice.upload(path, f"user.alice:{fresh('part')}", dataset=name, lifetime="1d")
    return name


@pytest.fixture
def sent(alice: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of Rucio during the test."""
    return noted(alice, monkeypatch)


def test_what_is_elsewhere_is_absent_and_can_be_streamed(alice: Lake, dataset: str) -> None:
    found = alice.status(dataset)
    assert (found.state, found.access, found.available_files, found.files) == (
        "absent",
        "https",
        0,
        3,
    )
    assert found.bytes == 3003
    assert "can be streamed" in found.reason
    assert [rule.rse_expression for rule in found.rules][:1] == ["NORTH-DISK"]


def test_what_has_arrived_is_available_until_its_rule_ends(
    alice: Lake, dataset: str, eventually: Callable[..., Any]
) -> None:
    rule = alice.make_available(dataset, "3d").rule
    assert alice.status(dataset).state == "replicating"
    found = eventually(lambda: (s := alice.status(dataset)).state == "available" and s)
    assert (found.access, found.available_files, found.available_bytes) == ("mount", 3, 3003)
    assert found.expires_at == rule.expires_at
    assert "3 days" in found.reason


def test_a_file_tells_its_path_and_the_rule_on_its_dataset(
    alice: Lake, dataset: str, eventually: Callable[..., Any]
) -> None:
    rule = alice.make_available(dataset, "3d").rule
    file = next(alice.list_files(dataset)).did
    found = eventually(lambda: (s := alice.status(file)).path and s)
    assert Path(found.path).stat().st_size == found.bytes
    assert rule.id in {r.id for r in found.rules}
    assert found.expires_at == rule.expires_at


def test_a_dataset_under_a_container_with_a_rule_knows_its_expiry(
    alice: Lake, dataset: str, fresh: Callable[[str], str], eventually: Callable[..., Any]
) -> None:
    container = DID(f"user.alice:{fresh('box')}")
    child = DID(dataset)
    alice.client.add_container(container.scope, container.name)
    alice.client.attach_dids(
        container.scope, container.name, [{"scope": child.scope, "name": child.name}]
    )
    rule = alice.make_available(container, "2d").rule
    found = eventually(lambda: (s := alice.status(container)).state == "available" and s)
    assert (found.type, found.files, found.available_files) == ("container", 3, 3)
    assert alice.status(child).expires_at == rule.expires_at
    own = alice.make_available(child, "1d").rule
    both = alice.status(child)
    assert {r.id for r in both.rules} == {rule.id, own.id}
    assert both.expires_at == rule.expires_at


def test_a_container_in_a_container_with_a_rule_is_on_its_way(
    alice: Lake, dataset: str, fresh: Callable[[str], str], eventually: Callable[..., Any]
) -> None:
    child = DID(dataset)
    for name in ("inner", "outer"):
        box = DID(f"user.alice:{fresh(name)}")
        alice.client.add_container(box.scope, box.name)
        alice.client.attach_dids(box.scope, box.name, [{"scope": child.scope, "name": child.name}])
        inner, child = child, box
    rule = alice.make_available(child, "2d").rule
    assert alice.status(inner).state in ("replicating", "available")
    found = eventually(lambda: (s := alice.status(inner)).state == "available" and s)
    assert found.expires_at == rule.expires_at


def test_a_container_of_many_containers_costs_a_bounded_number_of_calls(
    alice: Lake, fresh: Callable[[str], str], sent: list[str]
) -> None:
    names = [fresh("box") for _ in range(61)]
    alice.client.add_dids([{"scope": "user.alice", "name": n, "type": "CONTAINER"} for n in names])
    children = [{"scope": "user.alice", "name": name} for name in names[1:]]
    alice.client.attach_dids("user.alice", names[0], children)
    sent.clear()
    assert alice.status(f"user.alice:{names[0]}").state == "empty"
    assert len(sent) <= 60


def test_some_of_it_here_and_no_rule_for_the_rest_is_partial(
    alice: Lake, dataset: str, eventually: Callable[..., Any]
) -> None:
    one = next(alice.list_files(dataset)).did
    alice.make_available(one, "1d")
    eventually(lambda: alice.status(one).state == "available")
    found = alice.status(dataset)
    assert (found.state, found.available_files) == ("partial", 1)
    assert "1 of 3" in found.reason
    with pytest.raises(NotAvailable, match="not on its way"):
        wait(alice, dataset, "5s", False)


def test_an_empty_dataset_is_not_a_missing_one(alice: Lake, fresh: Callable[[str], str]) -> None:
    did = DID(f"user.alice:{fresh('empty')}")
    alice.client.add_dataset(did.scope, did.name)
    found = alice.status(did)
    assert (found.state, found.files) == ("empty", 0)
    assert wait(alice, did, "5s", False).state == "empty"


def test_a_status_costs_few_calls_whatever_the_number_of_files(
    alice: Lake, dataset: str, sent: list[str]
) -> None:
    alice.status(dataset)
    sent.clear()
    alice.status(dataset)
    small = len(sent)
    sent.clear()
    alice.status("ATLAS_OD_EDU:GamGam_data")
    assert len(sent) <= small <= 6
    sent.clear()
    alice.status("ATLAS_OD_EDU:2020_13TeV")
    assert len(sent) <= 12


def test_paths_are_computed_without_a_call_per_file(
    alice: Lake, dataset: str, sent: list[str]
) -> None:
    files = [entry.did for entry in alice.list_files(dataset)]
    local_path(alice, files[0])
    sent.clear()
    assert [local_path(alice, did) for did in files] == [None, None, None]
    assert sent == []


def test_a_mount_that_does_not_show_it_is_told(
    alice: Lake, dataset: str, eventually: Callable[..., Any], tmp_path: Path
) -> None:
    alice.make_available(dataset, "1d")
    eventually(lambda: alice.status(dataset).state == "available")
    elsewhere = Lake(
        replace(alice.instance, name="elsewhere", rse_mount_path=str(tmp_path / "not-mounted")),
        credentials=alice.credential,
    )
    assert elsewhere.status(dataset).access == "https"
    assert elsewhere.status(next(alice.list_files(dataset)).did).path is None


@pytest.mark.parametrize(
    "name", ["../../../../etc/passwd", "a/../../../../../etc/passwd", "..", "/../../x"]
)
def test_a_name_cannot_lead_out_of_the_mount(name: str) -> None:
    path = under_mount(f"/prefix/scope/00/11/{name}", "/mnt/rse", 1)
    assert path is None or path.startswith("/mnt/rse/")


def test_half_a_file_on_the_mount_is_not_the_file(
    alice: Lake, dataset: str, tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    file = next(alice.list_files(dataset))
    alice.make_available(file.did, "1d")
    eventually(lambda: local_path(alice, file.did, file.bytes))
    assert local_path(alice, file.did, 10**9) is None


def test_waiting_ends_at_its_timeout_and_stuck_rule_shows_its_error(
    alice: Lake, lake: EmbeddedLake, dataset: str, eventually: Callable[..., Any]
) -> None:
    lake.hold("notebook")
    try:
        rule = alice.make_available(dataset, "1d").rule
        # Rucio tries some seconds before it calls a rule stuck.
        with pytest.raises(TookTooLong, match="0 of 3 files"):
            wait(alice, dataset, 0.3, False)
        with pytest.raises(RuleStuck) as caught:
            wait(alice, dataset, 60, False, grace=0.5)
        assert caught.value.details["reason"] in str(caught.value)
        assert caught.value.details["rule_id"]
        assert "0 of 3 files" in str(caught.value)
        found, error = alice.status(dataset), alice.get_rule(rule.id).error
        assert found.state == "stuck"
        assert error
        assert error in found.reason
        assert error in str(caught.value)
    finally:
        lake.release("notebook")
    alice.update_rule(rule.id, boost=True)
    eventually(lambda: alice.status(dataset).state == "available")


def test_waiting_prints_a_line_per_change(
    alice: Lake, dataset: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alice.make_available(dataset, "1d")
    wait(alice, dataset, "1min")
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{dataset}: available, 3 of 3 files"
    assert len(lines) == len(set(lines))


def test_what_nobody_asked_for_is_not_waited_for(alice: Lake, dataset: str) -> None:
    with pytest.raises(NotAvailable, match="not on its way"):
        wait(alice, dataset, "1h", False)


@pytest.mark.parametrize(
    "did", ["user.alice:x", "ATLAS_OD_EDU:data_A.GamGam.root", "group.phys.top:a/b/c.root"]
)
def test_computed_paths_are_those_of_the_server(alice: Lake, did: str) -> None:
    (pfn,) = alice.client.lfns2pfns("NORTH-DISK", [did], scheme="https").values()
    computed = relative_path(DID(did), "hash")
    assert computed
    assert pfn.endswith(f"/{computed}")
