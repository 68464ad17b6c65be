"""Measurement of speed and memory of our detectors and of other packages."""

from benchmark.speed.measure import Run
from benchmark.speed.others import MATCHES, OTHERS, Match, present

__all__ = [
    "MATCHES",
    "OTHERS",
    "Match",
    "Run",
    "costing",
    "measure",
    "memory",
    "present",
    "series",
    "tables",
]
