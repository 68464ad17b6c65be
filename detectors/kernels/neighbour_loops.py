"""The compiled loops of the nearest windows: diagonals, heaps, exact distances of candidates."""

from __future__ import annotations

import numpy as np
from numba import njit

DIAGONALS = 1024  # two buffers of them, 16 KiB, stay in the first-level cache
LARGEST = 1.7e308
GROUP = 64  # diagonals that share one comparison with the row's bound
FAST = {"reassoc", "nsz", "contract"}


@njit(nogil=True, cache=True, fastmath=FAST)
def walk(query, wide, margin, window, first, last, heaps, starts):
    """Offer all pairs of rows first..last with all windows to the rows' heaps, in order.

    Returns the largest squared distance at which a diagonal began: the scale of the rounding error.
    """
    count = wide.shape[0] - 2 * margin - window + 1
    u, v = _enter_and_leave(query[first : last + window - 1], window)
    less, more = _enter_and_leave(wide, window)
    old, new, values, bounds = np.empty(DIAGONALS), np.empty(DIAGONALS), np.empty(GROUP), heaps[:, 0].copy()
    scale = 0.0
    for diagonal in range(1 - last, count - first, DIAGONALS):
        base = margin + diagonal
        _start(query, wide, base, window, first, old)
        scale = max(scale, old.max())
        _offer(old, first, diagonal, count, heaps[0], starts[0])
        row = first + 1
        while row + 4 <= last:
            for group in range(0, DIAGONALS, GROUP):
                shift = base + group + row
                before, after = old[group : group + GROUP], new[group : group + GROUP]
                k = row - first
                if _four_steps(less[shift:], more[shift:], u[k:], v[k:], before, after, bounds[k : k + 4]):
                    values[:] = before
                    for r in range(4):
                        if _step(less[shift + r :], more[shift + r :], u[k + r], v[k + r], values, bounds[k + r]):
                            _offer(values, row + r, diagonal + group, count, heaps[k + r], starts[k + r])
                            bounds[k + r] = heaps[k + r, 0]
            old, new = new, old
            row += 4
        while row < last:
            shift = base + row
            _step(less[shift:], more[shift:], u[row - first], v[row - first], old, 0.0)
            _offer(old, row, diagonal, count, heaps[row - first], starts[row - first])
            row += 1
    return scale


@njit(nogil=True, cache=True)
def _enter_and_leave(x, window):
    """Difference and sum of the point that enters with window i and the one that has left."""
    less, more = np.zeros(x.shape[0]), np.zeros(x.shape[0])
    for i in range(1, x.shape[0] - window + 1):
        less[i], more[i] = x[i + window - 1] - x[i - 1], x[i + window - 1] + x[i - 1]
    return less, more


@njit(nogil=True, cache=True, fastmath=FAST)
def _start(query, wide, base, window, row, out):
    """Squared distances of one row on a block of diagonals, term by term."""
    out[:] = 0.0
    for w in range(window):
        a = query[row + w]
        other = wide[base + row + w : base + row + w + DIAGONALS]
        for t in range(DIAGONALS):
            gap = a - other[t]
            out[t] += gap * gap


@njit(nogil=True, cache=True, fastmath=FAST)
def _step(less, more, u, v, values, bound):
    """One row further: p^2 - q^2 = (p - q)(p + q) takes an operation less than two squares. Any below the bound?"""
    hit = 0
    for t in range(values.shape[0]):
        d = values[t] + (u - less[t]) * (v - more[t])
        values[t] = d
        hit |= d < bound
    return hit


@njit(nogil=True, cache=True, fastmath=FAST)
def _four_steps(less, more, u, v, old, new, bounds):
    """Four rows at once: the distances between stay in registers, one load and one store for four pairs.

    Returns whether any distance is below its row's bound; a running minimum would say more, but LLVM
    does not put it into vector registers.
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
def _offer(values, row, diagonal, count, heap, start):
    begin = max(0, -(row + diagonal))
    end = min(values.shape[0], count - row - diagonal)
    for t in range(begin, end):
        if values[t] < heap[0]:
            replace_farthest(heap, start, values[t], row + diagonal + t)


@njit(nogil=True, cache=True)
def replace_farthest(heap, number, value, index):
    """Sift a value down from the root of a max-heap; of two equal children the left one moves up."""
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
def settle(query, other, window, first, squares, starts, slack, distances, index):
    """Exact distances of the candidates, sorted; -1 leads the index of a row that they leave in doubt."""
    rows, size = squares.shape
    k = distances.shape[1]
    gaps = np.empty(size)
    for r in range(rows):
        bound = squares[r, 0] - slack
        if bound == np.inf or starts[r, 0] < 0:  # fewer candidates than places
            distances[r, k - 1], index[r, 0] = np.inf, -1
            continue
        order = np.argsort(starts[r], kind="mergesort")
        for c in range(size):
            start = starts[r, order[c]]
            gaps[c] = squared_distance(query[first + r : first + r + window], other[start : start + window])
        best = np.argsort(gaps, kind="mergesort")[:k]
        # Below one part in 1e9 the k-th distance is right whichever of the doubtful windows is taken.
        doubt = slack > 0.0 and gaps[best[k - 1]] * (1 - 1e-9) > bound and gaps[best[k - 1]] > 0.0
        for c in range(k):
            distances[r, c] = np.sqrt(gaps[best[c]])
            index[r, c] = starts[r, order[best[c]]]
        if doubt:
            index[r, 0] = -1


@njit(nogil=True, cache=True, fastmath=FAST)
def squared_distance(a, b):
    total = 0.0
    for c in range(a.shape[0]):
        gap = a[c] - b[c]
        total += gap * gap
    return total


@njit(nogil=True, cache=True)
def search_term_by_term(query, other, starts, window, row, distances, index):
    k = distances.shape[0]
    heap, found = np.full(k, np.inf), np.full(k, -1, dtype=np.int32)
    for start in starts:
        value = squared_distance(query[row : row + window], other[start : start + window])
        value = min(value, LARGEST)
        if value < heap[0]:
            replace_farthest(heap, found, value, start)
    order = np.argsort(heap, kind="mergesort")
    for c in range(k):
        distances[c], index[c] = np.sqrt(heap[order[c]]), found[order[c]]
