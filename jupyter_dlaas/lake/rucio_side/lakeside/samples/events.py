"""Physics of the samples: diphotons and four leptons; energies in GeV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .kinematics import (
    Floats,
    Particles,
    as_particles,
    breit_wigner,
    decay,
    mass_of,
    produce,
)

HIGGS = 125.0
CRACK = (1.37, 1.52)


@dataclass(frozen=True)
class Events:
    """Selected events: their particles, what else is known of each, and the share that was
    selected.
    """

    particles: Particles
    extra: dict[str, Floats] = field(default_factory=dict)
    efficiency: float = 1.0

    def __len__(self) -> int:
        return len(self.particles.pt)

    def first(self, count: int) -> Events:
        mask = np.arange(len(self)) < count
        return Events(
            self.particles.select(mask),
            {key: value[mask] for key, value in self.extra.items()},
            self.efficiency,
        )


Generator = Callable[[np.random.Generator, int], Events]


def generate(rng: np.random.Generator, count: int, make: Generator) -> Events:
    """Exactly `count` selected events."""
    tries = max(count, 64)
    events = make(rng, tries * 2)
    while len(events) < count:
        tries *= 2
        events = make(rng, tries * 2)
    return events.first(count)


def higgs_to_photons(rng: np.random.Generator, count: int, mean_pt: float = 45.0) -> Events:
    """A resonance at 125 GeV; the resolution is better for central, unconverted photons."""
    events = _photons(rng, np.full(count, HIGGS), mean_pt, isolated=0.97)
    best = (np.abs(events.particles.eta) < 0.75).all(axis=1) & (events.extra["convType"] == 0).all(
        axis=1
    )
    width = np.where(best, 1.7, 2.3) / HIGGS
    factor = 1 + width * rng.normal(size=len(events))
    return Events(events.particles.scaled(factor), events.extra, events.efficiency)


def photon_background(rng: np.random.Generator, count: int) -> Events:
    """A smooth spectrum that falls from 80 GeV; a third of its photons are like those from jets."""
    mass = 80 + rng.exponential(36.0, count)
    return _photons(rng, mass[mass < 400], 32.0, isolated=0.82)


def _photons(rng: np.random.Generator, mass: Floats, mean_pt: float, isolated: float) -> Events:
    parent = produce(rng, mass, mean_pt)
    nothing = np.zeros(len(mass))
    photons = as_particles(*decay(rng, parent, nothing, nothing))
    mask = (
        (photons.pt[:, 0] > 35) & (photons.pt[:, 1] > 25) & (np.abs(photons.eta) < 2.5).all(axis=1)
    )
    kept = photons.select(mask)
    shape = kept.pt.shape
    clean = rng.uniform(size=shape) < isolated
    extra = {
        "ptcone30": np.where(clean, rng.exponential(0.4, shape), rng.exponential(9.0, shape)),
        "etcone20": np.where(clean, rng.normal(0.3, 0.9, shape), rng.exponential(7.0, shape)),
        "isTightID": np.where(clean, rng.uniform(size=shape) < 0.93, rng.uniform(size=shape) < 0.6),
        "convType": np.where(rng.uniform(size=shape) < 0.66, 0, rng.integers(1, 6, shape)),
    }
    return Events(kept, extra, float(mask.mean()))


def higgs_to_leptons(rng: np.random.Generator, count: int) -> Events:
    """125 GeV to one Z near its pole and one far below."""
    mass = rng.normal(HIGGS, 1.9, count)
    first = breit_wigner(rng, count, 40.0, np.minimum(mass - 13, 106.0))
    second = 12 + (mass - first - 12) * rng.beta(1.4, 1.1, count)
    return _leptons(rng, mass, first, second)


def continuum_to_leptons(rng: np.random.Generator, count: int) -> Events:
    """Pairs of Z bosons, and single ones that decay to four leptons."""
    single = rng.uniform(size=count) < 0.18
    pair = 183 + rng.exponential(55.0, count)
    mass = np.where(single, rng.normal(91.2, 2.2, count), pair)
    first = np.where(
        single,
        rng.uniform(45.0, 74.0, count),
        breit_wigner(rng, count, 80.0, np.full(count, 100.0)),
    )
    low = rng.uniform(5.0, 14.0, count)
    second = np.where(
        single, low, np.minimum(breit_wigner(rng, count, 70.0, np.full(count, 105.0)), mass - first)
    )
    return _leptons(rng, mass, first, second)


def fakes_to_leptons(rng: np.random.Generator, count: int) -> Events:
    """A true pair and two leptons from jets, without isolation."""
    mass = 95 + rng.exponential(45.0, count)
    first = breit_wigner(rng, count, 60.0, np.full(count, 94.0))
    second = 12 + np.maximum(mass - first - 12, 0.5) * rng.beta(1.2, 2.5, count)
    return _leptons(rng, np.maximum(mass, first + second + 0.1), first, second, real=2)


def _leptons(
    rng: np.random.Generator, mass: Floats, first: Floats, second: Floats, real: int = 4
) -> Events:
    z1, z2 = decay(rng, produce(rng, mass, 30.0), first, np.minimum(second, mass - first))
    nothing = np.zeros(len(mass))
    leptons = as_particles(*decay(rng, z1, nothing, nothing), *decay(rng, z2, nothing, nothing))
    count = len(mass)
    flavours = np.repeat(rng.choice([11, 13], size=(count, 2)), 2, axis=1)
    sign = np.tile(np.array([1, -1, 1, -1]), (count, 1))
    genuine = np.tile(np.arange(4) < real, (count, 1))
    ordered = [
        np.take_along_axis(values, leptons.order, axis=1) for values in (flavours, sign, genuine)
    ]
    mask = (leptons.pt > 5.5).all(axis=1) & (np.abs(leptons.eta) < 2.47).all(axis=1)
    mask &= (leptons.pt[:, 0] > 20) & (mass_of(z2) > 4)
    kept = leptons.select(mask)
    type_, charge, true = (values[mask] for values in ordered)
    return Events(kept, _lepton_quality(rng, type_, charge, true), float(mask.mean()))


def _lepton_quality(
    rng: np.random.Generator, type_: Floats, charge: Floats, true: Floats
) -> dict[str, Floats]:
    shape = type_.shape
    clean = np.where(true, rng.uniform(size=shape) < 0.985, rng.uniform(size=shape) < 0.35)
    return {
        "type": type_,
        "charge": charge,
        "ptcone30": np.where(clean, rng.exponential(0.25, shape), rng.exponential(14.0, shape)),
        "etcone20": np.where(clean, rng.normal(0.2, 0.5, shape), rng.exponential(14.0, shape)),
        "isTightID": np.where(clean, rng.uniform(size=shape) < 0.95, rng.uniform(size=shape) < 0.5),
        "trackd0pvunbiased": rng.normal(0, 0.015, shape) * np.where(clean, 1, 3),
        "tracksigd0pvunbiased": np.abs(rng.normal(0, 1.0, shape)) * np.where(clean, 1, 3),
        "z0": rng.normal(0, 0.05, shape) * np.where(clean, 1, 4),
        "truthMatched": true,
    }
