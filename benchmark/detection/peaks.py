"""What stands out from a series' own ordinary peaks: a tail for the scores' maxima, and a threshold from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.detection.alerts import alerts

Array = NDArray[np.float64]
QUARTILES = (0.25, 0.75)
RARE, RARELY = 12, 0.02  # alerts, or alerts a window, beyond which they are no rare events
MOST = 50.0  # surprise beyond which nothing is gained, so that one detector cannot outshout the others


@dataclass(frozen=True)
class OrdinaryPeaks:
    """A Gumbel law for the highest score of each block, fitted to the quartiles of the blocks' maxima.

    Quartiles bear up to a quarter of the blocks holding anomalies. The tail is exponential, as in peaks over threshold
    with shape 0. That is too careful for lighter tails.

    Attributes
    ----------
    location, scale : float
    blocks : int
        Blocks in the scored series.
    """

    location: float
    scale: float
    blocks: int

    @classmethod
    def fit(cls, scores: Array, window: int) -> OrdinaryPeaks:
        """From (n,) scores, in blocks of half a window."""
        block = max(3, window // 2)
        count = max(1, len(scores) // block)
        return cls.of(scores[: count * block].reshape(count, -1).max(axis=1), float(np.median(scores)))

    @classmethod
    def of(cls, maxima: Array, usual: float) -> OrdinaryPeaks:
        """From the maxima of blocks, and the usual score, above which they lie."""
        low, middle, high = np.quantile(maxima, [QUARTILES[0], 0.5, QUARTILES[1]])
        scale = (high - low) / (_reduced(QUARTILES[1]) - _reduced(QUARTILES[0]))
        least = 1e-3 * (middle - usual)  # where half of the blocks are alike
        scale = max(float(scale), float(least), 1e-9 * (abs(float(middle)) or 1.0))
        return cls(float(middle - scale * _reduced(0.5)), scale, len(maxima))

    def surprise(self, scores: Array) -> Array:
        """(n,) minus logarithms of the chance that an ordinary block reaches such a score, for small chances."""
        return np.asarray((scores - self.location) / self.scale)

    def threshold(self, false_alerts: float) -> float:
        """Score that ordinary peaks of a series as long as this one are expected to reach so many times."""
        share = min(false_alerts / self.blocks, 0.5)
        return self.location + self.scale * _reduced(1 - share)


def beyond_bursts(scores: Array, threshold: float, window: int, false_alerts: float) -> float:
    """The threshold where alerts are rare; where they are many, what stands out from their own peaks.

    Events that come again and again are ordinary for a series: a second law is fitted to their peaks.

    Parameters
    ----------
    scores : (n,) array
    threshold : float
        Of :class:`OrdinaryPeaks`.
    window : int
    false_alerts : float
        Expected in the whole series.
    """
    peaks = np.array([alert.score for alert in alerts(scores, scores >= threshold, window)])
    if len(peaks) <= max(RARE, RARELY * len(scores) / window, false_alerts):
        return threshold
    return max(threshold, OrdinaryPeaks.of(peaks, float(peaks.min())).threshold(false_alerts))


def _reduced(share: float) -> float:
    """Quantile of the standard Gumbel law."""
    return -float(np.log(-np.log1p(share - 1)))


def joined(scores: list[Array], usual: list[OrdinaryPeaks]) -> Array:
    """(n,) mean surprise of several detectors, none counting below 0 or beyond :data:`MOST`."""
    total = np.zeros(len(scores[0]))
    for mine, ordinary in zip(scores, usual, strict=True):
        total += np.clip(ordinary.surprise(mine), 0, MOST)
    return total / len(scores)
