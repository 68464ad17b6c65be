"""Fit detectors to a sample of a long series, and score parts of a series together with their neighbouring rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from detectors import AbsDeviation, Array, Detector

LONG = 100_000  # rows above which detectors are fitted to a sample
PIECES = 20
CHUNK = 1 << 17


def margin(detector: Detector, window: int) -> int:
    """Return the number of rows on each side of a part that its scores may depend on, at most."""
    return 2 * max(window, int(getattr(detector, "window_", 1)))


def score_part(detector: Detector, part: Array, centre: float) -> Array:
    """Score rows by themselves; AbsDeviation refers to ``centre``, the median of the whole series."""
    return np.abs(part - centre) if isinstance(detector, AbsDeviation) else detector.score(part)


def score_parts(detector: Detector, x: Array, parts: list[slice], window: int, centre: float) -> Array:
    """Score some parts of an (n,) series; return their concatenated scores."""
    beside = margin(detector, window)
    scores = []
    for part in parts:
        a = max(0, part.start - beside)
        scores.append(score_part(detector, x[a : part.stop + beside], centre)[part.start - a : part.stop - a])
    return np.concatenate(scores)


def sample(x: Array) -> list[Array]:
    """Return twenty evenly spaced pieces of a long series, :data:`LONG` rows in total, or a shorter series whole."""
    return [x[part] for part in sample_slices(len(x))] if len(x) > LONG else [x]


def longest_piece(n: int) -> int:
    """Return the length of the longest piece to which a detector is fitted, for a series of ``n`` rows."""
    return LONG // PIECES if n > LONG else n


def sample_slices(n: int) -> list[slice]:
    """Return the slices of :func:`sample`'s pieces of a long series."""
    size = LONG // PIECES
    return [slice(start, start + size) for start in np.linspace(0, n - size, PIECES).astype(int).tolist()]


def fit_score(detector: Detector, x: Array, window: int) -> Array:
    """Fit a detector to a series, or to a :func:`sample` of a long one; return (n,) scores, in bounded memory."""
    if len(x) <= LONG:
        return level_edges(detector.fit(x).score(x), detector)
    detector.fit(sample(x))
    edges = [*range(0, len(x), CHUNK), len(x)]
    parts = [slice(a, b) for a, b in pairwise(edges)]
    return level_edges(score_parts(detector, x, parts, window, float(np.median(x))), detector)


def level_edges(scores: Array, detector: Detector) -> Array:
    """Replace the scores of the first and last quarter of a window by the score next to them, in place.

    There a score is the mean of few windows. It varies more than others, and would cause alerts by chance.
    """
    edge = int(getattr(detector, "window_", 0)) // 4
    if getattr(detector, "align", "") == "mean" and 0 < edge < len(scores) // 4:
        scores[:edge], scores[-edge:] = scores[edge], scores[-edge - 1]
    return scores
