"""What a cell is expected to cost, from measured seconds per point."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from benchmark.cells import Cell

UNKNOWN_SECONDS = 5e-5
FITS = {"normal-crossfit": 5}


@cache
def seconds_per_point() -> dict[str, float]:
    """Measured seconds per point of each detector, one thread, from ``costs.csv``."""
    text = resources.files("benchmark").joinpath("costs.csv").read_text()
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["detector"]: float(row["seconds_per_point"]) for row in rows}


def expected_seconds(cell: Cell, n: int) -> float:
    """Rough wall time of a cell on one thread: for scheduling and ``--dry-run`` alone."""
    rate = seconds_per_point().get(cell.detector, UNKNOWN_SECONDS)
    return 0.05 + rate * n * FITS.get(cell.protocol, 1)
