"""The compiled loops of the matrix profile: rolling moments, diagonals, the distances found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

DIAGONALS = 1024  # two buffers of them, 16 KiB, stay in the first-level cache
GROUP = 256  # columns that share one comparison with the row's best
LEAD = 3  # rows that a column's values run ahead when four are walked at once
LOWEST = -1e300
SAME = 1e-14  # squared distance
FAST = {"reassoc", "nsz", "contract"}


@njit(nogil=True, cache=True)
def rolling(x, window):
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
def _deviation(values):
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
def walk(
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
def _start(own, mean, other, other_mean, out):
    """Covariances (summed products) of one window with those on a block of diagonals."""
    out[:] = 0.0
    for w in range(own.shape[0]):
        a, b = own[w] - mean, other[w : w + DIAGONALS]
        for t in range(DIAGONALS):
            out[t] += a * (b[t] - other_mean[t])


@njit(nogil=True, cache=True, fastmath=FAST)
def _step(f, g, other_f, other_g, inverse, values, bound):
    """One row further on a run of diagonals. Is any correlation above the bound?"""
    hit = 0
    for t in range(values.shape[0]):
        v = values[t] + f * other_g[t] + g * other_f[t]
        values[t] = v
        hit |= v * inverse[t] > bound
    return hit


def _as_bits(context, x):
    """A float64 as the integer of its bits, whose sign is the float's."""

    def cast(context, builder, signature, args):
        return builder.bitcast(args[0], context.get_value_type(types.int64))

    return types.int64(types.float64), cast


_bits: Any = intrinsic(_as_bits)


@njit(nogil=True, cache=True, fastmath=FAST)
def _four_steps(f, g, other_f, other_g, inverse, old, new, best, carry):
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
def _revisit(f, g, other_f, other_g, inverse, above, before, column, count, best, number, k, spare):
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
def _offer(values, inverse, column, count, best, number, k):
    begin = max(0, -column)
    end = min(values.shape[0], count - column)
    for t in range(begin, end):
        correlation = values[t] * inverse[t]
        if correlation > best[k]:
            best[k], number[k] = correlation, column + t


@njit(nogil=True, cache=True)
def settle(x, mean, inverse, other, other_mean, other_inverse, window, first, offset, number, distance, index):
    """Distance to the chosen neighbour from the two normalised windows, kept when it is the nearest so far."""
    for r in range(number.shape[0]):
        i, j = first + r, number[r]
        if inverse[i] > 0.0 and j < 0:
            continue
        found = np.sqrt(2.0 * window)
        if inverse[i] > 0.0 and other_inverse[j] > 0.0:
            found = _apart(x, i, mean, inverse, other, j, other_mean, other_inverse, window)
        if found < distance[i]:
            distance[i], index[i] = found, (offset + j if j >= 0 else -1)


@njit(nogil=True, cache=True)
def _apart(x, i, mean, inverse, other, j, other_mean, other_inverse, window):
    """Distance of two windows that are not constant; equal but for rounding they are equal, as in stumpy."""
    total = 0.0
    for w in range(window):
        gap = (x[i + w] - mean[i]) * inverse[i] - (other[j + w] - other_mean[j]) * other_inverse[j]
        total += gap * gap
    return np.sqrt(window * total) if window * total > SAME else 0.0


@njit(nogil=True, cache=True)
def compare(
    x, mean, inverse, other, other_mean, other_inverse, window, rows, columns, at, zone, offset, distance, index
):
    """Every pair of a flagged row or column, but those within the zone around diagonal ``at``."""
    every_row, every_column = np.arange(len(rows)), np.arange(len(columns))
    for own, theirs in (
        (np.flatnonzero(rows), every_column),
        (every_row, np.flatnonzero(columns)),
    ):
        for i in own:
            for j in theirs:
                if abs(j - i - at) <= zone:
                    continue
                found = np.sqrt(2.0 * window)
                if inverse[i] > 0.0 and other_inverse[j] > 0.0:
                    found = _apart(x, i, mean, inverse, other, j, other_mean, other_inverse, window)
                if found < distance[i]:
                    distance[i], index[i] = found, offset + j
