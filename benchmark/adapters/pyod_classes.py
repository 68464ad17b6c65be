"""What is to be known of single classes of PyOD, by name: which are refused, what they lack, what they take."""

from __future__ import annotations

from typing import Any

from detectors.core import whole

PARTS = ("detector_list", "base_estimators", "estimator_list")  # arguments that are other detectors
PART = "base_estimator"
DRAW = ("SUOD", "TimeSeriesOD")  # by the forests that they make, which are not seen in their own files
GRAPH = "it scores the nodes of a graph"
REFUSED = {
    "XGBOD": "it learns from labels, which no detector gets here",
    "DevNet": "it learns from labels, which no detector gets here",
    "AudioAE": "it takes clips of sound",
    "EmbeddingOD": "it takes texts or images, through an encoder of them",
    "MultiModalOD": "it takes texts or images, through an encoder of them",
}
UNSCORED = {
    "ABOD": "a window that equals all its neighbours forms no angle with them; pyod:KNN takes such windows",
    "SOS": "a window that many others equal is bound to none of them; pyod:KNN takes such windows",
    "MatrixProfile": "a constant window has no z-normalised distance here; stumpy:stump takes such windows",
}
GIVEN = {"LSCP": {"detector_list": ["LOF", "KNN"]}}  # it has no default of its own: between what it chooses
SHORT = {"MAD": 1, "ROD": 8}  # longest window: one takes single values, one looks at every three points of a window


def facts(name: str) -> dict[str, Any]:
    """Attributes of the class that the adapter makes."""
    found: dict[str, Any] = {"given": GIVEN.get(name, {}), "unscored": UNSCORED.get(name, "")}
    if name in DRAW:
        found["version"] = 4  # without a seed up to 3
    if name in SHORT:
        found |= {"defaults": {"window": SHORT[name]}, "rules": {"window": whole(1, SHORT[name])}}
    if name == "MatrixProfile":
        found["learns_from"] = "nothing"  # it has no decision_function
    return found
