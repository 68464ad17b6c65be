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

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from detectors.kernels.profile_loops import DIAGONALS, rolling, settle, walk

Array = NDArray[np.float64]

GOLDEN = 0.6180339887498949


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
        return cls(x, *rolling(x, window))

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
        walk(own.x, own.mean, own.f, own.g, wide.x, wide.mean, wide.inverse, wide.f, wide.g,
              margin, window, first, last, diagonals, best, number)  # fmt: skip
        settle(own.x, own.mean, own.inverse, piece.x, piece.mean, piece.inverse,
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
