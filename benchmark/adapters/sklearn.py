"""scikit-learn's outlier and density classes over windows: ``sklearn:LocalOutlierFactor``."""

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
    """``score_samples`` with its sign turned: of outlier classes and of densities alike, low means rare."""

    def own_scores(self, model: Any) -> Array | None:
        """LocalOutlierFactor keeps them; its ``score_samples`` would count a fitted window as its own neighbour."""
        kept = getattr(model, "negative_outlier_factor_", None)
        return None if kept is None else -np.asarray(kept)

    def scores(self, model: Any, matrix: Array) -> Array:
        """(k,) scores of a (k, window) matrix, higher = more anomalous."""
        rate = getattr(model, "score_samples", None) or model.decision_function
        return -np.asarray(rate(matrix))


def entries() -> Iterator[Listed]:
    """Outlier detectors and densities."""
    from sklearn.base import DensityMixin, OutlierMixin

    for part in MODULES:
        module = importlib.import_module(f"sklearn.{part}")
        for name in module.__all__:
            cls = getattr(module, name)
            if inspect.isclass(cls) and (issubclass(cls, OutlierMixin | DensityMixin) or name == "KernelDensity"):
                yield Listed("sklearn", name, module.__name__)


def detector(entry: Listed, model: type[Any]) -> type[Borrowed]:
    """Over windows; LocalOutlierFactor as a novelty detector, which keeps the scores of its own fit, too."""
    given = {"novelty": True} if "novelty" in arguments(model) else {}
    return class_of(_OverWindows, entry, model, "random_state" in arguments(model), given=given, reserved=tuple(given))
