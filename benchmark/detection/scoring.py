"""Scores of detectors that were fitted to parts of a series, each part seen between its neighbours."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from detectors import AbsDeviation, Array, Detector

LONG = 100_000  # rows from which detectors are fitted to a sample
PIECES = 20
CHUNK = 1 << 17


def margin(detector: Detector, window: int) -> int:
    """Rows beside a part of a series that its scores may depend on, at most."""
    return 2 * max(window, int(getattr(detector, "window_", 1)))


def score_part(detector: Detector, part: Array, centre: float) -> Array:
    """Scores of rows by themselves; a deviation is one from the whole series' median, not from the part's."""
    return np.abs(part - centre) if isinstance(detector, AbsDeviation) else detector.score(part)


def score_parts(detector: Detector, x: Array, parts: list[slice], window: int, centre: float) -> Array:
    """Scores of some parts of a series, one after the other."""
    beside = margin(detector, window)
    scores = []
    for part in parts:
        a = max(0, part.start - beside)
        scores.append(score_part(detector, x[a : part.stop + beside], centre)[part.start - a : part.stop - a])
    return np.concatenate(scores)


def sample(x: Array) -> list[Array]:
    """A long series in twenty pieces, evenly spread, of :data:`LONG` rows together; a shorter one as it is."""
    return [x[part] for part in sampled(len(x))] if len(x) > LONG else [x]


def fitted_at_once(n: int) -> int:
    """Rows of the longest piece that a detector is fitted to."""
    return LONG // PIECES if n > LONG else n


def sampled(n: int) -> list[slice]:
    """Rows of :func:`sample`'s pieces of a long series."""
    size = LONG // PIECES
    return [slice(start, start + size) for start in np.linspace(0, n - size, PIECES).astype(int).tolist()]


def fit_score(detector: Detector, x: Array, window: int) -> Array:
    """(n,) scores of a series by a detector fitted to it; of a long one to :func:`sample`, in bounded memory."""
    if len(x) <= LONG:
        return level_edges(detector.fit(x).score(x), detector)
    detector.fit(sample(x))
    edges = [*range(0, len(x), CHUNK), len(x)]
    parts = [slice(a, b) for a, b in pairwise(edges)]
    return level_edges(score_parts(detector, x, parts, window, float(np.median(x))), detector)


def level_edges(scores: Array, detector: Detector) -> Array:
    """Scores whose first and last rows repeat the row that a quarter of a window's windows cover, in place.

    The mean of one or two windows scatters more than that of many: such rows were alerts by chance.
    """
    edge = int(getattr(detector, "window_", 0)) // 4
    if getattr(detector, "align", "") == "mean" and 0 < edge < len(scores) // 4:
        scores[:edge], scores[-edge:] = scores[edge], scores[-edge - 1]
    return scores
