"""Four-vectors of decays, vectorised; energies in GeV, arrays of shape (events, 4) as E, px, py,
pz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Particles:
    """Massless particles by event: arrays of shape (events, particles), highest pt first."""

    pt: Floats
    eta: Floats
    phi: Floats
    energy: Floats
    order: npt.NDArray[np.int64]

    def scaled(self, factor: Floats) -> Particles:
        """All energies of an event times its factor: masses scale by the same."""
        by_event = factor[:, None]
        return Particles(self.pt * by_event, self.eta, self.phi, self.energy * by_event, self.order)

    def select(self, mask: npt.NDArray[np.bool_]) -> Particles:
        return Particles(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


def produce(rng: np.random.Generator, mass: Floats, mean_pt: float) -> Floats:
    """Parents of given masses with falling transverse momentum and central rapidity."""
    count = len(mass)
    pt, rapidity = rng.exponential(mean_pt, count), rng.normal(0.0, 1.1, count)
    phi = rng.uniform(-np.pi, np.pi, count)
    transverse = np.hypot(mass, pt)
    return np.stack(
        [
            transverse * np.cosh(rapidity),
            pt * np.cos(phi),
            pt * np.sin(phi),
            transverse * np.sinh(rapidity),
        ],
        axis=1,
    )


def mass_of(vectors: Floats) -> Floats:
    squared = vectors[:, 0] ** 2 - (vectors[:, 1:] ** 2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)))


def decay(
    rng: np.random.Generator, parent: Floats, mass1: Floats, mass2: Floats
) -> tuple[Floats, Floats]:
    """Two-body decays, isotropic in the parent's rest frame."""
    mass = mass_of(parent)
    energy1 = (mass**2 + mass1**2 - mass2**2) / (2 * mass)
    momentum = np.sqrt(np.maximum(energy1**2 - mass1**2, 0.0))
    cosine, angle = rng.uniform(-1, 1, len(mass)), rng.uniform(-np.pi, np.pi, len(mass))
    sine = np.sqrt(1 - cosine**2)
    direction = np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine], axis=1)
    first = boost(np.column_stack([energy1, momentum[:, None] * direction]), parent)
    return first, parent - first


def boost(vectors: Floats, frame: Floats) -> Floats:
    """Vectors given in the rest frame of `frame`, as the laboratory sees them."""
    beta = frame[:, 1:] / frame[:, :1]
    squared = np.minimum((beta**2).sum(axis=1), 1 - 1e-12)
    gamma = 1 / np.sqrt(1 - squared)
    along = (beta * vectors[:, 1:]).sum(axis=1)
    stretch = np.where(squared > 0, (gamma - 1) / np.where(squared > 0, squared, 1), 0.0)
    energy = gamma * (vectors[:, 0] + along)
    shift = (stretch * along + gamma * vectors[:, 0])[:, None] * beta
    return np.column_stack([energy, vectors[:, 1:] + shift])


def as_particles(*vectors: Floats) -> Particles:
    """Massless particles from their four-vectors, ordered by falling pt."""
    stacked = np.stack(vectors, axis=1)
    pt = np.hypot(stacked[..., 1], stacked[..., 2])
    order = np.argsort(-pt, axis=1)
    stacked = np.take_along_axis(stacked, order[..., None], axis=1)
    pt = np.take_along_axis(pt, order, axis=1)
    eta = np.arcsinh(stacked[..., 3] / np.maximum(pt, 1e-9))
    phi = np.arctan2(stacked[..., 2], stacked[..., 1])
    return Particles(pt, eta, phi, pt * np.cosh(eta), order)


def breit_wigner(rng: np.random.Generator, count: int, low: float, high: Floats) -> Floats:
    """Masses of Z bosons between `low` and each event's `high`."""
    pole, width = 91.1876, 2.4952
    start = np.arctan((low - pole) / (width / 2))
    stop = np.arctan((high - pole) / (width / 2))
    return np.asarray(pole + width / 2 * np.tan(rng.uniform(size=count) * (stop - start) + start))
