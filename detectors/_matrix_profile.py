"""Matrix profile: z-normalised distance from each window to its nearest other window, exact in float64.

The covariance of two windows follows from the pair one step up its diagonal by two multiply-adds (the "mpx" form of
SCAMP, Zimmerman et al., SoCC 2019, Sec. 3.3):

    cov(i, j) = cov(i - 1, j - 1) + f(i) g(j) + f(j) g(i),
    f(i) = (x[i + m - 1] - x[i - 1]) / 2,  g(i) = (x[i + m - 1] - mean(i)) + (x[i - 1] - mean(i - 1))

Adjacent diagonals are walked together, in vector registers, four rows at a time. Both orders of a pair are walked, so
that a row needs only its own best: that costs less than a second comparison with the column's best and its store.
Diagonals begin anew every few thousand rows, which bounds rounding; the walk chooses the neighbour, whose distance is
then taken from the two normalised windows themselves.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import get_num_threads, njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Array = NDArray[np.float64]

DIAGONALS = 1024  # two buffers of them, 16 KiB, stay in the first-level cache
GROUP = 256  # columns that share one comparison with the row's best
LEAD = 3  # rows that a column's values run ahead when four are walked at once
LOWEST = -1e300
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

    @classmethod
    def padded(cls, x: Array, margin: int, window: int) -> Rolling:
        """Zeros in front and behind, so that a diagonal may begin outside; windows there correlate with none."""
        wide = cls.of(np.pad(x, margin), window)
        wide.inverse[:margin] = wide.inverse[-margin:] = 0.0
        return wide

    def inner(self, margin: int) -> Rolling:
        """What :meth:`padded` was made of."""
        inside = slice(margin, -margin)
        return Rolling(self.x[inside], self.mean[inside], self.inverse[inside], self.f[inside], self.g[inside])


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
    count = len(query) - window + 1
    rows = _rows(count)
    margin = rows + 2 * DIAGONALS + window
    distance, index = np.full(count, np.inf), np.full(count, -1, dtype=np.int64)

    def search(task: tuple[int, int, Rolling, Rolling]) -> None:
        first, offset, own, wide = task
        piece = wide.inner(margin)
        last = min(first + rows, count)
        diagonals = _blocks(1 - last, len(piece.mean) - first, exclusion, share)
        # A constant window looks for nothing.
        best = np.where(own.inverse[first:last] == 0, np.inf, -np.inf)
        number = np.full(last - first, -1, dtype=np.int64)
        _walk(own.x, own.mean, own.f, own.g, wide.x, wide.mean, wide.inverse, wide.f, wide.g,
              margin, window, first, last, diagonals, best, number)  # fmt: skip
        _settle(own.x, own.mean, own.inverse, piece.x, piece.mean, piece.inverse,
                window, first, offset, number, distance, index)  # fmt: skip

    own, offset = None if exclusion is not None else Rolling.of(query - query.mean(), window), 0
    for piece in reference:
        if len(piece) >= window:
            wide = Rolling.padded(piece - query.mean(), margin, window)
            tasks = [(first, offset, own or wide.inner(margin), wide) for first in range(0, count, rows)]
            _each(tasks, search)
            offset += len(piece) - window + 1
    return distance, index


def _rows(count: int) -> int:
    """Rows of a task: at most 4096, and an even number of equal tasks, so that two threads end together."""
    return -(-count // (2 * -(-count // 8192)))


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
    """Best neighbour of rows first..last on the given blocks of diagonals; ``best`` lacks the row's own norm.

    The value of diagonal t of a block stands at LEAD + t; those beside the block are too low to matter.
    """
    count = other_mean.shape[0] - 2 * margin
    old, new = np.full(DIAGONALS + 2 * LEAD, LOWEST), np.full(DIAGONALS + 2 * LEAD, LOWEST)
    carry, before, spare = np.empty(LEAD), np.empty(LEAD), np.empty((2, GROUP + LEAD))
    for diagonal in diagonals:
        base = margin + diagonal
        # Where the block lies outside of the other series there is nothing to walk.
        row, end_row = max(first, 1 - DIAGONALS - diagonal), min(last, count - diagonal)
        if row >= end_row:
            continue
        shift = base + row
        whole = old[LEAD : LEAD + DIAGONALS]
        _start(x[row : row + window], mean[row], other[shift:], other_mean[shift:], whole)
        _offer(whole, inverse[shift:], row + diagonal, count, best, number, row - first)
        row += 1
        while row + 4 <= end_row:
            k = row - first
            carry[:] = LOWEST
            for group in range(0, DIAGONALS, GROUP):
                end = group + GROUP if group + GROUP < DIAGONALS else DIAGONALS + LEAD
                shift = base + row + group
                above = old[LEAD + group : LEAD + end]
                ff, gg, ii = other_f[shift:], other_g[shift:], inverse[shift:]
                before[:] = carry
                if _four_steps(f[row:], g[row:], ff, gg, ii, above, new[group:end], best[k:], carry) < 0:
                    column = row + diagonal + group
                    _revisit(f[row:], g[row:], ff, gg, ii, above, before, column, count, best, number, k, spare)
            old, new = new, old
            row += 4
        whole = old[LEAD : LEAD + DIAGONALS]
        while row < end_row:
            shift = base + row
            _step(f[row], g[row], other_f[shift:], other_g[shift:], inverse[shift:], whole, np.inf)
            _offer(whole, inverse[shift:], row + diagonal, count, best, number, row - first)
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


def _as_bits(context, x):  # type: ignore[no-untyped-def]
    """A float64 as the integer of its bits, whose sign is the float's."""

    def cast(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.bitcast(args[0], context.get_value_type(types.int64))

    return types.int64(types.float64), cast


_bits: Any = intrinsic(_as_bits)


@njit(nogil=True, cache=True, fastmath=FAST)
def _four_steps(f, g, other_f, other_g, inverse, old, new, best, carry):  # type: ignore[no-untyped-def]
    """Four rows at once, column by column. Negative when any correlation is above its row's best.

    A row's value grows from the one above it in the column before, which stays in a register (``carry`` takes it to the
    next columns); so all four rows share one load of each array. Signs are joined because LLVM puts neither a
    comparison's early end nor a running maximum into vector registers.
    """
    f0, f1, f2, f3 = f[0], f[1], f[2], f[3]
    g0, g1, g2, g3 = g[0], g[1], g[2], g[3]
    b0, b1, b2, b3 = best[0], best[1], best[2], best[3]
    p0, p1, p2 = carry[0], carry[1], carry[2]
    sign = 0
    for t in range(new.shape[0]):
        ff, gg, norm = other_f[t], other_g[t], inverse[t]
        v0 = old[t] + f0 * gg + g0 * ff
        v1 = p0 + f1 * gg + g1 * ff
        v2 = p1 + f2 * gg + g2 * ff
        v3 = p2 + f3 * gg + g3 * ff
        p0, p1, p2 = v0, v1, v2
        new[t] = v3
        sign |= _bits(b0 - v0 * norm) | _bits(b1 - v1 * norm) | _bits(b2 - v2 * norm) | _bits(b3 - v3 * norm)
    carry[0], carry[1], carry[2] = p0, p1, p2
    return sign


@njit(nogil=True, cache=True)
def _revisit(  # type: ignore[no-untyped-def]
    f, g, other_f, other_g, inverse, above, before, column, count, best, number, k, spare
):
    """The four rows again, one by one, to find which pair was better."""
    values, shifted = spare[0, : above.shape[0]], spare[1, : above.shape[0]]
    values[:] = above
    for r in range(4):
        if _step(f[r], g[r], other_f, other_g, inverse, values, best[k + r]):
            _offer(values, inverse, column, count, best, number, k + r)
        if r < LEAD:
            shifted[0] = before[r]
            shifted[1:] = values[:-1]
            values, shifted = shifted, values


@njit(nogil=True, cache=True)
def _offer(values, inverse, column, count, best, number, k):  # type: ignore[no-untyped-def]
    begin = max(0, -column)
    end = min(values.shape[0], count - column)
    for t in range(begin, end):
        correlation = values[t] * inverse[t]
        if correlation > best[k]:
            best[k], number[k] = correlation, column + t


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
