"""Nearest windows from a k-d tree, for long series whose windows lie near a surface of few dimensions.

A rotation keeps distances; turned to its principal axes a smooth window spends its length on the first few coordinates.
The tree holds only these. Distances in it are lower bounds of the true ones, enough to tell when candidates are surely
the nearest; where they are not, and for the few windows that lie far from all others, whoever asks must walk.
Noise does not let itself be cut, so the tree is used only when a probe says that it is the quicker way.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detectors._windows import Windows, evenly

Array = NDArray[np.float64]

LARGEST = 1 << 29  # bytes of turned windows that may live at once
SAMPLE = 20_000  # windows from which the axes are estimated: any rotation is exact, a good one is quick
PROBES = 200
NEGLECTED = 0.003  # squared length left out, as a share of the squared distance to the farthest neighbour asked for
REACH = 4  # times the usual distance to that neighbour: windows without so many nearer ones are cheaper walked
# Seconds, measured on one core: a query, a visited coordinate, a pair of the walk by diagonals.
PER_QUERY, PER_COORDINATE, PER_PAIR = 20e-6, 1.5e-9, 0.4e-9


class WindowTree:
    """A k-d tree of all windows of some pieces, turned to the principal axes that matter for ``k`` neighbours."""

    def __init__(self, pieces: list[Array], window: int, k: int) -> None:
        self.windows = Windows(pieces, window)
        self.k = min(k, len(self.windows))
        some = self.windows.take(evenly(len(self.windows), SAMPLE))
        self.centre = some.mean(axis=0)
        axes = np.linalg.eigh(np.cov(some, rowvar=False))[1][:, ::-1]
        self.axes = axes[:, : axes_needed((some - self.centre) @ axes, self.k)]

    @property
    def bytes(self) -> int:
        """Memory of the turned windows."""
        return len(self.windows) * int(self.axes.shape[1]) * 8

    def grow(self) -> None:
        """Make the tree."""
        from scipy.spatial import cKDTree

        self.points = np.empty((len(self.windows), self.axes.shape[1]))
        self.scale = 0.0
        for rows, block in self.windows.chunks():
            self.points[rows], scale = self._turn(block)
            self.scale = max(self.scale, scale)
        self.tree = cKDTree(self.points, balanced_tree=False)
        self.probes = self.points[evenly(len(self.points), PROBES)]
        self.radius = self.tree.query(self.probes, k=[self.k])[0][:, 0]
        self.reach = REACH * float(np.median(self.radius))

    def _turn(self, block: Array) -> tuple[Array, float]:
        """Kept coordinates, and the largest squared length: the scale of their rounding errors."""
        centred = block - self.centre
        return centred @ self.axes, float(np.einsum("ij,ij->i", centred, centred).max())

    def pays(self) -> bool:
        """Whether asking is quicker than walking: how much of the data falls into the box that a query opens?"""
        n, axes = self.points.shape
        lead = self.points[evenly(n, SAMPLE), :4]
        radius = np.minimum(self.radius, self.reach)
        inside = [(np.abs(lead - p[:4]) < r).all(axis=1).mean() for p, r in zip(self.probes, radius, strict=True)]
        ask = PER_QUERY + PER_COORDINATE * float(np.mean(inside)) * n * axes
        beyond = float(np.mean(self.radius >= self.reach))
        return ask < (1 - 2 * beyond) * PER_PAIR * n

    def candidates(
        self, query: Array, threads: int, rows: int = 16_384
    ) -> Iterator[tuple[int, Array, NDArray[np.int64], float]]:
        """Blocks ``(first row, squared distances, numbers, scale)``, each row with its farthest candidate in front.

        Squared distances are lower bounds, infinite (and the number invalid) where a candidate is missing; no window
        that is left out is nearer than the farthest candidate is said to be. ``scale`` is that of the rounding errors.
        """
        for at, block in Windows([query], self.windows.window).chunks(rows):
            turned, scale = self._turn(block)
            distances, numbers = self.tree.query(turned, k=self.k, distance_upper_bound=self.reach, workers=threads)
            shape = (len(block), self.k)
            squares = np.ascontiguousarray(distances.reshape(shape)[:, ::-1]) ** 2
            yield at.start, squares, np.ascontiguousarray(numbers.reshape(shape)[:, ::-1]), max(scale, self.scale)


def axes_needed(turned: Array, k: int) -> int:
    """How many leading coordinates hold all but a negligible part of a window's distance to its k-th neighbour.

    Parameters
    ----------
    turned : (m, window) array
        A sample of the windows on all axes.
    """
    square = np.einsum("ij,ij->i", turned, turned)
    probes = evenly(len(turned), PROBES)
    apart = square[probes, None] + square - 2 * turned[probes] @ turned.T
    radius = np.median(np.partition(apart, min(k, len(turned)) - 1, axis=1)[:, min(k, len(turned)) - 1])
    left = np.median(np.cumsum(turned[:, ::-1] ** 2, axis=1)[:, ::-1], axis=0)
    return int(max(1, np.sum(left > NEGLECTED * radius)))


def tree_for(pieces: list[Array], window: int, n_query: int, k: int) -> WindowTree | None:
    """A tree of the windows when it fits into memory and pays, else None."""
    n = sum(len(piece) - window + 1 for piece in pieces)
    # Below this many windows a query costs more than a walk even if the tree cut perfectly.
    if window < 2 or n_query < n / 10 or PER_PAIR * n < PER_QUERY:
        return None
    tree = WindowTree(pieces, window, k)
    if tree.bytes > LARGEST:
        return None
    tree.grow()
    return tree if tree.pays() else None
