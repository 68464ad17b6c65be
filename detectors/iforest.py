"""IForest: the isolation forest on sliding windows."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, get_args

import numpy as np

from detectors.core import (
    SEED,
    Array,
    Float32,
    RoundedScaling,
    WindowDetector,
    Windows,
    one_of,
    parameter,
    parameters,
    whole,
    z_normalised,
)

Trees = Literal["own", "sklearn"]


@parameters
class IForest(WindowDetector):
    """Isolation forest on sliding windows.

    Random trees split small samples of the windows at random values of random positions. The score is
    2^(-mean depth / expected depth), near 1 for windows that are isolated early. The trees have the same distribution
    as those of scikit-learn's ``IsolationForest`` and give similar scores. No window is copied: a tree reads the values
    that it needs from the series. Values are float64, so that small units or a high level lose no digits.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`.
    n_estimators : int
        Number of trees.
    max_samples : int
        Windows drawn for each tree, without replacement; all of them if there are fewer.
    random_state : int or None
        Seed of the samples and of the splits.
    scaling : {"none", "z", "z-summed"}
        Windows unscaled, or each with mean 0 and standard deviation 1, which requires ``trees="sklearn"``. "z-summed":
        a constant window becomes zeros only if its mean, summed value by value, equals the constant.
    trees : {"own", "sklearn"}
        "sklearn": scikit-learn's trees with the same random numbers, to reproduce published figures. They get float32
        copies of all windows, each in reverse order of its points, as in TSB-AD.
    max_features : int or None
        Number of positions of the window, drawn at random, that one tree of scikit-learn uses; None for all.

    References
    ----------
    Liu, Ting and Zhou, "Isolation forest", ICDM 2008.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = IForest(window=40).fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    version = 2
    source = "Liu, Ting and Zhou, ICDM 2008"
    conformance = "invariance"
    blind_to = "unusual combinations of usual values: cuts are parallel to the axes"
    exempt: ClassVar[dict[str, str]] = {
        "huge value fitted": "where a sample holds it, it takes the first cuts of a tree"
    }

    n_estimators: int = parameter(default=100, must_be=whole(1, 100_000))
    max_samples: int = parameter(default=256, must_be=whole(1))
    random_state: int | None = parameter(default=0, must_be=SEED | one_of(None))
    scaling: RoundedScaling = parameter(default="none", must_be=one_of(*get_args(RoundedScaling)))
    trees: Trees = parameter(default="own", must_be=one_of(*get_args(Trees)))
    max_features: int | None = parameter(default=None, must_be=whole(1) | one_of(None))

    def check_params(self) -> None:
        """Also refuse scaling and ``max_features`` with the package's own trees, which read the unscaled series."""
        super().check_params()
        if self.trees == "own" and (self.scaling != "none" or self.max_features is not None):
            raise ValueError('scaling must be "none" and max_features None with trees="own": take trees="sklearn"')

    def _fit_windows(self, windows: Windows) -> None:
        if self.trees == "sklearn":
            self._fit_sklearn(windows)
            return
        from detectors.kernels.forest import Forest

        self.forest_ = Forest.grow(windows, self.n_estimators, self.max_samples, self.random_state)

    def _score_windows(self, windows: Windows) -> Array:
        if self.trees == "sklearn":
            return -np.asarray(self.library_.score_samples(self._matrix(windows)))
        return np.concatenate([self.forest_.score(piece, windows.window) for piece in windows.pieces])

    def _fit_sklearn(self, windows: Windows) -> None:
        from sklearn.ensemble import IsolationForest

        forest = IsolationForest(
            n_estimators=self.n_estimators,
            max_samples=min(self.max_samples, len(windows)),
            max_features=min(self.max_features or windows.window, windows.window),
            random_state=self.random_state,
        )
        self.library_: Any = forest.fit(self._matrix(windows))

    def _matrix(self, windows: Windows) -> Float32:
        """Return all scaled windows, (n_windows, window), each in reverse order of its points."""
        matrix = np.empty(windows.shape, dtype=np.float32)
        for rows, block in windows.chunks():
            matrix[rows] = (block if self.scaling == "none" else z_normalised(block, self.scaling == "z"))[:, ::-1]
        return matrix
