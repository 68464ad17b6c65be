"""Exact k nearest windows under the Euclidean distance, by walking blocks of diagonals.

Windows of stride 1 share all but one point with the window before, so a squared distance follows from the one a step up
the diagonal by adding the point that enters and taking off the one that leaves:

    D2(i, j) = D2(i - 1, j - 1) + (a[i + W - 1] - b[j + W - 1])^2 - (a[i - 1] - b[j - 1])^2

(the recurrence behind STOMP, Zhu et al., ICDM 2016, without its normalisation). The cost of a pair does not depend on
the window, and nothing of size n x W is ever made. Adjacent diagonals are independent, so the inner loop runs over a
block of them in vector registers and tells whether any of its pairs can enter a row's heap.

The recurrence starts anew every few thousand rows, which bounds its rounding error; it only chooses candidates, a few
more than asked for. Their distances are summed afresh, and a row whose candidates rounding could have mixed up is
searched again term by term. Long series of smooth windows are asked of a k-d tree instead (``_window_tree``).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import get_num_threads, njit
from numpy.typing import NDArray

from detectors._window_tree import WindowTree, tree_for

Array = NDArray[np.float64]
Index = NDArray[np.int32]

DIAGONALS = 1024  # two buffers of them, 16 KiB, stay in the first-level cache
GROUP = 64  # diagonals that share one running minimum
SPARE = 4  # candidates beyond those asked for, where rounding may reorder them
EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)
FAST = {"reassoc", "nsz", "contract"}


def nearest_windows(query: Array, reference: list[Array], window: int, k: int) -> tuple[Array, Index]:
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
    Among equally distant windows the earlier ones win, except that a heap decides which of several
    equals gives way to a nearer one; on integer values, where all sums are exact, the choice is that of
    scikit-learn's brute force, heap for heap.
    """
    pieces = [piece for piece in reference if len(piece) >= window]
    search = Search(query, pieces, window, k)
    tree = None if search.exact else tree_for(search.pieces(), window, len(search.distances), k + SPARE)
    if tree is None:
        search.walk([(0, len(search.distances))])
    else:
        search.ask(tree)
    if len(pieces) > 1:
        starts = search.joined.starts
        for rows in range(0, len(search.index), 1 << 16):
            part = search.index[rows : rows + (1 << 16)]
            part[:] = np.searchsorted(starts, part)
    return search.distances, search.index


@dataclass
class Joined:
    """Pieces one after the other, a far-away value between two: windows across it are nobody's neighbours.

    Attributes
    ----------
    x : (m,) array
    starts : (n_windows,) array
        Where the windows of the pieces begin.
    far : float
        The value between them, also put in front and behind.
    limit : float
        Above every squared distance of two windows, below that to a window with a far value.
    scale : float
        Largest squared distance to a window with a far value; 0 when there is one piece, hence none.
    """

    x: Array
    starts: NDArray[np.int32]
    far: float
    limit: float
    scale: float

    @classmethod
    def of(cls, pieces: list[Array], query: Array, window: int) -> Joined:
        low = min(float(part.min()) for part in [query, *pieces])
        high = max(float(part.max()) for part in [query, *pieces])
        spread = high - low or 1.0
        far = float(np.ceil(high + 2 * spread * np.sqrt(window if len(pieces) > 1 else 1)))
        ends = np.cumsum([len(piece) + 1 for piece in pieces])
        starts = [
            np.arange(end - len(p) - 1, end - window, dtype=np.int32) for p, end in zip(pieces, ends, strict=True)
        ]
        parts = [part for piece in pieces for part in (piece, [far])][:-1]
        limit = 2 * window * spread**2 + TINY
        return cls(np.concatenate(parts), np.concatenate(starts), far, limit, 4 * limit if len(pieces) > 1 else 0.0)


class Search:
    """One query of :func:`nearest_windows`: fills ``distances`` and ``index``, the latter with joined starts."""

    def __init__(self, query: Array, pieces: list[Array], window: int, k: int) -> None:
        self.query, self.joined = np.ascontiguousarray(query), Joined.of(pieces, query, window)
        self.exact = holds_integers([query, self.joined.x], window)
        if not self.exact:
            centre = float(np.mean(query))
            self.query = query - centre
            self.joined = Joined.of([piece - centre for piece in pieces], self.query, window)
        self.window, self.k = window, k
        self.rows = min(4096, max(1024, 8 * window))  # a restart costs W / rows of the walk
        count = len(query) - window + 1
        self.distances, self.index = np.empty((count, k)), np.empty((count, k), dtype=np.int32)

    def walk(self, stretches: list[tuple[int, int]]) -> None:
        """All pairs of these rows, on as many threads as numba is allowed."""
        margin = self.rows + DIAGONALS + self.window
        wide = np.pad(self.joined.x, margin, constant_values=self.joined.far)
        tasks = [(a, min(a + self.rows, last)) for first, last in stretches for a in range(first, last, self.rows)]

        def one(task: tuple[int, int]) -> None:
            self._walk(*task, wide, margin)

        workers = min(get_num_threads(), len(tasks))
        if workers <= 1:
            for task in tasks:
                one(task)
            return
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(one, tasks))

    def _walk(self, first: int, last: int, wide: Array, margin: int) -> None:
        total = len(self.joined.starts)
        size = min(self.k if self.exact else self.k + SPARE, total)
        heaps = np.full((last - first, size), self.joined.limit)
        starts = np.full((last - first, size), -1, dtype=np.int32)
        scale = max(_walk(self.query, wide, margin, self.window, first, last, heaps, starts), self.joined.scale)
        # Each step rounds three times; the walk is never longer than the block has rows.
        slack = 0.0 if self.exact or size == total else 4 * EPS * (last - first + self.window) * scale
        self._settle(first, heaps, starts, slack)
        for row in first + np.flatnonzero(self.index[first:last, 0] < 0):
            _search_term_by_term(
                self.query, self.joined.x, self.joined.starts, self.window, row, self.distances[row], self.index[row]
            )

    def ask(self, tree: WindowTree) -> None:
        """Candidates from a tree; rows that they do not settle are walked."""
        for first, squares, numbers, scale in tree.candidates(self.query, get_num_threads()):
            starts = self.joined.starts.take(numbers, mode="clip")
            self._settle(first, squares, starts, 4 * EPS * self.window * scale)
        self.walk(runs(np.flatnonzero(self.index[:, 0] < 0), self.window))

    def _settle(self, first: int, squares: Array, starts: Index, slack: float) -> None:
        rows = slice(first, first + len(squares))
        _settle(
            self.query,
            self.joined.x,
            self.window,
            first,
            squares,
            starts,
            slack,
            self.distances[rows],
            self.index[rows],
        )

    def pieces(self) -> list[Array]:
        """The pieces as they are searched."""
        ends = np.flatnonzero(np.diff(self.joined.starts) > 1)
        begins = self.joined.starts[np.concatenate([[0], ends + 1])]
        return [
            self.joined.x[a : b + self.window] for a, b in zip(begins, self.joined.starts[[*ends, -1]], strict=True)
        ]


