"""Speed and memory of our detectors and of other packages, side by side."""

from __future__ import annotations

from benchmark.speed.measure import Run
from benchmark.speed.peers import MATCHES, Match, PeersMissing, interpreter, present

__all__ = [
    "MATCHES",
    "Match",
    "PeersMissing",
    "Run",
    "costing",
    "interpreter",
    "measure",
    "memory",
    "present",
    "series",
    "tables",
]
