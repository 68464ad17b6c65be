"""aeon's anomaly detectors on the series itself: ``aeon:STOMP``."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmark.adapters.borrowed import Borrowed, class_of
from benchmark.adapters.names import Listed
from benchmark.adapters.options import arguments, draws, keep_compiled
from benchmark.adapters.samples import OnSeries
from detectors import Array, Diet

PLACE = "aeon.anomaly_detection"
FAMILIES = ("series", "series.distance_based", "series.distribution_based", "series.outlier_detection", "collection")
WINDOWS = ("window_size", "n_init_train")
REFUSED = {
    "PyODAdapter": "it wraps a class of PyOD: run that as pyod:NAME",
}


class _Series(OnSeries):
    """``fit_predict`` on the fitted series, so that a window is not its own neighbour; else ``predict``."""

    def scores(self, model: Any, x: Array) -> Array:
        """Return (n,) scores; 0 and 1 for a class that gives only binary predictions."""
        fitted = self.learns_from == "series" and len(self.fitted_pieces_) == 1 and self._place(x) == (0, 0)
        if self.learns_from == "nothing" or (fitted and len(x) == len(self.fitted_pieces_[0])):
            # a new object, as some classes (aeon's LOF) cannot predict after fit_predict
            return np.asarray(self.make_model(getattr(self, "window_", 1)).fit_predict(x), dtype=float)
        return np.asarray(model.predict(x), dtype=float)


def entries() -> Iterator[Listed]:
    """List the classes in aeon's packages, including those for collections."""
    for family in FAMILIES:
        module = importlib.import_module(f"{PLACE}.{family}")
        collection = (
            "it finds unusual series in a collection, not points of one series" if family == "collection" else ""
        )
        for name in module.__all__:
            if not name.startswith("Base"):
                shown = f"{name}_collection" if name == "ROCKAD" and collection else name
                yield Listed("aeon", shown, module.__name__, name, refused=collection or REFUSED.get(name, ""))


def detector(entry: Listed, model: type[Any]) -> type[Borrowed]:
    """Make the detector class; aeon's tags say what it learns from."""
    tags = model.get_class_tags()
    learns: Diet = "series" if tags["learning_type:unsupervised"] else "normal"
    if tags["fit_is_empty"]:
        learns = "nothing"
    keep_compiled()
    windows = tuple(name for name in WINDOWS if name in arguments(model))
    return class_of(_Series, entry, model, draws(model), windows, learns_from=learns)
