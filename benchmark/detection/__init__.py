"""A user's own file: which detector suits it, what stands out."""

from __future__ import annotations

from benchmark.detection.answer import Detection, answer
from benchmark.detection.detect import Options, detect, false_alerts
from benchmark.detection.model import Model
from benchmark.detection.watch import Watch

__all__ = ["Detection", "Model", "Options", "Watch", "answer", "detect", "false_alerts", "page", "planted", "report"]
