"""PyOD's detectors on windows, and its time-series detectors on the series itself: ``pyod:KNN``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.adapters.borrowed import Borrowed, class_of
from benchmark.adapters.names import Listed, borrowed
from benchmark.adapters.options import arguments, draws
from benchmark.adapters.pyod_classes import DRAW, GRAPH, PART, PARTS, REFUSED, facts
from benchmark.adapters.samples import OnSeries, OverWindows
from detectors import Array


class _OverWindows(OverWindows):
    """Scores by ``decision_function``; for fitted windows, PyOD's own ``decision_scores_``."""

    version = 3  # fitted windows have the scores of PyOD's own fit

    def prepared(self, options: dict[str, Any]) -> dict[str, Any]:
        """Replace names of detectors by PyOD's objects, in options that take detectors."""
        return {key: _parts(key, value) for key, value in options.items()}

    def own_scores(self, model: Any) -> Array | None:
        """Return (n_windows,) scores of the fitted windows."""
        return np.asarray(model.decision_scores_, dtype=float).ravel()

    def scores(self, model: Any, matrix: Array) -> Array:
        """Return (k,) scores of a (k, window) matrix."""
        return np.asarray(model.decision_function(matrix))


class _Series(OnSeries):
    """The same for a class that takes the series and makes the windows itself."""

    version = 3

    def scores(self, model: Any, x: Array) -> Array:
        """Return (n,) scores; those of PyOD's own fit if the series is the fitted one."""
        if self.learns_from == "nothing":
            return np.asarray(self.make_model(self.window_).fit(x).decision_scores_)
        own = np.asarray(model.decision_scores_)
        return own if self._place(x) == (0, 0) and len(x) == len(own) else np.asarray(model.decision_function(x))


def entries() -> Iterator[Listed]:
    """List PyOD's classes from its source files, as importing all of them would load torch and other libraries."""
    from pyod import models

    seen: set[str] = set()
    for path in sorted(Path(models.__path__[0]).glob("*.py")):
        if path.name.startswith(("_", "base")):
            continue
        for name in re.findall(r"^class (\w+)\(.*(?:Detector|BaseDeep\w*)\b", path.read_text(encoding="utf-8"), re.M):
            shown = path.stem if name in seen else name  # a second class of the same name is named by its file
            seen.add(name)
            refused = GRAPH if path.stem.startswith("pyg_") else REFUSED.get(name, "")
            also = (path.stem, path.stem.removeprefix("ts_"))
            yield Listed("pyod", shown, f"pyod.models.{path.stem}", name, also, refused=refused)


def detector(entry: Listed, model: type[Any]) -> type[Borrowed]:
    """Make the detector class: on windows, or on the series itself for the classes in PyOD's files ``ts_*``."""
    known = facts(entry.name) | {"source": f"PyOD, {model.__module__}.{model.__name__}"}
    drawing = entry.name in DRAW or draws(model)
    if entry.module.startswith("pyod.models.ts_"):
        return class_of(_Series, entry, model, drawing, tuple({"window_size"} & set(arguments(model))), **known)
    known |= {"window_arguments": ("n_features",)} if "n_features" in arguments(model) else {}
    return class_of(_OverWindows, entry, model, drawing, **known)


def _parts(name: str, value: Any) -> Any:
    if name in PARTS and not isinstance(value, list):
        raise ValueError(f'{name} is a list of detectors, e.g. ["KNN", "LOF"], got {value!r}')
    return [_part(one) for one in value] if name in PARTS else _part(value) if name == PART else value


def _part(value: Any) -> Any:
    """Make an object of PyOD's class of that name, with its defaults."""
    if not isinstance(value, str):
        return value
    cls: Any = borrowed(f"pyod:{value}")
    return cls.model()
