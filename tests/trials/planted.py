"""Series of nine kinds with planted anomalies of thirteen kinds, on which ScaleFlow's settings are chosen.

No recording stands behind them. A series carries three anomalies of one kind in its scored part. Every second one has a
fourth in its fitted part, unlabelled data being what they are.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.signal import lfilter

from benchmark.detection.planted import changed_shape, drift, faster, level_shift, missing_cycle, noise, slower, stuck

Array = NDArray[np.float64]
EVENTS = 3


@dataclass(frozen=True)
class Case:
    """A series of ``character``_``kind``.

    ``values`` and ``labels`` : (n,) arrays; ``fitted`` : rows in front that ``fit`` may see.
    """

    name: str
    kind: str
    values: Array
    labels: NDArray[np.uint8]
    fitted: int


# -- characters: rows, one cycle in rows, generator -> values --------------------------------------


def waves(n: int, cycle: int, rng: Generator) -> Array:
    """Three harmonics and noise."""
    t = np.arange(n) / cycle
    parts = [rng.uniform(0.2, 1) / k * np.sin(2 * np.pi * (k * t + rng.random())) for k in (1, 2, 3)]
    return np.asarray(np.sum(parts, axis=0) + rng.normal(0, 0.08, n))


def beats(n: int, cycle: int, rng: Generator) -> Array:
    """A narrow peak and a wide one each cycle, of lengths that vary."""
    out, at = np.zeros(n + 3 * cycle), 0
    while at < n:
        length = max(8, round(cycle * rng.normal(1, 0.06)))
        t = np.arange(length) / length
        out[at : at + length] = np.exp(-(((t - 0.35) / 0.03) ** 2)) + 0.3 * np.exp(-(((t - 0.65) / 0.08) ** 2))
        at += length
    return np.asarray(out[:n] + 0.1 * np.sin(np.arange(n) / (2.7 * cycle)) + rng.normal(0, 0.02, n))


def wander(n: int, cycle: int, rng: Generator) -> Array:
    """Slow autoregressive noise, and faster."""
    slow = lfilter([1], [1, -0.98], rng.normal(0, 0.2, n + 500))[500:]
    return np.asarray(slow + rng.normal(0, 0.1, n))


def counts(n: int, cycle: int, rng: Generator) -> Array:
    """Poisson counts with a day of one cycle, and less on two days in seven."""
    hour, day = np.arange(n) % cycle / cycle, np.arange(n) // cycle
    rate = 2 + np.where(day % 7 >= 5, 12, 40) * np.exp(-(((hour - 0.55) / 0.15) ** 2))
    return rng.poisson(rate).astype(np.float64)


def switching(n: int, cycle: int, rng: Generator) -> Array:
    """A binary channel: on for about a third of each cycle."""
    out, at = np.zeros(n + 3 * cycle), 0
    while at < n:
        length, busy = round(cycle * rng.normal(1, 0.04)), round(cycle * rng.normal(0.35, 0.02))
        out[at + length - busy : at + length] = 1
        at += length
    return out[:n]


def programme(n: int, cycle: int, rng: Generator) -> Array:
    """A machine's programme: the same few levels in the same order, with small delays."""
    levels, shares = rng.integers(0, 5, 6).astype(float), rng.dirichlet(np.full(6, 4.0))
    out, at = np.zeros(n + 3 * cycle), 0
    while at < n:
        for level, share in zip(levels, shares, strict=True):
            length = max(2, round(cycle * share) + int(rng.integers(-1, 2)))
            out[at : at + length] = level
            at += length
            if at >= n:
                break
    return out[:n]


def bursts(n: int, cycle: int, rng: Generator) -> Array:
    """Low noise with sparse tall spikes, none of which is an anomaly."""
    tall = (rng.random(n) < 2 / cycle) * rng.lognormal(1, 0.4, n)
    return np.asarray(np.abs(rng.normal(0, 0.2, n)) + tall)


def chaos(n: int, cycle: int, rng: Generator) -> Array:
    """One coordinate of Roessler's attractor, about one turn a cycle."""

    def flow(_: float, p: Array) -> list[float]:
        return [-p[1] - p[2], p[0] + 0.2 * p[1], 0.2 + p[2] * (p[0] - 5.7)]

    times = np.arange(n + 10 * cycle) * 5.9 / cycle
    found = solve_ivp(flow, (0, times[-1]), rng.normal(0, 1, 3), t_eval=times, rtol=1e-6)
    return np.asarray(found.y[0, 10 * cycle :] / 5 + rng.normal(0, 0.01, n))


def growth(n: int, cycle: int, rng: Generator) -> Array:
    """A trend, a season, and noise."""
    t = np.arange(n)
    return np.asarray(2 * t / n + 0.4 * np.sin(2 * np.pi * t / cycle) + rng.normal(0, 0.06, n))


# -- kinds beside those that `detect` plants -------------------------------------------------------


