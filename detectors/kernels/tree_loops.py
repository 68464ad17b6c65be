"""The compiled loops of the window tree: making it, and asking it for neighbours row after row."""

from __future__ import annotations

import numpy as np
from numba import njit

from detectors.kernels.neighbour_loops import FAST, replace_farthest, squared_distance


@njit(nogil=True, cache=True)
def _select(order, values, first, behind, middle):
    """Reorder so that no value before the middle is above, none behind it below it (Hoare's selection)."""
    left, right = first, behind - 1
    while left < right:
        pivot = values[order[middle]]
        i, j = left, right
        while i <= j:
            while values[order[i]] < pivot:
                i += 1
            while pivot < values[order[j]]:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i, j = i + 1, j - 1
        if j < middle:
            left = i
        if middle < i:
            right = j


# Signatures make both compile on import: a short series, on which kernels are warmed up, never asks a tree.
@njit("Tuple((int32[::1], float64[:, ::1], float64[:, ::1]))(float64[:, ::1], int64)", nogil=True, cache=True)
def grow(lead, levels):
    """Halve the points ``levels`` times at the median of the axis on which they spread most.

    Returns
    -------
    order : (n,) int32 array
        Points, so that those of a node stand side by side; node i has the children 2 i + 1 and 2 i + 2.
    low, high : (2 ** (levels + 1) - 1, axes) arrays
        Boxes around the nodes' points.
    """
    n, axes = lead.shape
    nodes = 2 ** (levels + 1) - 1
    order = np.arange(n).astype(np.int32)
    low, high = np.empty((nodes, axes)), np.empty((nodes, axes))
    first, last = np.zeros(nodes, dtype=np.int64), np.zeros(nodes, dtype=np.int64)
    last[0] = n
    for node in range(nodes):
        a, b = first[node], last[node]
        low[node], high[node] = np.inf, -np.inf
        for p in range(a, b):
            point = lead[order[p]]
            for c in range(axes):
                low[node, c], high[node, c] = min(low[node, c], point[c]), max(high[node, c], point[c])
        if 2 * node + 2 < nodes:
            middle = (a + b) // 2
            _select(order, lead[:, np.argmax(high[node] - low[node])], a, b, middle)
            first[2 * node + 1], last[2 * node + 1] = a, middle
            first[2 * node + 2], last[2 * node + 2] = middle, b
    return order, low, high


@njit(nogil=True, cache=True, fastmath=FAST)
def _to_box(point, low, high):
    """Squared distance to a box, 0 inside."""
    total = 0.0
    for c in range(point.shape[0]):
        gap = max(low[c] - point[c], point[c] - high[c], 0.0)
        total += gap * gap
    return total


@njit(nogil=True, cache=True)
def _farthest_successor(near, far, lead, rest, place, number):
    """Squared distance within which the points behind these lie, if each has one."""
    most = 0.0
    for c in range(number.shape[0]):
        if number[c] + 1 >= place.shape[0]:
            return np.inf
        p = place[number[c] + 1]
        most = max(most, squared_distance(near, lead[p]) + squared_distance(far, rest[p]))
    return most * (1 + 1e-12)


@njit(
    "int64(float64[:, ::1], float64[:, ::1], float64[:, ::1], int32[::1], int32[::1], float64[:, ::1], "
    "float64[:, ::1], float64[:, ::1], int32[:, ::1])",
    nogil=True,
    cache=True,
)
def ask(queries, lead, rest, order, place, low, high, heaps, numbers):
    """Fill each row's heap, given infinite, with the nearest points, its root the farthest.

    Returns how many coordinates were compared.

    A row's neighbours are mostly the successors of those of the row before. As many points as asked for lie within
    the farthest of these successors, so nothing beyond it has to be visited; the search itself starts anew.
    """
    n, axes = lead.shape
    nodes = low.shape[0]
    stack = np.empty(128, dtype=np.int64)
    begins, ends, bounds = np.empty_like(stack), np.empty_like(stack), np.empty(128)
    compared = 0
    for row in range(queries.shape[0]):
        near, far = queries[row, :axes], queries[row, axes:]
        heap, number = heaps[row], numbers[row]
        limit = _farthest_successor(near, far, lead, rest, place, numbers[row - 1]) if row else np.inf
        top = 1
        stack[0], begins[0], ends[0], bounds[0] = 0, 0, n, 0.0
        while top:
            top -= 1
            if bounds[top] > limit:
                continue
            node, a, b = stack[top], begins[top], ends[top]
            child, middle = 2 * node + 1, (a + b) // 2
            if child < nodes:
                compared += 2 * axes
                left, right = _to_box(near, low[child], high[child]), _to_box(near, low[child + 1], high[child + 1])
                # The nearer half is looked at first.
                for second in (True, False) if left <= right else (False, True):
                    bound = right if second else left
                    if bound <= limit:
                        stack[top], bounds[top] = child + second, bound
                        begins[top], ends[top] = (middle, b) if second else (a, middle)
                        top += 1
                continue
            compared += (b - a) * axes
            for p in range(a, b):
                square = squared_distance(near, lead[p])
                if square > limit:
                    continue
                compared += far.shape[0]
                square += squared_distance(far, rest[p])
                if square > limit or not square < heap[0]:
                    continue
                replace_farthest(heap, number, square, order[p])
                limit = min(limit, heap[0])
    return compared
