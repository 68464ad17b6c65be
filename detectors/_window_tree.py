"""Nearest windows from a k-d tree, for long series whose windows lie near a surface of few dimensions.

A rotation keeps distances; turned to its principal axes a window spends its length on the first few coordinates, where
a tree can cut. Noise does not let itself be cut, so the tree is used only when a probe says that it is the quicker way.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detectors._windows import Windows

Array = NDArray[np.float64]

LARGEST = 1 << 30  # bytes of rotated windows that may live at once
SAMPLE = 20_000  # windows from which the axes are estimated: any rotation is exact, a good one is quick
PROBES = 40
# Seconds, measured on one core: a query, a visited coordinate, a pair of the walk by diagonals.
PER_QUERY, PER_COORDINATE, PER_PAIR = 15e-6, 1.5e-9, 0.4e-9


class WindowTree:
    """A k-d tree of all windows of some pieces, turned to their principal axes."""

    def __init__(self, pieces: list[Array], window: int) -> None:
        from scipy.spatial import cKDTree

        windows = Windows(pieces, window)
        some = windows.take(np.linspace(0, len(windows) - 1, min(SAMPLE, len(windows))).astype(np.intp))
        self.window = window
        self.centre = some.mean(axis=0)
        self.axes = np.linalg.eigh(np.cov(some, rowvar=False))[1][:, ::-1]
        self.points = np.empty(windows.shape)
        for rows, block in windows.chunks():
            self.points[rows] = self.turn(block)
        self.tree = cKDTree(self.points, balanced_tree=False)

    def turn(self, block: Array) -> Array:
        return np.asarray((block - self.centre) @ self.axes)

    def pays(self, k: int) -> bool:
        """Whether querying is quicker than walking: how much of the data falls into the box that a query opens?"""
        n = len(self.points)
        probes = self.points[np.linspace(0, n - 1, PROBES).astype(np.intp)]
        # A sparser sample of the windows finds its k-th neighbour further away, hence errs against the tree.
        radius = self.tree.query(probes, k=k)[0][:, -1]
        lead = self.points[:, :4]
        visited = np.mean([(np.abs(lead - p[:4]) < r).all(axis=1).sum() for p, r in zip(probes, radius, strict=True)])
        return bool(PER_QUERY + PER_COORDINATE * visited * self.window < PER_PAIR * n)

    def candidates(
        self, query: Array, size: int, threads: int, rows: int = 65_536
    ) -> Iterator[tuple[int, Array, Array]]:
        """Blocks ``(first row, squared distances, numbers)``, each row with its farthest candidate in front."""
        for rows_, block in Windows([query], self.window).chunks(rows):
            distances, numbers = self.tree.query(self.turn(block), k=size, workers=threads)
            yield rows_.start, distances[:, ::-1] ** 2, numbers[:, ::-1].astype(np.int32)


def tree_for(pieces: list[Array], window: int, n_query: int, k: int) -> WindowTree | None:
    """A tree of the windows when it fits into memory and pays, else None."""
    n = sum(len(piece) - window + 1 for piece in pieces)
    # Below this many windows a query costs more than a walk even if the tree cut perfectly.
    if window < 2 or n_query < n / 10 or PER_PAIR * n < PER_QUERY or n * window * 8 > LARGEST:
        return None
    tree = WindowTree(pieces, window)
    return tree if tree.pays(k) else None
