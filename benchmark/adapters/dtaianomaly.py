"""dtaianomaly's detectors on the series itself: ``dtaianomaly:KNearestNeighbors``."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmark.adapters.borrowed import Borrowed, class_of
from benchmark.adapters.names import Listed
from benchmark.adapters.options import arguments, draws, keep_compiled
from benchmark.adapters.samples import OnSeries
from benchmark.errors import UserError
from detectors import Array, Diet

PLACE = "dtaianomaly.anomaly_detection"
WINDOWS = ("window_size", "neighborhood", "neighborhood_size_before", "moving_average_window_size")
# These pass random_state to a class of another library, which cannot be seen in their own file.
DRAW = ("IsolationForest", "ClusterBasedLocalOutlierFactor", "KMeansAnomalyDetector", "KShapeAnomalyDetector")
NEEDS = {"Chronos": "autogluon.timeseries", "MOMENT": "momentfm", "TimeMoE": "transformers"}
REFUSED = {"MultivariateDetector": "it joins detectors of several channels, a series here has one"}


class _Series(OnSeries):
    """``fit`` and ``decision_function``."""

    def scores(self, model: Any, x: Array) -> Array:
        """Return (n,) scores."""
        return np.asarray(model.decision_function(x), dtype=float)


def entries() -> Iterator[Listed]:
    """List the detectors of the package, without abstract base classes."""
    module = importlib.import_module(PLACE)
    for name in module.__all__:
        cls = getattr(module, name)
        if inspect.isclass(cls) and issubclass(cls, module.BaseDetector) and not inspect.isabstract(cls):
            needs = f"pip install {NEEDS[name]}, and its weights, which are downloaded" if name in NEEDS else ""
            yield Listed("dtaianomaly", name, PLACE, needs=needs, refused=REFUSED.get(name, ""))


def detector(entry: Listed, model: type[Any]) -> type[Borrowed]:
    """Make the detector class; an object with a short window says what it learns from."""
    keep_compiled()
    windows = tuple(name for name in WINDOWS if name in arguments(model))
    supervision = getattr(model(**dict.fromkeys(windows, 16)), "supervision", None)
    if supervision is None:
        raise UserError(f"{entry.spec} has no supervision: derive it from dtaianomaly's BaseDetector")
    learns: Diet = "normal" if supervision.name == "SEMI_SUPERVISED" else "series"
    return class_of(_Series, entry, model, entry.name in DRAW or draws(model), windows, learns_from=learns)
