"""Metrics of binary predictions that compare segments of anomalous points, not single points.

Range-based precision and recall: Tatbul et al., NeurIPS 2018. Affiliation: Huet et al., KDD 2022. Point adjustment: Xu
et al., WWW 2018.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class PrecisionRecall(NamedTuple):
    """Precision and recall, each in [0, 1]; NaN where it is undefined, as precision is if nothing is flagged."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 if nothing is flagged."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total > 0 else 0.0


def segments(mask: Labels | Flags) -> tuple[Ints, Ints]:
    """Return the starts and stops (half-open) of the runs of true points.

    >>> segments(np.array([0, 1, 1, 0, 1], dtype=np.uint8))
    (array([1, 4]), array([3, 5]))
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask, [0]]).astype(np.int8)))
    return edges[::2], edges[1::2]


def touched(segmented: Labels, marked: Flags) -> float:
    """Return the share of the segments of ones in (n,) ``segmented`` that contain at least one marked point."""
    starts, stops = segments(segmented)
    counts = np.concatenate([[0], np.cumsum(marked)])
    return float(np.mean(counts[stops] > counts[starts]))


def range_based(labels: Labels, flagged: Flags, alpha: float = 0.2) -> PrecisionRecall:
    """Compute range-based precision and recall.

    Recall is the mean reward of the labelled segments. A segment gets ``alpha`` if any of its points is flagged
    (existence), and ``1 - alpha`` times its share of flagged points. That share is divided by the number of flagged
    runs that overlap it (cardinality 1 / x). The bias is flat. Precision is the same with the roles of labels and flags
    exchanged, without the existence reward.

    Source: Tatbul et al., "Precision and Recall for Time Series", NeurIPS 2018, Eqs. 4-8; settings of TSB-UAD.
    """
    recall = _overlap_reward(labels.astype(bool), flagged, alpha)
    return PrecisionRecall(_overlap_reward(flagged, labels.astype(bool), 0.0), recall)


def _overlap_reward(ours: Flags, theirs: Flags, alpha: float) -> float:
    """Return the mean reward of the runs of ``ours`` for their overlap with runs of ``theirs``; NaN without runs."""
    starts, stops = segments(ours)
    if len(starts) == 0:
        return float("nan")
    their_starts, their_stops = segments(theirs)
    running = np.concatenate([[0], np.cumsum(theirs)])
    share = (running[stops] - running[starts]) / (stops - starts)
    touching = np.searchsorted(their_starts, stops, side="left") - np.searchsorted(their_stops, starts, side="right")
    return float(np.mean(alpha * (touching > 0) + (1 - alpha) * share / np.maximum(touching, 1)))


def affiliation(labels: Labels, flagged: Flags) -> PrecisionRecall:
    """Compute affiliation precision and recall from distances between flags and anomalies, compared with chance.

    The series is divided into one zone per labelled segment, half-way between neighbours. Precision uses the distance
    of each flagged point from the segment of its zone. Recall uses the distance of each labelled point from the nearest
    flag in its zone. A distance becomes the probability that a uniformly random point of the zone is at least as far.
    Point i stands for [i, i + 1). Precision averages over the zones with flags, recall over all; a zone without flags
    counts 0.

    Source: Huet, Navarro, Rossi, "Local Evaluation of Time Series Anomaly Detection Algorithms", KDD 2022, Sec. 4.
    """
    starts, stops = segments(labels)
    borders = np.concatenate([[0.0], (stops[:-1] + starts[1:]) / 2, [float(len(labels))]])
    # Both probabilities are piecewise linear with all breakpoints at multiples of 1/4. So the mean over the
    # midpoints of quarters of a point equals the authors' integral exactly.
    cells = (np.arange(4) + 0.5) / 4
    flags = (np.flatnonzero(flagged)[:, None] + cells).ravel()
    truth = (np.flatnonzero(labels)[:, None] + cells).ravel()
    near = _chance_of_flags(flags, starts, stops, borders)
    far = _chance_of_truth(truth, flags, borders)
    zones = len(starts)
    n_flags = np.bincount(_zone(flags, borders), minlength=zones)
    n_truth = np.bincount(_zone(truth, borders), minlength=zones)
    precision = np.bincount(_zone(flags, borders), near, zones)[n_flags > 0] / n_flags[n_flags > 0]
    recall = np.bincount(_zone(truth, borders), far, zones) / n_truth
    return PrecisionRecall(float(precision.mean()) if len(precision) else float("nan"), float(recall.mean()))


def _zone(positions: Floats, borders: Floats) -> Ints:
    return np.searchsorted(borders, positions, side="right").astype(np.int64) - 1


def _chance_of_flags(flags: Floats, starts: Ints, stops: Ints, borders: Floats) -> Floats:
    """Return for each flag the share of its zone that is at least as far from the zone's segment."""
    zone = _zone(flags, borders)
    a, b, low, high = starts[zone], stops[zone], borders[zone], borders[zone + 1]
    distance = np.maximum(np.maximum(a - flags, flags - b), 0.0)
    closer = (b - a) + np.minimum(distance, a - low) + np.minimum(distance, high - b)
    return np.where(distance > 0, 1 - closer / (high - low), 1.0)


def _chance_of_truth(truth: Floats, flags: Floats, borders: Floats) -> Floats:
    """Return for each labelled position the share of its zone that is at least as far from it as the nearest flag."""
    zone = _zone(truth, borders)
    low, high = borders[zone], borders[zone + 1]
    edge = 1 / 8  # from the midpoint of a quarter to its end
    padded = np.concatenate([[-np.inf], flags, [np.inf]])
    k = np.searchsorted(flags, truth)
    before = np.where(padded[k] > low, truth - padded[k] - edge, np.inf)
    after = np.where(padded[k + 1] < high, padded[k + 1] - truth - edge, np.inf)
    distance = np.maximum(np.minimum(before, after), 0.0)
    distance[(padded[k + 1] == truth)] = 0.0
    closer = np.minimum(distance, truth - low) + np.minimum(distance, high - truth)
    return np.where(np.isinf(distance), 0.0, 1 - closer / (high - low))


def adjusted_scores(labels: Labels, scores: Floats) -> Floats:
    """Apply point adjustment: all points of a labelled segment get its highest score (Xu et al., WWW 2018)."""
    starts, stops = segments(labels)
    bounds = np.stack([starts, stops], axis=1).ravel()
    highest = np.maximum.reduceat(np.append(scores, -np.inf), bounds)[::2]
    adjusted = scores.copy()
    adjusted[labels == 1] = np.repeat(highest, stops - starts)
    return adjusted
