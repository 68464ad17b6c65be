"""Slow, obvious twins of LOF and the matrix profile: one definition a line, all pairs, no recurrence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def windows(x: Array, w: int) -> Array:
    return np.array([x[i : i + w] for i in range(len(x) - w + 1)])


def distances(a: Array, b: Array) -> Array:
    return np.array([[np.sqrt(((p - q) ** 2).sum()) for q in b] for p in a])


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


def z_distance(a: Array, b: Array, constants: str) -> float:
    flat_a, flat_b = np.ptp(a) == 0, np.ptp(b) == 0
    if flat_a or flat_b:
        if constants == "sqrt":
            return float(np.sqrt(2 * len(a)))
        return 0.0 if flat_a and flat_b else float(np.sqrt(len(a)))
    return float(np.linalg.norm((a - a.mean()) / a.std() - (b - b.mean()) / b.std()))


def matrix_profile(x: Array, reference: list[Array], w: int, exclusion: int | None, constants: str) -> Array:
    others = [window for piece in reference if len(piece) >= w for window in windows(piece, w)]
    profile = []
    for i, own in enumerate(windows(x, w)):
        allowed = [o for j, o in enumerate(others) if exclusion is None or abs(i - j) > exclusion]
        profile.append(min(z_distance(own, o, constants) for o in allowed))
    return np.array(profile)
