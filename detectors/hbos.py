"""HBOS: one histogram for each position of the window; rare values score high."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, get_args

import numpy as np

from detectors.core import (
    Array,
    RoundedScaling,
    WindowDetector,
    Windows,
    one_of,
    parameter,
    parameters,
    real,
    whole,
    window_moments,
)


@parameters
class HBOS(WindowDetector):
    """Histogram-based outlier score of sliding windows.

    Each position of the window is a feature with a histogram of equally wide bins. The score of a window is
    -sum_j log2(density_j(x_j) + alpha). A value outside of the fitted range has the density of the outermost bin if it
    is within ``tol`` bin widths, else that of the rarest bin. A value on the edge of two bins belongs to the lower one.
    Both rules are PyOD's, which the published figures used. A range too small to be divided (equal values up to
    rounding) is widened on both sides.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`.
    n_bins : int
        Number of bins of each histogram.
    alpha : float
        Regularisation constant, above 0; an empty bin contributes -log2(alpha).
    tol : float
        Tolerance outside of the fitted range, in bin widths.
    scaling : {"none", "z", "z-summed"}
        Windows unscaled, or each with mean 0 and standard deviation 1. "z-summed": a constant window becomes zeros
        only if its mean, summed value by value, equals the constant, as in TSB-AD's published run.

    References
    ----------
    Goldstein and Dengel, "Histogram-based Outlier Score (HBOS): A fast unsupervised anomaly
    detection algorithm", KI 2012.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = HBOS(window=40).fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    source = "Goldstein and Dengel, KI 2012"
    conformance = "invariance"
    blind_to = "the order of values: each position is looked at alone"
    exempt: ClassVar[dict[str, str]] = {
        "unit": "alpha is added to a density, which has the unit of one over the values",
        "huge value fitted": "the bins are equally wide: all other values share one",
    }

    n_bins: int = parameter(default=10, must_be=whole(1, 1_000_000))
    alpha: float = parameter(default=0.1, must_be=real(0, ends="(]"))
    tol: float = parameter(default=0.5, must_be=real(0))
    scaling: RoundedScaling = parameter(default="none", must_be=one_of(*get_args(RoundedScaling)))

    def _fit_windows(self, windows: Windows) -> None:
        from detectors.kernels.histograms import count

        low, high = column_range(windows) if self.scaling == "none" else scaled_range(windows, self.scaling == "z")
        edges = np.linspace(*widen(low, high, self.n_bins), self.n_bins + 1, axis=1)
        self.edges_: Array = np.ascontiguousarray(edges)
        counts = np.zeros((windows.window, self.n_bins))
        if self.scaling != "none":
            for j, column in scaled_columns(windows, self.scaling == "z"):
                count(column, self.edges_[j : j + 1], counts[j : j + 1])
        else:
            for piece in windows.pieces:
                count(np.ascontiguousarray(piece), self.edges_, counts)
        density = counts / np.diff(self.edges_, axis=1) / len(windows)
        self.log_density_: Array = np.log2(density + self.alpha)

    def _score_windows(self, windows: Windows) -> Array:
        from detectors.kernels.histograms import look_up

        tol = float(self.tol)
        if self.scaling != "none":
            total = np.zeros(len(windows))
            for j, column in scaled_columns(windows, self.scaling == "z"):
                total += look_up(column, self.edges_[j : j + 1], self.log_density_[j : j + 1], tol)
        else:
            pieces = map(np.ascontiguousarray, windows.pieces)
            total = np.concatenate([look_up(piece, self.edges_, self.log_density_, tol) for piece in pieces])
        # The order of summation changes the last bits: rounding keeps equal windows tied.
        return np.round(-total, 9)


def widen(low: Array, high: Array, bins: int) -> tuple[Array, Array]:
    """Widen ranges that float64 cannot divide into bins.

    They grow by one half on each side, as in numpy.histogram, and by more for large values.
    """
    rounding = 4 * bins * np.spacing(np.maximum(np.abs(low), np.abs(high)))
    flat = high - low <= np.maximum(rounding, 4 * bins * np.finfo(np.float64).tiny)
    half = np.where(flat, np.maximum(0.5, rounding), 0.0)
    # Values that differ by rounding must not be on different sides of the middle edge.
    return low - half, high + np.where(low < high, 1.1, 1.0) * half


def column_range(windows: Windows) -> tuple[Array, Array]:
    """Return the smallest and largest value at each position of the window, (window,) each.

    Position j has the values x[j : n - window + 1 + j].
    """
    low = np.full(windows.window, np.inf)
    high = -low
    for piece in windows.pieces:
        for j in range(windows.window):
            column = piece[j : len(piece) - windows.window + 1 + j]
            low[j] = min(low[j], column.min())
            high[j] = max(high[j], column.max())
    return low, high


def scaled_columns(windows: Windows, exact: bool) -> Iterator[tuple[int, Array]]:
    """Yield each position of the window with its values in all z-normalised windows."""
    mean, deviation = window_moments(windows, exact)
    for j in range(windows.window):
        column = np.concatenate([view[:, j] for view in windows.views])
        yield j, (column - mean) / deviation


def scaled_range(windows: Windows, exact: bool) -> tuple[Array, Array]:
    """Return the :func:`column_range` of the z-normalised windows."""
    ranges = np.array([(column.min(), column.max()) for _, column in scaled_columns(windows, exact)])
    return ranges[:, 0], ranges[:, 1]
