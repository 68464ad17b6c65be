"""The compiled loops of the window tree: building it, and querying it row by row."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit, types

from detectors.core import Array, Int32
from detectors.kernels.neighbour_loops import FAST, Heaps, replace_farthest, squared_distance


class Tree(NamedTuple):
    """The n points of a tree in its order, and its nodes. Node i has the children 2 i + 1 and 2 i + 2."""

    lead: Array  # (n, axes) float64, coordinates on the axes of the boxes
    rest: Array  # (n, further axes) float64, the other coordinates
    order: Int32  # (n,), index of the point at each place
    place: Int32  # (n,), place of each point
    low: Array  # (nodes, axes) float64, bounding boxes of the nodes' points
    high: Array


_named: Any = types.NamedTuple
REAL, WHOLE = types.float64[:, ::1], types.int32[::1]
TREE = _named((REAL, REAL, WHOLE, WHOLE, REAL, REAL), Tree)
HEAPS = _named((REAL, types.int32[:, ::1]), Heaps)


@njit(nogil=True, cache=True)
def _select(order: Int32, values: Array, first: int, behind: int, middle: int) -> None:
    """Partially sort ``order[first:behind]`` so that ``middle`` divides smaller from larger values (Hoare)."""
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


# Signatures compile both functions on import, because kernels are warmed up on short series, which use no tree.
@njit("Tuple((int32[::1], float64[:, ::1], float64[:, ::1]))(float64[:, ::1], int64)", nogil=True, cache=True)
def grow(lead: Array, levels: int) -> tuple[Int32, Array, Array]:
    """Halve the points ``levels`` times at the median of the axis with the largest range.

    Return an (n,) order of the points in which those of a node are adjacent, and the lower and upper bounds of the
    nodes' boxes, (2 ** (levels + 1) - 1, axes) each.
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
def _to_box(point: Array, low: Array, high: Array) -> float:
    """Return the squared distance to a box, 0 inside."""
    total = 0.0
    for c in range(point.shape[0]):
        gap = max(low[c] - point[c], point[c] - high[c], 0.0)
        total += gap * gap
    return total


@njit(nogil=True, cache=True)
def _farthest_successor(near: Array, far: Array, tree: Tree, number: Int32) -> float:
    """Return the largest squared distance to the successors of these points; infinite if one has no successor."""
    most = 0.0
    for c in range(number.shape[0]):
        if number[c] + 1 >= tree.place.shape[0]:
            return np.inf
        p = tree.place[number[c] + 1]
        most = max(most, squared_distance(near, tree.lead[p]) + squared_distance(far, tree.rest[p]))
    return most * (1 + 1e-12)


@njit(types.int64(REAL, TREE, HEAPS), nogil=True, cache=True)
def query(queries: Array, tree: Tree, heaps: Heaps) -> int:
    """Fill each row's heap, initially infinite, with the nearest points; return the number of coordinates compared.

    A row's neighbours are mostly the successors of those of the previous row. The distance of the farthest of these
    successors is an upper bound for the k-th neighbour, so boxes beyond it are not visited.
    """
    n, axes = tree.lead.shape
    nodes = tree.low.shape[0]
    stack = np.empty(128, dtype=np.int64)
    begins, ends, bounds = np.empty_like(stack), np.empty_like(stack), np.empty(128)
    compared = 0
    for row in range(queries.shape[0]):
        near, far = queries[row, :axes], queries[row, axes:]
        heap, number = heaps.squares[row], heaps.starts[row]
        limit = _farthest_successor(near, far, tree, heaps.starts[row - 1]) if row else np.inf
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
                left = _to_box(near, tree.low[child], tree.high[child])
                right = _to_box(near, tree.low[child + 1], tree.high[child + 1])
                # The nearer half is put on the stack last and visited first.
                for second in (True, False) if left <= right else (False, True):
                    bound = right if second else left
                    if bound <= limit:
                        stack[top], bounds[top] = child + second, bound
                        begins[top], ends[top] = (middle, b) if second else (a, middle)
                        top += 1
                continue
            compared += (b - a) * axes
            for p in range(a, b):
                square = squared_distance(near, tree.lead[p])
                if square > limit:
                    continue
                compared += far.shape[0]
                square += squared_distance(far, tree.rest[p])
                if square > limit or not square < heap[0]:
                    continue
                replace_farthest(heap, number, square, tree.order[p])
                limit = min(limit, heap[0])
    return compared
