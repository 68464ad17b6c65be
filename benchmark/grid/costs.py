"""Expected run time of a cell, from measured seconds per point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from benchmark.grid.cells import Cell
from benchmark.system.packaged import read_csv

MEASURED_AT = 10_000
OVERHEAD = 0.05  # seconds that each cell takes besides: sending the task, computing metrics, storing


@dataclass(frozen=True)
class Cost:
    """CPU seconds of a detector on one thread: a row of ``costs.csv``."""

    fit: float  # seconds per fitted and per scored point, in a series of 10,000 points
    score: float
    growth: float  # exponent e of seconds ~ n^e; near 0 for a fixed number of training steps
    # share of the series that it fits under the protocol ``tsb-uad``: 1, or .1 for semi-supervised detectors
    share: float
    cap: float = 0.0  # fitting more points takes no longer, as the detector samples that many windows; 0 = no cap

    def seconds(self, fitted: float, n: int, rounds: int = 1) -> float:
        """Return the expected seconds for ``rounds`` fits of ``fitted`` points each, and for scoring ``n`` points."""
        fitted = min(fitted, self.cap or fitted)
        fit = self.fit * fitted * (fitted / (self.share * MEASURED_AT)) ** (self.growth - 1)
        score = self.score * n * (n / MEASURED_AT) ** max(0.0, self.growth - 1)
        return float(fit * rounds + score)


UNKNOWN = Cost(5e-5, 5e-5, 1.0, 1.0)  # for a plug-in
# Number of fits, and the share of the series in each; other protocols have one fit, as tsb-uad
FITS = {"normal-only": (1, 1.0), "normal-crossfit": (5, 0.8), "prefix": (1, 0.1)}
TSB_AD_SHARE = 0.25  # usual share of training rows in the series of TSB-AD


@cache
def costs() -> dict[str, Cost]:
    """Return the measured costs by detector, and by ``detector@protocol`` if a protocol's settings change the cost.

    ``python -m benchmark bench --costs`` measures them again.
    """
    names = ("fit", "score", "growth", "share", "cap")
    return {row["detector"]: Cost(*(float(row[name]) for name in names)) for row in read_csv(__package__, "costs.csv")}


def expected_seconds(cell: Cell, n: int) -> float:
    """Estimate the wall time of a cell on one thread, in seconds; used for scheduling and ``--dry-run`` only."""
    cost = costs().get(f"{cell.detector}@{cell.protocol}") or costs().get(cell.detector, UNKNOWN)
    default = (1, TSB_AD_SHARE if cost.share < 1 else 1.0) if cell.protocol == "tsb-ad" else (1, cost.share)
    rounds, share = FITS.get(cell.protocol, default)
    return OVERHEAD + cost.seconds(share * n, n, rounds)
