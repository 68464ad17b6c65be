"""Windows of a series as views, their normalisation, and the conversion of window scores to point scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from detectors.core.arrays import Array

Alignment = Literal["centre", "centre-low", "start", "end", "mean", "max"]
Scaling = Literal["none", "z"]
RoundedScaling = Literal["none", "z", "z-summed"]  # z-summed: constant windows depend on the rounding of their mean


class Windows:
    """All windows of stride 1 of one or more pieces, as views.

    Parameters
    ----------
    pieces : list of (n_i,) arrays
        No window extends from one piece into the next; pieces shorter than ``window`` have none.
    window : int
        Window length in points.

    Examples
    --------
    >>> import numpy as np
    >>> from detectors import Windows
    >>> windows = Windows([np.arange(5.0), np.arange(3.0)], window=3)
    >>> windows.shape
    (4, 3)
    >>> [block.shape for _, block in windows.chunks()]
    [(3, 3), (1, 3)]
    """

    def __init__(self, pieces: list[Array], window: int) -> None:
        self.window = window
        self.pieces: list[Array] = [p for p in pieces if len(p) >= window]
        self.views: list[Array] = [sliding_window_view(p, window) for p in self.pieces]
        self.starts = np.cumsum([0] + [len(view) for view in self.views])

    def __len__(self) -> int:
        return int(self.starts[-1])

    @property
    def shape(self) -> tuple[int, int]:
        """(number of windows, window length)."""
        return len(self), self.window

    def chunks(self, rows: int | None = None) -> Iterator[tuple[slice, Array]]:
        """Yield blocks of windows in order: ``(slice into 0..len, (k, window) view)``.

        By default a block has about 2 MiB of float64, which fits the cache. A block never spans two pieces.
        """
        step = rows or max(1, (1 << 18) // self.window)
        for offset, view in zip(self.starts, self.views, strict=False):
            for a in range(0, len(view), step):
                block = view[a : a + step]
                yield slice(int(offset) + a, int(offset) + a + len(block)), block

    def take(self, index: NDArray[np.intp]) -> Array:
        """Return the windows with these indices, a (k, window) copy."""
        index = np.asarray(index, dtype=np.intp)
        out = np.empty((len(index), self.window))
        piece = np.searchsorted(self.starts, index, side="right") - 1
        for k, view in enumerate(self.views):
            mine = piece == k
            if mine.any():
                out[mine] = view[index[mine] - self.starts[k]]
        return out

    def sample(self, most: int, seed: int | None) -> Array:
        """Return at most ``most`` windows, drawn without replacement and in order, as a (k, window) copy."""
        if len(self) <= most:
            return self.take(np.arange(len(self)))
        return self.take(np.sort(np.random.default_rng(seed).choice(len(self), most, replace=False)))


def windows_to_points(scores: Array, window: int, align: Alignment = "centre") -> Array:
    """Convert window scores to point scores.

    Parameters
    ----------
    scores : (n - window + 1,) array
        Score of the window that starts at each position.
    window : int
        Window length.
    align : {"centre", "centre-low", "start", "end", "mean", "max"}
        ``centre`` assigns a window's score to its middle point, as the published TSB-UAD scripts do. The first score
        is repeated ceil((window - 1) / 2) times at the beginning, the last floor((window - 1) / 2) times at the end.
        ``centre-low`` gives these points the lowest score, as TSB-AD does for the matrix profile.
        ``start`` and ``end`` assign it to the window's first or last point. ``mean`` and ``max`` are taken over all
        windows that cover a point.

    Returns
    -------
    (n,) array
    """
    margin = window - 1
    if align in ("mean", "max"):
        return _join_covering(scores, window, align)
    before = {"centre": (margin + 1) // 2, "centre-low": (margin + 1) // 2, "start": 0, "end": margin}.get(align)
    if before is None:
        raise ValueError(f"align must be one of {', '.join(get_args(Alignment))}, got {align!r}")
    if align == "centre-low":
        return np.pad(scores, (before, margin - before), constant_values=scores.min())
    return np.pad(scores, (before, margin - before), mode="edge")


def _join_covering(scores: Array, window: int, align: Alignment) -> Array:
    n = len(scores) + window - 1
    if align == "max":
        padded = np.pad(scores, window - 1, constant_values=-np.inf)
        return np.asarray(sliding_window_view(padded, window).max(axis=1))
    total = _covering_sum(scores, window)
    covering = np.minimum(np.minimum(np.arange(1, n + 1), np.arange(n, 0, -1)), min(window, len(scores)))
    return np.asarray(total / covering)


def _covering_sum(scores: Array, window: int) -> Array:
    """Sum the scores of the windows that cover each point, from sums of 1, 2, 4 ... windows, without subtraction.

    A running sum would carry the rounding error of one huge score to all later points.
    """
    doubled = np.pad(scores, window - 1)
    n, width, at = len(scores) + window - 1, 1, 0
    total = np.zeros(n)
    while width <= window:
        if window & width:
            total += doubled[at : at + n]
            at += width
        doubled = doubled[:-width] + doubled[width:]
        width *= 2
    return total


def moving_sum(x: NDArray[Any], width: int) -> Array:
    """Return the (n - width + 1,) sums of ``width`` consecutive values."""
    summed = np.concatenate([[0.0], np.cumsum(x)])
    return np.asarray(summed[width:] - summed[:-width])


def min_max(windows: Array, least: float = 5e-324) -> Array:
    """Scale each of (k, window) windows to 0..1 by its minimum and maximum; to 0 if its range is below ``least``."""
    columns = windows.T  # overlapping windows: values along a column are contiguous in memory
    low = columns.min(axis=0)
    spread = columns.max(axis=0) - low
    scaled = columns - low
    scaled /= np.where(spread < least, 1.0, spread)
    return np.asarray(scaled.T)


def z_normalised(windows: Array, exact: bool = True) -> Array:
    """Scale (k, window) windows to mean 0 and sample standard deviation 1; constant windows become zeros.

    Without ``exact`` that holds only for a constant window whose summed mean equals the constant to the last bit. All
    values of another become about .99 or -.99.
    """
    mean, deviation = _moments(windows.T, exact)
    return np.asarray(((windows.T - mean) / deviation).T)


def window_moments(windows: Windows, exact: bool = True) -> tuple[Array, Array]:
    """Return mean and sample standard deviation of each window, (n_windows,) each; constant windows have deviation 1.

    Without ``exact``, a constant window whose summed mean is rounded has the tiny deviation that follows.
    """
    parts = [_moments(block.T, exact) for _, block in windows.chunks()]
    return np.concatenate([mean for mean, _ in parts]), np.concatenate([deviation for _, deviation in parts])


def _moments(columns: Array, exact: bool) -> tuple[Array, Array]:
    """Compute :func:`window_moments` of (window, k) columns; no digit depends on a window's place in its block."""
    count = columns.shape[1]
    if not exact:
        # In this layout NumPy sums the values one after the other, but those of a single column pairwise.
        columns = np.repeat(columns, 2, axis=1) if count == 1 else np.ascontiguousarray(columns)
    mean = columns.mean(axis=0)
    deviation = np.sqrt(((columns - mean) ** 2).sum(axis=0) / max(len(columns) - 1, 1))
    flat = deviation == 0
    if exact:
        flat |= (columns == columns[0]).all(axis=0)
    return np.where(flat, columns[0], mean)[:count], np.where(flat, 1.0, deviation)[:count]


def evenly_spaced(count: int, limit: int) -> NDArray[np.intp]:
    """Return at most ``limit`` of the indices 0..count - 1, evenly spaced, the ends included."""
    return np.linspace(0, count - 1, min(count, limit)).astype(np.intp)
