"""From here, how is a file read: the ranking by itself, and on the genuine lake."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlaas import Lake, access
from dlaas.errors import InvalidInput, NotAvailable, StorageRefused, Unreachable
from dlaas.model import DID
from dlaas.reading.mounts import under_mount
from dlaas.reading.ranking import REFUSED, Copy, Ranking, Taste, rank_copies
from dlaas.reading.troubles import Troubles

BOTH = DID("ATLAS_OD_EDU:mc_363490.llll.4lep.root")
CACHED = "root://xcache:1094//root://origin:1094//data//f"


def ranked(*copies: Copy, taste: Taste | None = None, **options: Any) -> list[tuple[Any, ...]]:
    options.setdefault("reads_root", True)
    ways = rank_copies(copies, taste or Taste(), **options)
    return [(way.kind if way.usable else "-", way.url, way.why) for way in ways]


# The ranking by itself.


def test_a_site_s_own_order_of_protocols_is_kept() -> None:
    found = ranked(
        Copy("A", "https://a/f", priority=2),
        Copy("A", "root://a//f", priority=1),
        Copy("B", "davs://b/f"),
    )
    assert [url for _, url, _ in found] == ["root://a//f", "https://a/f", "https://b/f"]


def test_the_cache_of_the_site_comes_first_and_its_origin_is_the_way_out() -> None:
    found = ranked(Copy("A", "https://a/f"), Copy("B", CACHED))
    assert found == [
        ("root", CACHED, "through the XRootD cache xcache:1094"),
        ("https", "https://a/f", ""),
        ("root", "root://origin:1094//data//f", ""),
    ]
    (_, origin) = ranked(Copy("B", "root://xcache//davs://origin:443//data//f"))
    assert origin[:2] == ("https", "https://origin:443//data//f")


@pytest.mark.parametrize(
    ("copy", "why"),
    [
        (Copy("A", "srm://a:8443/srm/v2?SFN=/f"), "no library for srm"),
        (Copy("A", "gsiftp://a/f"), "no library for gsiftp"),
        (Copy("A", "root://a//f", tape=True), "only on tape"),
        (Copy("A", "https://a/f", off=True), "switched off"),
        (Copy("A", "http://a/f"), "not encrypted"),
        (Copy("A", "file://a/f"), "not on this machine"),
        (Copy("BLOCKED", "https://a/f"), "BLOCKED is blocked in the configuration"),
        (Copy("A", "https://a/f", site="DOWN"), "the site DOWN is blocked"),
    ],
)
def test_what_is_in_the_way_is_told(copy: Copy, why: str) -> None:
    taste = Taste(blocked_rses=["BLOCKED"], blocked_sites=["DOWN"])
    good = Copy("B", "https://b/f")
    found = ranked(copy, good, taste=taste)
    assert [usable for usable, _, _ in found] == ["https", "-"]
    assert why in found[1][2]


def test_without_a_library_root_says_how_to_get_it() -> None:
    ((usable, _, why),) = ranked(Copy("A", "root://a//f"), reads_root=False)
    assert (usable, "pip install jupyter-dlaas-kernel[xrootd]" in why) == ("-", True)


def test_preferred_rses_and_sites_come_first() -> None:
    copies = [Copy(rse, f"https://{rse}/f", site=f"S{rse}") for rse in "abcd"]
    found = ranked(*copies, taste=Taste(preferred_rses=["d", "c"], preferred_sites=["Sb"]))
    assert [url[8] for _, url, _ in found] == ["d", "c", "b", "a"]


def test_what_did_not_answer_lately_is_tried_last_and_a_refusal_is_told() -> None:
    troubles = Troubles()
    troubles.note("a", "https://A:1/f", Unreachable("no"))
    troubles.note("b", "https://b/g", StorageRefused("no"))
    copies = [Copy("a", "https://a:1/f"), Copy("b", "https://b/f"), Copy("c", "https://c/f")]
    ways = rank_copies(copies, Taste(), reads_root=True, troubles=troubles.known())
    assert [(way.rse, way.usable) for way in ways] == [("c", True), ("a", True), ("b", False)]
    assert ways[2].why == REFUSED
    # A login is renewed: it is tried all the same, when nothing else is left.
    assert [w.rse for w in Ranking(DID("s:f"), tuple(ways)).remote] == ["c", "a", "b"]
    troubles.clear("a", "https://a:1/other")
    assert set(troubles.known()) == {("b", "b")}


def test_the_failure_of_one_file_is_no_trouble_of_its_storage() -> None:
    troubles = Troubles()
    troubles.note("a", "https://a/f", NotAvailable("no"))
    assert troubles.known() == {}


# On the genuine lake.


def test_a_ranking_names_every_protocol_of_every_copy(alice: Lake) -> None:
    found = access.rank(alice, BOTH)
    assert {(way.kind, way.rse) for way in found.ways} == {
        ("https", "NORTH-DISK"),
        ("root", "EAST-DISK"),
        ("https", "EAST-DISK"),
    }
    east = [way.kind for way in found.ways if way.rse == "EAST-DISK"]
    assert east == ["root", "https"]
    lines = str(found).splitlines()
    assert lines[0] == BOTH
    assert all(way.url in str(found) for way in found.ways)
    assert len(lines) == 4
    assert found.best is not None
    assert alice.status(BOTH).access == found.best.kind
    assert found.holders == {"NORTH-DISK", "EAST-DISK"}


def test_addresses_are_given_by_scheme(alice: Lake) -> None:
    assert [rse for rse, _ in access.urls(alice, BOTH, "root")] == ["EAST-DISK"]
    assert {rse for rse, _ in access.urls(alice, BOTH, "davs")} == {"NORTH-DISK", "EAST-DISK"}
    assert len(access.urls(alice, BOTH)) == 3
    assert access.urls(alice, BOTH, "srm") == []
    pairs = access.urls(alice, BOTH)
    assert set(access.ordered(alice, pairs)) == set(pairs)


def test_the_configuration_prefers_and_blocks(alice: Lake) -> None:
    for change, first in (
        ({"preferred_rses": ("EAST-DISK",)}, "EAST-DISK"),
        ({"preferred_sites": ("NORTH",)}, "NORTH-DISK"),
        ({"blocked_rses": ("NORTH-DISK",)}, "EAST-DISK"),
        ({"blocked_sites": ("EAST",)}, "NORTH-DISK"),
    ):
        lake = Lake(replace(alice.instance, name="other", **change), credentials=alice.credential)
        best = access.rank(lake, BOTH).best
        assert best is not None
        assert best.rse == first
    lake = Lake(
        replace(alice.instance, name="none", blocked_sites=("NORTH", "EAST")),
        credentials=alice.credential,
    )
    assert access.rank(lake, BOTH).best is None
    status = lake.status(BOTH)
    assert status.access == "none"
    assert "blocked in the configuration" in status.reason
    assert access.reads_from(lake, "NORTH-DISK") == "none"


def test_a_collection_has_no_ranking(alice: Lake) -> None:
    with pytest.raises(InvalidInput, match="container"):
        access.rank(alice, "ATLAS_OD_EDU:GamGam")


@pytest.mark.parametrize(
    ("prefix", "begins_at", "expected"),
    [("/store/", 1, "scope/ab/f"), ("/eos//x/", 2, "scope/ab/f")],
)
def test_leading_parts_of_a_pfn_s_path_are_dropped(
    prefix: str, begins_at: int, expected: str
) -> None:
    found = under_mount(f"{prefix.replace('//', '/')}scope/ab/f", "/mnt", begins_at)
    assert found == f"/mnt/{expected}"


def test_a_mount_is_found_by_the_protocol_s_prefix_where_nobody_counted(
    alice: Lake, tmp_path: Path
) -> None:
    lake = Lake(
        replace(
            alice.instance, name="m", rse_mount_path=str(tmp_path), path_begins_at=0,
            destination_rse="NORTH-DISK",
        ),
        credentials=alice.credential,
    )  # fmt: skip
    url = next(url for rse, url in access.urls(alice, BOTH, "https") if rse == "NORTH-DISK")
    size = alice.get(BOTH).bytes
    assert size is not None
    place = tmp_path / url.partition("/store/")[2]
    place.parent.mkdir(parents=True)
    place.write_bytes(b"\0" * size)
    best = access.rank(lake, BOTH).best
    assert best is not None
    assert (best.kind, best.url) == ("mount", str(place))
    place.write_bytes(b"half")
    (mount, *_) = [way for way in access.rank(lake, BOTH).ways if way.kind == "mount"]
    assert (mount.usable, mount.why) == (False, f"{tmp_path} does not show it")
