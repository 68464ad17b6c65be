"""Rank tests over series, blocked by data set: Friedman's test, signed-rank tests, Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

MIN_SERIES = 6  # with 5 pairs the smallest two-sided p of a signed-rank test is 2 / 2**5 = .0625
MAX_SUMS = 250_000  # the test is exact up to this many possible rank sums; only 30 series or more can have more


@dataclass(frozen=True)
class RankTest:
    """Friedman's test and the Holm-corrected tests of all pairs."""

    mean_ranks: dict[str, float]  # detector -> mean rank over the series, 1 = best; best first
    n_series: dict[str, int]  # data set -> number of series in the test
    # of Friedman's test, or with two detectors of their one pair; NaN if there is no test
    p_value: float = float("nan")
    # columns ``a, b, mean_difference, p, p_holm, significant``; one row for each pair of detectors
    pairs: pd.DataFrame | None = None
    # longest runs of detectors adjacent in mean rank, of which no two differ significantly
    groups: list[tuple[str, ...]] = field(default_factory=list)
    method: str = ""  # the test in words, for the caption
    reason: str = ""  # why there is no test, or ""


def rank_test(
    cells: pd.DataFrame, detectors: Sequence[str] | None = None, value: str = "auroc", alpha: float = 0.05
) -> RankTest:
    """Run Friedman's test and a Holm-corrected signed-rank test for each pair, over series blocked by data set.

    Values are averaged over seeds. Only series on which every detector has a value are used.

    **Blocking:** detectors are ranked within each series, so the general level of a series or data set has no effect.
    For a pair, the absolute differences are ranked within each data set. These ranks are divided by its number of
    series + 1 (van Elteren's weights). So the sizes of differences are never compared between data sets. Signs are
    permuted per series.

    Parameters
    ----------
    cells : DataFrame
        Cells of one protocol, on series that are either all simulated or all real.
    detectors : sequence of str or None
        Detectors to compare; None for all in ``cells``.
    value : str
        Column to compare, higher = better.
    alpha : float
        Family-wise level over all pairs.

    Returns
    -------
    RankTest
        With a ``reason`` and without a test for fewer than two detectors or six series.

    Raises
    ------
    ValueError
        If protocols, or simulated and real series, are mixed, or a cell has two rows.
    """
    table = _complete(cells, detectors, value)
    strata = table.index.get_level_values("dataset").to_numpy()
    counts = {str(k): int(v) for k, v in table.index.get_level_values("dataset").value_counts(sort=False).items()}
    ranks = _mean_ranks(table) if len(table) else {}
    if table.shape[1] < 2 or len(table) < MIN_SERIES:
        reason = f"{table.shape[1]} detectors on {len(table)} complete series: a test needs 2 and {MIN_SERIES}"
        return RankTest(ranks, counts, reason=reason)
    pairs = _pair_tests(table[list(ranks)], strata, alpha)
    return RankTest(
        mean_ranks=ranks,
        n_series=counts,
        p_value=friedman(table.to_numpy()) if len(ranks) > 2 else float(pairs["p"].iloc[0]),
        pairs=pairs,
        groups=_groups(list(ranks), pairs),
        method=_method(len(ranks), len(table), len(counts), alpha),
    )


def friedman(values: Floats) -> float:
    """Return the p-value of Friedman's test for (n_series, n_detectors >= 3) values; 1 if all values are tied."""
    from scipy import special  # scipy.stats takes half a second to load

    n, k = values.shape
    ranks = np.stack([_ranks(row) for row in values])
    scatter = ((ranks - (k + 1) / 2) ** 2).sum()  # with ties it is less than n k (k^2 - 1) / 12
    if scatter == 0:
        return 1.0
    statistic = (k - 1) * ((ranks.sum(axis=0) - n * (k + 1) / 2) ** 2).sum() / scatter
    return float(special.chdtrc(k - 1, statistic))


