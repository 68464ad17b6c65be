"""What a cell is expected to cost, from measured seconds per point."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from benchmark.cells import Cell

MEASURED_AT = 10_000
START = 0.05  # what any cell costs besides: handing over, evaluating, storing


@dataclass(frozen=True)
class Cost:
    """A detector's processor seconds on one thread, a row of ``costs.csv``.

    Attributes
    ----------
    fit, score : float
        Seconds per fitted and per scored point, in a series of 10,000 points.
    growth : float
        Exponent e of seconds ~ n^e.
    share : float
        Part of the series that the protocol ``tsb-uad`` lets it fit: 1, or .1 for those that learn normal data.
    """

    fit: float
    score: float
    growth: float
    share: float

    def seconds(self, fitted: float, n: int) -> float:
        """Expected time of fitting so many points and scoring ``n``."""
        return float((self.fit * fitted + self.score * n) * (n / MEASURED_AT) ** (self.growth - 1))


UNKNOWN = Cost(5e-5, 5e-5, 1.0, 1.0)  # someone's own detector
FITTED = {"normal-only": 1.0, "normal-crossfit": 4.0, "prefix": 0.1}  # summed over the rounds; else as under tsb-uad


@cache
def costs() -> dict[str, Cost]:
    """Measured costs by detector; ``python -m benchmark bench --costs`` rewrites them."""
    text = resources.files("benchmark").joinpath("costs.csv").read_text()
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    names = ("fit", "score", "growth", "share")
    return {row["detector"]: Cost(*(float(row[name]) for name in names)) for row in rows}


def expected_seconds(cell: Cell, n: int) -> float:
    """Rough wall time of a cell on one thread: for scheduling and ``--dry-run`` alone."""
    cost = costs().get(cell.detector, UNKNOWN)
    return START + cost.seconds(FITTED.get(cell.protocol, cost.share) * n, n)
