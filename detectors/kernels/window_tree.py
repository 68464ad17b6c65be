"""Nearest windows from a k-d tree, for long series whose windows lie near a surface of few dimensions.

A rotation keeps distances. Rotated to the principal axes, smooth windows have nearly all of their norm in the first few
coordinates, and the tree contains only these. Distances in it are lower bounds of the true ones, which show whether the
candidates are certainly the nearest. If not, the caller must compare all pairs. With noise a tree excludes few windows,
so it is used only when a test on some rows shows that it is faster.
"""

from __future__ import annotations

import numpy as np

from detectors.core import Array, Windows, evenly_spaced
from detectors.kernels import tree_loops
from detectors.kernels.neighbour_loops import Heaps

LARGEST = 1 << 29  # largest number of bytes of rotated windows
SAMPLE = 20_000  # windows from which the axes are estimated: any rotation is exact, a good one is fast
PROBES = 200  # rows of the test
# Squared norm on the omitted axes, relative to the squared distance of the k-th neighbour. Below the first value an
# axis is not needed. Up to the second axes may be omitted to save memory; some rows then need all pairs.
NEGLECTED, TOLERATED = 1e-5, 0.003
LEAD = 8  # axes of the boxes; other coordinates of a point are read only if these do not exclude it
LEAF = 16  # most points of a leaf
# Seconds on one core, measured: to build the tree, per window; per query; per coordinate compared in a query; per pair
# of the search by diagonals.
PER_WINDOW, PER_QUERY, PER_COORDINATE, PER_PAIR = 5e-6, 3e-6, 1e-9, 0.4e-9


class WindowTree:
    """A k-d tree of all windows of some pieces, on the principal axes that are needed for ``k`` neighbours."""

    def __init__(self, pieces: list[Array], window: int, k: int) -> None:
        self.windows = Windows(pieces, window)
        self.k = min(k, len(self.windows))
        some = self.windows.take(evenly_spaced(len(self.windows), SAMPLE))
        self.centre = some.mean(axis=0)
        axes = np.linalg.eigh(np.cov(some, rowvar=False))[1][:, ::-1]
        share = omitted_share((some - self.centre) @ axes, self.k)
        kept = min(max(1, int(np.sum(share > NEGLECTED))), LARGEST // (8 * len(self.windows)))
        self.axes, self.left_out = axes[:, :kept], float(share[kept]) if kept < window else 0.0

    def grow(self) -> None:
        """Build the tree: order of its points and boxes from the leading axes, then all coordinates in this order."""
        n, axes = len(self.windows), self.axes.shape[1]
        lead = np.empty((n, min(LEAD, axes)))
        self.scale = 0.0
        for rows, block in self.windows.chunks():
            turned, scale = self._turn(block)
            lead[rows], self.scale = turned[:, :LEAD], max(self.scale, scale)
        levels = max(0, int(np.ceil(np.log2(n / LEAF))))
        order, low, high = tree_loops.grow(lead, levels)
        place = np.empty_like(order)
        place[order] = np.arange(n, dtype=np.int32)
        rest = np.empty((n, axes - lead.shape[1]))
        for a in range(0, n, SAMPLE):
            part = order[a : a + SAMPLE].astype(np.intp)
            rest[a : a + len(part)] = self._turn(self.windows.take(part))[0][:, LEAD:]
        self.tree = tree_loops.Tree(lead[order], rest, order, place, low, high)

    def _turn(self, block: Array) -> tuple[Array, float]:
        """Return the coordinates on the kept axes, and the largest squared norm, the scale of their rounding errors."""
        centred = block - self.centre
        return centred @ self.axes, float(np.einsum("ij,ij->i", centred, centred).max())

    def is_faster(self) -> bool:
        """Return whether queries are faster than all pairs, estimated from the comparisons of some rows."""
        n = len(self.windows)
        rows = evenly_spaced(n, PROBES)
        compared = self._query(self._turn(self.windows.take(rows))[0])[1] / len(rows)
        return PER_QUERY + PER_COORDINATE * compared < PER_PAIR * n

    def candidates(self, block: Array) -> tuple[Heaps, float]:
        """Return the candidates for (m, window) consecutive windows, and the scale of the rounding errors.

        Each row is a heap with its farthest candidate first. Squared distances are lower bounds; all other windows are
        at least as far as the bound of the farthest candidate. ``starts`` contains indices of the tree's windows.
        """
        turned, scale = self._turn(block)
        return self._query(turned)[0], max(scale, self.scale)

    def _query(self, turned: Array) -> tuple[Heaps, int]:
        shape = len(turned), self.k
        heaps = Heaps(np.full(shape, np.inf), np.full(shape, -1, dtype=np.int32))
        return heaps, tree_loops.query(turned, self.tree, heaps)


def omitted_share(turned: Array, k: int) -> Array:
    """Estimate the error of omitting each axis and all later ones, relative to the k-th neighbour, (window,).

    It is the median squared norm on these axes, divided by the median squared distance to the k-th neighbour.
    ``turned`` is a sample of the windows on all axes, (m, window).
    """
    square = np.einsum("ij,ij->i", turned, turned)
    probes = evenly_spaced(len(turned), PROBES)
    apart = square[probes, None] + square - 2 * turned[probes] @ turned.T
    radius = np.median(np.partition(apart, min(k, len(turned)) - 1, axis=1)[:, min(k, len(turned)) - 1])
    left = np.median(np.cumsum(turned[:, ::-1] ** 2, axis=1)[:, ::-1], axis=0)
    return np.asarray(left / radius if radius > 0 else np.where(left > 0, np.inf, 0.0))


def tree_for(pieces: list[Array], window: int, n_query: int, k: int) -> WindowTree | None:
    """Return a tree of the windows, or None if it needs too much memory or is not faster than all pairs."""
    n = sum(len(piece) - window + 1 for piece in pieces)
    # Below this many windows a tree takes longer than all pairs even if no coordinate had to be compared.
    if window < 2 or n_query < n / 10 or PER_PAIR * n < PER_WINDOW + PER_QUERY:
        return None
    tree = WindowTree(pieces, window, k)
    if tree.left_out > TOLERATED:
        return None
    tree.grow()
    return tree if tree.is_faster() else None
