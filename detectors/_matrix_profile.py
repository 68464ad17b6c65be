"""Matrix profile: z-normalised distance from each window to its nearest other window, exact in float64.

The covariance of two windows follows from the pair one step up its diagonal by two multiply-adds (the "mpx" form of
SCAMP, Zimmerman et al., SoCC 2019, Sec. 3.3):

    cov(i, j) = cov(i - 1, j - 1) + f(i) g(j) + f(j) g(i),
    f(i) = (x[i + m - 1] - x[i - 1]) / 2,  g(i) = (x[i + m - 1] - mean(i)) + (x[i - 1] - mean(i - 1))

Adjacent diagonals are walked together, in vector registers. Both orders of a pair are walked, so that a row needs only
its own best: that costs less than a second comparison with the column's best and its store. Diagonals begin anew every
few thousand rows, which bounds rounding; the walk chooses the neighbour, whose distance is then taken from the two
normalised windows themselves.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import get_num_threads, njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

DIAGONALS = 1024  # two buffers of them, 16 KiB, stay in the first-level cache
GROUP = 64  # diagonals that share one comparison with the row's best
SAME = 1e-14  # squared distance
GOLDEN = 0.6180339887498949
FAST = {"reassoc", "nsz", "contract"}


@dataclass
class Rolling:
    """A series and what the recurrence needs of each window of length ``window``.

    Attributes
    ----------
    x : (n,) array
    mean, inverse : (n - window + 1,) arrays
        Mean, and one over the root of the summed squared deviations; 0 for a constant window.
    f, g : (n - window + 1,) arrays
        The differences named above.
    """

    x: Array
    mean: Array
    inverse: Array
    f: Array
    g: Array

    @classmethod
    def of(cls, x: Array, window: int) -> Rolling:
        x = np.ascontiguousarray(x, dtype=np.float64)
        return cls(x, *_rolling(x, window))

    @property
    def constant(self) -> NDArray[np.bool_]:
        return np.asarray(self.inverse == 0.0)

    def padded(self, margin: int, window: int) -> Rolling:
        """Zeros in front and behind, so that a diagonal may begin outside; windows there correlate with none."""
        wide = Rolling.of(np.pad(self.x, margin), window)
        wide.inverse[:margin] = wide.inverse[-margin:] = 0.0
        return wide


def is_constant(x: Array, window: int) -> NDArray[np.bool_]:
    """Which windows hold one value only, (n - window + 1,)."""
    return Rolling.of(x, window).constant


def nearest_distance(
    query: Array, reference: list[Array], window: int, exclusion: int | None = None, share: float = 1.0
) -> tuple[Array, NDArray[np.int64]]:
    """Distance from each window of ``query`` to the nearest window of the reference, constants taken as uncorrelated.

    Parameters
    ----------
    query : (n,) array
    reference : list of (m_i,) arrays
        Pieces; no window straddles two of them.
    window : int
    exclusion : int or None
        For a self-join (the reference is ``[query]``): windows at most so many starts apart are no neighbours.
    share : float
        Share of the blocks of diagonals that is walked, in (0, 1]; below 1 the result is an upper bound.

    Returns
    -------
    distance : (n - window + 1,) array
        sqrt(2 m (1 - correlation)); a constant window, and one whose only candidates are constant, gets sqrt(2 m);
        infinite when there is no candidate.
    index : (n - window + 1,) int64 array
        The neighbour, counted over the windows of all pieces; -1 without one.
    """
    rows = min(4096, max(1024, 8 * window))
    own = Rolling.of(query - query.mean(), window)
    pieces = [Rolling.of(piece - query.mean(), window) for piece in reference if len(piece) >= window]
    count = len(own.mean)
    distance, index = np.full(count, np.inf), np.full(count, -1, dtype=np.int64)
    margin = rows + 2 * DIAGONALS + window

    def search(task: tuple[int, int, Rolling, Rolling]) -> None:
        first, offset, piece, wide = task
        last = min(first + rows, count)
        diagonals = _blocks(1 - last, len(piece.mean) - first, exclusion, share)
        # A constant window looks for nothing.
        best = np.where(own.inverse[first:last] == 0, np.inf, -np.inf)
        number = np.full(last - first, -1, dtype=np.int64)
        _walk(own.x, own.mean, own.f, own.g, wide.x, wide.mean, wide.inverse, wide.f, wide.g,
              margin, window, first, last, diagonals, best, number)  # fmt: skip
        _settle(own.x, own.mean, own.inverse, piece.x, piece.mean, piece.inverse,
                window, first, offset, number, distance, index)  # fmt: skip

    offset = 0
    for piece in pieces:
        wide = piece.padded(margin, window)
        _each([(first, offset, piece, wide) for first in range(0, count, rows)], search)
        offset += len(piece.mean)
    return distance, index


def _each(tasks: list[tuple[int, int, Rolling, Rolling]], search) -> None:  # type: ignore[no-untyped-def]
    """All tasks, on as many threads as numba is allowed (the kernels release the interpreter)."""
    workers = min(get_num_threads(), len(tasks))
    if workers == 1:
        for task in tasks:
            search(task)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(search, tasks))


def _blocks(lowest: int, highest: int, exclusion: int | None, share: float) -> NDArray[np.int64]:
    """First diagonals of the blocks that cover lowest..highest but for the exclusion zone.

    Blocks are counted from the zone, or from the main diagonal, so that a share of them means the
    same diagonals whichever rows are asked for; multiples of the golden ratio spread it evenly.
    """
    if exclusion is None:
        starts = np.arange(lowest // DIAGONALS, -(-highest // DIAGONALS)) * DIAGONALS
        number = starts // DIAGONALS
    else:
        right = np.arange(exclusion + 1, highest, DIAGONALS)
        left = np.arange(-exclusion - DIAGONALS, lowest - DIAGONALS, -DIAGONALS)
        starts = np.concatenate([left[::-1], right])
        number = np.concatenate([np.arange(len(left))[::-1], np.arange(len(right))])
    return starts[(number * GOLDEN) % 1 < share]


@njit(nogil=True, cache=True)
def _rolling(x, window):  # type: ignore[no-untyped-def]
    """Mean and inverse norm of each window in two passes over it; a run of equal values has norm 0 exactly."""
    count = x.shape[0] - window + 1
    mean, inverse = np.empty(count), np.zeros(count)
    f, g = np.zeros(count), np.zeros(count)
    run = 1
    for i in range(1, window - 1):
        run = run + 1 if x[i] == x[i - 1] else 1
    for i in range(count):
        last = i + window - 1
        if last > 0:
            run = run + 1 if x[last] == x[last - 1] else 1
        mean[i], total = _deviation(x[i : i + window])
        if run < window and total > 0.0:
            inverse[i] = 1.0 / np.sqrt(total)
        if i > 0:
            f[i] = 0.5 * (x[last] - x[i - 1])
            g[i] = (x[last] - mean[i]) + (x[i - 1] - mean[i - 1])
    return mean, inverse, f, g


@njit(nogil=True, cache=True, fastmath=FAST)
def _deviation(values):  # type: ignore[no-untyped-def]
    """Mean and summed squared deviations."""
    mean = 0.0
    for value in values:
        mean += value
    mean /= values.shape[0]
    total = 0.0
    for value in values:
        total += (value - mean) * (value - mean)
    return mean, total


@njit(nogil=True, cache=True)
def _walk(  # type: ignore[no-untyped-def]
    x, mean, f, g, other, other_mean, inverse, other_f, other_g, margin, window, first, last, diagonals, best, number
):
    """Best neighbour of rows first..last on the given blocks of diagonals; ``best`` lacks the row's own norm."""
    count = other_mean.shape[0] - 2 * margin
    old, new, values = np.empty(DIAGONALS), np.empty(DIAGONALS), np.empty(GROUP)
    for diagonal in diagonals:
        base = margin + diagonal
        shift = base + first
        _start(x[first : first + window], mean[first], other[shift:], other_mean[shift:], old)
        _offer(old, inverse[shift:], first, diagonal, count, best, number, 0)
        row = first + 1
        while row + 4 <= last:
            k = row - first
            for group in range(0, DIAGONALS, GROUP):
                shift = base + row + group
                before, after = old[group : group + GROUP], new[group : group + GROUP]
                ff, gg, ii = other_f[shift:], other_g[shift:], inverse[shift:]
                if _four_steps(f[row:], g[row:], ff, gg, ii, before, after, best[k:]):
                    values[:] = before
                    for r in range(4):
                        if _step(f[row + r], g[row + r], ff[r:], gg[r:], ii[r:], values, best[k + r]):
                            _offer(values, ii[r:], row + r, diagonal + group, count, best, number, k + r)
            old, new = new, old
            row += 4
        while row < last:
            shift = base + row
            _step(f[row], g[row], other_f[shift:], other_g[shift:], inverse[shift:], old, np.inf)
            _offer(old, inverse[shift:], row, diagonal, count, best, number, row - first)
            row += 1


