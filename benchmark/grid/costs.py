"""What a cell is expected to cost, from measured seconds per point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from benchmark.grid.cells import Cell
from benchmark.system.packaged import read_csv

MEASURED_AT = 10_000
START = 0.05  # what any cell costs besides: handing over, evaluating, storing


@dataclass(frozen=True)
class Cost:
    """A detector's processor seconds on one thread, a row of ``costs.csv``."""

    fit: float  # seconds per fitted and per scored point, in a series of 10,000 points
    score: float
    growth: float  # exponent e of seconds ~ n^e; near 0 for a fixed number of training steps
    # part of the series that the protocol ``tsb-uad`` lets it fit: 1, or .1 for those that learn normal data
    share: float
    cap: float = 0.0  # points beyond which a fit costs no more, because the detector draws that many windows; 0 = none

    def seconds(self, fitted: float, n: int, rounds: int = 1) -> float:
        """Expected time of fitting so many points ``rounds`` times and scoring ``n`` between them."""
        fitted = min(fitted, self.cap or fitted)
        fit = self.fit * fitted * (fitted / (self.share * MEASURED_AT)) ** (self.growth - 1)
        score = self.score * n * (n / MEASURED_AT) ** max(0.0, self.growth - 1)
        return float(fit * rounds + score)


UNKNOWN = Cost(5e-5, 5e-5, 1.0, 1.0)  # someone's own detector
# Fits, and the part of the series that each sees; else one, as under tsb-uad
FITTED = {"normal-only": (1, 1.0), "normal-crossfit": (5, 0.8), "prefix": (1, 0.1)}
NAMED = 0.25  # of a series, what the names of TSB-AD's files usually give to training


@cache
def costs() -> dict[str, Cost]:
    """Measured costs by detector, and by ``detector@protocol`` where a protocol's settings take another way.

    ``python -m benchmark bench --costs`` rewrites them.
    """
    names = ("fit", "score", "growth", "share", "cap")
    return {row["detector"]: Cost(*(float(row[name]) for name in names)) for row in read_csv(__package__, "costs.csv")}


def expected_seconds(cell: Cell, n: int) -> float:
    """Rough wall time of a cell on one thread: for scheduling and ``--dry-run`` alone."""
    cost = costs().get(f"{cell.detector}@{cell.protocol}") or costs().get(cell.detector, UNKNOWN)
    named = (1, NAMED if cost.share < 1 else 1.0) if cell.protocol == "tsb-ad" else (1, cost.share)
    rounds, share = FITTED.get(cell.protocol, named)
    return START + cost.seconds(share * n, n, rounds)
