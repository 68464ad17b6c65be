"""Metrics of anomaly scores, given labels: one function each.

>>> labels = np.array([0, 0, 1, 1, 0], dtype=np.uint8)
>>> round(auroc(labels, np.array([0.1, 0.2, 0.9, 0.2, 0.0])), 4)
0.9167

Two decorators register a function under its name in :data:`~benchmark.metrics.registry.METRICS`.
:func:`metric` is for a metric of scores. :func:`flag_metric` is for a metric of binary predictions (flags).
It registers one metric per threshold rule (``f1_topk``, ``f1_3sigma``), so that the name always states the rule.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.metrics import pate as pate_rules
from benchmark.metrics import ranges
from benchmark.metrics.ranges import Flags, Floats, Labels
from benchmark.metrics.registry import Undefined, check, flag_metric, metric
from benchmark.metrics.vus import volume_under_surface

# -- metrics without a threshold -------------------------------------------------------------------


@metric("AUROC", "Mann-Whitney statistic; Hanley and McNeil, Radiology 143, 1982", default=True)
def auroc(labels: Labels, scores: Floats, window: int) -> float:
    """Probability that an anomalous point scores higher than a normal one; ties count half, constant scores give .5."""
    n_positive = int(labels.sum())
    negatives, positives = counts_by_level(labels, scores)
    below = np.cumsum(negatives) - negatives
    doubled = int(np.sum(positives * (2 * below + negatives)))  # integers, so exact for any number of points
    return doubled / (2 * n_positive * (len(labels) - n_positive))


@metric("AUPRC", "average precision, as scikit-learn defines it", default=True)
def auprc(labels: Labels, scores: Floats, window: int) -> float:
    """Mean precision over the steps of recall, not interpolated; for constant scores the share of anomalous points."""
    negatives, positives = counts_by_level(labels, scores)
    true = np.cumsum(positives[::-1])
    return float(np.sum(positives[::-1] / true[-1] * true / (true + np.cumsum(negatives[::-1]))))


@metric("VUS-ROC", "Paparrizos et al., PVLDB 15(11), 2022; buffer up to window // 2 on each side", default=True)
def vus_roc(labels: Labels, scores: Floats, window: int) -> float:
    """Volume under the ROC surface; see :func:`~benchmark.metrics.vus.volume_under_surface` for the buffer rule."""
    return volume_under_surface(labels, scores, window).roc


@metric("VUS-PR", "Paparrizos et al., PVLDB 15(11), 2022; buffer up to window // 2 on each side", default=True)
def vus_pr(labels: Labels, scores: Floats, window: int) -> float:
    """Volume under the precision-recall surface; see :func:`~benchmark.metrics.vus.volume_under_surface`."""
    return volume_under_surface(labels, scores, window).pr


@metric("PATE", "Ghorbani et al., KDD 2024; early and late buffers of 0 and window points")
def pate(labels: Labels, scores: Floats, window: int) -> float:
    """Proximity-aware area under the precision-recall curve; see :func:`benchmark.metrics.pate.pate`."""
    return pate_rules.pate(labels, scores, window)


@metric("UCR score", "Wu and Keogh, TKDE 2021", rule="the highest score, within max(anomaly length, 100) points")
def ucr_score(labels: Labels, scores: Floats, window: int) -> float:
    """1 if the highest score is at the anomaly, else 0; defined for series with one anomalous segment.

    If several points share the highest score, it is the share of them that is at the anomaly.
    """
    starts, stops = ranges.segments(labels)
    if len(starts) != 1:
        raise Undefined(f"the UCR score needs exactly one anomalous segment, the series has {len(starts)}")
    start, stop = int(starts[0]), int(stops[0])
    margin = max(stop - start, 100)
    top = np.flatnonzero(scores == scores.max())
    return float(np.mean((top > start - margin) & (top < stop - 1 + margin)))


# -- metrics at the best threshold, which nobody knows without labels -------------------------------

ORACLE = "oracle: the threshold that is best on the labels"


@metric("best F1 (oracle)", "point-wise F1", rule=ORACLE)
def best_f1_oracle(labels: Labels, scores: Floats, window: int) -> float:
    """Highest F1 over all thresholds: an upper bound, as the best threshold is only known with labels."""
    return _best_f1(labels, scores)


@metric(
    "point-adjusted F1 (oracle)",
    "Xu et al., WWW 2018; criticised by Kim et al., AAAI 2022: noise scores high",
    rule=ORACLE + ", each touched segment counted as found",
    beside="point_adjusted_f1_random",
)
def point_adjusted_f1_oracle(labels: Labels, scores: Floats, window: int) -> float:
    """Highest F1 after point adjustment; compare it with that of random scores on the same labels."""
    return _best_f1(labels, ranges.adjusted_scores(labels, scores))


@metric(
    "point-adjusted F1 of random scores (oracle)",
    "Kim et al., AAAI 2022",
    rule=ORACLE + ", each touched segment counted as found",
)
def point_adjusted_f1_random(labels: Labels, scores: Floats, window: int) -> float:
    """Highest F1 after point adjustment of uniformly random scores: mean of 20 draws, independent of the detector."""
    rng = np.random.default_rng(0)
    draws = (ranges.adjusted_scores(labels, rng.random(len(labels))) for _ in range(20))
    return float(np.mean([_best_f1(labels, draw) for draw in draws]))


# -- metrics of binary predictions, one for each threshold rule ------------------------------------


@flag_metric("precision", "point-wise")
def precision(labels: Labels, flagged: Flags) -> float:
    """Share of the flagged points that are anomalous."""
    return float(labels[_require_flags(flagged)].mean())


@flag_metric("recall", "point-wise")
def recall(labels: Labels, flagged: Flags) -> float:
    """Share of the anomalous points that are flagged."""
    return float(flagged[labels == 1].mean())


@flag_metric("F1", "point-wise")
def f1(labels: Labels, flagged: Flags) -> float:
    """Harmonic mean of precision and recall."""
    return float(2 * np.sum(flagged & (labels == 1)) / (flagged.sum() + labels.sum()))


@flag_metric("event-wise precision", "segments of consecutive flags; Hundman et al., KDD 2018, without adjustment")
def event_precision(labels: Labels, flagged: Flags) -> float:
    """Share of the flagged segments that touch an anomalous point."""
    return ranges.touched(_require_flags(flagged).astype(np.uint8), labels == 1)


@flag_metric("event-wise recall", "segments of consecutive labels; Hundman et al., KDD 2018")
def event_recall(labels: Labels, flagged: Flags) -> float:
    """Share of the anomalous segments of which at least one point is flagged."""
    return ranges.touched(labels, flagged)


@flag_metric("event-wise F1", "Hundman et al., KDD 2018")
def event_f1(labels: Labels, flagged: Flags) -> float:
    """Harmonic mean of event-wise precision and recall; 0 when nothing is flagged or nothing is hit."""
    if not flagged.any():
        return 0.0
    hit, found = event_precision(labels, flagged), event_recall(labels, flagged)
    return 2 * hit * found / (hit + found) if hit else 0.0


@flag_metric("range-based precision", "Tatbul et al., NeurIPS 2018; cardinality 1/x, flat bias")
def range_precision(labels: Labels, flagged: Flags) -> float:
    """Range-based precision; see :func:`benchmark.metrics.ranges.range_based`."""
    return ranges.range_based(labels, _require_flags(flagged)).precision


@flag_metric("range-based recall", "Tatbul et al., NeurIPS 2018; alpha .2, cardinality 1/x, flat bias")
def range_recall(labels: Labels, flagged: Flags) -> float:
    """Range-based recall; see :func:`benchmark.metrics.ranges.range_based`."""
    return ranges.range_based(labels, flagged).recall


@flag_metric("range-based F1", "Tatbul et al., NeurIPS 2018; alpha .2 in recall, cardinality 1/x, flat bias")
def range_f1(labels: Labels, flagged: Flags) -> float:
    """Harmonic mean of range-based precision and recall; 0 when nothing is flagged."""
    return ranges.range_based(labels, flagged).f1


@flag_metric("affiliation precision", "Huet et al., KDD 2022")
def affiliation_precision(labels: Labels, flagged: Flags) -> float:
    """Affiliation precision, about .5 for random flags; see :func:`benchmark.metrics.ranges.affiliation`."""
    return ranges.affiliation(labels, _require_flags(flagged)).precision


@flag_metric("affiliation recall", "Huet et al., KDD 2022")
def affiliation_recall(labels: Labels, flagged: Flags) -> float:
    """Affiliation recall, near 1 for many random flags; see :func:`benchmark.metrics.ranges.affiliation`."""
    return ranges.affiliation(labels, flagged).recall


@flag_metric("affiliation F1", "Huet et al., KDD 2022")
def affiliation_f1(labels: Labels, flagged: Flags) -> float:
    """Harmonic mean of affiliation precision and recall; 0 when nothing is flagged."""
    return ranges.affiliation(labels, flagged).f1


def _require_flags(flagged: Flags) -> Flags:
    if not flagged.any():
        raise Undefined("no point is flagged, so precision has no value")
    return flagged


# -- curves ----------------------------------------------------------------------------------------


def roc_curve(labels: ArrayLike, scores: ArrayLike, max_points: int = 400) -> tuple[Floats, Floats]:
    """Compute the ROC curve over all thresholds, thinned for plotting.

    Parameters
    ----------
    labels, scores : (n,) arrays
    max_points : int
        Approximate maximum of the points returned. Thinning changes the area by less than 1 / ``max_points``, in
        practice by less than 1e-4.

    Returns
    -------
    fpr, tpr : (m,) float64 arrays, non-decreasing from 0 to 1
        False and true positive rates.

    Raises
    ------
    Undefined, ValueError
        As :func:`check` raises them.
    """
    negatives, positives = counts_by_level(*check(labels, scores))
    fpr = np.append(0.0, np.cumsum(negatives[::-1]) / negatives.sum())
    tpr = np.append(0.0, np.cumsum(positives[::-1]) / positives.sum())
    # Keep the first and last point of each stretch of equal arc length, so that edges between stretches are exact.
    stretch = np.minimum((fpr + tpr) * (max_points // 4), max_points // 2 - 1).astype(np.int64)
    turn = np.diff(stretch) > 0
    kept = np.append(True, turn) | np.append(turn, True)
    return fpr[kept], tpr[kept]


def counts_by_level(labels: Labels, scores: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the normal and the anomalous points at each distinct score, in ascending order of scores."""
    order = np.argsort(scores)
    ascending = scores[order]
    last = np.append(np.flatnonzero(ascending[1:] != ascending[:-1]), len(scores) - 1)
    positives = np.diff(np.cumsum(labels[order], dtype=np.int64)[last], prepend=0)
    return np.diff(last, prepend=-1) - positives, positives


def _best_f1(labels: Labels, scores: Floats) -> float:
    negatives, positives = counts_by_level(labels, scores)
    true = np.cumsum(positives[::-1])
    flagged = true + np.cumsum(negatives[::-1])
    return float(np.max(2 * true / (flagged + true[-1])))
