"""Our detectors inside scikit-learn: ``AsSklearn(LOF())`` in pipelines and model selection."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from detectors import LOF, Array, Detector


class AsSklearn(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """One of our detectors as an outlier detector of scikit-learn; its samples are the points of one series, in order.

    Parameters
    ----------
    detector : Detector
        One of ours. Its parameters have names such as ``detector__window``. None = LOF.
    contamination : float
        Expected share of anomalous points, in (0, 0.5); used only for ``offset_``.
    column : int or None
        The column of ``X`` with the series; None = ``X`` must have one column.

    Attributes
    ----------
    detector_ : Detector
        The fitted detector.
    offset_ : float
        ``decision_function`` is ``score_samples`` minus this; below zero is an outlier. It is computed on first use;
        a detector that needs held-out data for it (ScaleFlow) is then fitted again.
    """

    def __init__(
        self, detector: Detector | None = None, contamination: float = 0.01, column: int | None = None
    ) -> None:
        self.detector = detector
        self.contamination = contamination
        self.column = column

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Fit to a series.

        Parameters
        ----------
        X : (n, 1) array
            Or with more columns, if ``column`` is given.
        y : ignored
            No detector gets labels.

        Raises
        ------
        ValueError
            If ``X`` has several columns and ``column`` is None, or the detector refuses the series.
        """
        detector = clone(LOF() if self.detector is None else self.detector)
        series = self._series(X, reset=True)
        if len(series) < detector.min_length():
            raise ValueError(f"n_samples={len(series)}, {detector!r} needs at least {detector.min_length()}")
        self.detector_ = detector.fit(series)
        return self

    @property
    def offset_(self) -> float:
        """Quantile ``contamination`` of the negated scores of normal points."""
        check_is_fitted(self, "detector_")
        return -float(self.detector_.threshold("quantile", self.contamination))

    def score_samples(self, X: ArrayLike) -> Array:
        """Return (n,) negated anomaly scores: low = anomalous, as in all of scikit-learn."""
        check_is_fitted(self)
        return np.asarray(-self.detector_.score(self._series(X, reset=False)), dtype=np.float64)

    def decision_function(self, X: ArrayLike) -> Array:
        """Return (n,) shifted scores: negative = outlier."""
        return np.asarray(self.score_samples(X) - self.offset_, dtype=np.float64)

    def predict(self, X: ArrayLike) -> NDArray[np.int_]:
        """Return (n,) predictions: -1 for an outlier, 1 for an inlier; a score at the threshold is an outlier."""
        return np.where(self.score_samples(X) <= self.offset_, -1, 1)

    def _series(self, X: ArrayLike, reset: bool) -> Array:
        matrix = validate_data(self, X, reset=reset, dtype=np.float64)
        if self.column is None and matrix.shape[1] != 1:
            raise ValueError(f"X has {matrix.shape[1]} columns, a series is one of them: AsSklearn(..., column=0)")
        return np.ascontiguousarray(matrix[:, self.column or 0])
