"""Synthetic anomalies planted into a user's series, to rank detectors without labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from detectors import Array
from detectors.core import autocorrelation, period

Kind = Callable[[Array, float, Generator], Array]


def spike(part: Array, scale: float, rng: Generator) -> Array:
    """Move one point far away."""
    out = part.copy()
    out[len(part) // 2] += rng.choice([-1, 1]) * 4 * scale
    return out


def level_shift(part: Array, scale: float, rng: Generator) -> Array:
    """Shift a stretch to another level."""
    return np.asarray(part + rng.choice([-1, 1]) * 1.5 * scale)


def drift(part: Array, scale: float, rng: Generator) -> Array:
    """Add a linear drift that ends with a jump back."""
    return np.asarray(part + rng.choice([-1, 1]) * np.linspace(0, 2 * scale, len(part)))


def stuck(part: Array, scale: float, rng: Generator) -> Array:
    """Repeat the first value of the stretch."""
    return np.full_like(part, part[0])


def missing_cycle(part: Array, scale: float, rng: Generator) -> Array:
    """Replace a cycle by a straight line from its first to its last value, with noise as rough as the series."""
    roughness = float(np.std(np.diff(part, 2))) / 6**0.5
    return np.asarray(np.linspace(part[0], part[-1], len(part)) + rng.normal(0, min(roughness, scale / 4), len(part)))


def changed_shape(part: Array, scale: float, rng: Generator) -> Array:
    """Mirror a stretch in time or in value, and add a line that restores its end points."""
    other = part[::-1] if rng.random() < 0.5 else -part
    return np.asarray(other + np.linspace(part[0] - other[0], part[-1] - other[-1], len(part)))


def noise(part: Array, scale: float, rng: Generator) -> Array:
    """Add noise to a stretch."""
    return np.asarray(part + rng.normal(0, 0.7 * scale, len(part)))


def slower(part: Array, scale: float, rng: Generator) -> Array:
    """Play the first half of a stretch at half speed."""
    return np.interp(np.arange(len(part)) / 2, np.arange(len(part)), part)


def faster(part: Array, scale: float, rng: Generator) -> Array:
    """Play a stretch at double speed, twice."""
    return np.concatenate([part[::2], part[::2]])[: len(part)]


KINDS: dict[str, Kind] = {
    "spike": spike,
    "level shift": level_shift,
    "drift": drift,
    "stuck": stuck,
    "missing cycle": missing_cycle,
    "changed shape": changed_shape,
    "noise": noise,
    "slower": slower,
    "faster": faster,
}
HOLIDAY = "holiday"


@dataclass(frozen=True)
class Planted:
    """A series ``values`` (n,) with planted anomalies: ``events`` are (kind, first row, row after the last)."""

    values: Array
    events: tuple[tuple[str, int, int], ...]

    @property
    def labels(self) -> NDArray[np.uint8]:
        """(n,) labels, 1 in events."""
        labels = np.zeros(len(self.values), dtype=np.uint8)
        for _, a, b in self.events:
            labels[a:b] = 1
        return labels

    def within(self, x: Array, first: int) -> Planted:
        """Insert this series into a longer one ``x`` at row ``first``."""
        values = x.copy()
        values[first : first + len(self.values)] = self.values
        return Planted(values, tuple((kind, a + first, b + first) for kind, a, b in self.events))


def plant(x: Array, kinds: tuple[str, ...], length: int, seed: int) -> Planted:
    """Plant one anomaly of each kind, ``length`` points long, at random places two lengths apart.

    Kinds are keys of :data:`KINDS`, or ``"holiday"`` for a series with a :func:`weekly` pattern, where it is one day.
    A spike is one point. An (n,) series with n >= 3 * len(kinds) * length gets all kinds, a shorter one the first ones.
    Sizes are relative to the series' interquartile range, or to its standard deviation if that is zero. An anomaly that
    would change nothing (a stuck stretch in a constant one) is omitted.
    """
    rng = np.random.default_rng(seed)
    values = x.copy()
    q1, q3 = np.quantile(x, [0.25, 0.75])
    scale = float(q3 - q1) or float(x.std()) or 1.0
    slots = rng.permutation(len(x) // (3 * length))
    events = []
    for kind, slot in zip(kinds, slots, strict=False):
        a = int(slot) * 3 * length + length
        b = a + length
        changed = _holiday(x, a, b) if kind == HOLIDAY else KINDS[kind](x[a:b], scale, rng)
        rows = np.flatnonzero(changed != x[a:b])
        if len(rows):
            values[a:b] = changed
            events.append((kind, a + int(rows[0]), a + int(rows[-1]) + 1))
    return Planted(values, tuple(events))


def weekly(x: Array) -> int | None:
    """Return the points per day of a series with a weekly pattern, else None.

    Such a series has a peak of the autocorrelation at each day, the highest one at the seventh.
    """
    found = period(x)
    for day in () if found is None else (found, round(found / 7)):
        if day < 4 or len(x) < 21 * day:
            continue
        around = autocorrelation(x, 7 * day + day // 4)
        peaks = [float(around[k * day - day // 8 : k * day + day // 8 + 1].max()) for k in range(1, 8)]
        troughs = [float(around[k * day + day // 2]) for k in range(7)]
        if peaks[6] * (1 + 5 * day / len(x)) > max(peaks[1:5]) + 0.1 and min(peaks) > max(troughs):
            return day
    return None


def _holiday(x: Array, a: int, b: int) -> Array:
    """Return the values of that one of the six days before and after which differs most from the stretch."""
    day = b - a
    others = [x[c : c + day] for k in range(-6, 7) if k and 0 <= (c := a + k * day) <= len(x) - day]
    return max(others, key=lambda other: float(np.abs(other - x[a:b]).sum()), default=x[a:b])
