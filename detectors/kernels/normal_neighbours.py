"""Exact k nearest windows under the z-normalised Euclidean distance.

The covariance of two windows follows from the previous pair on the diagonal, as in :mod:`.matrix_profile`. Here each
row has a heap of its nearest windows. The recurrence selects candidates, a few more than requested, whose distances are
then computed from the normalised windows. No array of size n x W is needed. There is no exclusion zone: neighbours may
overlap, as in the published runs of KNN and LOF on windows.

In these runs a constant window has zeros only if its summed mean is exact. If the mean is rounded, all values of the
window become +sqrt((W - 1) / W) or all become -sqrt((W - 1) / W). Its sign is e = 1 or -1 then, else e = 0. All other
windows have sum 0, so the signs only add (W - 1) (e_i - e_j)^2 to a squared distance.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from detectors.core import Array, Int32, Windows, window_moments
from detectors.kernels.neighbour_loops import FAST, Heaps, replace_farthest
from detectors.kernels.profile_loops import Rolling
from detectors.kernels.threads import in_parallel

ROWS = 1024  # rows of a block, which restarts the recurrence to bound its rounding error
SPARE = 8  # additional candidates, because rounding may change their order
GROUP = 64


class Normalised(NamedTuple):
    """The z-normalised windows of a series."""

    rolling: Rolling
    sign: Array  # (n - window + 1,): of the values of a constant window; 0 for zeros and for all other windows

    @classmethod
    def of(cls, x: Array, window: int, centre: float, exact: bool) -> Normalised:
        """Take the windows of (n,) values; products are computed from values less ``centre``."""
        windows = Rolling.of(x - centre, window)
        sign = np.zeros(len(windows.mean))
        constant = windows.constant
        if not exact and constant.any():
            mean, _ = window_moments(Windows([x], window), exact=False)
            sign[constant] = np.sign(x[: len(sign)] - mean)[constant]
        return cls(windows, sign)


def nearest_normalised(
    query: Array, reference: list[Array], window: int, k: int, exact: bool = True
) -> tuple[Array, Int32]:
    """Find the ``k`` nearest windows of the reference for each window of one series, all z-normalised.

    Windows have sample standard deviation 1 (``ddof=1``). Constant windows count as zeros; without ``exact`` only those
    whose summed mean is exact, as in :func:`detectors.core.windows.z_normalised`. If a value is so large that products
    with it lose the digits of all others, neighbours may be missed.

    Other parameters and return values are those of :func:`detectors.kernels.neighbours.nearest_windows`.
    """
    pieces = [piece for piece in reference if len(piece) >= window]
    centre = float(query.mean())
    own, *others = (Normalised.of(x, window, centre, exact) for x in (query, *pieces))
    count, total = len(own.sign), sum(len(other.sign) for other in others)
    size = min(k + SPARE, total)
    distances, index = np.empty((count, k)), np.empty((count, k), dtype=np.int32)

    offsets = np.cumsum([0] + [len(other.sign) for other in others]).tolist()

    def search(first: int) -> None:
        last = min(first + ROWS, count)
        shape = last - first, size
        heaps = Heaps(np.full(shape, np.inf), np.full(shape, -1, dtype=np.int32))
        for compiled in (offer_piece, measure_piece):
            for other, offset in zip(others, offsets, strict=False):
                compiled(own, other, window, first, offset, heaps)
        order = np.lexsort((heaps.starts, heaps.squares), axis=1)[:, :k]
        distances[first:last] = np.sqrt(np.take_along_axis(heaps.squares, order, axis=1))
        index[first:last] = np.take_along_axis(heaps.starts, order, axis=1)

    in_parallel(search, range(0, count, ROWS))
    return distances, index


@numba.njit(nogil=True, cache=True, fastmath=FAST)
def offer_piece(own: Normalised, other: Normalised, window: int, first: int, offset: int, heaps: Heaps) -> None:
    """Insert the windows of one piece, with indices from ``offset``, into the heaps of the rows from ``first`` on."""
    x, mean, inverse, f, g = own.rolling
    y, mean_y, inverse_y, f_y, g_y = other.rolling
    count, last = mean_y.shape[0], first + heaps.squares.shape[0]
    old, new = np.zeros(count), np.zeros(count)
    for w in range(window):  # covariances of the first row, term by term
        a = x[first + w] - mean[first]
        for j in range(count):
            old[j] += a * (y[j + w] - mean_y[j])
    scale, gap = 2.0 * (window - 1), np.empty(GROUP)
    by_sign = lengths_by_sign(other, window)
    for row in range(first, last):
        heap, numbers = heaps.squares[row - first], heaps.starts[row - first]
        length = window - 1.0 if inverse[row] > 0 else 0.0  # a sign adds as much to all pairs of the row
        length_y = by_sign[int(own.sign[row])]
        factor = scale * inverse[row]
        for begin in range(0, count, GROUP):
            size = min(GROUP, count - begin)
            bound, hit = heap[0], 0
            for t in range(size):
                d = length + length_y[begin + t] - factor * inverse_y[begin + t] * old[begin + t]
                gap[t] = d
                hit |= d < bound
            if hit:
                for t in range(size):
                    if gap[t] < heap[0]:
                        replace_farthest(heap, numbers, gap[t], offset + begin + t)
        if row + 1 < last:
            u, v = f[row + 1], g[row + 1]
            for j in range(1, count):
                new[j] = old[j - 1] + u * g_y[j] + v * f_y[j]
            total = 0.0
            for w in range(window):
                total += (x[row + 1 + w] - mean[row + 1]) * (y[w] - mean_y[0])
            new[0] = total
            old, new = new, old


@numba.njit(nogil=True, cache=True)
def lengths_by_sign(other: Normalised, window: int) -> Array:
    """Return squared lengths less twice the products with a constant window of sign e, (3, windows), at index e."""
    lengths = np.empty((3, other.sign.shape[0]))
    for e in range(-1, 2):
        extra = other.sign * (other.sign - 2 * e)
        lengths[e] = np.where(other.rolling.inverse > 0, 1.0, extra) * (window - 1.0)
    return lengths


@numba.njit(nogil=True, cache=True)
def measure_piece(own: Normalised, other: Normalised, window: int, first: int, offset: int, heaps: Heaps) -> None:
    """Compute the squared distances of the candidates in one piece from the normalised windows, in place."""
    x, mean, inverse, _, _ = own.rolling
    y, mean_y, inverse_y, _, _ = other.rolling
    count, unit = mean_y.shape[0], np.sqrt(window - 1.0)
    for r in range(heaps.squares.shape[0]):
        row = first + r
        for c in range(heaps.squares.shape[1]):
            j = heaps.starts[r, c] - offset
            if 0 <= j < count:
                total = (window - 1.0) * (own.sign[row] - other.sign[j]) ** 2
                for w in range(window):
                    a = (x[row + w] - mean[row]) * inverse[row] * unit
                    gap = a - (y[j + w] - mean_y[j]) * inverse_y[j] * unit
                    total += gap * gap
                heaps.squares[r, c] = total
