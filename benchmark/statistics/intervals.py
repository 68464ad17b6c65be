"""Intervals: of one more seed, and of a difference by a paired bootstrap.

Points of a series are no independent draws: scores and labels run in stretches. So stretches are drawn. Each
labelled segment is one unit; the normal points are cut into blocks of consecutive points. Both kinds are drawn with
replacement, separately, so that no draw lacks a class. With several series these are drawn, too (two levels).

Both scores are measured on the same draws. The AUROC of a draw is exact. It needs only how many (anomalous, normal)
pairs of each segment and block are ranked right: one matrix. Series with equal labels (Genesis) are channels of one
recording, so the same segments and blocks are drawn in all.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.metrics import Floats, Labels, check, segments


def seed_interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Student's prediction interval: where the value of one more seed is expected, from those of two or more.

    Parameters
    ----------
    values : (n_seeds,) array
        One value per seed, of equal standing; NaN is refused.
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
    """One series with two scores. ``block`` = shortest block of normal points, a period of the series."""

    labels: NDArray[np.uint8]
    scores: NDArray[np.float64]
    rival: NDArray[np.float64]
    block: int = 1


@dataclass(frozen=True)
class Comparison:
    """Outcome of a paired bootstrap."""

    difference: float  # AUROC of the detector minus the rival's, as observed; mean over the series
    low: float  # percentile interval of the difference; NaN when ``reason`` is given
    high: float
    n_segments: int  # once per recording; with fewer than about six, a bootstrap interval is too narrow
    reason: str = ""  # why nothing can be said, or ""

    @property
    def better(self) -> bool:
        """Is the whole interval above zero? False too when nothing can be said."""
        return self.low > 0


def paired_bootstrap(pairs: Sequence[Pair], n_boot: int = 2000, level: float = 0.95, seed: int = 0) -> Comparison:
    """Compare a detector with a rival on one or several series.

    Parameters
    ----------
    pairs : sequence of Pair
        The series of one data set, each with the detector's and the rival's scores.
    n_boot : int
        Draws.
    level : float
        Coverage of the interval, in (0, 1).
    seed : int

    Returns
    -------
    Comparison
        For one series: about that series alone (drawn: its segments and blocks). For several: about series like
        these (drawn: series, and segments and blocks within). With a single segment in all there is nothing to
        draw from, so ``reason`` says so.

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
    n_segments = sum({d.recording: d.n_segments for d in drawn}.values())
    if n_segments < 2:
        reason = "one anomalous segment in all: no interval can be given"
        return Comparison(observed, float("nan"), float("nan"), n_segments, reason)
    rng = np.random.default_rng(seed)
    table = np.stack([d.differences for d in drawn])
    chosen = rng.integers(len(pairs), size=table.shape) if len(pairs) > 1 else np.zeros(table.shape, dtype=np.int64)
    means = np.take_along_axis(table, chosen, axis=0).mean(axis=0)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Comparison(observed, float(low), float(high), n_segments)


class _Draws(NamedTuple):
    observed: float
    differences: Floats  # (n_boot,)
    n_segments: int
    recording: int  # equal for series with equal labels


def _draws(pair: Pair, n_boot: int, seed: int) -> _Draws:
    """Differences of the AUROC over draws of the segments and blocks of one series."""
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
    """Where each segment begins among the anomalous points, and each block among the normal points."""
    starts, stops = segments(labels)
    n_negative = int(np.sum(labels == 0))
    n_blocks = int(np.clip(n_negative // max(block, 1), 2, MAX_BLOCKS)) if n_negative > 1 else 1
    heads = np.cumsum(stops - starts) - (stops - starts)
    return heads, np.linspace(0, n_negative, n_blocks, endpoint=False).astype(np.int64)


def _right_pairs(labels: Labels, scores: Floats, heads: NDArray[np.int64], blocks: NDArray[np.int64]) -> Floats:
    """(segments, blocks) number of (anomalous, normal) pairs of points ranked right, ties counted half."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    counts = np.empty((len(heads), len(blocks)))
    for i, part in enumerate(np.split(negative, blocks[1:])):
        ordered = np.sort(part)
        below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
        counts[:, i] = np.add.reduceat(below, heads) / 2
    return counts
