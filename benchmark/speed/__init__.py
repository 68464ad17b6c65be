"""Speed and memory of our detectors and of other packages, side by side."""

from __future__ import annotations

from benchmark.speed.measure import Run
from benchmark.speed.peers import MATCHES, PEERS, Match, present

__all__ = [
    "MATCHES",
    "PEERS",
    "Match",
    "Run",
    "costing",
    "measure",
    "memory",
    "present",
    "series",
    "tables",
]
