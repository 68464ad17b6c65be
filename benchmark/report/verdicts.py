"""The paper's figures, the known causes of differences, and the verdict on each of our figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from benchmark import statistics
from benchmark.system.packaged import read_csv

Verdict = Literal[
    "reproduced",
    "within .01 by too few seeds",
    "inside the seed interval",
    "explained",
    "not reproduced",
    "not compared",
    "",
]

TOLERANCE = 0.01
MIN_SEEDS = 3  # with two, a prediction interval is 18 standard deviations wide and would excuse anything
WIDEST = 0.2  # an interval wider than this says that the seeds are too few, not that the published figure is reproduced


@dataclass(frozen=True)
class Cause:
    """A known reason for which a figure differs from the published one.

    ``up_to`` bounds the difference that it may excuse. It is the largest one seen between two runs of the authors, or
    between their package and paper, rounded up. A bound of 0 excuses nothing: the text says what is known beside a
    figure that stays *not reproduced*.
    """

    detector: str
    dataset: str
    up_to: float
    text: str


@cache
def causes() -> tuple[Cause, ...]:
    """Known causes, the specific ones before those for any data set (``*``)."""
    rows = read_csv(__package__, "causes.csv")
    rows.sort(key=lambda row: row["dataset"] == "*")
    return tuple(Cause(row["detector"], row["dataset"], float(row["up_to"]), row["cause"]) for row in rows)


@cache
def caveats() -> dict[str, tuple[str, ...]]:
    """Facts about a data set that change how its figures are read."""
    found: dict[str, tuple[str, ...]] = {}
    for row in read_csv(__package__, "caveats.csv"):
        found[row["dataset"]] = (*found.get(row["dataset"], ()), row["caveat"])
    return found


def known_cause(detector: str, dataset: str, difference: float | None = None) -> str:
    """The cause that covers a difference of this size; without one, what is known of a figure that none explains."""
    for cause in causes():
        covers = cause.up_to == 0 if difference is None else abs(difference) <= cause.up_to + 1e-9
        if cause.detector == detector and cause.dataset in (dataset, "*") and covers:
            return cause.text
    return ""


def seed_interval(means: Sequence[float], level: float = 0.95) -> tuple[float, float] | None:
    """Interval in which the mean of one more seed is expected, or None with fewer than three seeds.

    ``means`` are over the same series, one for each seed. A published figure is one more run, not the expected one.
    Hence a prediction interval, of coverage ``level``.
    """
    if len(means) < MIN_SEEDS:
        return None
    low, high = statistics.seed_interval(means, level)
    return max(0.0, low), min(1.0, high)


def compare(
    detector: str,
    dataset: str,
    ours: float,
    published: float,
    interval: tuple[float, float] | None,
    random: bool = False,
) -> tuple[Verdict, str]:
    """Verdict on one figure, and the cause when it is *explained*, or what else is known when it is not.

    A ``random`` row is *reproduced* by three seeds or more, which its ``interval`` shows.

    Print has two decimals, so a figure counts as inside an interval that reaches its rounding cell. An interval
    wider than .2 excuses nothing.
    """
    if abs(ours - published) <= TOLERANCE + 1e-9:
        return ("within .01 by too few seeds" if random and interval is None else "reproduced"), ""
    low, high = interval or (0.0, 1.0)
    if high - low <= WIDEST and low - 0.005 <= published <= high + 0.005:
        return "inside the seed interval", ""
    cause = known_cause(detector, dataset, ours - published)
    return ("explained", cause) if cause else ("not reproduced", known_cause(detector, dataset))
