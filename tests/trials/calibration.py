"""The share of new normal points that ScaleFlow flags: three of ten blocks are held out from the fit.

example: python -m tests.trials.calibration --folder tuning/ECG --folder tuning/NAB --limit 15000
Anomalies are cut out of both parts. The probability integral of a new score is the share of usual scores below it.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmark.metrics import segments
from benchmark.report import markdown
from datasets import Series
from detectors.core import Array, share_interval
from detectors.scaleflow import ScaleFlow
from tests.trials.joins import series_of

HELD = (2, 5, 8)  # of ten blocks
SHORTEST = 100  # points of a held-out piece
DECILES = np.array([0.5, 0.9, 0.99])


class Measured(NamedTuple):
    """Of one series.

    Points fitted and held out, longest window, share flagged, interval announced for it, and shares of new scores above
    three quantiles of usual ones.
    """

    name: str
    fitted: int
    new: int
    window: int
    share: float
    low: float
    high: float
    above: Array


def cut(series: Series, limit: int) -> tuple[list[Array], list[Array]]:
    """Normal pieces of the blocks to fit, and of those held out."""
    n = min(len(series), limit)
    held = np.isin(np.arange(n) * 10 // n, HELD)
    parts = []
    for wanted, shortest in ((~held, 12), (held, SHORTEST)):
        starts, stops = segments(wanted & (series.labels[:n] == 0))
        parts.append([series.values[a:b] for a, b in zip(starts, stops, strict=True) if b - a >= shortest])
    return parts[0], parts[1]


def measured(series: Series, limit: int, contamination: float) -> Measured:
    known, unseen = cut(series, limit)
    detector = ScaleFlow().fit(known)
    level, usual = detector.threshold(contamination=contamination), detector.usual_scores()
    new = np.concatenate([detector.score(piece) for piece in unseen])
    low, high = share_interval(usual, level, detector.window_, len(new))
    above = np.array([(new > np.quantile(usual, q)).mean() for q in DECILES])
    share = float((new >= level).mean())
    name = f"{Path(series.dataset).name} {series.name[:30]}"
    return Measured(name, len(usual), len(new), detector.window_, share, low, high, above)


def table(found: list[Measured], contamination: float) -> str:
    """A row per series, and what they come to."""
    rows = [
        [m.name, m.fitted, m.new, m.window, _percent(m.share), f"{_percent(m.low)} to {_percent(m.high)}",
         *map(_percent, m.above)]
        for m in found
    ]  # fmt: skip
    shares = np.array([m.share for m in found])
    within = np.mean((shares >= contamination / 2) & (shares <= contamination * 2))
    told = np.mean([m.low <= m.share <= m.high for m in found])
    head = ["series", "fitted", "new", "window", "flagged", "announced", "above the median", "ninth decile", "99 %"]
    median, ninth = np.mean([m.above[:2] for m in found], axis=0)
    facts = {
        "flagged on the mean": _percent(shares.mean()),
        "in the median": _percent(float(np.median(shares))),
        "series within a factor of two": f"{within:.0%}",
        "above it": f"{np.mean(shares > contamination * 2):.0%}",
        "in the interval announced": f"{told:.0%}",
        "above the usual median": _percent(median),
        "above the ninth decile": _percent(ninth),
    }
    summary = f"{len(found)} series; " + "; ".join(f"{name} {value}" for name, value in facts.items())
    return markdown.table(head, rows) + "\n\n" + summary


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def main() -> int:
    made = argparse.ArgumentParser(
        prog="python -m tests.trials.calibration", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    made.add_argument("--folder", action="append", required=True, help="folder of `value,label` files")
    made.add_argument("--every", type=int, default=1, help="every k-th series of a folder (1)")
    made.add_argument("--limit", type=int, default=15_000, help="points of a series at most (15000)")
    made.add_argument("--contamination", type=float, default=0.01)
    made.add_argument("--jobs", type=int, default=1)
    args = made.parse_args()
    work = partial(measured, limit=args.limit, contamination=args.contamination)
    with ProcessPoolExecutor(args.jobs) as pool:
        print(table(list(pool.map(work, series_of(args.folder, args.every))), args.contamination))
    return 0


if __name__ == "__main__":
    sys.exit(main())
