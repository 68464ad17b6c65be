"""Slow oracles of the fast computations: loops, one window at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def windows(x: Array, window: int) -> Array:
    return np.array([x[i : i + window] for i in range(len(x) - window + 1)])


def to_points(scores: Array, window: int, align: str) -> Array:
    """Window scores to points by listing, for each point, the windows that speak for it."""
    n = len(scores) + window - 1
    out = []
    for t in range(n):
        covering = [scores[i] for i in range(len(scores)) if i <= t < i + window]
        first = {"centre": t - math.ceil((window - 1) / 2), "start": t, "end": t - (window - 1)}.get(align, 0)
        single = scores[min(max(first, 0), len(scores) - 1)]
        out.append({"mean": np.mean(covering), "max": np.max(covering)}.get(align, single))
    return np.array(out)


def find_length(x: Array, fallback: int, lags: int = 400, points: int = 20_000) -> int:
    """TSB-UAD's rule, each autocorrelation summed by itself."""
    x = x[:points] - x[:points].mean()
    n = len(x)
    if n < 8 or not x.any():
        return fallback
    acf = [float(np.dot(x[: n - k], x[k:]) / np.dot(x, x)) for k in range(min(lags, n - 1) + 1)][3:]
    peaks = [k for k in range(1, len(acf) - 1) if acf[k - 1] < acf[k] > acf[k + 1]]
    best = max(peaks, key=lambda k: acf[k], default=-1)
    return best + 3 if 3 <= best <= 300 else fallback


def hbos(x: Array, window: int, bins: int = 10, alpha: float = 0.1) -> Array:
    """Window scores of HBOS fitted on the same series; edges looked up from below, as PyOD does."""
    rows = windows(x, window)
    out = np.zeros(len(rows))
    for j in range(window):
        density, edges = np.histogram(rows[:, j], bins=bins, density=True)
        for i, value in enumerate(rows[:, j]):
            k = 0
            while k < bins - 1 and value > edges[k + 1]:
                k += 1
            out[i] -= math.log2(density[k] + alpha)
    return out


def pca(x: Array, window: int) -> Array:
    """Window scores of PCA by a full singular value decomposition and explicit distances."""
    rows = windows(x, window)
    spread = rows.std(axis=0)
    z = (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1)
    _, singular, vectors = np.linalg.svd(z, full_matrices=False)
    share = singular**2 / (singular**2).sum()
    first_largest = [next(a for a in v if abs(a) > (1 - 1e-6) * max(abs(v))) for v in vectors]
    signed = [v * np.sign(a) for v, a in zip(vectors, first_largest, strict=True)]
    return np.array([sum(np.linalg.norm(row - v) / s for v, s in zip(signed, share, strict=True)) for row in z])


def poly(x: Array, window: int, degree: int = 3, stretch: bool = False) -> Array:
    """Point scores of POLY: one least-squares fit per block, the transform's norm over the length."""
    n = len(x)
    around = min(max(10 * window, 100), n)
    scores = np.zeros(n)
    start = math.ceil(min(500, int(0.1 * n)) / window) * window
    while start < n:
        stop = min(start + window, n)
        low, high = start - around // 2, start + around // 2
        if low <= 0:
            low, high = 0, around
        elif high >= n:
            low, high = n - around, n
        outside = [t for t in range(low, high) if not start <= t < stop]
        fit = np.polynomial.Polynomial.fit(outside, x[outside], degree)
        whole = stop - start == window
        at = np.linspace(start, stop, window) if stretch and whole else np.arange(start, stop)
        residual = x[start:stop] - fit(at)
        scores[start:stop] = np.linalg.norm(np.fft.fft(residual)) / len(residual)
        start += window
    return scores


def scaled(row: Array) -> Array:
    low, high = min(row), max(row)
    return np.array([(v - low) / (high - low) if high > low else 0.0 for v in row])


def znormalised_distance(a: Array, b: Array) -> float:
    a, b = (np.zeros(len(v)) if v.std() == 0 else (v - v.mean()) / v.std() for v in (a, b))
    return float(np.linalg.norm(a - b))


def nearest_in(centre: Array, x: Array, window: int) -> Array:
    """Smallest z-normalised distance of each window of x to the windows of a longer centre."""
    inside = windows(centre, window)
    return np.array([min(znormalised_distance(row, part) for part in inside) for row in windows(x, window)])
