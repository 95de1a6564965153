"""What a new lake holds: the samples, by their DIDs, with files that a physicist can use."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
from judge import SCOPE, rucio_client
from rucio.client import Client

from jupyter_dlaas.lake import EmbeddedLake, LakeError


def _names(client: Client, did_type: str, **filters: Any) -> set[str]:
    return set(client.list_dids(SCOPE, {"name": "*", **filters}, did_type=did_type))


def test_the_collections_are_those_of_the_release(alice: Client) -> None:
    assert _names(alice, "container") == {"2020_13TeV", "GamGam", "4lep"}
    datasets = _names(alice, "dataset")
    assert {"GamGam_data", "GamGam_mc_ggH125", "4lep_data", "4lep_mc_llll"} <= datasets
    content = {did["name"] for did in alice.list_content(SCOPE, "GamGam")}
    assert content == {name for name in datasets if name.startswith("GamGam_")}
    files = [file["name"] for file in alice.list_files(SCOPE, "GamGam_data")]
    assert sorted(files) == [f"data_{period}.GamGam.root" for period in "ABCD"]
    assert len(list(alice.list_files(SCOPE, "2020_13TeV"))) == 21


def test_metadata_can_be_searched(alice: Client) -> None:
    assert "GamGam_data" in _names(alice, "dataset", energy=13000, kind="data")
    assert _names(alice, "dataset", **{"energy.gte": 13001}) == set()
    meta = alice.get_metadata(SCOPE, "GamGam_mc_ggH125", plugin="ALL")
    assert meta["sigma_pb"] == 0.102
    assert meta["project"] == SCOPE
    assert meta["tree"] == "mini"


def test_the_samples_say_that_they_are_synthetic(alice: Client) -> None:
    for dataset in _names(alice, "dataset"):
        meta = alice.get_metadata(SCOPE, dataset, plugin="JSON")
        assert meta["synthetic"] is True
        assert "neither recorded nor simulated by ATLAS" in meta["note"]


def test_root_keeps_the_samples_on_both_disks_for_ever(alice: Client) -> None:
    where = set()
    for dataset in _names(alice, "dataset"):
        rules = [r for r in alice.list_did_rules(SCOPE, dataset) if r["account"] == "root"]
        # EAST-DISK has a copy of one of them.
        (rule,) = (r for r in rules if r["rse_expression"] != "EAST-DISK")
        assert (rule["state"], rule["expires_at"]) == ("OK", None)
        where.add(rule["rse_expression"])
        if dataset == "GamGam_data":
            assert rule["rse_expression"] == "NORTH-DISK"
    assert where == {"NORTH-DISK", "SOUTH-DISK"}


def test_all_samples_are_some_tens_of_megabytes(alice: Client) -> None:
    total = sum(file["bytes"] for file in alice.list_files(SCOPE, "2020_13TeV"))
    assert 15e6 < total < 40e6


def test_sites_tell_what_they_are(alice: Client) -> None:
    qos = {rse["rse"]: alice.list_rse_attributes(rse["rse"])["QOS"] for rse in alice.list_rses()}
    assert qos == {
        "NORTH-DISK": "SAFE",
        "SOUTH-DISK": "CHEAP-ANALYSIS",
        "NOTEBOOK-MOUNT": "FAST",
        "EAST-DISK": "OPPORTUNISTIC",
    }
    assert [rse["rse"] for rse in alice.list_rses("site=CAMPUS")] == ["NOTEBOOK-MOUNT"]
    assert alice.get_distance("NORTH-DISK", "SOUTH-DISK")[0]["distance"] == 1
    assert alice.get_distance("SOUTH-DISK", "NORTH-DISK")[0]["distance"] == 1


def _stored(lake: EmbeddedLake, name: str) -> Path:
    return next(lake.layout.storage.rglob(name))


def _diphoton_masses(lake: EmbeddedLake) -> Any:
    """The full selection of the release's H->yy notebook, in GeV."""
    names = ("pt", "eta", "phi", "ptcone30", "etcone20", "isTightID")
    files = [f"{_stored(lake, f'data_{period}.GamGam.root')}:mini" for period in "ABCD"]
    events = uproot.concatenate(files, ["trigP", *(f"photon_{name}" for name in names)])
    photons = ak.zip({name: events[f"photon_{name}"] for name in names})[events.trigP]
    eta = abs(photons.eta)
    good = photons.isTightID & (photons.pt > 25e3) & (eta < 2.37) & ((eta < 1.37) | (eta > 1.52))
    pairs = photons[good]
    pairs = pairs[ak.num(pairs) == 2]
    isolated = (pairs.ptcone30 / pairs.pt < 0.065) & (pairs.etcone20 / pairs.pt < 0.065)
    pairs = pairs[ak.all(isolated, axis=1)]
    first, second = pairs[:, 0], pairs[:, 1]
    angle = np.cosh(first.eta - second.eta) - np.cos(first.phi - second.phi)
    mass = np.sqrt(2 * first.pt * second.pt * angle)
    balanced = (first.pt / mass > 0.35) & (second.pt / mass > 0.25)
    return ak.to_numpy(mass[balanced]) / 1e3


