"""The compiled loops of the nearest-window search: diagonals, heaps, exact distances of candidates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from detectors.core import Array, Int32

DIAGONALS = 1024  # two buffers of them, 16 KiB, stay in the first-level cache
LARGEST = 1.7e308
GROUP = 64  # diagonals whose results are tested together against the bound of a row
FAST = {"reassoc", "nsz", "contract"}


class Heaps(NamedTuple):
    """One max-heap of candidates for each of some rows, which are consecutive windows of the query."""

    squares: Array  # (rows, size) float64, squared distances, the farthest first
    starts: Int32  # (rows, size), start positions of the windows; -1: none yet


class Nearest(NamedTuple):
    """The k nearest windows of some rows, in ascending order."""

    distances: Array  # (rows, k) float64
    starts: Int32  # (rows, k); the first is -1 if the row must be computed directly


@njit(nogil=True, cache=True, fastmath=FAST)
def search_diagonals(query: Array, wide: Array, margin: int, window: int, first: int, heaps: Heaps) -> float:
    """Insert the pairs of the rows from ``first`` on with all windows into the rows' heaps, in order.

    ``wide`` is the other series with ``margin`` additional points at both ends. Return the largest squared distance at
    the start of a diagonal, which is the scale of the rounding error.
    """
    count, last = wide.shape[0] - 2 * margin - window + 1, first + heaps.squares.shape[0]
    u, v = _enter_and_leave(query[first : last + window - 1], window)
    less, more = _enter_and_leave(wide, window)
    old, new, values = np.empty(DIAGONALS), np.empty(DIAGONALS), np.empty(GROUP)
    bounds = heaps.squares[:, 0].copy()
    scale = 0.0
    for diagonal in range(1 - last, count - first, DIAGONALS):
        base = margin + diagonal
        _term_by_term(query, wide, base, window, first, old)
        scale = max(scale, old.max())
        _offer(old, first + diagonal, count, heaps, 0)
        row = first + 1
        while row + 4 <= last:
            for group in range(0, DIAGONALS, GROUP):
                shift = base + group + row
                before, after = old[group : group + GROUP], new[group : group + GROUP]
                k = row - first
                if _four_rows(less[shift:], more[shift:], u[k:], v[k:], before, after, bounds[k : k + 4]):
                    values[:] = before
                    for r in range(4):
                        if _one_row(less[shift + r :], more[shift + r :], u[k + r], v[k + r], values, bounds[k + r]):
                            _offer(values, row + r + diagonal + group, count, heaps, k + r)
                            bounds[k + r] = heaps.squares[k + r, 0]
            old, new = new, old
            row += 4
        while row < last:
            shift = base + row
            _one_row(less[shift:], more[shift:], u[row - first], v[row - first], old, 0.0)
            _offer(old, row + diagonal, count, heaps, row - first)
            row += 1
    return scale


@njit(nogil=True, cache=True)
def _enter_and_leave(x: Array, window: int) -> tuple[Array, Array]:
    """Return difference and sum of the point that enters with window i and the point that leaves."""
    less, more = np.zeros(x.shape[0]), np.zeros(x.shape[0])
    for i in range(1, x.shape[0] - window + 1):
        less[i], more[i] = x[i + window - 1] - x[i - 1], x[i + window - 1] + x[i - 1]
    return less, more


@njit(nogil=True, cache=True, fastmath=FAST)
def _term_by_term(query: Array, wide: Array, base: int, window: int, row: int, out: Array) -> None:
    """Compute the squared distances of one row on a block of diagonals, the start of their recurrences."""
    out[:] = 0.0
    for w in range(window):
        a = query[row + w]
        other = wide[base + row + w : base + row + w + DIAGONALS]
        for t in range(DIAGONALS):
            gap = a - other[t]
            out[t] += gap * gap


@njit(nogil=True, cache=True, fastmath=FAST)
def _one_row(less: Array, more: Array, u: float, v: float, values: Array, bound: float) -> int:
    """Advance by one row, in place, by p^2 - q^2 = (p - q)(p + q); return whether any distance is below the bound."""
    hit = 0
    for t in range(values.shape[0]):
        d = values[t] + (u - less[t]) * (v - more[t])
        values[t] = d
        hit |= d < bound
    return hit


@njit(nogil=True, cache=True, fastmath=FAST)
def _four_rows(less: Array, more: Array, u: Array, v: Array, old: Array, new: Array, bounds: Array) -> int:
    """Advance four rows at once; return whether any distance is below its row's bound.

    Intermediate distances stay in registers: one load and store for four pairs. LLVM vectorises no running minimum.
    """
    u0, u1, u2, u3 = u[0], u[1], u[2], u[3]
    v0, v1, v2, v3 = v[0], v[1], v[2], v[3]
    b0, b1, b2, b3 = bounds[0], bounds[1], bounds[2], bounds[3]
    hit = 0
    for t in range(GROUP):
        d0 = old[t] + (u0 - less[t]) * (v0 - more[t])
        d1 = d0 + (u1 - less[t + 1]) * (v1 - more[t + 1])
        d2 = d1 + (u2 - less[t + 2]) * (v2 - more[t + 2])
        d3 = d2 + (u3 - less[t + 3]) * (v3 - more[t + 3])
        new[t] = d3
        hit |= (d0 < b0) | (d1 < b1) | (d2 < b2) | (d3 < b3)
    return hit


@njit(nogil=True, cache=True)
def _offer(values: Array, column: int, count: int, heaps: Heaps, row: int) -> None:
    """Insert the squared distances of a row to the windows from ``column`` on, up to window ``count``."""
    heap, start = heaps.squares[row], heaps.starts[row]
    for t in range(max(0, -column), min(values.shape[0], count - column)):
        if values[t] < heap[0]:
            replace_farthest(heap, start, values[t], column + t)


@njit(nogil=True, cache=True)
def replace_farthest(heap: Array, number: Int32, value: float, index: int) -> None:
    """Replace the root of a max-heap and restore its order; of two equal children the left one moves up."""
    size, at = heap.shape[0], 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] > heap[child]:
            child += 1
        if not value < heap[child]:
            break
        heap[at], number[at] = heap[child], number[child]
        at = child
    heap[at], number[at] = value, index


@njit(nogil=True, cache=True)
def measure(query: Array, other: Array, window: int, first: int, heaps: Heaps, slack: float, nearest: Nearest) -> None:
    """Compute the exact distances of the candidates and sort them.

    ``slack`` bounds the rounding errors of the candidates' squared distances. If they may hide a nearest window from
    the candidates, the first start of the row is set to -1.
    """
    rows, size = heaps.squares.shape
    k = nearest.distances.shape[1]
    gaps = np.empty(size)
    for r in range(rows):
        starts, bound = heaps.starts[r], heaps.squares[r, 0] - slack
        if size < k or bound == np.inf or starts[0] < 0:  # fewer candidates than places
            nearest.distances[r, k - 1], nearest.starts[r, 0] = np.inf, -1
            continue
        order = np.argsort(starts, kind="mergesort")
        for c in range(size):
            start = starts[order[c]]
            gaps[c] = squared_distance(query[first + r : first + r + window], other[start : start + window])
        best = np.argsort(gaps, kind="mergesort")
        # A difference below one part in 1e9 does not matter: the k-th distance is then correct with either window.
        doubt = slack > 0.0 and gaps[best[k - 1]] * (1 - 1e-9) > bound and gaps[best[k - 1]] > 0.0
        for c in range(k):
            nearest.distances[r, c] = np.sqrt(gaps[best[c]])
            nearest.starts[r, c] = starts[order[best[c]]]
        if doubt:
            nearest.starts[r, 0] = -1


@njit(nogil=True, cache=True, fastmath=FAST)
def squared_distance(a: Array, b: Array) -> float:
    """Return the squared Euclidean distance of two vectors."""
    total = 0.0
    for c in range(a.shape[0]):
        gap = a[c] - b[c]
        total += gap * gap
    return total


@njit(nogil=True, cache=True)
def search_term_by_term(query: Array, other: Array, starts: Int32, window: int, row: int, nearest: Nearest) -> None:
    """Compute all pairs of one row with the windows that begin at ``starts``, without the recurrence."""
    k = nearest.distances.shape[1]
    heap, found = np.full(k, np.inf), np.full(k, -1, dtype=np.int32)
    for start in starts:
        value = squared_distance(query[row : row + window], other[start : start + window])
        value = min(value, LARGEST)
        if value < heap[0]:
            replace_farthest(heap, found, value, start)
    order = np.argsort(heap, kind="mergesort")
    for c in range(k):
        nearest.distances[row, c], nearest.starts[row, c] = np.sqrt(heap[order[c]]), found[order[c]]
