"""scikit-learn's outlier and density classes on windows: ``sklearn:LocalOutlierFactor``."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmark.adapters.borrowed import Borrowed, class_of
from benchmark.adapters.names import Listed
from benchmark.adapters.options import arguments
from benchmark.adapters.samples import OverWindows
from detectors import Array

MODULES = ("covariance", "ensemble", "linear_model", "mixture", "neighbors", "svm")


class _OverWindows(OverWindows):
    """Negated ``score_samples``, as low values mean anomalous for outlier and density classes."""

    def own_scores(self, model: Any) -> Array | None:
        """Return the scores that LocalOutlierFactor keeps: in ``score_samples`` a window is its own neighbour."""
        kept = getattr(model, "negative_outlier_factor_", None)
        return None if kept is None else -np.asarray(kept)

    def scores(self, model: Any, matrix: Array) -> Array:
        """Return (k,) scores of a (k, window) matrix, higher = more anomalous."""
        rate = getattr(model, "score_samples", None) or model.decision_function
        return -np.asarray(rate(matrix))


def entries() -> Iterator[Listed]:
    """List the outlier detectors and density estimators."""
    from sklearn.base import DensityMixin, OutlierMixin

    for part in MODULES:
        module = importlib.import_module(f"sklearn.{part}")
        for name in module.__all__:
            cls = getattr(module, name)
            if inspect.isclass(cls) and (issubclass(cls, OutlierMixin | DensityMixin) or name == "KernelDensity"):
                yield Listed("sklearn", name, module.__name__)


def detector(entry: Listed, model: type[Any]) -> type[Borrowed]:
    """Make the detector class; LocalOutlierFactor is a novelty detector, which also keeps the scores of its fit."""
    given = {"novelty": True} if "novelty" in arguments(model) else {}
    return class_of(_OverWindows, entry, model, "random_state" in arguments(model), given=given, reserved=tuple(given))
