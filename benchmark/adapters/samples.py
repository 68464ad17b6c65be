"""Base classes for wrapped classes whose samples are the windows of a series, and for those that take the series."""

from __future__ import annotations

from typing import Any, ClassVar, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmark.adapters.borrowed import Borrowed
from benchmark.adapters.options import silence
from detectors import Array, Diet, WindowDetector, Windows
from detectors.core import Index, Rule, evenly_spaced, min_max, one_of, resolve_window, whole


class OverWindows(Borrowed, WindowDetector):
    """A wrapper of a class whose samples are the windows of the series.

    Windows of the fitted series get the scores of the library's own fit, in which a window is not its own neighbour.
    All other windows are scored in one call, as some classes compare the windows that they score.
    """

    exempt: ClassVar[dict[str, str]] = {"memory": "the library keeps and scores a matrix of windows"}
    defaults: ClassVar[dict[str, Any]] = {
        "window": "auto",
        "align": "centre",
        "options": None,
        "scaling": "none",
        "learns_from": "series",
        "max_windows": 20_000,
    }
    rules: ClassVar[dict[str, Rule]] = {
        "scaling": one_of("none", "minmax"),
        "learns_from": one_of(*get_args(Diet)),
        "max_windows": whole(1),
    }

    scaling: str
    max_windows: int

    def _fit_windows(self, windows: Windows) -> None:
        self.model_ = self.make_model(self.window_)
        with silence():
            self.model_.fit(self._matrix(windows, evenly_spaced(len(windows), self.max_windows)))
        self.own_ = self.own_scores(self.model_) if len(windows) <= self.max_windows else None

    def _score_windows(self, windows: Windows) -> Array:
        first = self._first_window(windows.pieces[0])
        if self.own_ is not None and first is not None:
            return self.finite(self.own_[first : first + len(windows)], "windows")
        self.seed_generators()
        with silence():
            matrix = self._matrix(windows, np.arange(len(windows)))
            return self.finite(np.asarray(self.scores(self.model_, matrix), dtype=float).ravel(), "windows")

    def fit_trial(self, model: Any, x: Array) -> None:
        """Fit it to some seventy windows of 16 points, enough for a network with batches of 32."""
        model.fit(np.ascontiguousarray(sliding_window_view(x, 16)[::4]))

    def _matrix(self, windows: Windows, index: Index) -> Array:
        matrix = windows.take(index)
        return np.ascontiguousarray(min_max(matrix)) if self.scaling == "minmax" else matrix

    def own_scores(self, model: Any) -> Array | None:
        """Return the (n_windows,) scores of the fitted windows, if the library keeps them; else None."""
        return None

    def scores(self, model: Any, matrix: Array) -> Array:
        """Return (k,) scores of a (k, window) matrix, higher = more anomalous."""
        raise NotImplementedError


class OnSeries(Borrowed):
    """A wrapper of a class that takes the series itself and gives a score per point."""

    def _fit(self, pieces: list[Array]) -> None:
        if "window" in self.defaults:
            self.window_ = resolve_window(self.window, pieces)
        self.model_ = self.make_model(getattr(self, "window_", 1))
        if self.learns_from == "nothing":
            return
        if len(pieces) > 1:
            self.notes_ = (f"the library takes one series: {len(pieces)} fitted pieces were joined",)
        with silence():
            self.model_.fit(np.concatenate(pieces))

    def _score(self, x: Array) -> Array:
        self.seed_generators()
        with silence():
            return self.finite(np.array(self.scores(self.model_, x.copy()), dtype=float).ravel(), "points")

    window: Any

    def fit_trial(self, model: Any, x: Array) -> None:
        """Fit it to a short series."""
        model.fit(x)

    def scores(self, model: Any, x: Array) -> Array:
        """Return (n,) scores of a series, higher = more anomalous."""
        raise NotImplementedError
