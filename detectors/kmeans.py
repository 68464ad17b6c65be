"""KMeansAD: distance from a window to the nearest cluster centre."""

from __future__ import annotations

import warnings
from typing import ClassVar, get_args

import numpy as np

from detectors.core import (
    SEED,
    Alignment,
    Array,
    Scaling,
    WindowDetector,
    Windows,
    one_of,
    parameter,
    parameters,
    whole,
    z_normalised,
)


@parameters
class KMeansAD(WindowDetector):
    """K-means on windows; a point's score is the mean distance of the windows that cover it to their nearest centres.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`.
    n_clusters : int
        Number of centres, at most the number of distinct windows.
    max_windows : int
        Largest number of fitted windows; if there are more, a random sample is used.
    random_state : int or None
        Seed of the sample and of the first centres.
    scaling : {"none", "z"}
        Windows unscaled, or each with mean 0 and standard deviation 1.

    References
    ----------
    Yairi, Kato and Hori, "Fault detection by mining association rules from house-keeping data", i-SAIRAS 2001, as in
    Schmidl, Wenig and Papenbrock, "TimeEval", PVLDB 2022.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = KMeansAD(window=40).fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    group = "field"
    source = "Yairi, Kato and Hori, i-SAIRAS 2001; TimeEval"
    conformance = "invariance"
    blind_to = "an anomaly frequent enough to be a cluster of its own"
    exempt: ClassVar[dict[str, str]] = {"huge value fitted": "the windows that hold it take the centres"}

    n_clusters: int = parameter(default=10, must_be=whole(1))
    max_windows: int = parameter(default=5000, must_be=whole(1))
    random_state: int | None = parameter(default=0, must_be=SEED | one_of(None))
    scaling: Scaling = parameter(default="none", must_be=one_of(*get_args(Scaling)))
    align: Alignment = parameter(default="mean", kw_only=True)

    def _fit_windows(self, windows: Windows) -> None:
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning

        self.level_ = float(np.median(np.concatenate(windows.pieces)))  # at a high level distances would lose digits
        rows = self._scaled(windows.sample(self.max_windows, self.random_state))
        clusters = min(self.n_clusters, len(np.unique(rows, axis=0)))
        with warnings.catch_warnings():  # relative to a huge value all others are equal, so there are fewer clusters
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = KMeans(clusters, n_init=1, random_state=self.random_state, copy_x=False).fit(rows)
        self.centres_: Array = np.asarray(model.cluster_centers_, dtype=np.float64)

    def _score_windows(self, windows: Windows) -> Array:
        scores = np.empty(len(windows))
        for rows, block in windows.chunks():
            scaled = self._scaled(block)
            squares = [((scaled - centre) ** 2).sum(axis=1) for centre in self.centres_]
            scores[rows] = np.sqrt(np.min(squares, axis=0))
        return scores

    def _scaled(self, windows: Array) -> Array:
        return z_normalised(windows) if self.scaling == "z" else windows - self.level_
