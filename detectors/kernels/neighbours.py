"""Exact k nearest windows under the Euclidean distance, by blocks of diagonals.

Windows of stride 1 share all but one point with the window before. So a squared distance follows from the one a step up
the diagonal: one point is added, one subtracted.

    D2(i, j) = D2(i - 1, j - 1) + (a[i + W - 1] - b[j + W - 1])^2 - (a[i - 1] - b[j - 1])^2

(the recurrence behind STOMP, Zhu et al., ICDM 2016, without its normalisation). The cost of a pair does not depend on
the window. Nothing of size n x W is made. Adjacent diagonals are independent. So the inner loop runs over a block of
them in vector registers. It tells whether any of its pairs can enter a row's heap.

The recurrence starts anew every few thousand rows, which bounds its rounding error. It only chooses candidates, a few
more than asked for. Their distances are summed afresh. A row whose candidates rounding could have mixed up is searched
again term by term. Windows that hold a huge value are no candidates. A row that may be near one is searched term by
term, too. Long series of smooth windows are asked of a k-d tree instead (``window_tree``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from detectors.core import Array, Index, Int32, Windows
from detectors.kernels.huge import calmed, usual_range, windows_with
from detectors.kernels.neighbour_loops import DIAGONALS, Heaps, Nearest, measure, search_diagonals, search_term_by_term
from detectors.kernels.threads import in_parallel
from detectors.kernels.window_tree import WindowTree, tree_for

ASKED = 4096  # rows that are asked of a tree in one go, whatever the threads: each block starts without a row before it
SPARE = 4  # candidates beyond those asked for, where rounding may reorder them
EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)


def nearest_windows(query: Array, reference: list[Array], window: int, k: int) -> tuple[Array, Int32]:
    """The ``k`` nearest windows of the reference for each window of one series.

    Parameters
    ----------
    query : (n,) array
    reference : list of (m_i,) arrays
        Pieces; no window straddles two of them, and pieces shorter than ``window`` hold none.
    window : int
    k : int
        At most the number of windows in the reference.

    Returns
    -------
    distances : (n - window + 1, k) array
        Ascending in each row.
    index : (n - window + 1, k) int32 array
        Numbers of the neighbours, counted over the windows of all pieces in order.

    Notes
    -----
    Among equally distant windows the earlier ones win. When several are equally far, the heap decides which is replaced
    by a nearer one. On integer values, where all sums are exact, the choice is that of scikit-learn's brute force.
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
    """Pieces one after the other, a far-away value between two: windows across it are nobody's neighbours."""

    x: Array  # (m,)
    starts: Int32  # (n_windows,), where the windows of the pieces begin
    far: float  # the value between them, also put in front and behind
    limit: float  # above every squared distance of two windows, below that to a window with a far value
    scale: float  # largest squared distance to a window with a far value; 0 when there is one piece, hence none

    @classmethod
    def of(cls, pieces: list[Array], query: Array, window: int, reach: float = np.inf) -> Joined:
        """Values farther than ``reach`` from 0 become far ones, too."""
        huge = [np.abs(part) > reach for part in pieces]
        if any(flags.any() for flags in huge):
            joined = cls._of([calmed(part, reach) for part in pieces], calmed(query, reach), window, True)
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
            far = float(np.ceil(far))  # sums of whole numbers stay exact; for a small spread 1 would be too far
        ends = np.cumsum([len(piece) + 1 for piece in pieces])
        starts = [
            np.arange(end - len(p) - 1, end - window, dtype=np.int32) for p, end in zip(pieces, ends, strict=True)
        ]
        parts = [part for piece in pieces for part in (piece, [far])][:-1]
        limit = 2 * window * spread**2 + TINY
        return cls(np.concatenate(parts), np.concatenate(starts), far, limit, 4 * limit if holes else 0.0)


