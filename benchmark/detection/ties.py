"""Ties at a threshold: scores of equal windows differ in their last bits, by which rows are scored together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors import Array

TIE = 1e-9  # relative difference below which a score counts as equal to the threshold
MOST = 0.5  # share of the scores that are never flagged together


def lowest_tie(threshold: float) -> float:
    """Return the lowest score that ties with the threshold."""
    return threshold - TIE * abs(threshold)


def reaches(scores: Array, threshold: float) -> NDArray[np.bool_]:
    """Return (n,) booleans: the scores that exceed the threshold or tie with it."""
    return np.asarray(scores >= lowest_tie(threshold))


def above_ties(scores: Array, threshold: float) -> float:
    """Return the threshold; if half of the scores or more reach it, one that those that tie with it do not reach."""
    if reaches(scores, threshold).mean() < MOST:
        return threshold
    return float(np.nextafter(threshold + 2 * TIE * abs(threshold), np.inf))
