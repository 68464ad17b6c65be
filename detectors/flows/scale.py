"""ScaleFlow's scales: windows of one span as block means, how they are whitened and what its components say of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.core import Array, Index, Windows, moving_sum
from detectors.flows.components import LIKELIHOODS, Component, Evidence

ROWS = 4096


class CoarseWindows:
    """Windows of ``points`` block means each, ``factor`` points a block, at every position of the pieces: no copy."""

    def __init__(self, pieces: list[Array], points: int, factor: int) -> None:
        self.factor, self.span, self.lengths = factor, points * factor, [len(p) for p in pieces]
        long_enough = [p for p in pieces if len(p) >= points * factor]
        means = long_enough if factor == 1 else [moving_sum(p, factor) / factor for p in long_enough]
        self.windows = Windows(means, (points - 1) * factor + 1)

    def __len__(self) -> int:
        return len(self.windows)

    def take(self, index: Index) -> Array:
        """(k, points) copies of the windows with these numbers."""
        return self.windows.take(index)[:, :: self.factor]

    def places(self, index: Index) -> Index:
        """(k,) first rows of these windows in the fitted data, pieces as :func:`piece_places` lays them."""
        kept = np.flatnonzero([k >= self.span for k in self.lengths])
        piece = np.searchsorted(self.windows.starts, index, side="right") - 1
        return np.asarray(piece_places(self.lengths)[kept[piece]] + index - self.windows.starts[piece])


@dataclass(frozen=True)
class WindowWhitening:
    """Rotation and scaling to unit variance: lossless, for no direction is dropped."""

    mean: Array  # (points,)
    matrix: Array  # (points, points)

    @classmethod
    def fit(cls, windows: Array, noise: float, rotate: bool = True) -> WindowWhitening:
        """From (k, points) windows; no direction counts as quieter than the deviation ``noise``."""
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
    """Windows of one span, and its components."""

    points: int  # block means of a window
    factor: int  # points of each
    flows: slice  # this scale's flows in the bank
    weight: float  # of its components in the score, above 0
    whitening: WindowWhitening = field(init=False)
    # by name: (k, points) windows to (k,) scores, and what such a score says
    components: dict[str, tuple[Component, Evidence]] = field(default_factory=dict)

    @property
    def span(self) -> int:
        """Points of the series that a window covers."""
        return self.points * self.factor

    @property
    def stride(self) -> int:
        """Distance between scored windows: 8 or more of them cover each point."""
        return max(1, self.span // 8)

    @property
    def weights(self) -> list[float]:
        """Of its components in the score, in order: the likelihoods share the weight of one distance."""
        likelihoods = sum(name in LIKELIHOODS for name in self.components)
        return [self.weight / likelihoods if name in LIKELIHOODS else self.weight for name in self.components]

    def surprises(self, x: Array, place: int | None = None) -> list[Array]:
        """For each component, the (n,) mean surprise of the windows that cover each point of an (n,) series.

        One shorter than a window is continued by its last value. ``place`` is that of a part of the fitted data.
        """
        starts, surprises = self.window_surprises(x, place)
        n = max(len(x), self.span)
        # A running sum leaves traces of rounding, below zero too.
        return [np.maximum(spread(row, starts, self.span, n)[: len(x)], 0) for row in surprises]

    def window_surprises(self, x: Array, place: int | None = None) -> tuple[Index, Array]:
        """(k,) first rows of the scored windows of an (n,) series, and their (components, k) surprises."""
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


def spread(values: Array, starts: Index, span: int, n: int) -> Array:
    """(n,) mean of the values of the windows that cover each point; every point is covered."""
    total, covering = np.zeros(n + 1), np.zeros(n + 1)
    np.add.at(total, starts, values)
    np.add.at(total, starts + span, -values)
    np.add.at(covering, starts, 1.0)
    np.add.at(covering, starts + span, -1.0)
    return np.asarray(np.cumsum(total)[:n] / np.cumsum(covering)[:n])


def piece_places(lengths: list[int]) -> Index:
    """(pieces,) first row of each piece, laid so far apart that no window of one overlaps one of another."""
    return np.cumsum([0, *lengths[:-1]]) + np.arange(len(lengths)) * max(lengths)


def held_out(count: int, span: int) -> NDArray[np.bool_]:
    """Which of ``count`` windows are held out: the fourth of every five contiguous blocks.

    Blocks are longer than a window where the data permit. So most held-out windows share no point with a training
    window.
    """
    blocks = 5 * max(1, min(4, count // (10 * span)))
    return np.asarray(np.arange(count) * blocks // max(count, 1) % 5 == 3)


def exactly(numbers: Index, count: int) -> Index:
    """``count`` of the numbers, evenly spread; fewer than asked for are repeated."""
    return np.asarray(numbers[np.linspace(0, len(numbers) - 1, count).astype(np.intp)])
