"""Histograms of every position of the sliding windows, read from the series itself (numba)."""

from __future__ import annotations

import numba
import numpy as np

from detectors._base import Array

BLOCK = 4096  # window scores that stay in the first-level cache while the positions pass by


@numba.njit(cache=True, inline="always")
def _bin(value: float, edges: Array, scale: float) -> int:
    """Bin [edge, next edge) of a value inside of the range; the last one is closed."""
    # The arithmetic guess can be one off by rounding; the edges decide, as in numpy.histogram.
    last = len(edges) - 2
    k = min(max(int((value - edges[0]) * scale), 0), last)
    if value < edges[k]:
        k -= 1
    elif k < last and value >= edges[k + 1]:
        k += 1
    return k


@numba.njit(cache=True, inline="always")
def _bin_below(value: float, edges: Array, scale: float) -> int:
    """Bin (edge, next edge] of a value, clipped to the range."""
    last = len(edges) - 2
    k = min(max(int((value - edges[0]) * scale), 0), last)
    if k > 0 and value <= edges[k]:
        k -= 1
    elif k < last and value > edges[k + 1]:
        k += 1
    return k


@numba.njit(cache=True)
def count(x: Array, edges: Array, counts: Array) -> None:
    """Add the windows of an (n,) series to the (window, bins) ``counts``; ``edges`` is (window, bins + 1)."""
    window, bins = counts.shape
    for j in range(window):
        row = edges[j]
        scale = bins / (row[bins] - row[0])
        for i in range(j, len(x) - window + 1 + j):
            counts[j, _bin(x[i], row, scale)] += 1.0


@numba.njit(cache=True)
def look_up(x: Array, edges: Array, table: Array, tol: float) -> Array:
    """Sum over the positions of ``table`` (window, bins) at the value's bin: (n - window + 1,).

    A value on an edge is looked up below it although it was counted above: PyOD does so, and the
    published figures of series with few distinct values hang on it.
    """
    window, bins = table.shape
    total = np.zeros(len(x) - window + 1)
    for a in range(0, len(total), BLOCK):
        b = min(a + BLOCK, len(total))
        for j in range(window):
            row = edges[j]
            scale = bins / (row[bins] - row[0])
            low = row[0] - tol * (row[1] - row[0])
            high = row[bins] + tol * (row[bins] - row[bins - 1])
            rarest = table[j].min()
            for i in range(a, b):
                value = x[i + j]
                total[i] += table[j, _bin_below(value, row, scale)] if low <= value <= high else rarest
    return total
