"""Events as the tree `mini` of a ROOT file: the release's branches, in MeV."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from .events import Events
from .kinematics import Floats

TREE = "mini"
MEV = 1000.0
SCALE_FACTORS = [
    "PILEUP",
    "ELE",
    "MUON",
    "PHOTON",
    "TAU",
    "BTAG",
    "LepTRIGGER",
    "PhotonTRIGGER",
    "TauTRIGGER",
    "DiTauTRIGGER",
]
Columns = dict[str, Any]


def write(path: Path, columns: Mapping[str, Any]) -> None:
    """Write one file; groups of particles share the counter `<group>_n`."""
    types = {name: ak.type(ak.Array(values)).content for name, values in columns.items()}
    compression = uproot.ZSTD(5)
    with uproot.recreate(path, compression=compression) as file:
        tree = file.mktree(
            TREE,
            types,
            title="Synthetic events of the embedded lake, schema of ATLAS Open Data 2020",
            counter_name=lambda counted: f"{counted}_n",
            field_name=lambda outer, inner: f"{outer}_{inner}" if outer else inner,
        )
        tree.extend(dict(columns))


def columns(
    rng: np.random.Generator,
    events: Events,
    collection: str,
    *,
    run: int,
    channel: int,
    weight: float | None,
) -> Columns:
    """All branches of a sample; `weight` is the mean mcWeight of a simulated one, None for data."""
    count = len(events)
    data = weight is None
    result: Columns = {
        "runNumber": np.full(count, run, np.int32),
        "eventNumber": np.arange(1, count + 1, dtype=np.int32),
        "channelNumber": np.full(count, channel, np.int32),
        "mcWeight": _floats(np.full(count, weight or 0.0) * rng.normal(1, 0.05, count)),
    }
    for name in SCALE_FACTORS:
        spread = 0.0 if data else 0.015
        result[f"scaleFactor_{name}"] = _floats(rng.normal(1, spread, count))
    photons = collection == "GamGam"
    result |= _triggers(rng, events, photons)
    result["photon"] = _photons(rng, events) if photons else _nothing(_PHOTON, count)
    result["lep"] = _nothing(_LEPTON, count) if photons else _leptons(rng, events)
    result["met_et"] = _floats(rng.exponential(18.0, count) * MEV)
    result["met_phi"] = _floats(rng.uniform(-np.pi, np.pi, count))
    result["jet"] = _jets(rng, count)
    return result


def _triggers(rng: np.random.Generator, events: Events, photons: bool) -> Columns:
    count = len(events)
    fired = rng.uniform(size=count) < 0.97
    off = np.zeros(count, bool)
    if photons:
        return {"trigE": off, "trigM": off, "trigP": fired, "trigT": off, "trigDT": off}
    electron = (events.extra["type"] == 11).any(axis=1) & fired
    muon = (events.extra["type"] == 13).any(axis=1) & fired
    return {"trigE": electron, "trigM": muon, "trigP": off, "trigT": off, "trigDT": off}


_COMMON = dict.fromkeys(("pt", "eta", "phi", "E", "ptcone30", "etcone20"), np.float32)
_FLAGS = dict.fromkeys(("truthMatched", "trigMatched", "isTightID"), np.bool_)
_PHOTON: dict[str, Any] = _COMMON | _FLAGS | {"convType": np.int32}
_LEPTON: dict[str, Any] = (
    _COMMON
    | _FLAGS
    | dict.fromkeys(("z0", "trackd0pvunbiased", "tracksigd0pvunbiased"), np.float32)
    | {"charge": np.int32, "type": np.uint32}
)


def _photons(rng: np.random.Generator, events: Events) -> ak.Array:
    """The two photons of each event; one event in forty has a third, soft one."""
    pair = _group(_PHOTON, events, {"truthMatched": True, "trigMatched": True})
    count = len(events)
    soft = rng.uniform(10, 20, count)
    eta = rng.uniform(-2.4, 2.4, count)
    third = _record(
        _PHOTON,
        {
            "pt": soft * MEV,
            "eta": eta,
            "phi": rng.uniform(-np.pi, np.pi, count),
            "E": soft * np.cosh(eta) * MEV,
            "ptcone30": rng.exponential(5.0, count) * MEV,
            "etcone20": rng.exponential(5.0, count) * MEV,
        },
        count,
    )
    present = (rng.uniform(size=count) < 0.025).astype(int)
    return ak.concatenate([pair, ak.unflatten(third[present > 0], present)], axis=1)


def _leptons(rng: np.random.Generator, events: Events) -> ak.Array:
    matched = (events.particles.pt > 26) & (rng.uniform(size=events.particles.pt.shape) < 0.95)
    return _group(_LEPTON, events, {"trigMatched": matched})


def _group(types: Mapping[str, Any], events: Events, more: Mapping[str, Any]) -> ak.Array:
    """The events' own particles: a record array with the same number in each event."""
    particles = events.particles
    values: dict[str, Any] = {
        "pt": particles.pt * MEV,
        "eta": particles.eta,
        "phi": particles.phi,
        "E": particles.energy * MEV,
        **{
            name: value * MEV if name in {"ptcone30", "etcone20"} else value
            for name, value in events.extra.items()
        },
        **more,
    }
    count, number = particles.pt.shape
    flat = {
        name: np.broadcast_to(value, particles.pt.shape).reshape(-1)
        for name, value in values.items()
    }
    return ak.unflatten(_record(types, flat, count * number), np.full(count, number))


def _record(types: Mapping[str, Any], values: Mapping[str, Any], count: int) -> ak.Array:
    nothing = np.zeros(count)
    return ak.zip(
        {name: np.asarray(values.get(name, nothing), type_) for name, type_ in types.items()}
    )


def _nothing(types: Mapping[str, Any], count: int) -> ak.Array:
    return ak.unflatten(_record(types, {}, 0), np.zeros(count, int))


def _jets(rng: np.random.Generator, count: int) -> ak.Array:
    numbers = rng.poisson(0.9, count)
    total = int(numbers.sum())
    pt, eta = 25 + rng.exponential(30, total), rng.normal(0, 1.6, total)
    types: dict[str, Any] = {
        **dict.fromkeys(("pt", "eta", "phi", "E", "jvt", "MV2c10"), np.float32),
        "trueflav": np.int32,
        "truthMatched": np.bool_,
    }
    values = {
        "pt": pt * MEV,
        "eta": eta,
        "phi": rng.uniform(-np.pi, np.pi, total),
        "E": pt * np.cosh(eta) * MEV,
        "jvt": rng.uniform(0.6, 1.0, total),
        "MV2c10": rng.uniform(-1, 1, total),
    }
    return ak.unflatten(_record(types, values, total), numbers)


def _floats(values: Floats) -> Any:
    return values.astype(np.float32)
