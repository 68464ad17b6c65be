"""OCSVM: a one-class support vector machine on scaled windows."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from detectors.core import (
    SEED,
    Array,
    WindowDetector,
    Windows,
    min_max,
    one_of,
    parameter,
    parameters,
    real,
    whole,
    z_normalised,
)

Scaling = Literal["min-max", "z", "tsb-ad"]


def z_by_numpy(windows: Array) -> Array:
    """Scale like ``scipy.stats.zscore``: constant windows become zeros only if NumPy's mean equals the constant."""
    rows = np.ascontiguousarray(windows)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, ddof=1, keepdims=True)
    return np.asarray(np.nan_to_num(scaled))


FITTED = {"min-max": min_max, "z": z_normalised, "tsb-ad": min_max}
SCORED = {"min-max": min_max, "z": z_normalised, "tsb-ad": z_by_numpy}
DIGITS = {"min-max": 9, "z": 9, "tsb-ad": 12}


@parameters
class OCSVM(WindowDetector):
    """One-class support vector machine on windows, each of which is scaled by its own values.

    The kernel is exp(-gamma |u - v|^2) with gamma = 1 / window. The score is the negative decision
    function. Constant windows become zeros.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`.
    nu : float
        Upper bound on the share of fitted windows outside of the boundary, in (0, 1].
    max_windows : int
        Largest number of fitted windows; if there are more, a random sample without replacement is used. The time of
        the solver grows with the square of their number.
    random_state : int or None
        Seed of that sample.
    scaling : {"min-max", "z", "tsb-ad"}
        Scale each window to 0..1, or to mean 0 and standard deviation 1. "tsb-ad": the first for fitted windows, the
        second for scored ones, a mistake of TSB-AD.

    References
    ----------
    Schölkopf, Williamson, Smola, Shawe-Taylor and Platt, "Support vector method for novelty
    detection", NIPS 1999.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = OCSVM(window=40).fit(x[:800]).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    learns_from = "normal"
    version = 2
    source = "Schölkopf et al., NIPS 1999"
    conformance = "invariance"
    blind_to = "level and amplitude: each window is scaled by its own extremes"

    nu: float = parameter(default=0.05, must_be=real(0, 1, "(]"))
    max_windows: int = parameter(default=10_000, must_be=whole(1))
    random_state: int | None = parameter(default=0, must_be=SEED | one_of(None))
    scaling: Scaling = parameter(default="min-max", must_be=one_of(*get_args(Scaling)))

    def _fit_windows(self, windows: Windows) -> None:
        from sklearn.svm import OneClassSVM

        sample = windows.sample(self.max_windows, self.random_state)
        machine = OneClassSVM(nu=self.nu, gamma=1 / windows.window).fit(FITTED[self.scaling](sample))
        self.vectors_: Array = machine.support_vectors_
        self.weights_: Array = machine.dual_coef_[0]
        self.offset_ = float(machine.intercept_[0])

    def _score_windows(self, windows: Windows) -> Array:
        scores = np.empty(len(windows))
        gamma = 1 / windows.window
        # exp(-gamma |z - v|^2) = exp(-gamma |z|^2) exp(2 gamma z.v) exp(-gamma |v|^2): only the middle factor needs
        # operations on the large array. No exponent exceeds 2 with any scaling.
        weights = self.weights_ * np.exp(-gamma * np.einsum("ij,ij->i", self.vectors_, self.vectors_))
        for rows, block in windows.chunks(1024):  # 1024 x vectors fits the cache
            z = SCORED[self.scaling](block)
            kernel = z @ (2 * gamma * self.vectors_.T)
            total = np.exp(kernel, out=kernel) @ weights
            scores[rows] = -total * np.exp(-gamma * np.einsum("ij,ij->i", z, z)) - self.offset_
        # The last bits depend on a window's place in its block: rounding keeps equal windows tied.
        return np.round(scores, DIGITS[self.scaling])
