"""A user's own file: which detector suits it, what stands out."""

from __future__ import annotations

from benchmark.detection.answer import Detection, answer
from benchmark.detection.detect import Options, detect, false_alerts
from benchmark.detection.model import Model
from benchmark.detection.wanted import SETTLED, options_of, refuse
from benchmark.detection.watch import Watch

__all__ = [
    "SETTLED",
    "Detection",
    "Model",
    "Options",
    "Watch",
    "answer",
    "detect",
    "false_alerts",
    "options_of",
    "page",
    "planted",
    "refuse",
    "report",
]