def runs(rows: NDArray[np.intp], gap: int) -> list[tuple[int, int]]:
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


@njit(nogil=True, cache=True, fastmath=FAST)
def _walk(query, wide, margin, window, first, last, heaps, starts):  # type: ignore[no-untyped-def]
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
def _enter_and_leave(x, window):  # type: ignore[no-untyped-def]
    """Difference and sum of the point that enters with window i and the one that has left."""
    less, more = np.zeros(x.shape[0]), np.zeros(x.shape[0])
    for i in range(1, x.shape[0] - window + 1):
        less[i], more[i] = x[i + window - 1] - x[i - 1], x[i + window - 1] + x[i - 1]
    return less, more


@njit(nogil=True, cache=True, fastmath=FAST)
def _start(query, wide, base, window, row, out):  # type: ignore[no-untyped-def]
    """Squared distances of one row on a block of diagonals, term by term."""
    out[:] = 0.0
    for w in range(window):
        a = query[row + w]
        other = wide[base + row + w : base + row + w + DIAGONALS]
        for t in range(DIAGONALS):
            gap = a - other[t]
            out[t] += gap * gap


@njit(nogil=True, cache=True, fastmath=FAST)
def _step(less, more, u, v, values, bound):  # type: ignore[no-untyped-def]
    """One row further: p^2 - q^2 = (p - q)(p + q) takes an operation less than two squares. Any below the bound?"""
    hit = 0
    for t in range(values.shape[0]):
        d = values[t] + (u - less[t]) * (v - more[t])
        values[t] = d
        hit |= d < bound
    return hit


@njit(nogil=True, cache=True, fastmath=FAST)
def _four_steps(less, more, u, v, old, new, bounds):  # type: ignore[no-untyped-def]
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
def _offer(values, row, diagonal, count, heap, start):  # type: ignore[no-untyped-def]
    begin = max(0, -(row + diagonal))
    end = min(values.shape[0], count - row - diagonal)
    for t in range(begin, end):
        if values[t] < heap[0]:
            _replace_farthest(heap, start, values[t], row + diagonal + t)


@njit(nogil=True, cache=True)
def _replace_farthest(heap, number, value, index):  # type: ignore[no-untyped-def]
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
def _settle(query, other, window, first, squares, starts, slack, distances, index):  # type: ignore[no-untyped-def]
    """Exact distances of the candidates, sorted; -1 leads the index of a row that they leave in doubt."""
    rows, size = squares.shape
    k = distances.shape[1]
    gaps = np.empty(size)
    for r in range(rows):
        bound = squares[r, 0] - slack
        if bound == np.inf:
            index[r, 0] = -1
            continue
        order = np.argsort(starts[r], kind="mergesort")
        for c in range(size):
            gaps[c] = _squared_distance(query, first + r, other, starts[r, order[c]], window)
        best = np.argsort(gaps, kind="mergesort")[:k]
        # Below one part in 1e9 the k-th distance is right whichever of the doubtful windows is taken.
        doubt = slack > 0.0 and gaps[best[k - 1]] * (1 - 1e-9) > bound and gaps[best[k - 1]] > 0.0
        for c in range(k):
            distances[r, c] = np.sqrt(gaps[best[c]])
            index[r, c] = starts[r, order[best[c]]]
        if doubt:
            index[r, 0] = -1


@njit(nogil=True, cache=True, fastmath=FAST)
def _squared_distance(a, i, b, j, window):  # type: ignore[no-untyped-def]
    total, left, right = 0.0, a[i : i + window], b[j : j + window]
    for w in range(window):
        gap = left[w] - right[w]
        total += gap * gap
    return total


@njit(nogil=True, cache=True)
def _search_term_by_term(query, other, starts, window, row, distances, index):  # type: ignore[no-untyped-def]
    k = distances.shape[0]
    heap, found = np.full(k, np.inf), np.full(k, -1, dtype=np.int32)
    for start in starts:
        value = _squared_distance(query, row, other, start, window)
        if value < heap[0]:
            _replace_farthest(heap, found, value, start)
    order = np.argsort(heap, kind="mergesort")
    for c in range(k):
        distances[c], index[c] = np.sqrt(heap[order[c]]), found[order[c]]
