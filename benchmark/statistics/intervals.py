"""Intervals: for one further seed, and for the difference of two detectors by a paired bootstrap.

The points of a series are not independent, so the bootstrap resamples stretches of points. Each labelled segment is
one unit; the normal points are divided into blocks of consecutive points. Segments and blocks are resampled
separately, so that each resample has both classes. With several series, the series are resampled, too (two levels).

Both detectors are measured on the same resamples. The AUROC of a resample is exact. It needs only the number of
correctly ranked (anomalous, normal) pairs of each segment and block: one matrix. Series with equal labels (Genesis)
are channels of one recording, so the same segments and blocks are drawn for all of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.metrics import Floats, Labels, check, segments


def seed_interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Compute Student's prediction interval for the value of one further seed, from those of two or more.

    Parameters
    ----------
    values : (n_seeds,) array
        One finite value per seed.
    level : float
        Coverage, in (0, 1).
    """
    from scipy import special  # scipy.stats takes half a second to load

    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or len(x) < 2 or not np.isfinite(x).all():
        raise ValueError(f"expected one finite value per seed, of two seeds or more, got {x}")
    half = special.stdtrit(len(x) - 1, (1 + level) / 2) * x.std(ddof=1) * np.sqrt(1 / len(x) + 1)
    return float(x.mean() - half), float(x.mean() + half)


MAX_BLOCKS = 100


class Pair(NamedTuple):
    """Labels and two scores of one series; ``block`` is the least length of a block of normal points (a period)."""

    labels: NDArray[np.uint8]
    scores: NDArray[np.float64]
    rival: NDArray[np.float64]
    block: int = 1


class Comparison(NamedTuple):
    """Outcome of a paired bootstrap."""

    difference: float  # AUROC of the detector minus the rival's, as observed; mean over the series
    low: float = float("nan")  # percentile interval of the difference; NaN if there is none
    high: float = float("nan")


def paired_bootstrap(pairs: Sequence[Pair], n_boot: int = 2000, level: float = 0.95, seed: int = 0) -> Comparison:
    """Compare a detector with a rival on one or several series.

    Parameters
    ----------
    pairs : sequence of Pair
        The series of one data set, each with the detector's and the rival's scores.
    n_boot : int
        Number of resamples.
    level : float
        Coverage of the interval, in (0, 1).
    seed : int

    Returns
    -------
    Comparison
        For one series, its segments and blocks are resampled: the interval is about that series alone. For several,
        the series are resampled, too: the interval is about series like these. With fewer than two segments in all
        there is no interval; with fewer than about six, it is too narrow.

    Raises
    ------
    Undefined
        If a series has labels of one class.
    ValueError
        If ``pairs`` is empty, or arrays do not match.
    """
    if not pairs:
        raise ValueError("paired_bootstrap needs at least one series")
    drawn = [_draws(pair, n_boot, seed) for pair in pairs]
    observed = float(np.mean([d.observed for d in drawn]))
    if sum({d.recording: d.n_segments for d in drawn}.values()) < 2:  # once per recording
        return Comparison(observed)
    rng = np.random.default_rng(seed)
    table = np.stack([d.differences for d in drawn])
    chosen = rng.integers(len(pairs), size=table.shape) if len(pairs) > 1 else np.zeros(table.shape, dtype=np.int64)
    means = np.take_along_axis(table, chosen, axis=0).mean(axis=0)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Comparison(observed, float(low), float(high))


class _Draws(NamedTuple):
    observed: float
    differences: Floats  # (n_boot,)
    n_segments: int
    recording: int  # equal for series with equal labels


def _draws(pair: Pair, n_boot: int, seed: int) -> _Draws:
    """Compute the differences of AUROC over resamples of the segments and blocks of one series."""
    labels, scores = check(pair.labels, pair.scores)
    _, rival = check(pair.labels, pair.rival)
    recording = zlib.crc32(labels.tobytes())
    rng = np.random.default_rng([seed, recording])
    heads, blocks = _units(labels, pair.block)
    surplus = _right_pairs(labels, scores, heads, blocks) - _right_pairs(labels, rival, heads, blocks)
    n_positive = np.diff(np.append(heads, int(labels.sum())))
    n_negative = np.diff(np.append(blocks, int(np.sum(labels == 0))))
    a = rng.multinomial(len(heads), np.full(len(heads), 1 / len(heads)), size=n_boot).astype(np.float64)
    b = rng.multinomial(len(blocks), np.full(len(blocks), 1 / len(blocks)), size=n_boot).astype(np.float64)
    differences = np.sum((a @ surplus) * b, axis=1) / ((a @ n_positive) * (b @ n_negative))
    observed = float(surplus.sum() / (n_positive.sum() * n_negative.sum()))
    return _Draws(observed, differences, len(heads), recording)


def _units(labels: Labels, block: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the start of each segment among the anomalous points, and of each block among the normal points."""
    starts, stops = segments(labels)
    n_negative = int(np.sum(labels == 0))
    n_blocks = int(np.clip(n_negative // max(block, 1), 2, MAX_BLOCKS)) if n_negative > 1 else 1
    heads = np.cumsum(stops - starts) - (stops - starts)
    return heads, np.linspace(0, n_negative, n_blocks, endpoint=False).astype(np.int64)


def _right_pairs(labels: Labels, scores: Floats, heads: NDArray[np.int64], blocks: NDArray[np.int64]) -> Floats:
    """Count the correctly ranked (anomalous, normal) pairs of points, by (segments, blocks); ties count half."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    counts = np.empty((len(heads), len(blocks)))
    for i, part in enumerate(np.split(negative, blocks[1:])):
        ordered = np.sort(part)
        below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
        counts[:, i] = np.add.reduceat(below, heads) / 2
    return counts