class Search:
    """One query of :func:`nearest_windows`: fills ``nearest``, whose starts are those of the joined pieces."""

    def __init__(self, query: Array, pieces: list[Array], window: int, k: int) -> None:
        self.query, self.joined = np.array(query), Joined.of(pieces, query, window)
        self.exact = holds_integers([query, self.joined.x], window)
        # What diagonals and tree see: as ``query`` and ``joined``, but without huge values.
        self.scale = 0.0
        self.calm, self.calm_joined, self.room = self.query, self.joined, np.full(len(query) - window + 1, np.inf)
        if not self.exact:
            self._centre(pieces, window)
        self.window, self.k = window, k
        self.rows = min(4096, max(1024, 8 * window))  # a restart costs W / rows of the time
        count = len(query) - window + 1
        self.nearest = Nearest(np.empty((count, k)), np.empty((count, k), dtype=np.int32))

    def _centre(self, pieces: list[Array], window: int) -> None:
        level, reach = usual_range([self.query, *pieces])
        usual = self.query[np.abs(self.query - level) <= reach]
        centre = float(usual.mean()) if len(usual) else level
        self.query = self.calm = self.query - centre
        moved = [piece - centre for piece in pieces]
        self.joined = self.calm_joined = Joined.of(moved, self.query, window)
        largest = max(float(np.abs(part).max()) for part in [self.query, *moved])
        if largest > reach:
            self.calm = calmed(self.query, reach)
            self.calm_joined = Joined.of(moved, self.query, window, reach)
            # A window with a huge value is at least so far from a row.
            self.room = reach - sliding_window_view(np.abs(self.query), window).max(axis=1)
        self.scale = largest_square(self.calm, self.calm_joined.x[self.calm_joined.x != self.calm_joined.far], window)

    def by_diagonals(self, stretches: list[tuple[int, int]]) -> None:
        """All pairs of these rows, on as many threads as numba is allowed."""
        margin = self.rows + DIAGONALS + self.window
        wide = np.pad(self.calm_joined.x, margin, constant_values=self.calm_joined.far)
        tasks = [(a, min(a + self.rows, last)) for first, last in stretches for a in range(first, last, self.rows)]
        in_parallel(lambda task: self._by_diagonals(*task, wide, margin), tasks)

    def _by_diagonals(self, first: int, last: int, wide: Array, margin: int) -> None:
        total = len(self.calm_joined.starts)
        shape = last - first, min(self.k if self.exact else self.k + SPARE, total)
        heaps = Heaps(np.full(shape, self.calm_joined.limit), np.full(shape, -1, dtype=np.int32))
        found = search_diagonals(self.calm, wide, margin, self.window, first, heaps)
        scale = max(found, self.calm_joined.scale, self.scale)
        # Each step rounds three times; a diagonal never takes more steps than the block has rows.
        slack = 0.0 if self.exact or shape[1] == total else 4 * EPS * (last - first + self.window) * scale
        self._measure(first, heaps, slack)
        for row in (first + np.flatnonzero(self.nearest.starts[first:last, 0] < 0)).tolist():
            search_term_by_term(self.query, self.joined.x, self.joined.starts, self.window, row, self.nearest)

    def by_tree(self, tree: WindowTree) -> None:
        """Candidates from a tree; all pairs of the rows that these leave in doubt."""

        def one(part: tuple[slice, Array]) -> None:
            found, scale = tree.candidates(part[1])
            heaps = Heaps(found.squares, self.calm_joined.starts.take(found.starts))
            self._measure(part[0].start, heaps, 4 * EPS * self.window * scale)

        in_parallel(one, Windows([self.calm], self.window).chunks(ASKED))
        self.by_diagonals(runs(np.flatnonzero(self.nearest.starts[:, 0] < 0), self.window))

    def _measure(self, first: int, heaps: Heaps, slack: float) -> None:
        rows = slice(first, first + len(heaps.squares))
        part = Nearest(self.nearest.distances[rows], self.nearest.starts[rows])
        measure(self.query, self.joined.x, self.window, first, heaps, slack, part)
        part.starts[:, 0][part.distances[:, -1] >= self.room[rows]] = -1

    def pieces(self) -> list[Array]:
        """The pieces as they are searched."""
        starts = self.calm_joined.starts
        ends = np.flatnonzero(np.diff(starts) > 1)
        begins = starts[np.concatenate([[0], ends + 1])]
        return [self.calm_joined.x[a : b + self.window] for a, b in zip(begins, starts[[*ends, -1]], strict=True)]


def largest_square(a: Array, b: Array, window: int) -> float:
    """Above the squared distance of any two windows of two series about 0: the sum of their lengths, squared."""

    def longest(x: Array) -> float:
        summed = np.concatenate([[0.0], np.cumsum(x * x)])
        return float(np.sqrt((summed[window:] - summed[:-window]).max(initial=0.0)))

    return (longest(a) + longest(b)) ** 2


def runs(rows: Index, gap: int) -> list[tuple[int, int]]:
    """Runs ``(first, behind the last)`` that hold these ascending numbers; those at most ``gap`` apart are joined."""
    if not len(rows):
        return []
    edges = np.flatnonzero(np.diff(rows) > gap)
    return list(zip(rows[[0, *(edges + 1)]].tolist(), (rows[[*edges, -1]] + 1).tolist(), strict=True))


def holds_integers(pieces: list[Array], window: int) -> bool:
    """Whether every sum of squared differences of windows is an integer that float64 holds exactly."""
    largest = max(float(np.abs(piece).max()) for piece in pieces)
    if not 4 * largest**2 * window < 2**52:
        return False
    return all(bool((piece == np.rint(piece)).all()) for piece in pieces)
