"""From anomaly scores to yes or no: thresholds estimated from scores of fitted data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from detectors.core.arrays import Array


def upper_quantile(scores: Array, contamination: float) -> float:
    """Level that a share ``contamination`` of (n,) scores reaches: their ``1 - contamination`` quantile.

    Scores that tie there cannot be parted. They are left out when that brings the share nearer, unless they are the
    highest, and when they are the lowest.
    """
    level = float(np.quantile(scores, 1 - contamination))
    higher = scores[scores > level]
    tied, wanted = np.count_nonzero(scores == level), contamination * len(scores)
    if tied and len(higher) and wanted - len(higher) < len(higher) + tied - wanted:
        return float(higher.min())
    return level if level > scores.min() else float(np.nextafter(level, np.inf))


def peaks_over_threshold(scores: Array, contamination: float, initial: float = 0.98) -> float:
    """Level that a new score exceeds with probability ``contamination``, by extreme-value theory.

    A generalised Pareto law is fitted to the excesses over the ``initial`` quantile (lowered when ``contamination`` is
    above ``1 - initial``). It is inverted: z = t + s/g ((q n / m)^-g - 1). Source: Siffer et al., "Anomaly Detection in
    Streams with Extreme Value Theory", KDD 2017, Eq. 1.

    Falls back to the plain quantile when fewer than 10 distinct peaks exist, where no tail can be fitted.
    """
    from scipy.stats import genpareto

    level = float(np.quantile(scores, min(initial, 1 - 2 * contamination)))
    excesses = scores[scores > level] - level
    if len(np.unique(excesses)) < 10:
        return upper_quantile(scores, contamination)
    shape, _, scale = genpareto.fit(excesses, floc=0)
    ratio = contamination * len(scores) / len(excesses)
    if abs(shape) < 1e-8:
        return float(level - scale * np.log(ratio))
    return float(level + scale / shape * (ratio**-shape - 1))


def stretches(scores: Array, level: float, gap: int) -> list[int]:
    """Points of each stretch that reaches a level; less than ``gap`` points apart they are one."""
    rows = np.flatnonzero(scores >= level)
    cuts = np.flatnonzero(np.diff(rows) >= gap) + 1
    return [len(part) for part in np.split(rows, cuts)] if len(rows) else []


def share_interval(
    scores: Array, level: float, gap: int, new: int, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Share of ``new`` normal points that will reach a level: with 95 % probability between these two.

    Points of the fitted data, of (n,) scores, that reach it come in stretches. These count as independent events if
    ``gap`` points or more lie between: the widest window. New data are taken to be like the fitted ones: a drift is not
    foreseen. The predictive distribution is drawn from ``draws`` times.
    """
    return interval_of(stretches(scores, level, gap), len(scores), gap, new, draws, seed)


def interval_of(
    found: list[int], points: int, gap: int, new: int, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """The same from the :func:`stretches` found in so many points.

    Their number is Poisson with a rate known from as many events (Jeffreys' prior), their lengths are drawn from those.
    """
    lengths = np.array(found or [min(gap, points)])
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.gamma(len(found) + 0.5, size=draws) * new / points)
    sums, ends = np.append(0, np.cumsum(rng.choice(lengths, counts.sum()))), np.cumsum(counts)
    low, high = np.quantile((sums[ends] - sums[ends - counts]) / new, [0.025, 0.975])
    return float(min(low, 1.0)), float(min(high, 1.0))


def parts_held_out(pieces: list[Array], count: int, least: int) -> Iterator[tuple[list[Array], list[Array]]]:
    """Fitted data without each of ``count`` contiguous parts in turn, and that part: (known, held out) pieces.

    Rests of a piece of fewer than ``least`` points are left out.
    """
    starts = np.cumsum([0, *map(len, pieces)])
    for a, b in pairwise(np.arange(count + 1) * starts[-1] // count):
        cuts = [np.clip([a - start, b - start], 0, len(piece)) for piece, start in zip(pieces, starts, strict=False)]
        known = [rest for piece, (i, j) in zip(pieces, cuts, strict=True) for rest in (piece[:i], piece[j:])]
        held = [piece[i:j] for piece, (i, j) in zip(pieces, cuts, strict=True)]
        yield [p for p in known if len(p) >= least], [p for p in held if len(p) >= least]
