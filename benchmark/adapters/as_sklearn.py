"""Our detectors inside scikit-learn: ``AsSklearn(LOF())`` in pipelines and model selection."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from detectors import Array, Detector


class AsSklearn(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """An outlier detector by scikit-learn's habits, whose samples are the points of one series, in their order.

    Parameters
    ----------
    detector : Detector
        One of ours. Its parameters are reached as ``detector__window``. None = LOF.
    contamination : float
        Expected share of anomalous points, in (0, 0.5); it sets ``offset_`` alone.
    column : int or None
        Which column of ``X`` is the series; None = ``X`` must have one column.

    Attributes
    ----------
    detector_ : Detector
        The fitted one.
    offset_ : float
        ``decision_function`` is ``score_samples`` less this; below zero is an outlier. Computed when asked for: the
        first time a detector that refers to held-out data (ScaleFlow) fits again for it.
    """

    def __init__(
        self, detector: Detector | None = None, contamination: float = 0.01, column: int | None = None
    ) -> None:
        self.detector = detector
        self.contamination = contamination
        self.column = column

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn from a series.

        Parameters
        ----------
        X : (n, 1) array
            Or more columns, if ``column`` says which.
        y : ignored
            No detector sees labels.

        Raises
        ------
        ValueError
            If ``X`` has several columns and ``column`` is None, or the detector refuses the series.
        """
        detector = clone(_default() if self.detector is None else self.detector)
        series = self._series(X, reset=True)
        if len(series) < detector.min_length():
            raise ValueError(f"n_samples={len(series)}, {detector!r} needs at least {detector.min_length()}")
        self.detector_ = detector.fit(series)
        return self

    @property
    def offset_(self) -> float:
        """Scores negated, the share ``contamination`` of normal points lies at or below it."""
        check_is_fitted(self, "detector_")
        return -float(self.detector_.threshold("quantile", self.contamination))

    def score_samples(self, X: ArrayLike) -> Array:
        """(n,) negated anomaly scores: low = anomalous, as everywhere in scikit-learn."""
        check_is_fitted(self)
        return np.asarray(-self.detector_.score(self._series(X, reset=False)), dtype=np.float64)

    def decision_function(self, X: ArrayLike) -> Array:
        """(n,) scores about zero: negative = outlier."""
        return np.asarray(self.score_samples(X) - self.offset_, dtype=np.float64)

    def predict(self, X: ArrayLike) -> NDArray[np.int_]:
        """(n,) -1 for an outlier, 1 for an inlier; a score at the threshold is an outlier."""
        return np.where(self.score_samples(X) <= self.offset_, -1, 1)

    def _series(self, X: ArrayLike, reset: bool) -> Array:
        matrix = validate_data(self, X, reset=reset, dtype=np.float64)
        if self.column is None and matrix.shape[1] != 1:
            raise ValueError(f"X has {matrix.shape[1]} columns, a series is one of them: AsSklearn(..., column=0)")
        return np.ascontiguousarray(matrix[:, self.column or 0])


def _default() -> Any:
    from detectors import LOF

    return LOF()
