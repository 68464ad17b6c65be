"""Anomaly detection in a user's own file: choose detectors for it, and find its anomalies."""

from benchmark.detection.answer import Detection, answer
from benchmark.detection.detect import Options, detect, false_alerts
from benchmark.detection.model import Model
from benchmark.detection.user_options import SET_BY_MODEL, build_options, check_options
from benchmark.detection.watch import Watch

__all__ = ["page", "planted", "report"]
