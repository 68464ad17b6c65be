"""LOF: the local outlier factor, which compares a window's density with that of its neighbours."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import numpy as np

from detectors.core import (
    Array,
    Index,
    Int32,
    RoundedScaling,
    WindowDetector,
    Windows,
    one_of,
    parameter,
    parameters,
    whole,
)
from detectors.kernels.nearest import nearest

GOLDEN = 0.6180339887498949
ROWS = 1 << 16


@parameters
class LOF(WindowDetector):
    """Local outlier factor of sliding windows with Euclidean distance and exact neighbours.

    The fitted series and its parts are scored leave-one-out, as scikit-learn's ``LocalOutlierFactor`` does
    (``-negative_outlier_factor_``). Any other series is scored against the fitted windows (``novelty=True``,
    ``-score_samples``).

    Distances are summed term by term, so equal windows have distance 0. scikit-learn's brute force computes
    |a|^2 - 2 a.b + |b|^2. Rounding then separates equal windows of non-integer values by about 1e-8, so the factors
    differ from ours if many windows are equal. On integer values both agree.

    A window that equals at least k others has mean reachability distance 0. As in scikit-learn 1e-10 is added to it, so
    its density is 1e10. Its neighbours, for example beside a stuck stretch, get factors of that order, and ``notes_``
    says so. If the median k-distance is below 1, 1e-10 times this median is added instead, so that factors do not
    depend on the unit.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`.
    n_neighbors : int
        Number of neighbours k, at most the number of windows minus one.
    sample : int or None
        None: every fitted window is a reference. A number: about this many windows are, in stretches spread over the
        fitted data. This bounds memory and time on long series, and the scores are then an approximation.
    scaling : {"none", "z", "z-summed"}
        Windows unscaled, or each with mean 0 and standard deviation 1. "z-summed": a constant window becomes zeros
        only if its mean, summed value by value, equals the constant, as in TSB-AD's published run.

    References
    ----------
    Breunig, Kriegel, Ng and Sander, "LOF: Identifying Density-Based Local Outliers", SIGMOD 2000,
    Def. 5-7.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = LOF(window=40).fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    version = 2
    source = "Breunig et al., SIGMOD 2000"
    conformance = "invariance"
    blind_to = "windows beside their own kind: an anomaly that recurs n_neighbors times, and one slower than a window"

    n_neighbors: int = parameter(default=20, must_be=whole(1))
    sample: int | None = parameter(default=None, must_be=whole(2) | one_of(None))
    scaling: RoundedScaling = parameter(default="none", must_be=one_of(*get_args(RoundedScaling)))

    def _fit_windows(self, windows: Windows) -> None:
        self._fitted_windows = len(windows)
        self._reference, self._referred = sample_reference(windows.pieces, self.window_, self.sample)
        k = max(1, min(self.n_neighbors, len(self._referred) - 1))
        parts, offset = [], 0
        for piece in self._reference:
            distances, index = nearest(piece, self._reference, self.window_, k + 1, self.scaling)
            parts.append(drop_own_window(distances, index, offset))
            offset += len(distances)
        distances, index = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
        self._reach: Array = distances[:, -1].copy()
        self._least = least_reach(self._reach)
        self._density: Array = local_density(distances, index, self._reach, self._least)
        self._factors: Array = density_ratio(self._density, index, self._density)
        self.notes_ = equal_windows_note(self._reach, k)

    def _score_windows(self, windows: Windows) -> Array:
        x = windows.pieces[0]
        first = self._first_window(x)
        if first is not None and len(self._referred) == self._fitted_windows:
            return self._factors[first : first + len(windows)]
        k = max(1, min(self.n_neighbors, len(self._referred) - 1))
        distances, index = nearest(x, self._reference, self.window_, k, self.scaling)
        density = local_density(distances, index, self._reach, self._least)
        scores = density_ratio(self._density, index, density)
        if first is not None:
            mine = (self._referred >= first) & (self._referred < first + len(windows))
            scores[self._referred[mine] - first] = self._factors[mine]
        return scores


def equal_windows_note(reach: Array, k: int) -> tuple[str, ...]:
    """Return a note if some windows equal at least k others."""
    count = int((reach == 0).sum())
    if not count:
        return ()
    return (
        f"LOF: {count:,} of {len(reach):,} fitted windows equal {k} others or more. Their density has a fixed value, "
        f"and windows near them score far above all others: set n_neighbors higher than the number of equal windows, "
        f"or use another detector.",
    )


def sample_reference(pieces: list[Array], window: int, sample: int | None) -> tuple[list[Array], Index]:
    """Return pieces whose windows are the reference, and the indices of these windows among all.

    Neighbours of a window are often its own successors, so a sample consists of stretches 8 windows long. There is one
    in each of equally long strata. Its place follows the golden ratio, which needs no seed and has no period.
    """
    counts = np.array([len(piece) - window + 1 for piece in pieces])
    total = int(counts.sum())
    if sample is None or sample >= total:
        return pieces, np.arange(total)
    length = min(8 * window, sample)
    chosen, numbers, before = [], [], 0
    for piece, count in zip(pieces, counts, strict=True):
        strata = max(1, round(sample * count / total / length))
        edges = np.linspace(0, count, strata + 1).astype(int)
        for k, (low, high) in enumerate(pairwise(edges)):
            take = min(length, high - low)
            start = low + int((k * GOLDEN) % 1 * (high - low - take + 1))
            chosen.append(piece[start : start + take + window - 1])
            numbers.append(np.arange(before + start, before + start + take))
        before += count
    return chosen, np.concatenate(numbers)


def drop_own_window(distances: Array, index: Int32, first: int) -> tuple[Array, Int32]:
    """Remove each row's own window from its neighbours, in place; the first one if more equal windows displace it."""
    for a in range(0, len(index), ROWS):
        rows = slice(a, a + ROWS)
        d, i = distances[rows], index[rows]
        own = i == np.arange(first + a, first + a + len(i), dtype=np.int32)[:, None]
        kept = np.ones(own.shape, dtype=bool)
        kept[np.arange(len(own)), own.argmax(axis=1)] = False
        shape = (len(own), own.shape[1] - 1)
        d[:, :-1], i[:, :-1] = d[kept].reshape(shape), i[kept].reshape(shape)
    return distances[:, :-1], index[:, :-1]


def least_reach(reach: Array) -> float:
    """Return the constant that keeps densities finite: 1e-10 * min(1, median of the positive k-distances)."""
    apart = reach[reach > 0]
    return 1e-10 * min(1.0, float(np.median(apart))) if len(apart) else 1e-10


def local_density(distances: Array, index: Int32, reach: Array, least: float) -> Array:
    """Return 1 / (mean of max(distance, the neighbour's k-distance) + ``least``), Def. 6."""
    density = np.empty(len(distances))
    for a in range(0, len(distances), ROWS):
        rows = slice(a, a + ROWS)
        density[rows] = 1.0 / (np.maximum(distances[rows], reach[index[rows]]).mean(axis=1) + least)
    return density


def density_ratio(reference: Array, index: Int32, density: Array) -> Array:
    """Return the local outlier factor: mean density of the neighbours divided by the window's own, Def. 7."""
    ratio = np.empty(len(density))
    for a in range(0, len(density), ROWS):
        rows = slice(a, a + ROWS)
        ratio[rows] = (reference[index[rows]] / density[rows, None]).mean(axis=1)
    return ratio
