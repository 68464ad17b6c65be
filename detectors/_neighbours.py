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
    exact = holds_integers([query, *reference], window)
    centre = 0.0 if exact else float(np.mean(query))
    query = np.ascontiguousarray(query - centre)
    pieces = [piece - centre for piece in reference if len(piece) >= window]
    rows = min(4096, max(1024, 8 * window))  # a restart costs W / rows of the walk
    n_windows = len(query) - window + 1
    distances, index = np.empty((n_windows, k)), np.empty((n_windows, k), dtype=np.int32)
    tree = None if exact else tree_for(pieces, window, n_windows, k + SPARE)
    if tree is not None:
        _ask(tree, query, pieces, k, distances, index)
        return distances, index
    padded = [pad(piece, query, rows + DIAGONALS + window) for piece in pieces]

    def search(first: int) -> None:
        last = min(first + rows, n_windows)
        nearest, number = _search_rows(query, pieces, padded, window, k, first, last, exact)
        distances[first:last], index[first:last] = nearest, number

    starts = range(0, n_windows, rows)
    workers = min(get_num_threads(), len(starts))
    if workers == 1:
        for first in starts:
            search(first)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(search, starts))
    return distances, index


def holds_integers(pieces: list[Array], window: int) -> bool:
    """Whether every sum of squared differences of windows is an integer that float64 holds exactly."""
    largest = max(float(np.abs(piece).max()) for piece in pieces)
    if not 4 * largest**2 * window < 2**52:
        return False
    return all(bool((piece == np.rint(piece)).all()) for piece in pieces)


def pad(piece: Array, query: Array, margin: int) -> Array:
    """A piece with ``margin`` far-away values on both sides, so that a diagonal may begin outside of it."""
    low, high = min(piece.min(), query.min()), max(piece.max(), query.max())
    return np.pad(piece, margin, constant_values=np.ceil(high + 2 * (high - low)))


def _ask(tree: WindowTree, query: Array, pieces: list[Array], k: int, distances: Array, index: Index) -> None:
    """Fill ``distances`` and ``index`` from the candidates of a tree."""
    window = tree.window
    scale = float(np.einsum("ij,ij->i", tree.points, tree.points).max())
    slack = 4 * EPS * window * scale
    lengths = np.array([len(piece) - window + 1 for piece in pieces])
    reference = np.concatenate(pieces)
    for first, squares, numbers in tree.candidates(query, min(k + SPARE, len(tree.points)), get_num_threads()):
        settled = _settle(query, reference, lengths, window, first, squares.copy(), numbers.copy(), k, slack)
        rows = slice(first, first + len(squares))
        distances[rows], index[rows] = settled


def _search_rows(
    query: Array, pieces: list[Array], padded: list[Array], window: int, k: int, first: int, last: int, exact: bool
) -> tuple[Array, Index]:
    total = sum(len(piece) - window + 1 for piece in pieces)
    size = min(k if exact else k + SPARE, total)
    heaps = np.full((last - first, size), np.inf)
    numbers = np.full((last - first, size), -1, dtype=np.int32)
    offset, scale = 0, 0.0
    for piece, wide in zip(pieces, padded, strict=True):
        margin = (len(wide) - len(piece)) // 2
        scale = max(scale, _walk(query, wide, margin, window, first, last, offset, heaps, numbers))
        offset += len(piece) - window + 1
    # Each step rounds three times; the walk is never longer than the block has rows.
    slack = 0.0 if exact or size == total else 4 * EPS * (last - first + window) * scale
    reference = np.concatenate(pieces)
    lengths = np.array([len(piece) - window + 1 for piece in pieces])
    nearest, number = _settle(query, reference, lengths, window, first, heaps, numbers, k, slack)
    return nearest, number


@njit(nogil=True, cache=True, fastmath=FAST)
def _walk(query, wide, margin, window, first, last, offset, heaps, numbers):  # type: ignore[no-untyped-def]
    """Offer all pairs of rows first..last with one piece's windows to the rows' heaps, in order of the piece.

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
        _offer(old, first, diagonal, count, offset, heaps[0], numbers[0])
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
                            _offer(values, row + r, diagonal + group, count, offset, heaps[k + r], numbers[k + r])
                            bounds[k + r] = heaps[k + r, 0]
            old, new = new, old
            row += 4
        while row < last:
            shift = base + row
            _step(less[shift:], more[shift:], u[row - first], v[row - first], old, 0.0)
            _offer(old, row, diagonal, count, offset, heaps[row - first], numbers[row - first])
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
def _offer(values, row, diagonal, count, offset, heap, number):  # type: ignore[no-untyped-def]
    begin = max(0, -(row + diagonal))
    end = min(values.shape[0], count - row - diagonal)
    for t in range(begin, end):
        if values[t] < heap[0]:
            _replace_farthest(heap, number, values[t], offset + row + diagonal + t)


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
def _settle(query, reference, lengths, window, first, heaps, numbers, k, slack):  # type: ignore[no-untyped-def]
    """Exact distances of the candidates, sorted; rows that rounding leaves in doubt are searched in full."""
    rows, size = heaps.shape
    distances, index = np.empty((rows, k)), np.empty((rows, k), dtype=np.int32)
    gaps = np.empty(size)
    for r in range(rows):
        bound = heaps[r, 0] - slack
        order = np.argsort(numbers[r], kind="mergesort")
        for c in range(size):
            gaps[c] = _squared_distance(
                query, first + r, reference, _start_of(numbers[r, order[c]], lengths, window), window
            )
        best = np.argsort(gaps, kind="mergesort")[:k]
        # Below one part in 1e9 the k-th distance is right whichever of the doubtful windows is taken.
        if slack > 0.0 and gaps[best[k - 1]] * (1 - 1e-9) > bound and gaps[best[k - 1]] > 0.0:
            _search_term_by_term(query, reference, lengths, window, first + r, distances[r], index[r])
            continue
        for c in range(k):
            distances[r, c] = np.sqrt(gaps[best[c]])
            index[r, c] = numbers[r, order[best[c]]]
    return distances, index


@njit(nogil=True, cache=True)
def _start_of(number, lengths, window):  # type: ignore[no-untyped-def]
    """Row at which a window, counted over all pieces, starts in the concatenated pieces."""
    start = number
    for length in lengths:
        if number < length:
            break
        number -= length
        start += window - 1
    return start


@njit(nogil=True, cache=True, fastmath=FAST)
def _squared_distance(a, i, b, j, window):  # type: ignore[no-untyped-def]
    total, left, right = 0.0, a[i : i + window], b[j : j + window]
    for w in range(window):
        gap = left[w] - right[w]
        total += gap * gap
    return total


@njit(nogil=True, cache=True)
def _search_term_by_term(query, reference, lengths, window, row, distances, index):  # type: ignore[no-untyped-def]
    k = distances.shape[0]
    heap, number = np.full(k, np.inf), np.full(k, -1, dtype=np.int32)
    count, begin = 0, 0
    for length in lengths:
        for j in range(length):
            value = _squared_distance(query, row, reference, begin + j, window)
            if value < heap[0]:
                _replace_farthest(heap, number, value, count + j)
        count += length
        begin += length + window - 1
    order = np.argsort(heap, kind="mergesort")
    for c in range(k):
        distances[c], index[c] = np.sqrt(heap[order[c]]), number[order[c]]