def spike(part: Array, scale: float, rng: Generator) -> Array:
    """One to three points above, by two to four spreads."""
    out, width = part.copy(), int(rng.integers(1, 4))
    out[:width] += rng.uniform(2, 4) * scale
    return out


def dip(part: Array, scale: float, rng: Generator) -> Array:
    """A third of the stretch sags."""
    out, width = part.copy(), max(3, len(part) // 3)
    out[:width] -= rng.uniform(1, 2) * scale * np.hanning(width + 2)[1:-1]
    return out


def duty(part: Array, scale: float, rng: Generator) -> Array:
    """On for half as long, or off for half as long."""
    flipped = rng.random() < 0.5
    on = (part > np.median(part)) != flipped
    edges = np.flatnonzero(np.diff(on.astype(int), prepend=0, append=0))
    out = part.copy()
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        out[a : a + (b - a) // 2] = part.min() if not flipped else part.max()
    return out


def point(part: Array, scale: float, rng: Generator) -> Array:
    """One point at a level that neither noise nor spikes have, below both."""
    out = part.copy()
    out[0] = part.min() - rng.uniform(1, 2) * (np.median(part) - part.min() + 0.1 * scale)
    return out


def trend(part: Array, scale: float, rng: Generator) -> Array:
    """From here on it falls: a change point, whose first rows count as anomalous."""
    return np.asarray(part - np.linspace(0, rng.uniform(1, 2) * scale, len(part)))


Kind = Callable[[Array, float, Generator], Array]
CHARACTERS: dict[str, tuple[Callable[[int, int, Generator], Array], dict[str, Kind]]] = {
    "waves": (waves, {"spike": spike, "dip": dip, "shift": level_shift, "drift": drift, "stuck": stuck,
                      "missing": missing_cycle, "shape": changed_shape, "noise": noise, "slower": slower,
                      "faster": faster}),
    "beats": (beats, {"missing": missing_cycle, "shape": changed_shape, "noise": noise, "faster": faster,
                      "dip": dip}),
    "wander": (wander, {"spike": spike, "shift": level_shift, "drift": drift, "stuck": stuck, "noise": noise}),
    "counts": (counts, {"missing": missing_cycle, "spike": spike, "dip": dip, "shape": changed_shape}),
    "switching": (switching, {"duty": duty, "stuck": stuck, "faster": faster, "slower": slower}),
    "programme": (programme, {"duty": duty, "stuck": stuck, "shape": changed_shape, "slower": slower}),
    "bursts": (bursts, {"point": point, "shift": level_shift, "noise": noise, "stuck": stuck}),
    "chaos": (chaos, {"shape": changed_shape, "slower": slower, "faster": faster, "dip": dip}),
    "growth": (growth, {"trend": trend, "spike": spike, "shift": level_shift, "noise": noise}),
}  # fmt: skip


def cases(seed: int, n: int = 3600) -> Iterator[Case]:
    """44 series, one for each character and each kind that suits it; four tenths of each are to be fitted."""
    number = 0
    for character, (draw, kinds) in CHARACTERS.items():
        for kind, change in kinds.items():
            number += 1
            name = f"{character}_{kind}"
            yield _case(
                name, kind, draw, change, n, number % 2 == 0, np.random.default_rng([seed, zlib.crc32(name.encode())])
            )


def _case(
    name: str, kind: str, draw: Callable[[int, int, Generator], Array], change: Kind, n: int, odd: bool, rng: Generator
) -> Case:
    cycle = int(rng.integers(24, 120))
    values, labels, fitted = draw(n, cycle, rng), np.zeros(n, dtype=np.uint8), 2 * n // 5
    scale = float(np.ptp(np.quantile(values, [0.25, 0.75]))) or float(values.std())
    length = int(cycle * rng.uniform(0.7, 1.6))
    slots = np.linspace(fitted + length, n - 2 * length, EVENTS + 1).astype(int)
    starts = [int(rng.integers(a, max(a + 1, b - 2 * length))) for a, b in pairwise(slots)]
    if odd:
        starts.append(int(rng.integers(length, fitted - 2 * length)))
    for a in starts:
        _plant(values, labels, a, length, kind, change, scale, rng)
    return Case(name, kind, values, labels, fitted)


def _plant(
    values: Array, labels: NDArray[np.uint8], a: int, length: int, kind: str, change: Kind, scale: float, rng: Generator
) -> None:
    """Change a stretch in place and label the rows that differ; a trend goes on behind it."""
    before = values[a : a + length].copy()
    after = change(before, scale, rng)
    levels = np.unique(values)
    if len(levels) < 10:  # a discrete channel stays one
        after = levels[np.abs(after[:, None] - levels).argmin(axis=1)]
    values[a : a + length] = after
    rows = a + np.flatnonzero(after != before)
    if len(rows):
        labels[rows[0] : rows[-1] + 1] = 1
    if kind == "trend":
        values[a + length :] += after[-1] - before[-1]
