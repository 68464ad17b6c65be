"""What scores mean on rows that no detector has seen: held-out history, and how far it bears a promise."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmark.detection.scoring import LONG, sample, sampled, score_parts
from detectors import Detector

Array = NDArray[np.float64]

TENTHS, FOLDS = 10, 3
SPREAD = (
    2.0  # variance of the share, in squares of itself over the count: stretches differ in length, as exponentials do
)
NEEDED = 16  # independent exceedances for a share within a factor of two, 19 times in 20: exp(1.96 sqrt(2 / 16)) = 2.0
Build = Callable[[], Detector]


def unseen_scores(build: Build, x: Array, window: int, centre: float) -> Array:
    """Scores of history by detectors that were fitted without it.

    Each tenth is scored by a detector fitted to those of two other folds. Of a long series pieces between those of
    :func:`benchmark.detection.scoring.sample` are scored.
    """
    if len(x) > LONG:
        return score_parts(build().fit(sample(x)), x, _between(len(x)), window, centre)
    found = []
    for known, unknown in folds(len(x)):
        found.append(score_parts(build().fit([x[part] for part in known]), x, unknown, window, centre))
    return np.concatenate(found)


def folds(n: int) -> list[tuple[list[slice], list[slice]]]:
    """Rows to fit and rows to hold out, three times. Every third tenth is held out: a slow change is in both."""
    edges = np.linspace(0, n, TENTHS + 1).astype(int)
    tenths = [slice(int(a), int(b)) for a, b in pairwise(edges)]
    held = [[t for k, t in enumerate(tenths) if k % FOLDS == fold] for fold in range(FOLDS)]
    return [([t for t in tenths if t not in unknown], unknown) for unknown in held]


def _between(n: int) -> list[slice]:
    """At most five times a piece behind each piece that was fitted."""
    pieces = pairwise(sampled(n))
    return [slice(a.stop, min(b.start, a.stop + 5 * (a.stop - a.start))) for a, b in pieces if b.start > a.stop]


def exceedances(scores: Array, threshold: float, window: int) -> int:
    """Independent ones: stretches that reach the threshold, more than a window apart."""
    rows = np.flatnonzero(scores >= threshold)
    return int((np.diff(rows) > window).sum()) + 1 if len(rows) else 0


def promise(share: float, count: int, rows: int) -> str:
    """How many of many new normal rows will be flagged, or that the history is too short to say."""
    if count >= NEEDED:
        factor = math.exp(1.96 * math.sqrt(SPREAD / count))
        return (
            f"Of many new normal rows a share of {share / factor:.2g} to {share * factor:.2g} will be flagged "
            f"(95 %; {count} independent exceedances in held-out history)."
        )
    wanted = f"{_round(rows * NEEDED / count):,} rows like these" if count else "a longer history"
    return (
        f"The history is too short to promise a share of {share:g} within a factor of two: it holds {count} "
        f"independent exceedances of the threshold, {NEEDED} are needed ({wanted})."
    )


def _round(rows: float) -> int:
    """Up to two digits."""
    size: int = 10 ** max(0, int(math.log10(rows)) - 1)
    return math.ceil(rows / size) * size
