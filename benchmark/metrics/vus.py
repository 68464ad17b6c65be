"""Volume under the surface (VUS): AUROC and AUPRC with a buffer around each anomaly, averaged over its width.

Paparrizos, Boniol, Palpanas, Tsay, Elmore, Franklin: "Volume Under the Surface: A New Accuracy Evaluation
Measure for Time-Series Anomaly Detection", PVLDB 15(11), 2022 (range-AUC, and VUS as its mean over buffers).

The authors' package passes over the series once for every pair of width and threshold. Here one pass is enough.
It finds the first threshold that flags each point, and the distances of the point from the two nearest anomalies.
The rest is computed from a table of counts (distance x threshold).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmark.metrics.ranges import Floats, Ints, Labels, segments

N_THRESHOLDS = 250  # the authors' default, part of the measure's definition
FAR = 1 << 40  # a distance beyond any series


class Volume(NamedTuple):
    """Volumes under the ROC surface and under the precision-recall surface."""

    roc: float
    pr: float


def volume_under_surface(labels: Labels, scores: Floats, window: int, n_thresholds: int = N_THRESHOLDS) -> Volume:
    """Compute VUS-ROC and VUS-PR.

    **Buffer rule.** The width w runs from 0 to ``window``. A point at distance d <= w // 2 from a segment has the soft
    label sqrt(1 - d / w). Soft labels from several segments are added, up to 1. So the widest buffer extends
    ``window // 2`` points to each side. A volume is the mean area over the widths.

    Parameters
    ----------
    labels : (n,) uint8 array, both classes present
    scores : (n,) float64 array, finite, higher = more anomalous
    window : int
        Maximum buffer width in points, >= 0: a period of the *series*, equal for all detectors that are compared.
    n_thresholds : int
        Number of thresholds, at equal steps through the sorted scores.

    Returns
    -------
    Volume
        Chance is not .5. As in the authors' package, recall is taken over the labels plus *half the flagged part* of
        the buffer. Random scores reach .86 when ten segments of 20 points have buffers of 150 on each side.
        So compare VUS-ROC with the value of random scores.

    Raises
    ------
    ValueError
        If ``window`` is negative.
    """
    if window < 0:
        raise ValueError(f"the buffer width must not be negative, got window={window}")
    flags = _Flags.of(labels, scores, n_thresholds)
    soft = _soft_hits(flags, window)
    seen = _segments_seen(flags, window // 2)[np.arange(window + 1) // 2]
    return _mean_areas(flags, soft, seen)


@dataclass(frozen=True)
class _Flags:
    """The anomalous segments of a series, and the points that each threshold flags."""

    starts: Ints  # (S,) first point of each anomalous segment
    ends: Ints  # (S,) its last point, included
    first: Ints  # (n,) index of the first (highest) threshold that flags the point
    flagged: Ints  # (T,) points flagged by each threshold
    hits: Ints  # (T,) labelled points among them

    @classmethod
    def of(cls, labels: Labels, scores: Floats, n_thresholds: int) -> _Flags:
        starts, stops = segments(labels)
        first = first_threshold(scores, n_thresholds)
        flagged = np.bincount(first, minlength=n_thresholds).cumsum()
        hits = np.bincount(first[labels == 1], minlength=n_thresholds).cumsum()
        return cls(starts, stops - 1, first, flagged, hits)


def first_threshold(scores: Floats, n_thresholds: int) -> Ints:
    """Return the (n,) index of the highest threshold that each score reaches; thresholds are quantiles of scores."""
    descending = -np.sort(-scores)
    levels = descending[np.linspace(0, len(scores) - 1, n_thresholds).astype(np.int64)]
    return np.searchsorted(-levels, -scores, side="left").astype(np.int64)


def _soft_hits(flags: _Flags, window: int) -> Floats:
    """Return the (window + 1, T) sums of the soft labels of flagged points in the buffers, for each width.

    A point in the buffers of two segments counts as 1, as each soft label is at least sqrt(1/2).
    """
    n_thresholds, half = len(flags.flagged), window // 2
    first, near, second = _buffer_points(flags, half)
    one = np.bincount(near * n_thresholds + first, minlength=(half + 1) * n_thresholds)
    one = one.reshape(half + 1, n_thresholds).astype(np.float64)
    two = np.zeros(n_thresholds)
    by_second = np.argsort(second, kind="stable")
    cuts = np.searchsorted(second[by_second], np.arange(half + 2))
    soft = np.zeros((window + 1, n_thresholds))
    for reach in range(1, half + 1):
        joint = by_second[cuts[reach] : cuts[reach + 1]]  # from this reach on, these points are near two segments
        np.subtract.at(one, (near[joint], first[joint]), 1.0)
        two += np.bincount(first[joint], minlength=n_thresholds)
        widths = np.arange(2 * reach, min(2 * reach + 1, window) + 1)
        degrees = np.sqrt(1.0 - np.arange(1, reach + 1) / widths[:, None])
        soft[widths] = degrees @ one[1 : reach + 1] + two
    return soft.cumsum(axis=1)


def _buffer_points(flags: _Flags, half: int) -> tuple[Ints, Ints, Ints]:
    """Return first thresholds and distances to the two nearest segments, for points within ``half`` of a segment."""
    rows = np.arange(len(flags.first))
    left = np.concatenate([[-FAR, -FAR], flags.ends])
    right = np.concatenate([flags.starts, [FAR, FAR]])
    k = np.searchsorted(flags.starts, rows, side="right")
    before, after = rows - left[k + 1], right[k] - rows
    near = np.minimum(before, after)
    inside = (near > 0) & (near <= half)  # a labelled point is at distance <= 0 of the segment it lies in
    rows, k, before, after = rows[inside], k[inside], before[inside], after[inside]
    second = np.minimum(np.maximum(before, after), np.minimum(rows - left[k], right[k + 1] - rows))
    return flags.first[rows], near[inside], second


def _segments_seen(flags: _Flags, half: int) -> Floats:
    """Return the (half + 1, T) share of segments with a flagged point within reach.

    Segments whose buffers meet count as one.
    """
    n, n_thresholds = len(flags.first), len(flags.flagged)
    bounds = np.stack([flags.starts, flags.ends + 1], axis=1).ravel()
    earliest = np.minimum.reduceat(np.append(flags.first, FAR), bounds)[::2]
    gaps = np.diff(np.stack([flags.starts, flags.ends], axis=1).ravel())[1::2]
    seen = np.empty((half + 1, n_thresholds))
    for reach in range(half + 1):
        edges = flags.first[np.maximum(flags.starts - reach, 0)], flags.first[np.minimum(flags.ends + reach, n - 1)]
        earliest = np.minimum(earliest, np.minimum(*edges))
        opening = np.flatnonzero(np.append(True, gaps > 2 * reach))
        groups = np.minimum.reduceat(earliest, opening)
        seen[reach] = np.bincount(groups, minlength=n_thresholds).cumsum() / len(opening)
    return seen


def _mean_areas(flags: _Flags, soft: Floats, seen: Floats) -> Volume:
    """Average the areas under both curves over the widths (the paper's range-TPR, range-FPR and range-precision)."""
    n_positive = flags.hits[-1]
    true = flags.hits + soft
    positives = n_positive + soft / 2  # plus half the flagged part of the buffer; the 2022 package took half of it all
    tpr = np.minimum(true / positives, 1.0) * seen
    fpr = (flags.flagged - true) / (len(flags.first) - positives)
    precision = true / flags.flagged
    zero, one = np.zeros((len(soft), 1)), np.ones((len(soft), 1))
    rise, run = np.hstack([zero, tpr, one]), np.hstack([zero, fpr, one])
    roc = np.sum(np.diff(run) * (rise[:, 1:] + rise[:, :-1]) / 2, axis=1)
    pr = np.sum(np.diff(rise[:, :-1]) * precision, axis=1)
    return Volume(float(roc.mean()), float(pr.mean()))
