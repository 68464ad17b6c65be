"""Matrix profile: z-normalised distance from each window to its nearest neighbour, exact in float64.

The covariance of two windows follows from the previous pair on the diagonal by two multiply-adds. This is the "mpx"
form of SCAMP (Zimmerman et al., SoCC 2019, Sec. 3.3):

    cov(i, j) = cov(i - 1, j - 1) + f(i) g(j) + f(j) g(i),
    f(i) = (x[i + m - 1] - x[i - 1]) / 2,  g(i) = (x[i + m - 1] - mean(i)) + (x[i - 1] - mean(i - 1))

Adjacent diagonals are computed together, in vector registers, four rows at a time. Both orders of a pair are computed,
so that only the best of each row is needed. That takes less time than comparing and storing the best of each column.
The recurrence is restarted every few thousand rows, which bounds its rounding error. It only finds the neighbour, whose
distance is then computed from the two normalised windows. The rounding error of a huge value would persist along its
diagonal. So windows with a huge value are excluded there, and compared with all others pair by pair.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.core import Array
from detectors.kernels.huge import usual_range, windows_with, zero_huge
from detectors.kernels.profile_loops import (
    DIAGONALS,
    Best,
    Flagged,
    Nearest,
    Rolling,
    Zone,
    compare,
    measure,
    search_diagonals,
)
from detectors.kernels.threads import in_parallel

GOLDEN = 0.6180339887498949


def is_constant(x: Array, window: int) -> NDArray[np.bool_]:
    """Return which windows are constant, (n - window + 1,); an empty array if the series is shorter than a window."""
    return Rolling.of(x, window).constant if len(x) >= window else np.zeros(0, dtype=np.bool_)


def nearest_distance(
    query: Array,
    reference: list[Array],
    window: int,
    exclusion: int = 0,
    share: float = 1.0,
    place: tuple[int, int] | None = None,
) -> tuple[Array, NDArray[np.int64]]:
    """Return the distance from each window of ``query`` to the nearest window of the reference.

    Constant windows count as uncorrelated with all others.

    Parameters
    ----------
    query : (n,) array
    reference : list of (m_i,) arrays
        Pieces; no window extends over two of them.
    window : int
    exclusion : int
        Windows of one piece whose starts are at most this far apart are no neighbours.
    share : float
        Share of the blocks of diagonals that is searched, in (0, 1]; below 1 the result is an upper bound.
    place : (int, int) or None
        Index of the piece that contains the query, and its offset there; (0, 0) for a self-join.

    Returns
    -------
    distance : (n - window + 1,) array
        sqrt(2 m (1 - correlation)). It is sqrt(2 m) for constant windows and for windows whose only candidates are
        constant, and infinite without a candidate.
    index : (n - window + 1,) int64 array
        Index of the neighbour, counted over the windows of all pieces; -1 without one.
    """
    count = len(query) - window + 1
    rows = _rows(count)
    margin = rows + 2 * DIAGONALS + window
    level, reach = usual_range([query, *reference])
    usual = query[np.abs(query - level) <= reach]
    centre = float(usual.mean()) if len(usual) else level
    huge, bounded = windows_with(np.abs(query - centre) > reach, window), zero_huge(query - centre, reach)
    own = Rolling.of(bounded, window)
    own.inverse[huge] = 1.0
    nearest = Nearest(np.full(count, np.inf), np.full(count, -1, dtype=np.int64))

    def search(task: tuple[int, int, int | None, Rolling]) -> None:
        first, offset, at, wide = task
        piece, last = wide.inner(margin), min(first + rows, count)
        diagonals = _blocks(1 - last, len(piece.mean) - first, None if at is None else (at, exclusion), share)
        # Constant windows need no search; windows with a huge value are compared below.
        lowest = np.where((own.inverse[first:last] == 0) | huge[first:last], np.inf, -np.inf)
        best = Best(lowest, np.full(last - first, -1, dtype=np.int64))
        search_diagonals(own, wide, margin, diagonals, first, best)
        measure(own, piece, first, best, offset, nearest)

    offset = 0
    for number, piece in enumerate(reference):
        if len(piece) >= window:
            wide = Rolling.padded(zero_huge(piece - centre, reach), margin, window)
            theirs = windows_with(np.abs(piece - centre) > reach, window)
            wide.inverse[margin:-margin][theirs] = np.nan  # comparisons with NaN are false
            at = place[1] if place is not None and place[0] == number else None
            in_parallel(search, [(first, offset, at, wide) for first in range(0, count, rows)])
            if huge.any() or theirs.any():
                mine, whole = Rolling.of(query - centre, window), Rolling.of(piece - centre, window)
                zone = Zone(at or 0, -1 if at is None else exclusion)
                compare(mine, whole, Flagged(huge, theirs), zone, offset, nearest)
            offset += len(piece) - window + 1
    return nearest.distance, nearest.number


def _rows(count: int) -> int:
    """Return the rows of a task: at most 4096, for an even number of equal tasks, so that two threads end together."""
    return -(-count // (2 * -(-count // 8192)))


def _blocks(lowest: int, highest: int, zone: tuple[int, int] | None, share: float) -> NDArray[np.int64]:
    """Return the first diagonals of the blocks that cover lowest..highest without a zone, given as (middle, reach).

    Blocks are counted from the zone, or from the main diagonal, so that a share selects the same diagonals for any
    rows. Multiples of the golden ratio distribute the selected blocks evenly.
    """
    if zone is None:
        starts = np.arange(lowest // DIAGONALS, -(-highest // DIAGONALS)) * DIAGONALS
        number = starts // DIAGONALS
    else:
        middle, reach = zone
        right = np.arange(middle + reach + 1, highest, DIAGONALS)
        left = np.arange(middle - reach - DIAGONALS, lowest - DIAGONALS, -DIAGONALS)
        starts = np.concatenate([left[::-1], right])
        number = np.concatenate([np.arange(len(left))[::-1], np.arange(len(right))])
    return starts[(number * GOLDEN) % 1 < share]
