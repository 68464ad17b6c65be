"""Series of any length for measurements: simulated ones, and the first points of real ones."""

from __future__ import annotations

import numpy as np

import datasets
from benchmark.errors import UserError, counted
from benchmark.system import settings
from datasets import Series, labels_of, mackey_glass, place, random_generator

SIMULATED = ("mackey-glass", "counts")
SEGMENT = 20
MIN_POINTS = 6 * SEGMENT  # so that two anomalies with a gap fit after the first tenth
DAY = 288


def make(name: str, n: int) -> Series:
    """Make a labelled series of ``n`` points.

    Parameters
    ----------
    name : str
        ``mackey-glass``: smooth and chaotic, with windows near a low-dimensional surface, as in MGAB. ``counts``:
        Poisson counts with a daily period, gaps of -1 and many ties; windows have noise in all dimensions, as in
        Dodgers. ``DATASET/SERIES``: the first ``n`` points of a real series.
    n : int

    Raises
    ------
    UserError
        If the name is unknown, the real series is too short, or ``n`` too small for a simulated one.
    """
    if name in SIMULATED and n < MIN_POINTS:
        raise UserError(f"{name} needs at least {MIN_POINTS} points, got {n}")
    if name == "mackey-glass":
        return _chaos(n)
    if name == "counts":
        return _counts(n)
    dataset, slash, series = name.partition("/")
    if not slash:
        raise UserError(f"--series takes {', '.join(SIMULATED)} or DATASET/SERIES, e.g. MGAB/1.test.out; got {name!r}")
    real = datasets.load(dataset, series, data_dir=settings.data_dir(), cache_dir=settings.cache_dir(), mode="real")
    if len(real) < n:
        raise UserError(f"{name} has {counted(len(real), 'point')}, fewer than {n}")
    return Series(dataset, series, real.values[:n].copy(), real.labels[:n].copy(), real.source)


def _chaos(n: int) -> Series:
    """Make a Mackey-Glass series with some segments reversed in time, as anomalies of the dynamics."""
    rng = random_generator(0, "bench", "mackey-glass", n)
    values = mackey_glass(n, rng)
    spans = place(rng, n, [SEGMENT] * max(1, n // 5000), gap=SEGMENT, first=n // 10)
    for a, b in spans:
        values[a:b] = values[a:b][::-1].copy()
    return Series("bench", "mackey-glass", values, labels_of(n, spans), "simulated")


def _counts(n: int) -> Series:
    """Make Poisson counts with a daily period; anomalies are gaps of -1 and segments of higher counts."""
    rng = random_generator(0, "bench", "counts", n)
    rate = 22 - 18 * np.cos(2 * np.pi * np.arange(n) / DAY)
    spans = place(rng, n, [2 * SEGMENT] * max(2, n // 2000), gap=SEGMENT, first=n // 10)
    for a, b in spans[::2]:
        rate[a:b] += 25
    values = rng.poisson(rate).astype(np.float64)
    for a, b in spans[1::2]:
        values[a:b] = -1
    return Series("bench", "counts", values, labels_of(n, spans), "simulated")