def test_the_higgs_shows_as_a_bump_at_125(lake: EmbeddedLake) -> None:
    counts, edges = np.histogram(_diphoton_masses(lake), 30, (105, 160))
    centres = (edges[1:] + edges[:-1]) / 2
    around = abs(centres - 125) < 6
    background = np.poly1d(np.polyfit(centres[~around], counts[~around], 3))
    excess = (counts - background(centres))[around]
    assert excess.sum() / np.sqrt(background(centres)[around].sum()) > 5
    mean = (excess * centres[around]).sum() / excess.sum()
    assert abs(mean - 125) < 1


def test_every_file_opens_with_the_release_schema(lake: EmbeddedLake) -> None:
    wanted = {"runNumber": "int32", "mcWeight": "float32", "trigP": "bool", "photon_n": "int32"}
    files = [*lake.layout.storage.glob("*/ATLAS_OD_EDU/*/*/*.root")]
    assert len({file.name for file in files}) == 21
    for file in files:
        tree = uproot.open(f"{file}:mini")
        arrays = tree.arrays(list(wanted), library="np")
        assert {name: str(arrays[name].dtype) for name in wanted} == wanted
        assert {"photon_pt", "lep_type", "jet_n", "met_et", "scaleFactor_PILEUP"} <= set(
            tree.keys()
        )
        assert tree.num_entries > 0


def test_four_leptons_balance_and_show_the_z_twice(lake: EmbeddedLake) -> None:
    tree = uproot.open(f"{_stored(lake, 'mc_363490.llll.4lep.root')}:mini")
    events = tree.arrays(
        [f"lep_{name}" for name in ("n", "pt", "eta", "phi", "E", "charge", "type")]
    )
    assert ak.all(events.lep_n == 4)
    assert ak.all(ak.sum(events.lep_charge, axis=1) == 0)
    assert set(ak.flatten(events.lep_type)) == {11, 13}
    momentum = [
        ak.sum(events.lep_pt * factor, axis=1)
        for factor in (np.cos(events.lep_phi), np.sin(events.lep_phi), np.sinh(events.lep_eta))
    ]
    energy = ak.sum(events.lep_E, axis=1)
    mass = np.sqrt(energy**2 - sum(part**2 for part in momentum)) / 1e3
    single, between, pair = (
        (low < mass) & (mass < high) for low, high in ((86, 96), (100, 110), (185, 195))
    )
    assert ak.sum(single) > 20 * ak.sum(between)
    assert ak.sum(pair) > 20 * ak.sum(between)


def test_files_of_ones_own_are_put_in_with_their_sums(lake: EmbeddedLake, tmp_path: Path) -> None:
    path = tmp_path / "of-my-own.txt"
    path.write_bytes(b"x" * 1000)
    assert lake.seed([path], "user.bob", "mine", rse="SOUTH-DISK") == ["user.bob:of-my-own.txt"]
    bob = rucio_client(lake, "bob")
    (file,) = bob.list_files("user.bob", "mine")
    assert (file["bytes"], file["adler32"]) == (1000, f"{zlib.adler32(path.read_bytes()):08x}")
    (rule,) = bob.list_did_rules("user.bob", "mine")
    assert (rule["account"], rule["state"], rule["rse_expression"]) == ("bob", "OK", "SOUTH-DISK")


def test_a_name_already_taken_changes_nothing(lake: EmbeddedLake, tmp_path: Path) -> None:
    taken, new = tmp_path / "taken.txt", tmp_path / "new-beside-taken.txt"
    taken.write_text("first")
    new.write_text("new")
    lake.seed([taken])
    with pytest.raises(LakeError, match=r"user\.alice:taken\.txt exists already"):
        lake.seed([new, taken])
    assert (
        list(rucio_client(lake, "alice").list_dids("user.alice", {"name": new.name}, "file")) == []
    )
