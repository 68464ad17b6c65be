"""KNN: distance from a window to its k-th nearest neighbour."""

from __future__ import annotations

from typing import get_args

import numpy as np

from detectors.core import (
    Array,
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


@parameters
class KNN(WindowDetector):
    """Exact Euclidean distance from each window to its k-th nearest neighbour.

    In the fitted series and its parts a window is not its own neighbour. Windows shifted by a few points are near
    neighbours, so k should be larger than their number.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`.
    n_neighbors : int
        Number of neighbours k, at most the number of windows minus one.
    scaling : {"none", "z", "z-summed"}
        Windows unscaled, or each with mean 0 and standard deviation 1. "z-summed": a constant window becomes zeros
        only if its mean, summed value by value, equals the constant, as in TSB-AD's published run.

    References
    ----------
    Ramaswamy, Rastogi and Shim, "Efficient algorithms for mining outliers from large data sets", SIGMOD 2000; PyOD's
    ``KNN(method="largest")``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = KNN(window=40).fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    group = "field"
    source = "Ramaswamy, Rastogi and Shim, SIGMOD 2000; PyOD"
    conformance = "invariance"
    blind_to = "an anomaly that recurs more often than n_neighbors"

    n_neighbors: int = parameter(default=50, must_be=whole(1))
    scaling: RoundedScaling = parameter(default="none", must_be=one_of(*get_args(RoundedScaling)))

    def _fit_windows(self, windows: Windows) -> None:
        """Do nothing: the fitted pieces are the reference."""

    def _score_windows(self, windows: Windows) -> Array:
        [x] = windows.pieces
        total = len(Windows(self.fitted_pieces_, self.window_))
        k = max(1, min(self.n_neighbors, total - 1))
        first = self._first_window(x)
        if first is None:
            return nearest(x, self.fitted_pieces_, self.window_, k, self.scaling)[0][:, -1]
        distances, index = nearest(x, self.fitted_pieces_, self.window_, min(k + 1, total), self.scaling)
        return last_other_distance(distances, index, first)


def last_other_distance(distances: Array, index: Int32, first: int) -> Array:
    """Return each row's last distance without the row's own window.

    Rows are the windows ``first``, ``first + 1`` ... of the reference. If a row's own window is missing because more
    windows than neighbours equal it, the distances of those are equal, and the last one is returned.
    """
    own_is_last = index[:, -1] == np.arange(first, first + len(index), dtype=np.int32)
    return np.asarray(np.where(own_is_last, distances[:, -2] if distances.shape[1] > 1 else 0.0, distances[:, -1]))
