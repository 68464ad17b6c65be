"""What stands out from a series' own ordinary peaks: laws for the scores' maxima, and thresholds from them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from detectors import Array

QUARTILES = (0.25, 0.75)
EVENTS = 4  # one peak in so many may belong to an event
RARE, FIVE = 10, 5  # likewise of a detector by itself: what it sees more often is ordinary for the series
TAIL = (20, 100)  # fewest and most of the highest ordinary peaks that the tail is fitted to: a quarter, where between
COARSE = 2e-3  # of a score: peaks that differ by less are alike
ALIKE = 3.0  # detectors that count as one when they share false alerts: most of them see the same peaks
MOST = 50.0  # surprise beyond which nothing is gained, so that one detector cannot outshout the others


@dataclass(frozen=True)
class OrdinaryPeaks:
    """A Gumbel law for the highest score of each block, fitted to the quartiles of the blocks' maxima.

    Quartiles tolerate anomalies in up to a quarter of the blocks. The tail is exponential, as in peaks over threshold
    with shape 0. That is too careful for lighter tails.
    """

    location: float
    scale: float
    blocks: int  # blocks in the scored series

    @classmethod
    def fit(cls, scores: Array, window: int) -> OrdinaryPeaks:
        """From (n,) scores, in blocks of half a window."""
        return cls.of(block_maxima(scores, window), float(np.median(scores)))

    @classmethod
    def of(cls, maxima: Array, usual: float) -> OrdinaryPeaks:
        """From the maxima of blocks, and the usual score, above which they lie."""
        low, middle, high = np.quantile(maxima, [QUARTILES[0], 0.5, QUARTILES[1]])
        scale = (high - low) / (_reduced(QUARTILES[1]) - _reduced(QUARTILES[0]))
        least = 1e-3 * (middle - usual)  # where half of the blocks are alike
        scale = max(float(scale), float(least), COARSE * abs(float(middle)), 1e-9)
        return cls(float(middle - scale * _reduced(0.5)), scale, len(maxima))

    def surprise(self, scores: Array) -> Array:
        """(n,) minus logarithms of the chance that an ordinary block reaches such a score, for small chances."""
        return np.asarray((scores - self.location) / self.scale)

    def threshold(self, false_alerts: float) -> float:
        """Score that ordinary peaks of a series as long as this one are expected to reach so many times."""
        share = min(false_alerts / self.blocks, 0.5)
        return self.location + self.scale * _reduced(1 - share)


def return_level(scores: Array, window: int, false_alerts: float, events: int = EVENTS) -> float:
    """Score that ordinary peaks of a series as long as this one are expected to reach so many times.

    Peaks, one in each half of a window, over threshold, decided outward (Kimber 1982, "Tests for many outliers in an
    exponential sample"). At first the highest quarter of the peaks is taken for events. The lowest of them joins the
    ordinary ones until it stands out from their tail. So events do not hide each other, and a heavy tail of ordinary
    peaks is no event. With another ``events`` than 4 it is one peak in so many, but the highest five where a quarter is
    more.
    """
    peaks = np.sort(block_maxima(scores, window))
    sums, usual = np.append(0.0, np.cumsum(peaks)), float(np.median(scores))
    most, half = max(len(peaks) // events, min(FIVE, len(peaks) // EVENTS)), _step(peaks) / 2
    for ordinary in range(len(peaks) - most, len(peaks)):
        level = _tail_level(peaks[:ordinary], sums, usual, false_alerts) + half
        if peaks[ordinary] >= level:
            return level
    return _tail_level(peaks, sums, usual, false_alerts) + half


def _step(peaks: Array) -> float:
    """Smallest difference between ascending peaks that are not alike: values that were rounded have rounded scores."""
    steps = np.diff(peaks)
    real = steps[steps > COARSE * np.abs(peaks[1:])]
    return float(real.min()) if len(real) > 2 else 0.0


def _tail_level(peaks: Array, sums: Array, usual: float, false_alerts: float) -> float:
    """Score that so many of these ascending peaks are expected to reach, by an exponential law for the highest.

    Its predictive distribution is taken, a Pareto law, which counts that a scale from few peaks is uncertain.
    ``sums`` are those of all peaks before each.
    """
    count = len(peaks)
    wanted = min(max(TAIL[0], min(TAIL[1], count // 4)), max(1, count - 1))
    below = int(np.searchsorted(peaks, peaks[count - wanted]))  # peaks that tie there are all in the tail
    base = float(peaks[below - 1]) if below else min(usual, float(peaks[0]))
    tail = count - below
    excess = float(sums[count] - sums[below]) / tail - base
    scale = max(excess, COARSE * abs(base), 1e-9)
    return base + scale * tail * float((tail / min(false_alerts, tail / 2)) ** (1 / tail) - 1)


def block_maxima(scores: Array, window: int) -> Array:
    """Highest of the (n,) scores in each half of a window."""
    block = max(3, window // 2)
    count = max(1, len(scores) // block)
    return np.asarray(scores[: count * block].reshape(count, -1).max(axis=1))


def _reduced(share: float) -> float:
    """Quantile of the standard Gumbel law."""
    return -float(np.log(-np.log1p(share - 1)))


def joined(scores: list[Array], usual: list[OrdinaryPeaks]) -> Array:
    """(n,) mean surprise of several detectors, none counting below 0 or beyond :data:`MOST`."""
    total = np.zeros(len(scores[0]))
    for mine, ordinary in zip(scores, usual, strict=True):
        total += np.clip(ordinary.surprise(mine), 0, MOST)
    return total / len(scores)


@dataclass(frozen=True)
class Ensemble:
    """One score from several detectors: the mean surprise of those that suit the series, and each other one by itself.

    What one detector alone sees clearly is lost in a mean. So each part is measured from its usual score, 0, to its
    return level, 1, and the highest part counts. One detector by itself keeps its scores.
    """

    usual: list[OrdinaryPeaks]  # of the first detectors, whose mean surprise is one part
    # usual score and return level of each part; none for one detector, and for the plain mean of a model saved by an
    # earlier release
    parts: list[tuple[float, float]]

    @classmethod
    def fit(cls, scores: list[Array], chosen: int, window: int, false_alerts: float) -> Ensemble:
        """From (n,) scores of each detector, the ``chosen`` ones first."""
        usual = [OrdinaryPeaks.fit(each, window) for each in scores[:chosen]]
        if len(scores) == 1:
            return cls(usual, [])
        return cls(usual, []).leveled(scores, window, false_alerts)

    def leveled(self, scores: list[Array], window: int, false_alerts: float) -> Ensemble:
        """The same detectors with the levels of these scores; they share the false alerts that are expected."""
        parts = self._parts(scores)
        share = false_alerts / max(1.0, len(parts) / ALIKE)
        events = [EVENTS, *[RARE] * len(parts[1:])]
        levels = [return_level(p, window, share, n) for p, n in zip(parts, events, strict=True)]
        return replace(self, parts=[(float(np.median(p)), level) for p, level in zip(parts, levels, strict=True)])

    def raised(self, other: Ensemble) -> Ensemble:
        """With the higher level of the two for each part."""
        pairs = zip(self.parts, other.parts, strict=True)
        return replace(self, parts=[(usual, max(level, theirs)) for (usual, level), (_, theirs) in pairs])

    def __call__(self, scores: list[Array]) -> Array:
        """(n,) scores of all together; 1 = the return level."""
        parts = self._parts(scores)
        if not self.parts:
            return parts[0]
        heights = [(p - usual) / max(level - usual, 1e-9) for p, (usual, level) in zip(parts, self.parts, strict=True)]
        return np.asarray(np.max(heights, axis=0))

    def _parts(self, scores: list[Array]) -> list[Array]:
        chosen = len(self.usual)
        first = scores[0] if chosen == 1 else joined(scores[:chosen], self.usual)
        return [first, *scores[chosen:]]
