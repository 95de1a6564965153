"""Every tutorial runs from top to bottom on a genuine lake, and shows what its text promises."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from running import FOLDER, keep_picture, printed, run, shown

from dlaas.lake import Lake
from jupyter_dlaas.lake import EmbeddedLake

Ran = Callable[[str], tuple[Any, str]]


@pytest.fixture
def ran(tmp_path: Path, alice_env: dict[str, str]) -> Ran:
    """Run the tutorial of a number; answers it with its outputs, and all that it printed."""

    def run_it(number: str) -> tuple[Any, str]:
        [path] = FOLDER.glob(f"{number}-*.ipynb")
        notebook = run(path, tmp_path, alice_env)
        assert len(shown(notebook, "image/png")) == 1
        keep_picture(notebook, f"tutorial-{path.stem}")
        return notebook, printed(notebook)

    return run_it


@pytest.fixture(scope="module")
def alice(lake: EmbeddedLake) -> Iterator[Lake]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in lake.env("alice").items():
            patch.setenv(name, value)
        yield Lake()


def numbers(pattern: str, text: str) -> list[float]:
    """The numbers that one line of the text tells, where the pattern has its groups."""
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None, f"no {pattern!r} in:\n{text}"
    return [float(group.replace(",", "")) for group in found.groups()]


def test_higgs_to_two_photons_measures_the_bump_and_writes_it_back(ran: Ran, alice: Lake) -> None:
    _, text = ran("01")
    read, triggered, pairs, selected = (
        numbers(rf"^ *([\d,]+) events {step}$", text)[0]
        for step in ("read", r"with the photon trigger", r"with two good.*", r"with enough.*")
    )
    assert read > triggered > pairs > selected > 10_000
    mass, error = numbers(r"^signal at ([\d.]+) ± ([\d.]+) GeV$", text)
    assert abs(mass - 125) < 3 * error
    assert error < 1
    expected, centre = numbers(r"^all: (\d+) events at ([\d.]+) GeV", text)
    assert expected > 400
    assert abs(centre - 125) < 0.5
    found, uncertain, simulated = numbers(
        r"^(\d+) ± (\d+) signal events; (\d+) were expected$", text
    )
    assert simulated == expected
    assert abs(found - expected) < 3 * uncertain
    [significance] = numbers(r"^signal strength .+; significance ([\d.]+)$", text)
    assert significance > 3
    [name] = re.findall(r"^(user\.alice:higgs-to-two-photons-\S+), .+, in ", text, re.MULTILINE)
    assert alice.get(name).custom["higgs_mass_gev"] == mass
    [made_from] = alice.provenance(name).inputs
    assert str(made_from.did) == "ATLAS_OD_EDU:GamGam_data"
    assert "user.alice:results is kept on" in text


def test_a_did_is_a_file_streams_it_brings_it_here_and_says_how(
    ran: Ran, tmp_path: Path, lake: EmbeddedLake
) -> None:
    notebook, text = ran("02")
    assert "ATLAS_OD_EDU:4lep_data: 4 files" in text
    assert re.search(r"[1-9][\d,]* events, one of \d\d columns read", text)
    assert re.search(r"^rucio://lake@user\.alice/leptons-\S+\.parquet$", text, re.MULTILINE)
    assert re.search(r"NOTEBOOK-MOUNT until \d{4}-", text)
    arrived = re.findall(r"^data_[A-D]\.4lep\.root is now (/\S+)$", text, re.MULTILINE)
    assert len(set(arrived)) == 4
    assert all(found.startswith(lake.env("alice")["RUCIO_RSE_MOUNT_PATH"]) for found in arrived)
    assert re.search(r"1  mount +NOTEBOOK-MOUNT", text)
    assert re.search(r"^available until \d{4}-", text, re.MULTILINE)
    assert "4  ATLAS_OD_EDU:4lep_data" in text
    assert (tmp_path / "my-copies" / "data_A.4lep.root").stat().st_size > 10_000
    assert (tmp_path / "workspace" / "data_D.4lep.root").is_symlink()
    assert any("ATLAS_OD_EDU:data_A.4lep.root" in html for html in shown(notebook, "text/html"))


def test_higgs_to_four_leptons_agrees_with_the_simulation(ran: Ran) -> None:
    _, text = ran("03")
    assert len(re.findall(r"^\S+ +[\d,]+ events +[\d.]+ MB$", text, re.MULTILINE)) == 9
    seen, signal, below = numbers(
        r"^115 to 130 GeV: (\d+) seen; ([\d.]+) signal and ([\d.]+) background expected$", text
    )
    assert signal > 5 * below
    assert abs(seen - signal - below) < 3 * (signal + below) ** 0.5
    [significance] = numbers(r"^expected significance ([\d.]+)$", text)
    assert significance > 5


def test_data_is_multiplied_and_kept_at_two_sites(ran: Ran, alice: Lake) -> None:
    _, text = ran("04")
    assert "4 files with 56 columns hold ten times what the originals hold" in text
    made = re.search(r"^4 uploaded; .+, in (user\.alice:4lep_data\.x10\.\S+)$", text, re.MULTILINE)
    assert made is not None
    for site in ("NORTH-DISK", "SOUTH-DISK"):
        assert f"{site}: 4 files until " in text
    assert {rule.rse_expression for rule in alice.list_rules(made[1])} == {
        "NORTH-DISK",
        "SOUTH-DISK",
    }
    files = [str(file.did) for file in alice.list_files(made[1])]
    once = sum(
        alice.get(str(f.did)).custom["events"] for f in alice.list_files("ATLAS_OD_EDU:4lep_data")
    )
    assert sum(alice.get(file).custom["events"] for file in files) == 10 * once
    [source] = alice.provenance(made[1]).inputs
    assert str(source.did) == "ATLAS_OD_EDU:4lep_data"


def test_a_colleague_finds_the_results_and_gets_the_same_numbers(ran: Ran, alice: Lake) -> None:
    _, text = ran("05")
    made = re.search(r"^Bob, please look at (user\.alice:\S+)$", text, re.MULTILINE)
    assert made is not None
    assert f"bob reads {made[1]}" in text
    assert re.search(rf"^{re.escape(made[1])} \d+ events$", text, re.MULTILINE)
    assert "made by alice on " in text
    checksum = re.search(r"^from ATLAS_OD_EDU:data_A.GamGam.root, .+ adler32 (\w+)$", text, re.M)
    assert checksum is not None
    assert checksum[1] == alice.get("ATLAS_OD_EDU:data_A.GamGam.root").adler32
    assert "the same numbers: True" in text
    assert "The scope 'user.alice' does not belong to the account 'bob'." in text
    kinds = {str(file.did).rpartition(".")[2] for file in alice.list_files(made[1])}
    assert kinds == {"parquet", "png"}


def test_streaming_costs_what_is_read_and_staging_the_whole(ran: Ran, tmp_path: Path) -> None:
    _, text = ran("06")
    assert re.search(r"^  1  https", text, re.MULTILINE)
    rows = re.findall(r"^ +(\d+) +([\d,]+) +(\d+) +[\d.]+ +[\d.]+$", text, re.MULTILINE)
    streamed = [int(size.replace(",", "")) for _, size, _ in rows]
    assert len(streamed) == 7
    assert streamed == sorted(streamed)
    [whole] = numbers(r"^the copy took [\d.]+ s for ([\d,]+) bytes$", text)
    assert streamed[0] < whole / 10
    assert streamed[-1] <= whole
    assert max(int(requests) for _, _, requests in rows) < 10
    [copy] = (tmp_path / "copy").rglob("*.root")
    assert copy.stat().st_size == whole
    assert not list((tmp_path / "cache").rglob("*.root"))


def test_dask_reads_many_files_on_workers_that_get_only_their_names(ran: Ran) -> None:
    _, text = ran("07")
    files, total = numbers(r"^(\d+) files, ([\d,]+) bytes$", text)
    assert files == 9
    assert total > 10_000_000
    assert numbers(r"^(\d+) bytes travel to a worker", text)[0] < 500
    shares = re.findall(r"^a worker read (\d+) files, ([\d,]+) events$", text, re.MULTILINE)
    assert sum(int(share) for share, _ in shares) == files
    events, pieces = numbers(r"^the missing energy of ([\d,]+) events in (\d+) pieces$", text)
    assert pieces >= 4
    spread = re.search(r"^in GeV, below .+: ([\d ]+)$", text, re.MULTILINE)
    assert spread is not None
    assert sum(map(int, spread[1].split())) == events
    observed, simulated = numbers(r"^([\d,]+) pairs in the data, ([\d,]+) simulated$", text)
    assert observed > 10_000
    assert simulated > 10_000


def test_data_is_cited_by_doi_and_brought_back_by_its_manifest(
    ran: Ran, alice: Lake, tmp_path: Path, bob_env: dict[str, str]
) -> None:
    _, text = ran("08")
    assert "https://doi.org/10.5072/dlaas-lake.4lep, licence CC0-1.0" in text
    assert "same     ATLAS_OD_EDU:4lep_data" in text
    assert "4 files; the same numbers: True" in text
    assert "changed ATLAS_OD_EDU:data_A.4lep.root" in text
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    [item] = manifest["items"]
    for told in item["contents"]:
        assert alice.get(told["did"]).adler32 == told["adler32"]
    made = re.search(r"^(user\.alice:leading-lepton\.\S+\.csv): made by alice", text, re.MULTILINE)
    assert made is not None
    assert str(alice.provenance(made[1]).inputs[0].sha256) == item["sha256"]
    # A colleague of another account, with the manifest alone.
    restored = subprocess.run(
        [sys.executable, "-m", "dlaas", "restore", tmp_path / "manifest.json", "-o", "at-bob"],
        cwd=tmp_path, env=bob_env, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert restored.returncode == 0, restored.stderr
    assert len(list((tmp_path / "at-bob").rglob("*.root"))) == 4
