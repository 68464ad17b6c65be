"""Scores of every detector on short series, pinned for its version.

Stored results are found by a detector's version. So scores that change without it would pass older figures as current.
``python -m tests.pinned [NAME ...]`` pins them again, after the version was raised.
``tests/detectors/test_pinned.py`` compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np

from benchmark.catalogue import registry
from benchmark.catalogue.trials import cheap
from detectors import Array, Detector
from detectors.core import Alignment

FILE = Path(__file__).with_name("pinned.json")
EVERY = 20  # of so many scores, one is kept
Pins = dict[str, list[float]]

# What is fitted besides the cheap form of a detector, so that each parameter is heard.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "IForest": [
        {"n_estimators": 20, "max_samples": 37, "align": "end"},
        {"n_estimators": 20, "trees": "sklearn", "max_samples": 60},
        {"n_estimators": 20, "trees": "sklearn", "scaling": "z", "max_features": 3},
    ],
    "IForest1": [{"n_estimators": 20, "trees": "sklearn", "max_samples": 50}],
    "LOF": [
        {"n_neighbors": 5, "scaling": "z"},
        {"n_neighbors": 5, "sample": 150, "align": "max"},
        {"n_neighbors": 5, "scaling": "z-summed"},
    ],
    "MP": [{"constants": "zero", "align": "start"}, {"window": "auto"}],
    "PCA": [{"signs": "scores", "align": "mean"}],
    "NormA": [{"length": 2, "share": 0.9, "cut": 0.6, "align": "end"}, {"max_stretches": 2}],
    "HBOS": [
        {"scaling": "z", "n_bins": 5},
        {"alpha": 0.3, "tol": 0.0},
        *({"align": align} for align in get_args(Alignment) if align != "centre"),
    ],
    "POLY": [{"stretch": True, "degree": 2}, {"places": "rows", "stretch": True, "window": 23}],
    "OCSVM": [{"scaling": "z", "nu": 0.3}, {"scaling": "tsb-ad", "nu": 0.3}, {"max_windows": 60, "align": "start"}],
    "KNN": [
        {"n_neighbors": 5},
        {"n_neighbors": 5, "scaling": "z", "align": "mean"},
        {"n_neighbors": 5, "scaling": "z-summed", "align": "mean"},
    ],
    "KMeansAD": [{"n_clusters": 3, "scaling": "z"}, {"max_windows": 60, "random_state": 1, "align": "end"}],
    "KShapeAD": [{"n_clusters": 3, "length": 2, "max_stretches": 8, "align": "centre"}],
    "SAND": [
        {"batch": 0.3, "rate": 0.2, "length": 2, "n_clusters": 3, "align": "end"},
        {"length": 2, "max_stretches": 3},
        {"length": 2, "stretches": "starting"},
    ],
    "Series2Graph": [{"query": 3, "rays": 20, "align": "start"}, {"average": "edges", "rays": 12}],
    "MovingStd": [{"align": "max"}],
    "SR": [{"width": 11, "padding": "series"}],
    "RandomScore": [{"random_state": 3}],
    "AE": [{"epochs": 20, "patience": 1, "batch_size": 16, "max_windows": 60, "learning_rate": 0.01, "align": "end"}],
    "CNN": [{"epochs": 1, "scaling": "lookahead", "batch_size": 32, "learning_rate": 0.01}],
    "LSTM": [{"scaling": "lookahead", "batch_size": 32, "learning_rate": 0.01}],
    "Proposed": [
        {"epochs": None, "steps": (6, 3), "members": 2, "blocks": 2, "stem": "full", "whiten": False},
        {"epochs": 1, "quantity": "squares", "pooling": "position", "blocks": 2, "max_windows": 99},
        {"epochs": 1, "quantity": "likelihood", "pooling": "mean", "maps": "middle", "blocks": 2},
        {"epochs": 1, "preset": "paper", "training_stride": 12, "blocks": 2},
    ],
    "ScaleFlow": [
        {"steps": 5, "members": 2, "join": "mean", "typicality": 0.0, "batch": 50, "rate": 0.01, "half_weight": 0.0},
        {"steps": 5, "join": "max", "calibrate": "fitted", "rotate": False, "points": 12, "periods": 0.5},
        {"blocks": 0, "period": 20, "factors": (1, 3), "noise": 0.2},
        {"components": ("distance", "shape", "spectrum"), "max_windows": 40},
    ],
}
SHORTER: dict[str, dict[str, Any]] = {"AE": {"epochs": 3}, "CNN": {"epochs": 1}}
# Share of the range by which scores may differ on another processor (docs/determinism.md); others agree to 1e-5.
LOOSE = {"NormA": 1e-3, "AE": 1e-2, "CNN": 1e-4, "LSTM": 1e-4, "Proposed": 1e-2, "ScaleFlow": 1e-4}


def series(n: int, seed: int) -> Array:
    """A noisy sine in steps of .001 with a stuck stretch, a spike and a turned cycle."""
    x = np.sin(2 * np.pi * np.arange(n) / 25) + 0.1 * np.random.default_rng(seed).normal(size=n)
    x[60:85] = x[60:85][::-1] + 0.3
    x[100:124] = x[100]
    x[n - 40] += 4
    return np.round(x, 3)


def variants(name: str) -> list[dict[str, Any]]:
    """Parameters that are pinned: the cheap ones, then each further variant with them."""
    common = cheap(registry.detectors()[name]) | SHORTER.get(name, {})
    return [common, *(common | more for more in VARIANTS.get(name, []))]


def parameters(name: str) -> dict[str, list[str]]:
    """The default of each parameter, which no cell's key holds, and the values that it may have."""
    cls = registry.detectors()[name]
    rules = cls.param_rules()
    return {k: [repr(value), rules[k].text if k in rules else ""] for k, value in cls.param_defaults().items()}


def pins(name: str, params: dict[str, Any]) -> Pins:
    """Scores of the fitted series, a part of it and another one, and the thresholds; once those of pieces, too."""
    cls = registry.detectors()[name]
    x, y = series(400, 1), series(160, 2)
    whole = cls(**params).fit(x)
    found = {"fitted": whole.score(x), "part": whole.score(x[90:290]), "other": whole.score(y)}
    if params == variants(name)[0]:
        parts = cls(**params).fit([x[:150], x[160:165], x[180:]])
        found |= {"other, of pieces": parts.score(y), "a piece": parts.score(x[180:])}
    kept = {what: [*scores[::EVERY], scores[-1], scores.mean(), scores.std()] for what, scores in found.items()}
    kept["thresholds"] = [_threshold(whole, "quantile"), _threshold(whole, "pot")]
    return {what: [float(f"{value:.7g}") for value in values] for what, values in kept.items()}


def _threshold(detector: Detector, rule: Any) -> float:
    return detector.threshold(rule, contamination=0.05)


def main(names: list[str]) -> None:
    """Pin the scores of these detectors, or of all."""
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    for name in names or list(registry.detectors()):
        cls, made = registry.detectors()[name], {repr(params): pins(name, params) for params in variants(name)}
        known[name] = {
            "version": cls.version,
            "learns_from": cls.learns_from,
            "parameters": parameters(name),
            "pins": made,
        }
    order = [name for name in registry.detectors() if name in known]
    text = json.dumps({name: known[name] for name in order}, separators=(",", ":"))
    FILE.write_text(text.replace("},", "},\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