def stratified_wilcoxon(differences: ArrayLike, strata: ArrayLike) -> float:
    """Return the two-sided p-value of a signed-rank test with ranks within strata (van Elteren, 1960, for pairs).

    The statistic is the sum of sign x rank / (size of the stratum + 1). Zeros are ranked, but have no sign (Pratt).
    The null distribution is that of independent random signs. The ranks are fractions of one common denominator. So all
    sign patterns are counted by adding one series at a time to a table of sums. If that table would be too large
    (series in many data sets of different sizes), the normal approximation is used. With one stratum this is
    Wilcoxon's test, for which scipy has an exact form only without ties.

    Parameters
    ----------
    differences : (n,) array
    strata : (n,) array
        Data set of each difference.

    Returns
    -------
    float
        1 if all differences are zero.

    Raises
    ------
    ValueError
        If a difference is not finite, or the number of strata differs.
    """
    from scipy import special

    d, names = np.asarray(differences, dtype=np.float64), np.asarray(strata)
    if d.ndim != 1 or d.shape != names.shape or not np.isfinite(d).all():
        raise ValueError(f"expected n finite differences and n strata, got shapes {d.shape} and {names.shape}: {d}")
    ranks, sizes = np.empty(len(d)), np.empty(len(d), dtype=object)
    for name in np.unique(names):
        members = names == name
        ranks[members], sizes[members] = _ranks(np.abs(d[members])), int(members.sum()) + 1
    signs, ranks, sizes = np.sign(d)[d != 0], ranks[d != 0], sizes[d != 0]
    if not len(signs):
        return 1.0
    whole = (2 * ranks).astype(np.int64) * (np.lcm.reduce(sizes) // sizes)  # twice: ties have half ranks
    whole //= np.gcd.reduce(whole)
    if whole.sum() <= MAX_SUMS:
        return _sign_flip_p_value(signs.astype(np.int64), whole.astype(np.int64))
    scores = ranks / sizes.astype(np.float64)
    return float(2 * special.ndtr(-abs(signs @ scores) / np.sqrt(scores @ scores)))


def _ranks(values: Floats) -> Floats:
    """Return ranks from 1 on; equal values get their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place])


def _sign_flip_p_value(signs: NDArray[np.int64], sizes: NDArray[np.int64]) -> float:
    """Return the share of all sign patterns with a sum at least as far from zero as that of the given signs."""
    total, observed = int(sizes.sum()), abs(int(signs @ sizes))
    share = np.zeros(total + 1)  # share of sign patterns, by the sum of the sizes with a plus
    share[0] = 1.0
    for size in sizes:
        share[size:] = (share[size:] + share[:-size]) / 2
        share[:size] /= 2
    sums = np.abs(2 * np.arange(total + 1) - total)
    return float(min(1.0, share[sums >= observed].sum()))


def holm(p_values: ArrayLike) -> Floats:
    """Holm's step-down correction (Scand. J. Statistics 6, 1979): adjusted p-values in the order given."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


# -- helpers ---------------------------------------------------------------------------------------


def _complete(cells: pd.DataFrame, detectors: Sequence[str] | None, value: str) -> pd.DataFrame:
    """Return the (series x detector) table of means over seeds, of the series on which all detectors have a value."""
    if cells["protocol"].nunique() > 1:
        names = sorted(cells["protocol"].unique())
        raise ValueError(f"choose one protocol to compare detectors, the cells have {names}")
    if "source" in cells and cells["source"].eq("simulated").nunique() > 1:
        raise ValueError("simulated and real series are never compared in one test: choose one source")
    chosen = cells if detectors is None else cells[cells["detector"].isin(list(detectors))]
    key = ["dataset", "series", "detector", "protocol", "seed"]
    twice = chosen[chosen.duplicated(key)]
    if len(twice):  # a mean would hide it
        raise ValueError(f"two rows for one cell, {dict(twice.iloc[0][key])}: give variants of a detector own names")
    names = sorted(chosen["detector"].unique()) if detectors is None else list(detectors)
    ended = chosen[chosen["status"].eq("ok") & np.isfinite(chosen[value].astype(float))]
    table = ended.groupby(["dataset", "series", "detector"])[value].mean().unstack()
    return table.reindex(columns=names).dropna()


def _mean_ranks(table: pd.DataFrame) -> dict[str, float]:
    """Detector -> mean rank, best first."""
    ranks = table.rank(axis=1, ascending=False).to_numpy().mean(axis=0)
    return {str(table.columns[i]): float(ranks[i]) for i in np.argsort(ranks, kind="stable")}


def _pair_tests(table: pd.DataFrame, strata: NDArray[np.object_], alpha: float) -> pd.DataFrame:
    import pandas as pd

    names, x = np.array(table.columns), table.to_numpy()
    i, j = np.triu_indices(len(names), 1)
    gaps = x[:, i] - x[:, j]
    p = np.array([stratified_wilcoxon(gap, strata) for gap in gaps.T])
    adjusted = holm(p)
    columns = {"a": names[i], "b": names[j], "mean_difference": gaps.mean(axis=0), "p": p, "p_holm": adjusted}
    return pd.DataFrame({**columns, "significant": adjusted <= alpha})


def _groups(names: list[str], pairs: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the maximal runs of two or more detectors adjacent in mean rank, without a significant pair."""
    apart = {frozenset(p) for p in pairs.loc[pairs["significant"], ["a", "b"]].itertuples(index=False, name=None)}
    groups: list[tuple[str, ...]] = []
    reached = 0
    for start in range(len(names)):
        stop = start + 1
        while stop < len(names) and all(frozenset((names[stop], other)) not in apart for other in names[start:stop]):
            stop += 1
        if stop - start > 1 and stop > reached:
            groups.append(tuple(names[start:stop]))
            reached = stop
    return groups


def _method(n_detectors: int, n_series: int, n_datasets: int, alpha: float) -> str:
    start = f"Friedman over {n_series} series; pairs" if n_detectors > 2 else f"{n_series} series, compared"
    within = f" ranks within each of {n_datasets} data sets," if n_datasets > 1 else ""
    return f"{start} by Wilcoxon's signed-rank test,{within} each series counting the same, Holm-corrected at {alpha:g}"
