"""Distributions of a series' ordinary peaks (maxima of scores), and thresholds from them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from detectors import Array

QUARTILES = (0.25, 0.75)
EVENTS = 4  # at most one peak in so many may belong to an event
RARE, FIVE = 10, 5  # the same for a detector by itself: peaks that it sees more often are ordinary for the series
TAIL = (20, 100)  # the tail is fitted to the highest quarter of the ordinary peaks, but to 20 to 100 of them
COARSE = 2e-3  # relative difference of scores below which peaks count as equal
ALIKE = 3.0  # detectors that count as one when false alerts are shared out, because most see the same peaks
MOST = 50.0  # upper limit of a surprise, so that one detector cannot dominate the others


@dataclass(frozen=True)
class OrdinaryPeaks:
    """A Gumbel distribution for the highest score of each block, fitted to the quartiles of the blocks' maxima.

    Quartiles tolerate anomalies in up to a quarter of the blocks. The tail is exponential, as in peaks over threshold
    with shape 0; for lighter tails thresholds are too high.
    """

    location: float
    scale: float
    blocks: int  # blocks in the scored series

    @classmethod
    def fit(cls, scores: Array, window: int) -> OrdinaryPeaks:
        """Fit to (n,) scores, in blocks of half a window."""
        return cls.fit_maxima(block_maxima(scores, window), float(np.median(scores)))

    @classmethod
    def fit_maxima(cls, maxima: Array, usual: float) -> OrdinaryPeaks:
        """Fit to the maxima of blocks; ``usual`` is the median score."""
        low, middle, high = np.quantile(maxima, [QUARTILES[0], 0.5, QUARTILES[1]])
        scale = (high - low) / (_gumbel_quantile(QUARTILES[1]) - _gumbel_quantile(QUARTILES[0]))
        least = 1e-3 * (middle - usual)  # if half of the blocks have equal maxima
        scale = max(float(scale), float(least), COARSE * abs(float(middle)), 1e-9)
        return cls(float(middle - scale * _gumbel_quantile(0.5)), scale, len(maxima))

    def surprise(self, scores: Array) -> Array:
        """Return (n,) surprises: about minus the logarithm of the probability that an ordinary block scores as high."""
        return np.asarray((scores - self.location) / self.scale)

    def threshold(self, false_alerts: float) -> float:
        """Return the score that ordinary peaks of this series are expected to reach ``false_alerts`` times."""
        share = min(false_alerts / self.blocks, 0.5)
        return self.location + self.scale * _gumbel_quantile(1 - share)


def return_level(scores: Array, window: int, false_alerts: float, events: int = EVENTS, slopes: bool = False) -> float:
    """Return the score that ordinary peaks of this series are expected to reach ``false_alerts`` times.

    Peaks are the maxima of half windows. Events are separated from ordinary peaks by outward testing (Kimber 1982,
    "Tests for many outliers in an exponential sample"): first the highest quarter of the peaks count as events. The
    lowest of them becomes ordinary, until the next one stands out from the tail of the ordinary ones. So events do not
    mask each other, and a heavy tail of ordinary peaks is no event. With ``events`` other than 4 testing starts from
    one peak in ``events``, or from the highest five if these are more (but at most a quarter). With ``slopes``
    the highest :func:`hills`, at most 100, are tested in the same way if no peak stands out. An ensemble does without:
    what one part misses, others see, and further tests would cost it false alerts.
    """
    peaks, usual = np.sort(maxima := block_maxima(scores, window)), float(np.median(scores))
    half = _step(peaks) / 2

    def lowest_event(count: int) -> int:
        return count - max(count // events, min(FIVE, count // EVENTS))

    first = lowest_event(len(peaks))
    tests: list[tuple[Array, Iterable[Array]]] = [(peaks[:first], peaks[first:, None])]
    if slopes:
        groups = hills(maxima)
        first = max(lowest_event(len(groups)), len(groups) - TAIL[1])
        tests.append((np.sort(np.concatenate(groups[:first])), groups[first:]))
    for lower, higher in tests:
        ordinary = lower.tolist()
        for group in higher:
            level = _tail_level(ordinary, usual, false_alerts) + half
            if group[-1] >= level:
                return level
            for peak in group.tolist():
                insort(ordinary, peak)
    return _tail_level(ordinary, usual, false_alerts) + half


def hills(peaks: Array) -> list[Array]:
    """Group (n,) peaks into hills: a local maximum with the descending peaks on both sides; the lowest hill first.

    An event raises the scores of all windows that cover a part of it. Without their hill these slopes would count as
    ordinary, and stretch the tail until the event no longer stands out. Each hill is ascending.
    """
    before, after = np.append(-np.inf, peaks[:-1]), np.append(peaks[1:], -np.inf)
    top = np.arange(len(peaks))
    top = top - ((before > peaks) & (before >= after)) + ((after > peaks) & (after > before))
    while np.any(top != top[top]):
        top = top[top]
    order = np.lexsort((peaks, top, peaks[top]))
    return np.split(peaks[order], np.flatnonzero(np.diff(top[order])) + 1)


def _step(peaks: Array) -> float:
    """Return the smallest difference between unequal ascending peaks: the resolution of scores of rounded values."""
    steps = np.diff(peaks)
    real = steps[steps > COARSE * np.abs(peaks[1:])]
    return float(real.min()) if len(real) > 2 else 0.0


def _tail_level(peaks: list[float], usual: float, false_alerts: float) -> float:
    """Return the score that ``false_alerts`` of these ascending peaks are expected to reach, by an exponential tail.

    The predictive distribution is used, a Pareto distribution, which allows for the uncertain scale of few peaks.
    """
    count = len(peaks)
    wanted = min(max(TAIL[0], min(TAIL[1], count // 4)), max(1, count - 1))
    lowest = peaks[count - wanted]
    below, tied = bisect_left(peaks, lowest), bisect_right(peaks, lowest)  # all peaks that tie with the lowest count
    base = peaks[below - 1] if below else min(usual, peaks[0])
    tail = count - below
    excess = ((tied - below) * lowest + sum(peaks[tied:])) / tail - base
    scale = max(excess, COARSE * abs(base), 1e-9)
    return base + scale * tail * float((tail / min(false_alerts, tail / 2)) ** (1 / tail) - 1)


def block_maxima(scores: Array, window: int) -> Array:
    """Return the maximum of the (n,) scores in each block of half a window."""
    block = max(3, window // 2)
    count = max(1, len(scores) // block)
    return np.asarray(scores[: count * block].reshape(count, -1).max(axis=1))


def _gumbel_quantile(share: float) -> float:
    """Return a quantile of the standard Gumbel distribution."""
    return -float(np.log(-np.log1p(share - 1)))


def mean_surprise(scores: list[Array], usual: list[OrdinaryPeaks]) -> Array:
    """Return the (n,) mean surprise of several detectors, each clipped to 0 and :data:`MOST`."""
    total = np.zeros(len(scores[0]))
    for mine, ordinary in zip(scores, usual, strict=True):
        total += np.clip(ordinary.surprise(mine), 0, MOST)
    return total / len(scores)


@dataclass(frozen=True)
class Ensemble:
    """Combine the scores of several detectors: the mean surprise of the chosen ones, and each other one by itself.

    A mean would hide an event that only one detector sees. So each part is scaled from its median score, 0, to its
    return level, 1, and the highest part counts. A single detector keeps its scores.
    """

    usual: list[OrdinaryPeaks]  # of the chosen detectors, whose mean surprise is the first part
    # median score and return level of each part; empty for a single detector, and for the plain mean of a model saved
    # by an earlier release
    parts: list[tuple[float, float]]

    @classmethod
    def fit(cls, scores: list[Array], chosen: int, window: int, false_alerts: float) -> Ensemble:
        """Fit to (n,) scores of each detector; the first ``chosen`` ones are the chosen detectors."""
        usual = [OrdinaryPeaks.fit(each, window) for each in scores[:chosen]]
        if len(scores) == 1:
            return cls(usual, [])
        return cls(usual, []).with_levels(scores, window, false_alerts)

    def with_levels(self, scores: list[Array], window: int, false_alerts: float) -> Ensemble:
        """Return the ensemble with return levels from these scores; its parts share the expected false alerts."""
        parts = self._parts(scores)
        share = false_alerts / max(1.0, len(parts) / ALIKE)
        events = [EVENTS, *[RARE] * len(parts[1:])]
        levels = [return_level(p, window, share, n) for p, n in zip(parts, events, strict=True)]
        return replace(self, parts=[(float(np.median(p)), level) for p, level in zip(parts, levels, strict=True)])

    def with_higher_levels(self, other: Ensemble) -> Ensemble:
        """Return the ensemble with the higher of both return levels for each part."""
        pairs = zip(self.parts, other.parts, strict=True)
        return replace(self, parts=[(usual, max(level, theirs)) for (usual, level), (_, theirs) in pairs])

    def __call__(self, scores: list[Array]) -> Array:
        """Return the combined (n,) scores; 1 = the return level."""
        parts = self._parts(scores)
        if not self.parts:
            return parts[0]
        heights = [(p - usual) / max(level - usual, 1e-9) for p, (usual, level) in zip(parts, self.parts, strict=True)]
        return np.asarray(np.max(heights, axis=0))

    def _parts(self, scores: list[Array]) -> list[Array]:
        chosen = len(self.usual)
        first = scores[0] if chosen == 1 else mean_surprise(scores[:chosen], self.usual)
        return [first, *scores[chosen:]]
