"""The five metrics with a threshold of TSB-AD's leaderboard, as it defines them; ``measures`` has the other four.

Liu and Paparrizos, "The elephant in the room", NeurIPS 2024, and their package TSB-AD.
Each is the largest value over thresholds, so an upper bound of what is possible without labels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmark.metrics import ranges
from benchmark.metrics.measures import counts_by_level, f1
from benchmark.metrics.ranges import Flags, Floats, Labels
from benchmark.metrics.registry import Undefined, metric

SOURCE = "Liu and Paparrizos, NeurIPS 2024"
STEPS = 100
RULE = f"oracle: the best of {STEPS} equal steps from the lowest to the highest score, strictly above"


def flags_by_step(scores: Floats) -> Iterator[Flags]:
    """Yield for each threshold the flags of the scores strictly above it; nothing if all scores are equal."""
    for threshold in np.linspace(scores.min(), scores.max(), STEPS)[:-1]:
        flags = scores > threshold
        if flags.any():
            yield flags


@metric("Standard-F1 (TSB-AD)", SOURCE, rule="oracle: the best threshold on the labels")
def tsb_ad_standard_f1(labels: Labels, scores: Floats, window: int) -> float:
    """Largest 2 P R / (P + R + 1e-5) along the precision-recall curve."""
    negatives, positives = counts_by_level(labels, scores)
    true = np.cumsum(positives[::-1])
    precision, recall = true / (true + np.cumsum(negatives[::-1])), true / true[-1]
    return float(np.max(2 * precision * recall / (precision + recall + 1e-5)))


@metric(
    "PA-F1 (TSB-AD)", SOURCE, rule=RULE + ", each touched segment counted as found", beside="point_adjusted_f1_random"
)
def tsb_ad_pa_f1(labels: Labels, scores: Floats, window: int) -> float:
    """Largest F1 after point adjustment; compare it with that of random scores on the same labels."""
    return max((f1(labels, _adjusted(labels, flags)) for flags in flags_by_step(scores)), default=0.0)


@metric("Event-based-F1 (TSB-AD)", SOURCE, rule=RULE)
def tsb_ad_event_f1(labels: Labels, scores: Floats, window: int) -> float:
    """Largest harmonic mean of point-wise precision and the share of anomalous segments with a flagged point.

    As in TSB-AD, a segment at the end of the series lacks its last row. If it has one row only, it is never found.
    """
    best = 0.0
    for flags in flags_by_step(scores):
        precision, recall = float(labels[flags].mean()), ranges.touched(labels, np.append(flags[:-1], False))
        best = max(best, 2 * recall * precision / (recall + precision + 1e-15))
    return best


@metric("R-based-F1 (TSB-AD)", SOURCE, rule=RULE)
def tsb_ad_range_f1(labels: Labels, scores: Floats, window: int) -> float:
    """Largest range-based F1; alpha .2 in recall, cardinality 1/x, flat bias."""
    return max((ranges.range_based(labels, flags).f1 for flags in flags_by_step(scores)), default=0.0)


@metric("Affiliation-F (TSB-AD)", SOURCE, rule=RULE)
def tsb_ad_affiliation_f(labels: Labels, scores: Floats, window: int) -> float:
    """Largest affiliation F1."""
    if scores.min() == scores.max():
        raise Undefined("all scores are equal: no point is flagged, so precision has no value")
    pairs = (ranges.affiliation(labels, flags) for flags in flags_by_step(scores))
    return max(2 * p.precision * p.recall / (p.precision + p.recall + 1e-15) for p in pairs)


def _adjusted(labels: Labels, flags: Flags) -> Flags:
    """Apply point adjustment to flags; as in TSB-AD, row 0 keeps its own flag."""
    adjusted = ranges.adjusted_scores(labels, flags.astype(np.float64)) > 0
    adjusted[0] = flags[0]
    return np.asarray(adjusted)