@njit(nogil=True, cache=True, fastmath=FAST)
def _start(own, mean, other, other_mean, out):  # type: ignore[no-untyped-def]
    """Covariances (summed products) of one window with those on a block of diagonals."""
    out[:] = 0.0
    for w in range(own.shape[0]):
        a, b = own[w] - mean, other[w : w + DIAGONALS]
        for t in range(DIAGONALS):
            out[t] += a * (b[t] - other_mean[t])


@njit(nogil=True, cache=True, fastmath=FAST)
def _step(f, g, other_f, other_g, inverse, values, bound):  # type: ignore[no-untyped-def]
    """One row further on a run of diagonals. Is any correlation above the bound?"""
    hit = 0
    for t in range(values.shape[0]):
        v = values[t] + f * other_g[t] + g * other_f[t]
        values[t] = v
        hit |= v * inverse[t] > bound
    return hit


@njit(nogil=True, cache=True, fastmath=FAST)
def _four_steps(f, g, other_f, other_g, inverse, old, new, best):  # type: ignore[no-untyped-def]
    """Four rows at once: the covariances between stay in registers, one load and one store for four pairs."""
    f0, f1, f2, f3 = f[0], f[1], f[2], f[3]
    g0, g1, g2, g3 = g[0], g[1], g[2], g[3]
    b0, b1, b2, b3 = best[0], best[1], best[2], best[3]
    hit = 0
    for t in range(GROUP):
        v0 = old[t] + f0 * other_g[t] + g0 * other_f[t]
        v1 = v0 + f1 * other_g[t + 1] + g1 * other_f[t + 1]
        v2 = v1 + f2 * other_g[t + 2] + g2 * other_f[t + 2]
        v3 = v2 + f3 * other_g[t + 3] + g3 * other_f[t + 3]
        new[t] = v3
        hit |= (v0 * inverse[t] > b0) | (v1 * inverse[t + 1] > b1)
        hit |= (v2 * inverse[t + 2] > b2) | (v3 * inverse[t + 3] > b3)
    return hit


