"""The scales of ScaleFlow: windows of one span as block means, their whitening, and the components that score them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.core import Array, Index, Windows, moving_sum
from detectors.flows.components import LIKELIHOODS, Component, Evidence

ROWS = 4096


class CoarseWindows:
    """All windows of stride 1, each of ``points`` block means over ``factor`` points, without copies."""

    def __init__(self, pieces: list[Array], points: int, factor: int) -> None:
        self.factor, self.span, self.lengths = factor, points * factor, [len(p) for p in pieces]
        long_enough = [p for p in pieces if len(p) >= points * factor]
        means = long_enough if factor == 1 else [moving_sum(p, factor) / factor for p in long_enough]
        self.windows = Windows(means, (points - 1) * factor + 1)

    def __len__(self) -> int:
        return len(self.windows)

    def take(self, index: Index) -> Array:
        """Return (k, points) copies of the windows with these indices."""
        return self.windows.take(index)[:, :: self.factor]

    def places(self, index: Index) -> Index:
        """Return the (k,) first rows of these windows in the fitted data, with the offsets of :func:`piece_offsets`."""
        kept = np.flatnonzero([k >= self.span for k in self.lengths])
        piece = np.searchsorted(self.windows.starts, index, side="right") - 1
        return np.asarray(piece_offsets(self.lengths)[kept[piece]] + index - self.windows.starts[piece])


@dataclass(frozen=True)
class WindowWhitening:
    """Rotation and scaling to unit variance; lossless, because all directions are kept."""

    mean: Array  # (points,)
    matrix: Array  # (points, points)

    @classmethod
    def fit(cls, windows: Array, noise: float, rotate: bool = True) -> WindowWhitening:
        """Fit to (k, points) windows; deviations below ``noise`` are replaced by it."""
        mean = windows.mean(axis=0)
        if not rotate:
            deviation = np.sqrt(np.maximum(windows.var(axis=0), noise**2))
            return cls(mean, np.diag(1 / deviation))
        covariance = np.atleast_2d((windows - mean).T @ (windows - mean) / len(windows))
        variances, directions = np.linalg.eigh(covariance)
        return cls(mean, directions / np.sqrt(np.maximum(variances, noise**2)))

    def __call__(self, windows: Array) -> Array:
        return np.asarray((windows - self.mean) @ self.matrix)


@dataclass
class Scale:
    """Windows of one span, and the components that score them."""

    points: int  # number of block means of a window
    factor: int  # points per block
    flows: slice  # this scale's flows in the bank
    weight: float  # weight of its components in the score, above 0
    whitening: WindowWhitening = field(init=False)
    # by name: a score of (k, points) windows, and its conversion to surprises
    components: dict[str, tuple[Component, Evidence]] = field(default_factory=dict)

    @property
    def span(self) -> int:
        """The number of points of the series that a window covers."""
        return self.points * self.factor

    @property
    def stride(self) -> int:
        """The distance between scored windows: at least 8 of them cover each inner point."""
        return max(1, self.span // 8)

    @property
    def weights(self) -> list[float]:
        """The weights of its components in the score; the likelihoods together weigh as much as one distance."""
        likelihoods = sum(name in LIKELIHOODS for name in self.components)
        return [self.weight / likelihoods if name in LIKELIHOODS else self.weight for name in self.components]

    def surprises(self, x: Array, place: int | None = None) -> list[Array]:
        """Return for each component the (n,) mean surprise of the windows that cover each point of an (n,) series.

        A series shorter than a window is padded with its last value. ``place`` is its position in the fitted data.
        """
        starts, surprises = self.window_surprises(x, place)
        n = max(len(x), self.span)
        # Rounding errors of a running sum can be negative.
        return [np.maximum(mean_over_windows(row, starts, self.span, n)[: len(x)], 0) for row in surprises]

    def window_surprises(self, x: Array, place: int | None = None) -> tuple[Index, Array]:
        """Return the (k,) first rows of the scored windows of an (n,) series, and their (components, k) surprises."""
        padded = np.pad(x, (0, max(0, self.span - len(x))), mode="edge")
        windows = CoarseWindows([padded], self.points, self.factor)
        starts = np.unique(np.append(np.arange(0, len(windows), self.stride), len(windows) - 1))
        surprises = np.empty((len(self.components), len(starts)))
        for a in range(0, len(starts), ROWS):
            mine = windows.take(starts[a : a + ROWS])
            own = None if place is None else starts[a : a + ROWS] + place
            for row, (component, evidence) in zip(surprises, self.components.values(), strict=True):
                row[a : a + ROWS] = evidence(component(mine, own))
        return starts, surprises


def mean_over_windows(values: Array, starts: Index, span: int, n: int) -> Array:
    """Return for each of n points the mean value of the windows that cover it; every point must be covered."""
    total, covering = np.zeros(n + 1), np.zeros(n + 1)
    np.add.at(total, starts, values)
    np.add.at(total, starts + span, -values)
    np.add.at(covering, starts, 1.0)
    np.add.at(covering, starts + span, -1.0)
    return np.asarray(np.cumsum(total)[:n] / np.cumsum(covering)[:n])


def piece_offsets(lengths: list[int]) -> Index:
    """Return a (pieces,) offset for each piece, so far apart that windows of different pieces never overlap."""
    return np.cumsum([0, *lengths[:-1]]) + np.arange(len(lengths)) * max(lengths)


def held_out_mask(count: int, span: int) -> NDArray[np.bool_]:
    """Return which of ``count`` windows are held out: the fourth of every five contiguous blocks.

    If there are enough data, blocks are longer than a window, so that most held-out windows share no point with a
    training window.
    """
    blocks = 5 * max(1, min(4, count // (10 * span)))
    return np.asarray(np.arange(count) * blocks // max(count, 1) % 5 == 3)


def take_evenly(numbers: Index, count: int) -> Index:
    """Return exactly ``count`` of the numbers, evenly spaced; numbers are repeated if there are fewer."""
    return np.asarray(numbers[np.linspace(0, len(numbers) - 1, count).astype(np.intp)])
