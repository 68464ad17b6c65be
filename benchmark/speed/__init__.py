"""Speed and memory of our detectors and of other packages, taking turns."""

from __future__ import annotations

from benchmark.speed.machine import describe
from benchmark.speed.measure import Run
from benchmark.speed.peers import MATCHES, Match, PeersMissing, interpreter, present

__all__ = [
    "MATCHES",
    "Match",
    "PeersMissing",
    "Run",
    "costing",
    "describe",
    "interpreter",
    "measure",
    "memory",
    "present",
    "series",
    "tables",
]
