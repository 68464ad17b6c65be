"""aeon's anomaly detectors on the series itself: ``aeon:STOMP``."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmark.adapters.borrowed import Borrowed, OnSeries, arguments, class_of, draws
from benchmark.adapters.names import Listed
from detectors import Array, Diet

PLACE = "aeon.anomaly_detection"
FAMILIES = ("series", "series.distance_based", "series.distribution_based", "series.outlier_detection", "collection")
REFUSED = {
    "PyODAdapter": "it wraps a class of PyOD: run that as pyod:NAME",
}


class _Series(OnSeries):
    """``fit_predict``, then ``predict`` for another series; a class without a fit is made anew for each series."""

    def fitted(self, model: Any, x: Array) -> None:
        """Fit; the scores of aeon's own fit are kept, in which a neighbour search leaves out the window itself."""
        self.own_: Array | None = None
        if self.learns_from == "series" and len(self.fitted_pieces_) == 1:
            self.own_ = np.asarray(model.fit_predict(x), dtype=float)
        else:
            model.fit(x)

    def scores(self, model: Any, x: Array) -> Array:
        """(n,) scores, or 0 and 1 of a class that only decides."""
        if self.learns_from == "nothing":
            model = self.made(getattr(self, "window_", 1))
            return np.asarray(model.fit_predict(x), dtype=float)
        if self.own_ is not None and self._place(x) == (0, 0) and len(x) == len(self.own_):
            return self.own_
        return np.asarray(model.predict(x), dtype=float)


def entries() -> Iterator[Listed]:
    """The classes that aeon's packages name, those of collections among them."""
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
    """What it learns from stands in aeon's own tags."""
    tags = model.get_class_tags()
    learns: Diet = "series" if tags["learning_type:unsupervised"] else "normal"
    if tags["fit_is_empty"]:
        learns = "nothing"
    window = "window_size" if "window_size" in arguments(model) else ""
    facts = {"learns_from": learns, "window_argument": window, "defaults": {"window": "auto"} if window else {}}
    return class_of(_Series, entry, model, draws(model), **facts)
