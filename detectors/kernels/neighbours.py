"""Exact k nearest windows under the Euclidean distance, by blocks of diagonals.

Windows of stride 1 share all but one point with the previous window. So a squared distance follows from that of the
previous pair on the diagonal: one term is added, one subtracted.

    D2(i, j) = D2(i - 1, j - 1) + (a[i + W - 1] - b[j + W - 1])^2 - (a[i - 1] - b[j - 1])^2

(the recurrence of STOMP, Zhu et al., ICDM 2016, without its normalisation). The cost of a pair does not depend on
the window, and no array of size n x W is needed. Adjacent diagonals are independent, so the inner loop runs over a
block of them in vector registers. It finds whether any of its pairs can enter a row's heap.

The recurrence is restarted every few thousand rows, which bounds its rounding error. It only selects candidates, a few
more than requested, whose distances are then computed directly. If rounding could have affected the candidates of a
row, all pairs of the row are computed directly. Windows with a huge value are no candidates, and rows that may be near
one are also computed directly. For long series of smooth windows a k-d tree is used instead (``window_tree``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from detectors.core import Array, Index, Int32, Windows, clusters, moving_sum
from detectors.kernels.huge import usual_range, windows_with, zero_huge
from detectors.kernels.neighbour_loops import DIAGONALS, Heaps, Nearest, measure, search_diagonals, search_term_by_term
from detectors.kernels.threads import in_parallel
from detectors.kernels.window_tree import WindowTree, tree_for

BLOCK = 4096  # rows of one query of the tree, for any number of threads: its first row has no previous row
SPARE = 4  # additional candidates, because rounding may change their order
EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)


def nearest_windows(query: Array, reference: list[Array], window: int, k: int) -> tuple[Array, Int32]:
    """Find the ``k`` nearest windows of the reference for each window of one series.

    Parameters
    ----------
    query : (n,) array
    reference : list of (m_i,) arrays
        Pieces; no window extends over two of them, and pieces shorter than ``window`` have none.
    window : int
    k : int
        At most the number of windows in the reference.

    Returns
    -------
    distances : (n - window + 1, k) array
        Ascending in each row.
    index : (n - window + 1, k) int32 array
        Indices of the neighbours, counted over the windows of all pieces in order.

    Notes
    -----
    Among equally distant windows the earlier ones are taken. When several are the farthest, the heap decides which is
    replaced by a nearer one. On integer values, where all sums are exact, scikit-learn's brute force finds the same.
    """
    pieces = [piece for piece in reference if len(piece) >= window]
    search = Search(query, pieces, window, k)
    tree = None if search.exact else tree_for(search.pieces(), window, len(search.nearest.distances), k + SPARE)
    if tree is None:
        search.by_diagonals([(0, len(search.nearest.distances))])
    else:
        search.by_tree(tree)
    distances, index = search.nearest
    if len(pieces) > 1:
        for rows in range(0, len(index), 1 << 16):
            part = index[rows : rows + (1 << 16)]
            part[:] = np.searchsorted(search.joined.starts, part)
    return distances, index


@dataclass
class Joined:
    """Concatenated pieces, separated by a value so far away that windows across it are never neighbours."""

    x: Array  # (m,)
    starts: Int32  # (n_windows,), first positions of the windows of the pieces
    far: float  # the separating value, also used as padding at both ends
    limit: float  # larger than all squared distances of two windows, smaller than those to a window with a far value
    scale: float  # largest squared distance to a window with a far value; 0 without any far value

    @classmethod
    def of(cls, pieces: list[Array], query: Array, window: int, reach: float = np.inf) -> Joined:
        """Concatenate pieces; values farther than ``reach`` from 0 are also replaced by the far value."""
        huge = [np.abs(part) > reach for part in pieces]
        if any(flags.any() for flags in huge):
            joined = cls._of([zero_huge(part, reach) for part in pieces], zero_huge(query, reach), window, True)
            holes = np.concatenate([np.append(flags, False) for flags in huge])[:-1]
            joined.x[holes] = joined.far
            joined.starts = joined.starts[~windows_with(holes, window)[joined.starts]]
            return joined
        return cls._of(pieces, query, window, len(pieces) > 1)

    @classmethod
    def _of(cls, pieces: list[Array], query: Array, window: int, holes: bool) -> Joined:
        low = min(float(part.min()) for part in [query, *pieces])
        high = max(float(part.max()) for part in [query, *pieces])
        spread = high - low or 1.0
        far = high + 2 * spread * float(np.sqrt(window if holes else 1))
        if spread >= 1:
            far = float(np.ceil(far))  # sums of whole numbers stay exact; with a small spread 1 would be too far
        ends = np.cumsum([len(piece) + 1 for piece in pieces])
        starts = [
            np.arange(end - len(p) - 1, end - window, dtype=np.int32) for p, end in zip(pieces, ends, strict=True)
        ]
        parts = [part for piece in pieces for part in (piece, [far])][:-1]
        limit = 2 * window * spread**2 + TINY
        return cls(np.concatenate(parts), np.concatenate(starts), far, limit, 4 * limit if holes else 0.0)


class Search:
    """One call of :func:`nearest_windows`: fills ``nearest``, whose ``starts`` are positions in the joined pieces."""

    def __init__(self, query: Array, pieces: list[Array], window: int, k: int) -> None:
        self.query, self.joined = np.array(query), Joined.of(pieces, query, window)
        self.exact = holds_integers([query, self.joined.x], window)
        # For diagonals and tree: both without huge values; and each row's least distance to a window with one.
        self.scale = 0.0
        count = len(query) - window + 1
        self.bounded, self.bounded_joined, self.to_huge = self.query, self.joined, np.full(count, np.inf)
        if not self.exact:
            self._centre(pieces, window)
        self.window, self.k = window, k
        self.rows = min(4096, max(1024, 8 * window))  # restarts take a share W / rows of the time
        self.nearest = Nearest(np.empty((count, k)), np.empty((count, k), dtype=np.int32))

    def _centre(self, pieces: list[Array], window: int) -> None:
        level, reach = usual_range([self.query, *pieces])
        usual = self.query[np.abs(self.query - level) <= reach]
        centre = float(usual.mean()) if len(usual) else level
        self.query = self.bounded = self.query - centre
        moved = [piece - centre for piece in pieces]
        self.joined = self.bounded_joined = Joined.of(moved, self.query, window)
        largest = max(float(np.abs(part).max()) for part in [self.query, *moved])
        if largest > reach:
            self.bounded = zero_huge(self.query, reach)
            self.bounded_joined = Joined.of(moved, self.query, window, reach)
            # The distance of a row to any window with a huge value is at least this.
            self.to_huge = reach - sliding_window_view(np.abs(self.query), window).max(axis=1)
        others = self.bounded_joined.x
        self.scale = largest_square(self.bounded, others[others != self.bounded_joined.far], window)

    def by_diagonals(self, stretches: list[tuple[int, int]]) -> None:
        """Compute all pairs of these ranges of rows, on numba's number of threads."""
        margin = self.rows + DIAGONALS + self.window
        wide = np.pad(self.bounded_joined.x, margin, constant_values=self.bounded_joined.far)
        tasks = [(a, min(a + self.rows, last)) for first, last in stretches for a in range(first, last, self.rows)]
        in_parallel(lambda task: self._by_diagonals(*task, wide, margin), tasks)

    def _by_diagonals(self, first: int, last: int, wide: Array, margin: int) -> None:
        total = len(self.bounded_joined.starts)
        shape = last - first, min(self.k if self.exact else self.k + SPARE, total)
        heaps = Heaps(np.full(shape, self.bounded_joined.limit), np.full(shape, -1, dtype=np.int32))
        found = search_diagonals(self.bounded, wide, margin, self.window, first, heaps)
        scale = max(found, self.bounded_joined.scale, self.scale)
        # Each step rounds three times; a diagonal has at most as many steps as the block has rows.
        slack = 0.0 if self.exact or shape[1] == total else 4 * EPS * (last - first + self.window) * scale
        self._measure(first, heaps, slack)
        for row in (first + np.flatnonzero(self.nearest.starts[first:last, 0] < 0)).tolist():
            search_term_by_term(self.query, self.joined.x, self.joined.starts, self.window, row, self.nearest)

    def by_tree(self, tree: WindowTree) -> None:
        """Take candidates from a tree; compute all pairs of the rows for which they may be wrong."""

        def search(part: tuple[slice, Array]) -> None:
            found, scale = tree.candidates(part[1])
            heaps = Heaps(found.squares, self.bounded_joined.starts.take(found.starts))
            self._measure(part[0].start, heaps, 4 * EPS * self.window * scale)

        in_parallel(search, Windows([self.bounded], self.window).chunks(BLOCK))
        self.by_diagonals(runs(np.flatnonzero(self.nearest.starts[:, 0] < 0), self.window))

    def _measure(self, first: int, heaps: Heaps, slack: float) -> None:
        rows = slice(first, first + len(heaps.squares))
        part = Nearest(self.nearest.distances[rows], self.nearest.starts[rows])
        measure(self.query, self.joined.x, self.window, first, heaps, slack, part)
        part.starts[:, 0][part.distances[:, -1] >= self.to_huge[rows]] = -1

    def pieces(self) -> list[Array]:
        """Return the pieces without huge values, split where one was."""
        starts = self.bounded_joined.starts
        ends = np.flatnonzero(np.diff(starts) > 1)
        begins = starts[np.concatenate([[0], ends + 1])]
        return [self.bounded_joined.x[a : b + self.window] for a, b in zip(begins, starts[[*ends, -1]], strict=True)]


def largest_square(a: Array, b: Array, window: int) -> float:
    """Return an upper bound of the squared distances between windows of two series: (sum of the largest norms)^2."""

    def largest_norm(x: Array) -> float:
        return float(np.sqrt(moving_sum(x * x, window).max(initial=0.0)))

    return (largest_norm(a) + largest_norm(b)) ** 2


def runs(rows: Index, gap: int) -> list[tuple[int, int]]:
    """Return half-open ranges that contain these ascending numbers; numbers at most ``gap`` apart share a range."""
    return [(int(part[0]), int(part[-1]) + 1) for part in clusters(rows, gap + 1)]


def holds_integers(pieces: list[Array], window: int) -> bool:
    """Return whether all sums of squared differences of windows are integers that float64 represents exactly."""
    largest = max(float(np.abs(piece).max()) for piece in pieces)
    if not 4 * largest**2 * window < 2**52:
        return False
    return all(bool((piece == np.rint(piece)).all()) for piece in pieces)
