"""Slow oracles of LOF and the matrix profile: the definitions over all pairs."""

from __future__ import annotations

import operator
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def windows(x: Array, w: int) -> Array:
    return np.array([x[i : i + w] for i in range(len(x) - w + 1)])


def distances(a: Array, b: Array) -> Array:
    return np.array([np.sqrt(((b - row) ** 2).sum(axis=1)) for row in a])


def k_nearest(row: Array, k: int) -> NDArray[np.intp]:
    return np.argsort(row, kind="stable")[:k]


def lof(fitted: Array, scored: Array, k: int, itself: bool) -> Array:
    """LOF of the rows of ``scored`` with the rows of ``fitted`` as reference (Breunig et al., Def. 3-7)."""
    between = distances(fitted, fitted)
    np.fill_diagonal(between, np.inf)
    near = [k_nearest(row, k) for row in between]
    reach = np.array([between[i, near[i][-1]] for i in range(len(fitted))])

    def density(row: Array, neighbours: NDArray[np.intp]) -> float:
        return float(1 / (np.mean([max(row[j], reach[j]) for j in neighbours]) + 1e-10))

    known = np.array([density(between[i], near[i]) for i in range(len(fitted))])
    if itself:
        return np.array([np.mean(known[near[i]]) / known[i] for i in range(len(fitted))])
    rows = distances(scored, fitted)
    return np.array([np.mean(known[k_nearest(r, k)]) / density(r, k_nearest(r, k)) for r in rows])


def z_distances(own: Array, others: Array, constants: str) -> Array:
    """From one window to each of (m, w) others, all z-normalised; constant ones by rule."""
    flat = np.ptp(others, axis=1) == 0
    uncorrelated = np.sqrt(2 * len(own))
    if constants == "sqrt" and np.ptp(own) == 0:
        return np.full(len(others), uncorrelated)
    if np.ptp(own) == 0:
        return np.where(flat, 0.0, np.sqrt(len(own)))
    spread = np.where(flat, 1.0, others.std(axis=1))
    scaled = (others - others.mean(axis=1, keepdims=True)) / spread[:, None]
    distance = np.sqrt((((own - own.mean()) / own.std() - scaled) ** 2).sum(axis=1))
    return np.where(flat, uncorrelated if constants == "sqrt" else np.sqrt(len(own)), distance)


def z_summed(x: Array, w: int) -> Array:
    """All windows of a series, z-normalised by means that are summed value by value; zeros if that leaves no spread."""
    rows = []
    for row in windows(x, w).tolist():
        mean = reduce(operator.add, row) / w
        spread = (reduce(operator.add, [(value - mean) ** 2 for value in row]) / (w - 1)) ** 0.5
        rows.append([(value - mean) / spread if spread else 0.0 for value in row])
    return np.array(rows)


def matrix_profile(x: Array, reference: list[Array], w: int, exclusion: int | None, constants: str) -> Array:
    others = [window for piece in reference if len(piece) >= w for window in windows(piece, w)]
    profile = []
    for i, own in enumerate(windows(x, w)):
        allowed = [o for j, o in enumerate(others) if exclusion is None or abs(i - j) > exclusion]
        profile.append(z_distances(own, np.array(allowed), constants).min())
    return np.array(profile)