@njit(nogil=True, cache=True)
def _offer(values, inverse, row, diagonal, count, best, number, k):  # type: ignore[no-untyped-def]
    begin = max(0, -(row + diagonal))
    end = min(values.shape[0], count - row - diagonal)
    for t in range(begin, end):
        correlation = values[t] * inverse[t]
        if correlation > best[k]:
            best[k], number[k] = correlation, row + diagonal + t


@njit(nogil=True, cache=True)
def _settle(  # type: ignore[no-untyped-def]
    x, mean, inverse, other, other_mean, other_inverse, window, first, offset, number, distance, index
):
    """Distance to the chosen neighbour from the two normalised windows, kept when it is the nearest so far."""
    for r in range(number.shape[0]):
        i, j = first + r, number[r]
        if inverse[i] > 0.0 and j < 0:
            continue
        found = np.sqrt(2.0 * window)
        if inverse[i] > 0.0 and other_inverse[j] > 0.0:
            total = 0.0
            for w in range(window):
                gap = (x[i + w] - mean[i]) * inverse[i] - (other[j + w] - other_mean[j]) * other_inverse[j]
                total += gap * gap
            # Two windows equal but for rounding are equal, as in stumpy.
            found = np.sqrt(window * total) if window * total > SAME else 0.0
        if found < distance[i]:
            distance[i], index[i] = found, (offset + j if j >= 0 else -1)
