"""Thresholds on anomaly scores, estimated from the scores of fitted data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from detectors.core.arrays import Array, Index


def upper_quantile(scores: Array, contamination: float) -> float:
    """Return the ``1 - contamination`` quantile of (n,) scores, as the threshold that this share of them reaches.

    Scores that tie at the quantile are either all above the threshold or all below, whichever share is nearer to
    ``contamination``. But the highest scores are always above, and the lowest always below.
    """
    level = float(np.quantile(scores, 1 - contamination))
    higher = scores[scores > level]
    tied, wanted = np.count_nonzero(scores == level), contamination * len(scores)
    if tied and len(higher) and wanted - len(higher) < len(higher) + tied - wanted:
        return float(higher.min())
    return level if level > scores.min() else float(np.nextafter(level, np.inf))


def peaks_over_threshold(scores: Array, contamination: float, initial: float = 0.98) -> float:
    """Return the level that a new score exceeds with probability ``contamination``, by extreme-value theory.

    A generalised Pareto distribution is fitted to the excesses over the ``initial`` quantile, or over the
    ``1 - 2 * contamination`` quantile if that is lower. Its inverse gives z = t + s/g ((q n / m)^-g - 1). Source:
    Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017, Eq. 1.

    With fewer than 10 distinct excesses no tail can be fitted: :func:`upper_quantile` is returned.
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


def exceedance_counts(scores: Array, level: float, gap: int) -> list[int]:
    """Count the scores that reach ``level`` in each cluster; clusters are at least ``gap`` points apart."""
    return [len(rows) for rows in clusters(np.flatnonzero(scores >= level), gap)]


def clusters(rows: Index, gap: int) -> list[Index]:
    """Split ascending row numbers into clusters that are at least ``gap`` rows apart; no rows are no cluster."""
    return np.split(rows, np.flatnonzero(np.diff(rows) >= gap) + 1) if len(rows) else []


def share_interval(
    scores: Array, level: float, gap: int, new: int, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Return a 95 % prediction interval for the share of ``new`` normal points that will reach ``level``.

    It follows from the (n,) scores of the fitted data. Those that reach the level come in clusters, which count as
    independent events if they are ``gap`` or more points apart (the widest window). New data are assumed to resemble
    the fitted data, without drift. The predictive distribution is sampled ``draws`` times.
    """
    return share_interval_from_counts(exceedance_counts(scores, level, gap), len(scores), gap, new, draws, seed)


def share_interval_from_counts(
    counts: list[int], points: int, gap: int, new: int, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Compute :func:`share_interval` from the :func:`exceedance_counts` of ``points`` fitted points.

    The number of new events is Poisson, its rate has the posterior under Jeffreys' prior. Their sizes are resampled
    from ``counts``. The mean size is uncertain, too: it is scaled by an inverse gamma variate whose relative variance
    is that of a mean of so many sizes. That of one size is taken as 1; otherwise one event would fix all others.
    Without an event, the size is ``gap``.
    """
    sizes = np.array(counts or [min(gap, points)])
    rng = np.random.default_rng(seed)
    shape = 1 + len(sizes) / (relative_variance(sizes) + 1 / len(sizes))
    scales = shape / rng.gamma(shape, size=draws) if counts else np.ones(draws)
    events = rng.poisson(rng.gamma(len(counts) + 0.5, size=draws) * new / points)
    sums, ends = np.append(0, np.cumsum(rng.choice(sizes, events.sum()))), np.cumsum(events)
    low, high = np.quantile(scales * (sums[ends] - sums[ends - events]) / new, [0.025, 0.975])
    return float(min(low, 1.0)), float(min(high, 1.0))


def relative_variance(sizes: Array | list[int]) -> float:
    """Return the variance of positive numbers relative to their squared mean."""
    return float(np.var(sizes) / np.mean(sizes) ** 2)


def contiguous_folds(pieces: list[Array], count: int, least: int) -> Iterator[tuple[list[Array], list[Array]]]:
    """Yield (training, held-out) pieces for ``count`` contiguous folds of the data.

    Parts of a piece with fewer than ``least`` points are omitted.
    """
    starts = np.cumsum([0, *map(len, pieces)])
    for a, b in pairwise(np.arange(count + 1) * starts[-1] // count):
        cuts = [np.clip([a - start, b - start], 0, len(piece)) for piece, start in zip(pieces, starts, strict=False)]
        known = [rest for piece, (i, j) in zip(pieces, cuts, strict=True) for rest in (piece[:i], piece[j:])]
        held = [piece[i:j] for piece, (i, j) in zip(pieces, cuts, strict=True)]
        yield [p for p in known if len(p) >= least], [p for p in held if len(p) >= least]
