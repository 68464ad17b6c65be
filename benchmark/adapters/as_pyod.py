"""Our detectors with PyOD's interface: ``AsPyOD(LOF())`` has ``decision_function`` and ``decision_scores_``."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from pyod.models.base import BaseDetector
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from detectors import Array, Detector


class AsPyOD(BaseDetector):  # type: ignore[misc]
    """One of our detectors as a detector of PyOD; its samples are the points of one series, in order.

    Parameters
    ----------
    detector : Detector
        One of ours.
    contamination : float
        Expected share of anomalous points, in (0, 0.5].

    Attributes
    ----------
    detector_ : Detector
        The fitted detector.
    decision_scores_, labels_, threshold_
        As in PyOD: scores of the fitted series, 0 or 1 for each of its points, and the threshold between.
    """

    def __init__(self, detector: Detector, contamination: float = 0.1) -> None:
        super().__init__(contamination=contamination)
        self.detector = detector

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Fit to a series of shape (n,) or (n, 1); ``y`` is ignored, as no detector gets labels."""
        self._set_n_classes(None)
        self.detector_ = clone(self.detector).fit(_series(X))
        self.decision_scores_ = self.detector_.fitted_scores()
        self._process_decision_scores()
        return self

    def decision_function(self, X: ArrayLike) -> Array:
        """Return (n,) anomaly scores, higher = more anomalous."""
        check_is_fitted(self, ["decision_scores_", "threshold_", "labels_"])
        scores: Array = self.detector_.score(_series(X))
        return scores


def _series(X: ArrayLike) -> ArrayLike:
    values = np.asarray(X)
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim == 2:
        raise ValueError(f"X has {values.shape[1]} columns, a series has one: give X[:, [k]]")
    return X
