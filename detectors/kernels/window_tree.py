"""Nearest windows from a k-d tree, for long series whose windows lie near a surface of few dimensions.

A rotation keeps distances; turned to its principal axes a smooth window spends its length on the first few coordinates.
The tree holds only these. Distances in it are lower bounds of the true ones, which tell when candidates are surely the
nearest. Where they are not, the caller must compare all pairs. Noise cannot be cut, so the tree is used only when a
probe says that it is quicker.
"""

from __future__ import annotations

import numpy as np

from detectors.core import Array, Windows, evenly_spaced
from detectors.kernels import tree_loops
from detectors.kernels.neighbour_loops import Heaps

LARGEST = 1 << 29  # bytes of turned windows that may live at once
SAMPLE = 20_000  # windows from which the axes are estimated: any rotation is exact, a good one is quick
PROBES = 200
# Squared length on the axes left out, as a share of the squared distance to the farthest neighbour asked for: what is
# not worth an axis, and what may be left out for want of memory, at the price of some rows that are left in doubt.
NEGLECTED, TOLERATED = 1e-5, 0.003
LEAD = 8  # axes that boxes have; a point's other coordinates are read only when these do not exclude it
LEAF = 16  # points of a leaf, at most
# Seconds, measured on one core: a window that the tree grows by, a query, a coordinate that it compares, a pair of the
# search by diagonals.
PER_WINDOW, PER_QUERY, PER_COORDINATE, PER_PAIR = 5e-6, 3e-6, 1e-9, 0.4e-9


class WindowTree:
    """A k-d tree of all windows of some pieces, turned to the principal axes that matter for ``k`` neighbours."""

    def __init__(self, pieces: list[Array], window: int, k: int) -> None:
        self.windows = Windows(pieces, window)
        self.k = min(k, len(self.windows))
        some = self.windows.take(evenly_spaced(len(self.windows), SAMPLE))
        self.centre = some.mean(axis=0)
        axes = np.linalg.eigh(np.cov(some, rowvar=False))[1][:, ::-1]
        share = share_behind((some - self.centre) @ axes, self.k)
        kept = min(max(1, int(np.sum(share > NEGLECTED))), LARGEST // (8 * len(self.windows)))
        self.axes, self.left_out = axes[:, :kept], float(share[kept]) if kept < window else 0.0

    def grow(self) -> None:
        """Make the tree: the order of its points and the boxes from the leading axes, then all coordinates in order."""
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
        """Kept coordinates, and the largest squared length: the scale of their rounding errors."""
        centred = block - self.centre
        return centred @ self.axes, float(np.einsum("ij,ij->i", centred, centred).max())

    def pays(self) -> bool:
        """Whether asking is quicker than all pairs, by what some rows have to compare."""
        n = len(self.windows)
        rows = evenly_spaced(n, PROBES)
        compared = self._ask(self._turn(self.windows.take(rows))[0])[1] / len(rows)
        return PER_QUERY + PER_COORDINATE * compared < PER_PAIR * n

    def candidates(self, block: Array) -> tuple[Heaps, float]:
        """Nearest windows of (m, window) windows in their order, each row with its farthest candidate in front.

        Squared distances are lower bounds, and numbers of the tree's windows stand in place of starts. No other window
        is nearer than the bound of the farthest candidate. The second value is the scale of the rounding errors.
        """
        turned, scale = self._turn(block)
        return self._ask(turned)[0], max(scale, self.scale)

    def _ask(self, turned: Array) -> tuple[Heaps, int]:
        shape = len(turned), self.k
        heaps = Heaps(np.full(shape, np.inf), np.full(shape, -1, dtype=np.int32))
        return heaps, tree_loops.ask(turned, self.tree, heaps)


def share_behind(turned: Array, k: int) -> Array:
    """How much of a window's squared distance to its k-th neighbour may lie on each axis and those behind it.

    ``turned`` is a sample of the windows on all axes, (m, window). Of each axis the usual squared length from there on
    is given, as a share of the usual squared distance, (window,).
    """
    square = np.einsum("ij,ij->i", turned, turned)
    probes = evenly_spaced(len(turned), PROBES)
    apart = square[probes, None] + square - 2 * turned[probes] @ turned.T
    radius = np.median(np.partition(apart, min(k, len(turned)) - 1, axis=1)[:, min(k, len(turned)) - 1])
    left = np.median(np.cumsum(turned[:, ::-1] ** 2, axis=1)[:, ::-1], axis=0)
    return np.asarray(left / radius if radius > 0 else np.where(left > 0, np.inf, 0.0))


def tree_for(pieces: list[Array], window: int, n_query: int, k: int) -> WindowTree | None:
    """A tree of the windows when it fits into memory and pays, else None."""
    n = sum(len(piece) - window + 1 for piece in pieces)
    # Below this many windows a tree costs more than all pairs even if it cut perfectly.
    if window < 2 or n_query < n / 10 or PER_PAIR * n < PER_WINDOW + PER_QUERY:
        return None
    tree = WindowTree(pieces, window, k)
    if tree.left_out > TOLERATED:
        return None
    tree.grow()
    return tree if tree.pays() else None
