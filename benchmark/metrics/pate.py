"""PATE: area under a precision-recall curve that weights points by their distance from an anomaly.

Ghorbani, Reinders, Tax: "PATE: Proximity-Aware Time series anomaly Evaluation", KDD 2024. Where the paper leaves
a choice open, this follows the authors' package (PATE 0.1.1) and gives the same values. Each threshold costs one pass
over the labelled points, not over the series.
"""

from __future__ import annotations

import numpy as np

from benchmark.metrics.ranges import Flags, Floats, Ints, Labels, segments

N_THRESHOLDS = 250  # the authors' default
FAR = np.iinfo(np.int64).max


def pate(labels: Labels, scores: Floats, window: int) -> float:
    """Compute PATE, averaged over the four pairs of early and late buffers of 0 and ``window`` points.

    A flagged point inside an anomaly is a true positive of weight 1. In the late buffer after the anomaly its weight is
    below 1. So it is in the early buffer before the anomaly, if the anomaly itself is found. The rest of each flagged
    point is a false positive. Unflagged points of an anomaly are false negatives. Their weight falls with their
    distance from the first flagged run of the anomaly.
    """
    thresholds = _thresholds(labels, scores)
    first = np.searchsorted(-thresholds, -scores, side="left")
    size = len(thresholds)
    starts, stops = segments(labels)
    bounds = np.stack([starts, stops], axis=1).ravel()
    found = np.minimum.reduceat(np.append(first, size), bounds)[::2]
    flagged = np.bincount(first, minlength=size)[:size].cumsum()
    hits = np.bincount(first[labels == 1], minlength=size)[:size].cumsum()
    missed = _missed(first, starts, stops, size)
    areas = []
    for early in (0, window):
        for late in (0, window):
            near = _near_hits(first, found, starts, stops, early, late, size)
            areas.append(_area(hits + near, flagged, missed))
    return float(np.mean(areas))


def _thresholds(labels: Labels, scores: Floats) -> Floats:
    """Return evenly spaced percentiles of the distinct scores at which the curve can bend, in descending order."""
    order = np.argsort(-scores, kind="stable")
    descending = scores[order]
    last = np.append(np.flatnonzero(np.diff(descending)), len(scores) - 1)
    true = np.cumsum(labels[order], dtype=np.int64)[last]
    levels = descending[last]
    if len(levels) > 2:
        bends = (np.diff(true[:-1]) > 0) | (np.diff(true[1:]) > 0)
        levels = levels[np.concatenate([[True], bends, [True]])]
    thresholds: Floats = np.percentile(levels, np.linspace(100, 0, N_THRESHOLDS))
    return thresholds


def _near_hits(first: Ints, found: Ints, starts: Ints, stops: Ints, early: int, late: int, size: int) -> Floats:
    """Return the (T,) total weight of flagged points in the buffers. Where two buffers overlap, the late one counts."""
    n = len(first)
    following, centre = np.append(starts[1:], n), (starts + stops - 1) / 2
    late_end = np.minimum(stops - 1 + late, following - 1)
    early_start = np.maximum(starts - early, np.append(0, late_end[:-1] + 1))
    rows, event = _rows(stops, late_end + 1)
    weight = 1 - (rows - centre[event]) / (late_end - centre)[event]
    total = np.bincount(first[rows], weight, minlength=size + 1)
    rows, event = _rows(early_start, starts)
    weight = 1 - (centre[event] - rows) / (centre - early_start)[event]
    total = total + np.bincount(np.maximum(first[rows], found[event]), weight, minlength=size + 1)
    return total[:size].cumsum().astype(np.float64)  # a bincount over no points is integer


def _rows(starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """Return all rows of half-open ranges, and for each row the index of its range."""
    lengths = np.maximum(stops - starts, 0)
    event = np.repeat(np.arange(len(starts)), lengths)
    offset = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return starts[event] + offset, event


def _missed(first: Ints, starts: Ints, stops: Ints, size: int) -> Floats:
    """Return the (T,) total weight of the labelled points that a threshold does not flag.

    If the first flagged run of an anomaly has ``run`` points, its first ``run + 1`` points have weight 1 when missed.
    The weight of later points falls with their distance from these.
    """
    rows, event = _rows(starts, stops)
    level, position = first[rows], rows - starts[event]
    length = (stops - starts).astype(np.float64)
    heads = np.cumsum(stops - starts) - (stops - starts)
    greatest = np.maximum(length * (length - 1) / 2, 1.0)
    missed = np.empty(size)
    for t in range(size):
        flag = level <= t
        run = _first_run(flag, position, heads, length)
        excess = (run + 1)[event] * (position - run[event] / 2) / greatest[event]
        weight = np.where((run[event] == 0) | (position <= run[event]), 1.0, 1.0 - excess)
        missed[t] = weight[~flag].sum()
    return missed


def _first_run(flag: Flags, position: Ints, heads: Ints, length: Floats) -> Floats:
    """Return the (S,) length of the first flagged run in each segment; 0 if no point is flagged."""
    onset = np.minimum.reduceat(np.where(flag, position, FAR), heads)
    after = ~flag & (position > np.repeat(onset, length.astype(np.int64)))
    end = np.minimum(np.minimum.reduceat(np.where(after, position, FAR), heads), length)
    return np.where(onset < FAR, end - onset, 0.0)


def _area(true: Floats, flagged: Ints, missed: Floats) -> float:
    """Integrate precision over recall by trapezoids, without the points at which recall falls below an earlier one."""
    precision = np.divide(true, flagged, out=np.zeros_like(true), where=flagged > 0)
    whole = true + missed
    recall = np.divide(true, whole, out=np.zeros_like(true), where=whole > 0)
    recall, precision = np.append(0.0, recall), np.append(1.0, precision)
    kept = recall >= np.maximum.accumulate(recall)
    return float(np.sum(np.diff(recall[kept]) * (precision[kept][1:] + precision[kept][:-1]) / 2))
