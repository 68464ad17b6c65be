"""Intervals, ranks and corrected tests over a table of cells.

Every function takes a tidy DataFrame, one row a cell, with the columns ``dataset, series, detector, protocol,
seed, status`` and a value column (``auroc``); a column ``source`` keeps simulated rows apart from real ones.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.statistics.bootstrap import Comparison, Pair, paired_bootstrap
from benchmark.statistics.ranks import (
    RankTest,
    critical_difference,
    holm,
    rank_test,
    simulated,
    stratified_wilcoxon,
    usable,
    weighted_friedman,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Comparison",
    "Interval",
    "Pair",
    "RankTest",
    "best_one_liner",
    "critical_difference",
    "holm",
    "paired_bootstrap",
    "rank_test",
    "seed_interval",
    "series_interval",
    "stratified_wilcoxon",
    "summarise",
    "weighted_friedman",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean and its interval; ``low`` and ``high`` are NaN when ``reason`` says why there is none."""

    mean: float
    low: float
    high: float
    n: int
    reason: str = ""

    def __contains__(self, value: float) -> bool:
        return bool(self.low <= value <= self.high)


def seed_interval(values: ArrayLike, level: float = 0.95, of: Literal["mean", "run"] = "mean") -> Interval:
    """Student's t-interval over seeds.

    Parameters
    ----------
    values : (n_seeds,) array
        One value per seed, of equal standing; NaN is refused.
    level : float
        Coverage, in (0, 1).
    of : {"mean", "run"}
        "mean" covers the mean over all seeds; "run" is wider and covers the value of one further run (a
        prediction interval): the one to hold a published figure of a single run against.

    Returns
    -------
    Interval
        Without bounds for fewer than two seeds.
    """
    from scipy import stats

    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise ValueError(f"expected one finite value per seed, got {x}")
    if len(x) < 2:
        nan = float("nan")
        return Interval(float(x[0]) if len(x) else nan, nan, nan, len(x), f"{len(x)} seed(s): an interval needs two")
    spread = float(x.std(ddof=1)) * np.sqrt(1 / len(x) + (of == "run"))
    half = float(stats.t.ppf((1 + level) / 2, len(x) - 1)) * spread
    return Interval(float(x.mean()), float(x.mean() - half), float(x.mean() + half), len(x))


def series_interval(
    values: ArrayLike,
    blocks: Sequence[str] | None = None,
    level: float = 0.95,
    n_boot: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap of the mean over series, drawn within each block.

    Parameters
    ----------
    values : (n_series,) array, finite
    blocks : sequence of n_series str or None
        Data set of each series: as many series are drawn from each as it has.
    level, n_boot, seed
        Coverage, number of draws, seed of the draws.

    Returns
    -------
    Interval
        Without bounds for fewer than two series.
    """
    x = np.asarray(values, dtype=np.float64)
    if len(x) < 2:
        nan = float("nan")
        return Interval(float(x[0]) if len(x) else nan, nan, nan, len(x), f"{len(x)} series: an interval needs two")
    names = (
        np.zeros(len(x), dtype=np.int64) if blocks is None else np.unique(np.asarray(blocks), return_inverse=True)[1]
    )
    rng = np.random.default_rng(seed)
    total = np.zeros(n_boot)
    for block in np.unique(names):
        members = x[names == block]
        total += rng.choice(members, size=(n_boot, len(members))).sum(axis=1)
    low, high = np.quantile(total / len(x), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(x.mean()), float(low), float(high), len(x))


def summarise(cells: pd.DataFrame, value: str = "auroc", level: float = 0.95) -> pd.DataFrame:
    """One row per data set, detector and protocol (and simulated or real): mean and both kinds of interval.

    The mean is over seeds first, then over series. The seed interval is a t-interval over the seeds' means over
    series (seeds that miss a series are left out of it); the series interval is a bootstrap over the series.

    Returns
    -------
    DataFrame
        ``dataset, detector, protocol, simulated, mean, n_series, n_missing, n_seeds, seed_low, seed_high,
        seed_reason, series_low, series_high, series_reason``. ``n_missing`` counts the series of that group of
        rows without any value.
    """
    import pandas as pd

    frame = cells.assign(simulated=simulated(cells))
    rows = []
    for keys, group in frame.groupby(["dataset", "detector", "protocol", "simulated"], sort=True):
        ended = usable(group, value)
        table = ended.pivot_table(index="series", columns="seed", values=value)
        seeds = table.dropna(axis=1).mean(axis=0).to_numpy()
        by_seed, by_series = seed_interval(seeds, level), series_interval(table.mean(axis=1).to_numpy(), level=level)
        facts = (by_series.mean, len(table), group["series"].nunique() - len(table), by_seed.n)
        bounds = (by_seed.low, by_seed.high, by_seed.reason, by_series.low, by_series.high, by_series.reason)
        rows.append((*keys, *facts, *bounds))
    columns = ["dataset", "detector", "protocol", "simulated", "mean", "n_series", "n_missing", "n_seeds"]
    return pd.DataFrame(
        rows, columns=[*columns, *(f"{k}_{b}" for k in ("seed", "series") for b in ("low", "high", "reason"))]
    )


def best_one_liner(cells: pd.DataFrame, one_liners: Collection[str], value: str = "auroc") -> pd.DataFrame:
    """The one-liner with the highest mean per data set and protocol: ``dataset, protocol, simulated, detector, mean``.

    Chosen on the very values it is then compared with, which favours it, and so never the detector.
    """
    summary = summarise(cells[cells["detector"].isin(list(one_liners))], value)
    summary = summary.dropna(subset="mean").sort_values(["mean", "detector"], ascending=[False, True])
    best = summary.drop_duplicates(["dataset", "protocol", "simulated"]).sort_values(["dataset", "protocol"])
    return best[["dataset", "protocol", "simulated", "detector", "mean"]].reset_index(drop=True)
