"""Verdicts on our figures against the paper's, with the known causes of differences."""

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
MIN_SEEDS = 3  # with two, a prediction interval is 18 standard deviations wide and would accept anything
WIDEST = 0.2  # a wider interval shows that there are too few seeds, not that the published figure is reproduced


@dataclass(frozen=True)
class Cause:
    """A known reason why a figure differs from the published one.

    ``up_to`` is the largest difference that it can explain: the largest one seen between two runs of the authors, or
    between their package and paper, rounded up. A bound of 0 explains nothing: the text is shown next to a figure
    that remains *not reproduced*.
    """

    detector: str
    dataset: str
    up_to: float
    text: str


@cache
def causes() -> tuple[Cause, ...]:
    """Read the known causes, specific ones before those for any data set (``*``)."""
    rows = read_csv(__package__, "causes.csv")
    rows.sort(key=lambda row: row["dataset"] == "*")
    return tuple(Cause(row["detector"], row["dataset"], float(row["up_to"]), row["cause"]) for row in rows)


@cache
def caveats() -> dict[str, tuple[str, ...]]:
    """Read facts about data sets that affect how their figures are interpreted."""
    found: dict[str, tuple[str, ...]] = {}
    for row in read_csv(__package__, "caveats.csv"):
        found[row["dataset"]] = (*found.get(row["dataset"], ()), row["caveat"])
    return found


def known_cause(detector: str, dataset: str, difference: float | None = None) -> str:
    """Return the cause that explains a difference; without ``difference``, the text for an unexplained figure."""
    for cause in causes():
        covers = cause.up_to == 0 if difference is None else abs(difference) <= cause.up_to + 1e-9
        if cause.detector == detector and cause.dataset in (dataset, "*") and covers:
            return cause.text
    return ""


def seed_interval(means: Sequence[float], level: float = 0.95) -> tuple[float, float] | None:
    """Return the interval in which the mean of one more seed is expected, or None with fewer than three seeds.

    ``means`` are over the same series, one for each seed. A published figure is the result of one more run, not an
    expected value. Hence a prediction interval, of coverage ``level``.
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
    """Return the verdict on one figure, and the cause if it is *explained*, or what is known if it is not.

    A ``random`` row is *reproduced* only with three or more seeds, i.e. with an ``interval``.

    Published figures have two decimals, so one is inside an interval that touches the range that rounds to it. An
    interval wider than .2 is not accepted.
    """
    if abs(ours - published) <= TOLERANCE + 1e-9:
        return ("within .01 by too few seeds" if random and interval is None else "reproduced"), ""
    low, high = interval or (0.0, 1.0)
    if high - low <= WIDEST and low - 0.005 <= published <= high + 0.005:
        return "inside the seed interval", ""
    cause = known_cause(detector, dataset, ours - published)
    return ("explained", cause) if cause else ("not reproduced", known_cause(detector, dataset))
