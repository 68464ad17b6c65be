"""Anomaly detection in a user's own file: choose detectors for it, and find its anomalies."""

from __future__ import annotations

from benchmark.detection.answer import Detection, answer
from benchmark.detection.detect import Options, detect, false_alerts
from benchmark.detection.model import Model
from benchmark.detection.user_options import SET_BY_MODEL, build_options, check_options
from benchmark.detection.watch import Watch

__all__ = [
    "SET_BY_MODEL",
    "Detection",
    "Model",
    "Options",
    "Watch",
    "answer",
    "build_options",
    "check_options",
    "detect",
    "false_alerts",
    "page",
    "planted",
    "report",
]
