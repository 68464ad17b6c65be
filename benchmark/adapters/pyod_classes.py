"""Facts of single classes of PyOD, by name: which are refused, for which data they fail, which arguments they need."""

from __future__ import annotations

from typing import Any

from detectors.core import whole

PARTS = ("detector_list", "base_estimators", "estimator_list")  # arguments that are other detectors
PART = "base_estimator"
DRAW = ("SUOD", "TimeSeriesOD")  # they use random forests, which cannot be seen in their own files
GRAPH = "it scores the nodes of a graph"
REFUSED = {
    "XGBOD": "it learns from labels, which no detector gets here",
    "DevNet": "it learns from labels, which no detector gets here",
    "AudioAE": "it takes clips of sound",
    "EmbeddingOD": "it takes texts or images, through an encoder of them",
    "MultiModalOD": "it takes texts or images, through an encoder of them",
}
UNSCORED = {
    "ABOD": "angles to neighbours equal to the window are not defined; pyod:KNN accepts such windows",
    "SOS": "the affinity of a window equal to many others is not defined; pyod:KNN accepts such windows",
    "MatrixProfile": "a constant window has no z-normalised distance here; stumpy:stump accepts such windows",
}
GIVEN = {"LSCP": {"detector_list": ["LOF", "KNN"]}}  # the detectors it selects from; it has no default
SHORT = {"MAD": 1, "ROD": 8}  # maximum window: MAD takes single values, ROD uses every triple of points in a window


def facts(name: str) -> dict[str, Any]:
    """Return attributes for the class that the adapter makes."""
    found: dict[str, Any] = {"given": GIVEN.get(name, {}), "unscored": UNSCORED.get(name, "")}
    if name in DRAW:
        found["version"] = 4  # up to version 3 it had no seed
    if name in SHORT:
        found |= {"defaults": {"window": SHORT[name]}, "rules": {"window": whole(1, SHORT[name])}}
    if name == "MatrixProfile":
        found["learns_from"] = "nothing"  # it has no decision_function
    return found
