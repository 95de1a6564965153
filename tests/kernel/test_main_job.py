"""The main job, as an analyst does it: search, make available, wait, open, write back, find it
again.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
import uproot

import dlaas
from dlaas import Lake, MultipleItemDID, SingleItemDID

FOUR_LEPTONS = "ATLAS_OD_EDU:4lep_data"


def test_from_search_to_a_peak(alice: Lake) -> None:
    found = next(e for e in alice.search("ATLAS_OD_EDU:GamGam_data", "dataset"))
    data = dlaas.did(found.did, lake=alice)
    assert isinstance(data, MultipleItemDID)
    granted = data.make_available("14d", extend=True)
    assert granted.rule.rse_expression == "NOTEBOOK-MOUNT"
    assert granted.rule.expires_at is not None
    left = granted.rule.expires_at - datetime.now(timezone.utc)
    assert timedelta(days=13.9) < left <= timedelta(days=14.1)
    heard: list[str] = []
    data = data.wait("2min", lambda status: heard.append(status.state))
    assert heard[-1] == "available"
    assert all(Path(item).is_file() for item in data)
    masses = _diphoton_masses([f"{item}:mini" for item in data])
    assert _peak(masses) > 5


def _diphoton_masses(files: list[str]) -> np.ndarray[Any, Any]:
    names = ["photon_pt", "photon_eta", "photon_phi"]
    photons = uproot.concatenate(files, names, library="ak")
    two = photons[[len(pt) == 2 for pt in photons["photon_pt"]]]
    pt, eta, phi = (np.asarray(two[name].to_list()) for name in names)
    cosine = np.cosh(eta[:, 0] - eta[:, 1]) - np.cos(phi[:, 0] - phi[:, 1])
    masses: np.ndarray[Any, Any] = np.sqrt(2 * pt[:, 0] * pt[:, 1] * cosine) / 1000
    return masses


def _peak(masses: np.ndarray[Any, Any]) -> float:
    """By how many standard deviations 123 to 127 GeV rise above the mean of their neighbours."""
    signal = np.count_nonzero((masses > 123) & (masses < 127))
    sides = np.count_nonzero((masses > 115) & (masses < 121)) + np.count_nonzero(
        (masses > 129) & (masses < 135)
    )
    return float((signal - sides / 3) / np.sqrt(sides / 3))


def test_what_is_far_away_is_streamed(alice: Lake) -> None:
    sample = next(alice.list_files("ATLAS_OD_EDU:4lep_data"))
    item = dlaas.did(f"lake@{sample.did}", lake=alice)
    assert item == f"rucio://lake@{sample.did.scope}/{sample.did.name}"
    with uproot.open(f"{item}:mini") as tree:
        assert tree.num_entries > 20
        assert len(tree["lep_pt"].array(entry_stop=20)) == 20
    assert isinstance(item, SingleItemDID)
    with item.open() as file:
        assert file.read(4) == b"root"


def test_results_are_written_back_and_the_genuine_client_sees_them(
    alice: Lake, alice_env: dict[str, str], tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    frame = pd.DataFrame({"mass": np.linspace(100, 160, 5000), "n": range(5000)})
    frame.to_parquet(tmp_path / "histo.parquet")
    did, dataset = f"user.alice:{fresh('histo')}.parquet", f"user.alice:{fresh('results')}"
    told: list[tuple[int, int]] = []
    done = alice.upload(
        tmp_path / "histo.parquet",
        did,
        dataset=dataset,
        lifetime="90d",
        progress=lambda *n: told.append(n),
    )
    assert told[-1] == (done.bytes, done.bytes)
    assert done.new
    assert [e.did for e in alice.search(did)] == [did]
    assert pd.read_parquet(f"rucio://lake@{did}", columns=["n"])["n"].sum() == frame["n"].sum()
    seen = _genuine(alice_env, did, dataset)
    assert seen["bytes"] == (tmp_path / "histo.parquet").stat().st_size
    assert seen["content"] == [did]
    assert seen["replicas"] == ["NORTH-DISK"]
    end = datetime.strptime(seen["expires"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    assert (end - datetime.now(timezone.utc)).days in (89, 90)


def _genuine(env: dict[str, str], did: str, dataset: str) -> dict[str, Any]:
    """What rucio-clients' own client, unchanged and in a process of its own, says."""
    code = """if True:
        import json, sys
        from rucio.client import Client
        client = Client()
        (scope, name), (ds, dn) = (text.split(":", 1) for text in sys.argv[1:])
        rule = next(client.list_did_rules(ds, dn))
        print(json.dumps({
            "bytes": client.get_did(scope, name)["bytes"],
            "content": [f"{row['scope']}:{row['name']}" for row in client.list_content(ds, dn)],
            "replicas": list(next(client.list_replicas([{"scope": scope, "name": name}]))["rses"]),
            "expires": str(rule["expires_at"]),
        }))
    """
    ran = subprocess.run(
        [sys.executable, "-c", code, did, dataset],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_variables_are_small_in_a_pickle_and_resolve_in_another_process(
    alice: Lake, alice_env: dict[str, str], tmp_path: Path
) -> None:
    data = dlaas.did(FOUR_LEPTONS, lake=alice)
    assert isinstance(data, MultipleItemDID)
    for thing in (data, data[0], data[:2]):
        assert len(pickle.dumps(thing)) < 1000
    (tmp_path / "x").write_bytes(pickle.dumps([data, data[0]]))
    code = (
        "import pickle, sys; d, f = pickle.load(open(sys.argv[1], 'rb'));"
        "print(len(d), f.did, f.size)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x")],
        env=alice_env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stdout.split() == [str(len(data)), str(data[0].did), str(data[0].size)], ran.stderr


@pytest.mark.parametrize(
    "text", ["ATLAS_OD_EDU:data_A.GamGam.root", "rucio://ATLAS_OD_EDU/data_A.GamGam.root"]
)
def test_a_file_is_one_item_however_it_is_written(alice: Lake, text: str) -> None:
    found = dlaas.did(text, lake=alice)
    assert isinstance(found, SingleItemDID)
    assert found.did == "ATLAS_OD_EDU:data_A.GamGam.root"
