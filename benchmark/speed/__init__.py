"""Measurement of speed and memory of our detectors and of other packages."""

from benchmark.speed.measure import Run
from benchmark.speed.others import MATCHES, OTHERS, Match, present

__all__ = ["costing", "measure", "memory", "series", "tables"]
