"""Which files the lake begins with, made once and kept in the cache: `python -m
lakeside.samples.release CACHE`.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = "samples-v1"
SEED = 20200122
SCOPE = "ATLAS_OD_EDU"
# Integrated luminosities of the release's four data periods, in fb-1.
PERIODS = {"A": (0.5, 276262), "B": (1.9, 279515), "C": (2.9, 282625), "D": (4.7, 284484)}
NOTE = (
    "Synthetic events made for the embedded lake of jupyter-dlaas: schema and names of the "
    "ATLAS Open Data release of 2020, but neither recorded nor simulated by ATLAS."
)


@dataclass(frozen=True)
class Process:
    """One simulated process: cross section in pb, sum of weights and number of events in the
    sample.
    """

    channel: int
    name: str
    sigma_pb: float
    sum_weights: float
    events: int
    generator: str
    efficiency: float | None = None
    """The share that the collection's selection keeps; None: as the generator says."""


COLLECTIONS: dict[str, tuple[Process, ...]] = {
    "GamGam": (
        Process(343981, "ggH125_gamgam", 0.102, 55922617.63, 20000, "higgs_to_photons"),
        Process(345041, "VBFH125_gamgam", 0.008518764, 3441426.14, 10000, "higgs_to_photons"),
        Process(345318, "WpH125J_Wincl_gamgam", 0.0019654512, 213799.96, 6000, "higgs_to_photons"),
        Process(345319, "ZH125J_Zincl_gamgam", 0.0017347836, 358401.08, 6000, "higgs_to_photons"),
        Process(341081, "ttH125_gamgam", 2.6433864e-6, 485440.0, 6000, "higgs_to_photons"),
    ),
    "4lep": (
        Process(345060, "ggH125_ZZ4lep", 0.0060239, 27881776.65, 9000, "higgs_to_leptons"),
        Process(344235, "VBFH125_ZZ4lep", 4.633012e-4, 3680490.83, 4000, "higgs_to_leptons"),
        Process(341964, "WH125_ZZ4lep", 3.769e-4, 149400.0, 3000, "higgs_to_leptons"),
        Process(341947, "ZH125_ZZ4lep", 2.1424784e-6, 150000.0, 3000, "higgs_to_leptons"),
        Process(363490, "llll", 1.2578, 7538705.81, 12000, "continuum_to_leptons", 0.042),
        Process(361106, "Zee", 1950.5295, 1.502775942e11, 1500, "fakes_to_leptons", 4.2e-6),
        Process(361107, "Zmumu", 1950.6321, 1.4733469109e11, 1500, "fakes_to_leptons", 4.8e-6),
        Process(410000, "ttbar_lep", 452.693559, 49386600.0, 1500, "fakes_to_leptons", 1.1e-5),
    ),
}
# Events of the smooth diphoton background per fb-1: the release simulates none.
BACKGROUND_PER_FB = 6800


def ensure(cache: Path) -> Path:
    """The folder with the samples and their `manifest.json`, made first if need be."""
    folder = cache / VERSION
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{VERSION}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "manifest.json").exists():
            making = cache / f"{VERSION}.{os.getpid()}"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            _make(making)
            shutil.rmtree(folder, ignore_errors=True)
            making.rename(folder)
    return folder


def _make(folder: Path) -> None:
    """All files, by the same seed always the same; a few seconds."""
    import numpy as np

    from ..catalogue_files import measure

    rng = np.random.default_rng(SEED)
    manifest = []
    for collection, processes in COLLECTIONS.items():
        for name, meta in _simulation(rng, folder, collection, processes):
            manifest.append((name, meta))
        for name, meta in _data(rng, folder, collection, processes):
            manifest.append((name, meta))
    entries: list[dict[str, Any]] = []
    for name, meta in manifest:
        file = measure(folder / name)
        sums = {"bytes": file.bytes, "adler32": file.adler32, "md5": file.md5}
        entries.append({"name": name, **sums, "meta": meta})
    (folder / "manifest.json").write_text(json.dumps(entries, indent=1))


def _generator(process: Process) -> Any:
    from . import events

    return getattr(events, process.generator)


def _simulation(
    rng: Any, folder: Path, collection: str, processes: tuple[Process, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    from . import trees
    from .events import generate

    for process in processes:
        sample = generate(rng, process.events, _generator(process))
        efficiency = process.efficiency or sample.efficiency
        name = f"mc_{process.channel}.{process.name}.{collection}.root"
        columns = trees.columns(
            rng,
            sample,
            collection,
            run=process.channel,
            channel=process.channel,
            weight=process.sum_weights * efficiency / process.events,
        )
        trees.write(folder / name, columns)
        meta = {"sigma_pb": process.sigma_pb, "sum_weights": process.sum_weights}
        yield name, _meta(collection, process.events, "mc") | meta | {"sample": process.name}


def _data(
    rng: Any, folder: Path, collection: str, processes: tuple[Process, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Data are what the processes predict, and for photons a background that nobody simulated."""
    from . import trees
    from .events import generate, photon_background

    for period, (luminosity, run) in PERIODS.items():
        parts = []
        for process in processes:
            make = _generator(process)
            efficiency = process.efficiency or make(rng, 4000).efficiency
            expected = luminosity * 1000 * process.sigma_pb * efficiency
            parts.append(generate(rng, int(rng.poisson(expected)), make))
        if collection == "GamGam":
            expected = luminosity * BACKGROUND_PER_FB
            parts.append(generate(rng, int(rng.poisson(expected)), photon_background))
        sample = _shuffled(rng, parts)
        name = f"data_{period}.{collection}.root"
        columns = trees.columns(rng, sample, collection, run=run, channel=0, weight=None)
        trees.write(folder / name, columns)
        meta = {"luminosity_fb": luminosity, "period": period, "sample": f"data_{period}"}
        yield name, _meta(collection, len(sample), "data") | meta


def _shuffled(rng: Any, parts: list[Any]) -> Any:
    import numpy as np

    from .events import Events
    from .kinematics import Particles

    order = rng.permutation(sum(len(part) for part in parts))

    def joined(values: list[Any]) -> Any:
        return np.concatenate(values)[order]

    particles = Particles(
        *(
            joined([getattr(part.particles, name) for part in parts])
            for name in Particles.__dataclass_fields__
        )
    )
    extra = {key: joined([part.extra[key] for part in parts]) for key in parts[0].extra}
    return Events(particles, extra)


def _meta(collection: str, events: int, kind: str) -> dict[str, Any]:
    return {
        "events": events,
        "energy": 13000,
        "collection": collection,
        "kind": kind,
        "tree": "mini",
        "units": "MeV",
        "synthetic": True,
        "note": NOTE,
    }


if __name__ == "__main__":
    print(ensure(Path(sys.argv[1])))
