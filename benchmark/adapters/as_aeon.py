"""Our detectors inside aeon: ``AsAeon(LOF()).fit_predict(X, axis=1)``. It needs ``pip install aeon``."""

from __future__ import annotations

from typing import Any, ClassVar

from aeon.anomaly_detection.series.base import BaseSeriesAnomalyDetector
from sklearn.base import clone

from detectors import HBOS, LOF, Array, Detector


class AsAeon(BaseSeriesAnomalyDetector):  # type: ignore[misc]
    """One of our detectors as a series anomaly detector of aeon; ``predict`` returns one anomaly score per point.

    Parameters
    ----------
    detector : Detector
        One of ours. None = LOF.

    Attributes
    ----------
    detector_ : Detector
        The fitted detector.
    """

    _tags: ClassVar[dict[str, Any]] = {
        "capability:univariate": True,
        "capability:multivariate": False,
        "capability:missing_values": False,
        "fit_is_empty": False,
        "requires_y": False,
        "learning_type:unsupervised": True,
        "learning_type:semi_supervised": True,
        "anomaly_output_type": "anomaly_scores",
    }

    def __init__(self, detector: Detector | None = None) -> None:
        self.detector = detector
        super().__init__(axis=1)

    def _fit(self, X: Array, y: object = None) -> AsAeon:
        self.detector_ = clone(LOF() if self.detector is None else self.detector).fit(X[0])
        return self

    def _predict(self, X: Array) -> Array:
        scores: Array = self.detector_.score(X[0])
        return scores

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return {"detector": HBOS(window=4)}
