"""Histograms of all positions of the sliding windows, computed from the series without copies of windows (numba)."""

from __future__ import annotations

import numba
import numpy as np
from numba import types

from detectors.core import Array

BLOCK = 4096  # window scores that stay in the first-level cache during the loop over positions
# Explicit types, so that each loop is compiled only once, not again for read-only arrays or other memory layouts.
SERIES, TABLE = (types.Array(types.float64, axes, "C", readonly=True) for axes in (1, 2))


@numba.njit(cache=True, inline="always")
def _bin(value: float, edges: Array, scale: float) -> int:
    """Return the bin [edge, next edge) of a value inside of the range; the last bin is closed."""
    # Rounding can shift the computed bin by one; the edges decide, as in numpy.histogram.
    last = len(edges) - 2
    k = min(max(int((value - edges[0]) * scale), 0), last)
    if value < edges[k]:
        k -= 1
    elif k < last and value >= edges[k + 1]:
        k += 1
    return k


@numba.njit(cache=True, inline="always")
def _bin_below(value: float, edges: Array, scale: float) -> int:
    """Return the bin (edge, next edge] of a value, clipped to the range."""
    last = len(edges) - 2
    k = min(max(int((value - edges[0]) * scale), 0), last)
    if k > 0 and value <= edges[k]:
        k -= 1
    elif k < last and value > edges[k + 1]:
        k += 1
    return k


@numba.njit(types.int64(TABLE, types.int64), cache=True)
def _run_of_equal_edges(edges: Array, first: int) -> int:
    """Return the end of the run of positions with equal edges; runs are long, as extremes are rarely at the ends."""
    last = first + 1
    while last < len(edges) and (edges[last] == edges[first]).all():
        last += 1
    return last


@numba.njit(types.void(SERIES, TABLE, types.float64[:, ::1]), cache=True)
def count(x: Array, edges: Array, counts: Array) -> None:
    """Add the windows of an (n,) series to the (window, bins) ``counts``; ``edges`` is (window, bins + 1)."""
    window, bins = counts.shape
    windows = len(x) - window + 1
    first = 0
    while first < window:
        last, row = _run_of_equal_edges(edges, first), edges[first]
        scale = bins / (row[bins] - row[0])
        column = np.zeros(bins)
        for i in range(first, windows + first):
            column[_bin(x[i], row, scale)] += 1.0
        for j in range(first, last):
            if j > first:  # the next position has one value less at the start and one more at the end
                column[_bin(x[j - 1], row, scale)] -= 1.0
                column[_bin(x[windows + j - 1], row, scale)] += 1.0
            counts[j] += column
        first = last


@numba.njit(types.float64[::1](SERIES, TABLE, TABLE, types.float64), cache=True)
def look_up(x: Array, edges: Array, table: Array, tol: float) -> Array:
    """Sum the entries of ``table`` (window, bins) at the bins of each window's values: (n - window + 1,).

    A value on an edge is looked up in the lower bin although it was counted in the upper one. PyOD does so, and the
    published figures of series with few distinct values depend on it.
    """
    window, bins = table.shape
    total = np.zeros(len(x) - window + 1)
    found = np.empty(len(x), dtype=np.int32)
    entries = np.empty(bins + 1)  # the last one is for values outside of the range
    first = 0
    while first < window:
        last, row = _run_of_equal_edges(edges, first), edges[first]
        scale = bins / (row[bins] - row[0])
        low = row[0] - tol * (row[1] - row[0])
        high = row[bins] + tol * (row[bins] - row[bins - 1])
        for i in range(first, len(total) + last - 1):
            found[i] = _bin_below(x[i], row, scale) if low <= x[i] <= high else bins
        for a in range(0, len(total), BLOCK):
            b = min(a + BLOCK, len(total))
            for j in range(first, last):
                entries[:bins], entries[bins] = table[j], table[j].min()
                for i in range(a, b):
                    total[i] += entries[found[i + j]]
        first = last
    return total
