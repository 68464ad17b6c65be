"""The compiled loops of the matrix profile: rolling moments, diagonals, exact distances.

The correlation of two windows is their covariance (sum of products) times both inverse norms.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from detectors.core import Array

DIAGONALS = 1024  # two buffers of them, 16 KiB, stay in the first-level cache
GROUP = 256  # columns whose results are tested together against the best of a row
LEAD = 3  # additional columns that are needed to compute four rows at once
LOWEST = -1e300
SAME = 1e-14  # squared distance below which windows are equal
SERIES = types.Array(types.float64, 1, "C", readonly=True)  # accepts any contiguous array
FAST = {"reassoc", "nsz", "contract"}


class Rolling(NamedTuple):
    """A series and the quantities of its windows that the recurrence needs, all float64."""

    x: Array  # (n,)
    mean: Array  # (n - window + 1,), as are the others
    inverse: Array  # one over the root of the summed squared deviations; 0 for a constant window
    f: Array  # (x[i + window - 1] - x[i - 1]) / 2
    g: Array  # (x[i + window - 1] - mean[i]) + (x[i - 1] - mean[i - 1])

    @classmethod
    def of(cls, x: Array, window: int) -> Rolling:
        x = np.ascontiguousarray(x, dtype=np.float64)
        return cls(x, *rolling(x, window))

    @property
    def constant(self) -> NDArray[np.bool_]:
        return np.asarray(self.inverse == 0.0)

    @classmethod
    def padded(cls, x: Array, margin: int, window: int) -> Rolling:
        """Pad a series with ``margin`` zeros at both ends, so that diagonals may begin outside; their inverse is 0."""
        wide = cls.of(np.pad(x, margin), window)
        wide.inverse[:margin] = wide.inverse[-margin:] = 0.0
        return wide

    def inner(self, margin: int) -> Rolling:
        """Return the quantities without the margin of :meth:`padded`."""
        return Rolling(*(values[margin:-margin] for values in self))


class Columns(NamedTuple):
    """Consecutive windows of the other series: views of its :class:`Rolling`, from window ``first`` on."""

    inverse: Array  # (any number,) float64, as are f and g
    f: Array
    g: Array
    first: int
    last: int  # one past the last window of the unpadded series


class Best(NamedTuple):
    """Best neighbour so far of each of some rows, which are consecutive windows of the own series."""

    correlation: Array  # (rows,) float64, without the row's own norm
    number: NDArray[np.int64]  # (rows,), index of the window in the other series; -1: none


class Nearest(NamedTuple):
    """Nearest neighbour so far of each window of the own series."""

    distance: Array  # (n - window + 1,) float64
    number: NDArray[np.int64]  # (n - window + 1,), counted over all pieces; -1: none


class Flagged(NamedTuple):
    """Flags of the windows that are compared pair by pair."""

    rows: NDArray[np.bool_]  # (n - window + 1,), of the own series
    columns: NDArray[np.bool_]  # (m - window + 1,), of the other


class Zone(NamedTuple):
    """Excluded diagonals: those at most ``reach`` from ``middle``; none if ``reach`` is -1."""

    middle: int
    reach: int


@njit(nogil=True, cache=True, fastmath=FAST)
def _deviation(values: Array) -> tuple[float, float]:
    """Return the mean and the sum of squared deviations."""
    mean = 0.0
    for value in values:
        mean += value
    mean /= values.shape[0]
    total = 0.0
    for value in values:
        total += (value - mean) * (value - mean)
    return mean, total


@njit(types.UniTuple(types.float64[::1], 4)(SERIES, types.int64), nogil=True, cache=True)  # type: ignore[no-untyped-call]
def rolling(x: Array, window: int) -> tuple[Array, Array, Array, Array]:
    """Return mean, inverse norm, f and g of each window; the inverse norm of a constant window is exactly 0."""
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


@njit(nogil=True, cache=True)
def search_diagonals(
    own: Rolling, other: Rolling, margin: int, diagonals: NDArray[np.int64], first: int, best: Best
) -> None:
    """Find the best neighbours of the rows from ``first`` on, among the pairs on the given blocks of diagonals.

    ``other`` has ``margin`` additional points at both ends. The value of diagonal t of a block is at index LEAD + t;
    the values before and after the block are too low to have an effect.
    """
    last, end = first + best.number.shape[0], other.mean.shape[0] - 2 * margin
    old, new = np.full(DIAGONALS + 2 * LEAD, LOWEST), np.full(DIAGONALS + 2 * LEAD, LOWEST)
    carry, before, spare = np.empty(LEAD), np.empty(LEAD), np.empty((2, GROUP + LEAD))
    for diagonal in diagonals:
        # Skip the rows in which the block is outside of the other series; each block has rows inside.
        row, end_row = max(first, 1 - DIAGONALS - diagonal), min(last, end - diagonal)
        whole = old[LEAD : LEAD + DIAGONALS]
        _covariances(own, row, other, margin + row + diagonal, whole)
        _update(whole, _columns(other, margin, row + diagonal), best, row - first)
        row += 1
        while row + 4 <= end_row:
            carry[:] = LOWEST
            for group in range(0, DIAGONALS, GROUP):
                stop = group + GROUP if group + GROUP < DIAGONALS else DIAGONALS + LEAD
                above, columns = old[LEAD + group : LEAD + stop], _columns(other, margin, row + diagonal + group)
                before[:] = carry
                f, g, bound = own.f[row:], own.g[row:], best.correlation[row - first :]
                if _four_rows(f, g, columns, above, new[group:stop], bound, carry) < 0:
                    _update_four_rows(f, g, columns, above, before, best, row - first, spare)
            old, new = new, old
            row += 4
        whole = old[LEAD : LEAD + DIAGONALS]
        while row < end_row:
            columns = _columns(other, margin, row + diagonal)
            _one_row(own.f[row], own.g[row], columns, whole, np.inf)
            _update(whole, columns, best, row - first)
            row += 1


@njit(nogil=True, cache=True)
def _columns(other: Rolling, margin: int, first: int) -> Columns:
    at = margin + first
    return Columns(other.inverse[at:], other.f[at:], other.g[at:], first, other.mean.shape[0] - 2 * margin)


@njit(nogil=True, cache=True, fastmath=FAST)
def _covariances(own: Rolling, row: int, other: Rolling, column: int, out: Array) -> None:
    """Compute the covariances of one window with those on a block of diagonals, from ``column`` on."""
    out[:] = 0.0
    means = other.mean[column:]
    for w in range(own.x.shape[0] - own.mean.shape[0] + 1):
        a, b = own.x[row + w] - own.mean[row], other.x[column + w : column + w + DIAGONALS]
        for t in range(DIAGONALS):
            out[t] += a * (b[t] - means[t])


@njit(nogil=True, cache=True, fastmath=FAST)
def _one_row(f: float, g: float, other: Columns, values: Array, bound: float) -> int:
    """Advance a run of diagonals by one row, in place; return whether any correlation is above the bound."""
    hit = 0
    for t in range(values.shape[0]):
        v = values[t] + f * other.g[t] + g * other.f[t]
        values[t] = v
        hit |= v * other.inverse[t] > bound
    return hit


def _as_bits(context: Any, x: Any) -> Any:
    """Reinterpret the bits of a float64 as an integer, which has the same sign."""

    def cast(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.int64))

    return types.int64(types.float64), cast


_bits: Any = intrinsic(_as_bits)


@njit(nogil=True, cache=True, fastmath=FAST)
def _four_rows(f: Array, g: Array, other: Columns, old: Array, new: Array, best: Array, carry: Array) -> int:
    """Advance four rows at once, column by column; return a negative number if any correlation exceeds its row's best.

    A value follows from that of the previous row in the previous column. This one stays in a register, or in ``carry``
    for the next group of columns. So all four rows share one load of each array. Signs are combined by OR because LLVM
    vectorises neither an early exit nor a running maximum.
    """
    f0, f1, f2, f3 = f[0], f[1], f[2], f[3]
    g0, g1, g2, g3 = g[0], g[1], g[2], g[3]
    b0, b1, b2, b3 = best[0], best[1], best[2], best[3]
    p0, p1, p2 = carry[0], carry[1], carry[2]
    sign = 0
    for t in range(new.shape[0]):
        ff, gg, norm = other.f[t], other.g[t], other.inverse[t]
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
def _update_four_rows(
    f: Array, g: Array, other: Columns, above: Array, before: Array, best: Best, row: int, spare: Array
) -> None:
    """Compute the four rows again, one by one, to update the best pairs; ``before`` is the initial ``carry``."""
    values, shifted = spare[0, : above.shape[0]], spare[1, : above.shape[0]]
    values[:] = above
    for r in range(4):
        if _one_row(f[r], g[r], other, values, best.correlation[row + r]):
            _update(values, other, best, row + r)
        if r < LEAD:
            shifted[0] = before[r]
            shifted[1:] = values[:-1]
            values, shifted = shifted, values


@njit(nogil=True, cache=True)
def _update(values: Array, other: Columns, best: Best, row: int) -> None:
    """Update the best neighbour of a row from its covariances with these columns, without the padding."""
    for t in range(max(0, -other.first), min(values.shape[0], other.last - other.first)):
        correlation = values[t] * other.inverse[t]
        if correlation > best.correlation[row]:
            best.correlation[row], best.number[row] = correlation, other.first + t


@njit(nogil=True, cache=True)
def measure(own: Rolling, other: Rolling, first: int, best: Best, offset: int, nearest: Nearest) -> None:
    """Compute the distances of the rows from ``first`` on to their best neighbours, and keep the smallest so far.

    They are computed from the normalised windows. ``offset`` counts the windows of the pieces before ``other``.
    """
    for r in range(best.number.shape[0]):
        i, j = first + r, best.number[r]
        if own.inverse[i] > 0.0 and j < 0:
            continue
        found = _distance(own, int(i), other, int(j))
        if found < nearest.distance[i]:
            nearest.distance[i], nearest.number[i] = found, (offset + j if j >= 0 else -1)


@njit(nogil=True, cache=True)
def _distance(own: Rolling, i: int, other: Rolling, j: int) -> float:
    """Return the distance of two windows; constant ones count as uncorrelated. Rounding errors give 0, as in stumpy."""
    window, total = own.x.shape[0] - own.mean.shape[0] + 1, 0.0
    if not (own.inverse[i] > 0.0 and other.inverse[j] > 0.0):
        return float(np.sqrt(2.0 * window))
    for w in range(window):
        gap = (own.x[i + w] - own.mean[i]) * own.inverse[i] - (other.x[j + w] - other.mean[j]) * other.inverse[j]
        total += gap * gap
    return float(np.sqrt(window * total)) if window * total > SAME else 0.0


@njit(nogil=True, cache=True)
def compare(own: Rolling, other: Rolling, flagged: Flagged, zone: Zone, offset: int, nearest: Nearest) -> None:
    """Compare all pairs of a flagged row or column, except those within the zone."""
    every_row, every_column = np.arange(len(flagged.rows)), np.arange(len(flagged.columns))
    pairs = (np.flatnonzero(flagged.rows), every_column), (every_row, np.flatnonzero(flagged.columns))
    for rows, columns in pairs:
        for i in rows:
            for j in columns:
                if abs(j - i - zone.middle) <= zone.reach:
                    continue
                found = _distance(own, int(i), other, int(j))
                if found < nearest.distance[i]:
                    nearest.distance[i], nearest.number[i] = found, offset + j
