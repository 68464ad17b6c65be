"""Synthetic anomalies planted into a series of one's own, to rank detectors where no labels exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]
Kind = Callable[[Array, Array, float, Generator], Array]


def spike(part: Array, around: Array, scale: float, rng: Generator) -> Array:
    """One point far off."""
    out = part.copy()
    out[len(part) // 2] += rng.choice([-1, 1]) * 4 * scale
    return out


def level_shift(part: Array, around: Array, scale: float, rng: Generator) -> Array:
    """A stretch at another level."""
    return np.asarray(part + rng.choice([-1, 1]) * 1.5 * scale)


def noise_burst(part: Array, around: Array, scale: float, rng: Generator) -> Array:
    """A stretch with added noise."""
    return np.asarray(part + rng.normal(0, 0.7 * scale, len(part)))


def flat_line(part: Array, around: Array, scale: float, rng: Generator) -> Array:
    """A stretch stuck at its first value."""
    return np.full_like(part, part[0])


def time_warp(part: Array, around: Array, scale: float, rng: Generator) -> Array:
    """A stretch played at double speed, then held in pace by repeating it."""
    return np.concatenate([part[::2], part[::2]])[: len(part)]


def foreign_pattern(part: Array, around: Array, scale: float, rng: Generator) -> Array:
    """A stretch replaced by the mirrored one, its ends joined."""
    mirrored = part[::-1]
    return np.asarray(mirrored + np.linspace(part[0] - mirrored[0], part[-1] - mirrored[-1], len(part)))


KINDS: dict[str, Kind] = {
    "spike": spike,
    "level shift": level_shift,
    "noise burst": noise_burst,
    "flat line": flat_line,
    "time warp": time_warp,
    "mirrored": foreign_pattern,
}


@dataclass(frozen=True)
class Planted:
    """A series with planted anomalies of one kind.

    ``values`` : (n,) array, ``labels`` : (n,) uint8 array.
    """

    kind: str
    values: Array
    labels: NDArray[np.uint8]


def plant(x: Array, kind: str, length: int, count: int, seed: int) -> Planted:
    """Plant ``count`` anomalies of ``length`` points at random places that keep two lengths apart.

    Parameters
    ----------
    x : (n,) array
        n >= 4 * count * length.
    kind : str
        A key of :data:`KINDS`.
    length : int
        Points of each planted stretch (a spike labels its point and one neighbour on either side).
    seed : int

    Returns
    -------
    Planted
        Sizes are relative to the series' interquartile range, or its standard deviation where that is zero.
    """
    rng = np.random.default_rng([seed, sorted(KINDS).index(kind)])
    values, labels = x.copy(), np.zeros(len(x), dtype=np.uint8)
    q1, q3 = np.quantile(x, [0.25, 0.75])
    scale = float(q3 - q1) or float(x.std()) or 1.0
    slots = len(x) // (3 * length)
    for slot in rng.choice(np.arange(slots), size=min(count, slots), replace=False):
        a = int(slot) * 3 * length + length
        part = values[a : a + length]
        changed = KINDS[kind](part, x, scale, rng)
        middle = a + length // 2
        marked = slice(middle - 1, middle + 2) if kind == "spike" else slice(a, a + length)
        if np.array_equal(changed, part):
            continue  # e.g. a flat line in a flat stretch: nothing that could be found
        values[a : a + length] = changed
        labels[marked] = 1
    return Planted(kind, values, labels)
