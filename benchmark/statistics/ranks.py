"""Rank tests over series, blocked by data set: Friedman, signed ranks, Holm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Weigh = Literal["series", "dataset"]

MIN_SERIES = 6  # with 5 pairs the smallest two-sided p of a signed-rank test is 2 / 2**5 = .0625
MAX_EXACT = 12  # up to here all sign flips are enumerated


@dataclass(frozen=True)
class RankTest:
    """Friedman's test and its Holm-corrected pairs.

    Attributes
    ----------
    mean_ranks : dict
        Detector -> mean rank over the series, 1 = best; best first.
    n_series : dict
        Data set -> number of series that entered.
    chi2, p_value : float
        Of Friedman's test; NaN when ``reason`` is given.
    pairs : DataFrame or None
        ``a, b, mean_difference, p, p_holm, significant``, a row for each pair of detectors.
    groups : list of tuples
        Longest runs of neighbouring detectors (by mean rank) of which no two differ significantly.
    critical_difference : float
        Nemenyi's, in mean ranks; for orientation, the groups do not depend on it.
    alpha : float
    method : str
        The test in words, for the caption.
    left_out : list of str
        Series that did not enter, with the detectors that lack them.
    reason : str
        Why there is no test, or "".
    """

    mean_ranks: dict[str, float]
    n_series: dict[str, int]
    chi2: float = float("nan")
    p_value: float = float("nan")
    pairs: pd.DataFrame | None = None
    groups: list[tuple[str, ...]] = field(default_factory=list)
    critical_difference: float = float("nan")
    alpha: float = 0.05
    method: str = ""
    left_out: list[str] = field(default_factory=list)
    reason: str = ""


def rank_test(
    cells: pd.DataFrame,
    detectors: Sequence[str] | None = None,
    value: str = "auroc",
    alpha: float = 0.05,
    weigh: Weigh = "series",
) -> RankTest:
    """Friedman's test, and a Holm-corrected signed-rank test for each pair, over series blocked by data set.

    Values are averaged over seeds; only series on which every detector has a value enter. **Blocking:** detectors
    are ranked within each series, so that a level common to a series or a data set cancels. For a pair, the absolute
    differences are ranked within each data set and divided by its number of series + 1 (van Elteren's weights), so
    that differences of different data sets are never compared in size; signs flip per series.

    Parameters
    ----------
    cells : DataFrame
        Of one protocol, and either all simulated or all real.
    detectors : sequence of str or None
        Which to compare; None for all in ``cells``.
    value : str
        Column to compare, higher = better.
    alpha : float
        Family-wise level over all pairs.
    weigh : {"series", "dataset"}
        Whether each series, or each data set as a whole, counts the same.

    Returns
    -------
    RankTest
        With a ``reason`` in place of a test for fewer than two detectors or six series.

    Raises
    ------
    ValueError
        If protocols, or simulated and real series, are mixed.
    """
    table, left_out = _complete(cells, detectors, value)
    strata = table.index.get_level_values("dataset").to_numpy()
    counts = {str(k): int(v) for k, v in table.index.get_level_values("dataset").value_counts(sort=False).items()}
    if table.shape[1] < 2 or len(table) < MIN_SERIES:
        reason = f"{table.shape[1]} detectors on {len(table)} complete series: a test needs 2 and {MIN_SERIES}"
        ranks = _mean_ranks(table, _weights(strata, weigh)) if len(table) else {}
        return RankTest(ranks, counts, alpha=alpha, left_out=left_out, reason=reason)
    weights = _weights(strata, weigh)
    chi2, p_value = weighted_friedman(table.to_numpy(), weights)
    ranks = _mean_ranks(table, weights)
    pairs = _pair_tests(table[list(ranks)], strata, alpha, weigh)
    return RankTest(
        mean_ranks=ranks,
        n_series=counts,
        chi2=chi2,
        p_value=p_value,
        pairs=pairs,
        groups=_groups(list(ranks), pairs),
        critical_difference=critical_difference(len(ranks), len(table), alpha),
        alpha=alpha,
        method=_method(len(table), len(counts), alpha, weigh),
        left_out=left_out,
    )


def weighted_friedman(values: Floats, weights: Floats | None = None) -> tuple[float, float]:
    """Friedman's chi-square with a weight per row, ties corrected; without weights it is the usual one.

    Parameters
    ----------
    values : (n_series, n_detectors) array, higher = better
    weights : (n_series,) array or None

    Returns
    -------
    chi2, p_value : float
        (0, 1) if all detectors tie everywhere.
    """
    from scipy import stats

    w = np.ones(len(values)) if weights is None else np.asarray(weights)
    k = values.shape[1]
    deviation = stats.rankdata(values, axis=1) - (k + 1) / 2
    variance = float(np.sum(w**2 * np.sum(deviation**2, axis=1)))
    if variance == 0:
        return 0.0, 1.0
    chi2 = float((k - 1) * np.sum((w @ deviation) ** 2) / variance)
    return chi2, float(stats.chi2.sf(chi2, k - 1))


def stratified_wilcoxon(differences: ArrayLike, strata: ArrayLike, weigh: Weigh = "series") -> float:
    """Two-sided p of a signed-rank test whose ranks are taken within strata (van Elteren, 1960, for pairs).

    The statistic is the sum of sign x rank / (size of the stratum + 1). Zeros are ranked and then carry no sign
    (Pratt). Its distribution is that of independent flips of the signs: enumerated up to 12 differences, normal
    beyond. With one stratum this is Wilcoxon's test.

    Parameters
    ----------
    differences : (n,) array
    strata : (n,) array
        Data set of each.
    weigh : {"series", "dataset"}
        "dataset" divides each stratum's part by its size once more.

    Returns
    -------
    float
        1 if all differences are zero.
    """
    from scipy import stats

    d, names = np.asarray(differences, dtype=np.float64), np.asarray(strata)
    score = np.empty(len(d))
    for name in np.unique(names):
        members = names == name
        score[members] = stats.rankdata(np.abs(d[members])) / (members.sum() + 1)
    score = (np.sign(d) * score * _weights(names, weigh))[d != 0]
    if len(score) == 0:
        return 1.0
    observed = abs(score.sum())
    if len(score) <= MAX_EXACT:
        signs = 1 - 2 * ((np.arange(2 ** len(score))[:, None] >> np.arange(len(score))) & 1)
        # Equal sums may differ in rounding, which is that of their parts: an observed sum of 0 has none of its own.
        return float(np.mean(np.abs(signs @ score) >= observed - 1e-12 * np.abs(score).sum()))
    return float(2 * stats.norm.sf(observed / np.sqrt(np.sum(score**2))))


def holm(p_values: ArrayLike) -> Floats:
    """Holm's step-down correction (Scand. J. Statistics 6, 1979): adjusted p-values in the order given."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def critical_difference(n_detectors: int, n_series: int, alpha: float = 0.05) -> float:
    """Nemenyi's critical difference of two mean ranks (Demsar, JMLR 7, 2006, Sec. 3.2.2)."""
    from scipy import stats

    q = float(stats.studentized_range.ppf(1 - alpha, n_detectors, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(n_detectors * (n_detectors + 1) / (6 * n_series)))


# -- helpers ---------------------------------------------------------------------------------------


def simulated(cells: pd.DataFrame) -> pd.Series[bool]:
    """Which rows come from simulated series; none if no column ``source`` tells."""
    import pandas as pd

    if "source" in cells.columns:
        return cells["source"].eq("simulated")
    return pd.Series(False, index=cells.index)


def usable(cells: pd.DataFrame, value: str) -> pd.DataFrame:
    """The rows that ended well and have a value; refuses two rows for one cell, which a mean would hide."""
    key = ["dataset", "series", "detector", "protocol", "seed"]
    twice = cells[cells.duplicated(key)]
    if len(twice):
        raise ValueError(f"two rows for one cell, {dict(twice.iloc[0][key])}: give variants of a detector own names")
    return cells[cells["status"].eq("ok") & np.isfinite(cells[value].astype(float))]


def _complete(cells: pd.DataFrame, detectors: Sequence[str] | None, value: str) -> tuple[pd.DataFrame, list[str]]:
    """(series x detector) values without gaps, and what was left out for it."""
    if cells["protocol"].nunique() > 1:
        raise ValueError(
            f"choose one protocol to compare detectors, the cells have {sorted(cells['protocol'].unique())}"
        )
    if simulated(cells).nunique() > 1:
        raise ValueError("simulated and real series are never compared in one test: choose one source")
    chosen = cells if detectors is None else cells[cells["detector"].isin(list(detectors))]
    names = sorted(chosen["detector"].unique()) if detectors is None else list(detectors)
    wanted = chosen[["dataset", "series"]].drop_duplicates().sort_values(["dataset", "series"])
    table = usable(chosen, value).pivot_table(index=["dataset", "series"], columns="detector", values=value)
    table = table.reindex(index=_index(wanted), columns=names)
    gaps = table.index[table.isna().any(axis=1)]
    left_out = [f"{d}/{s}: no value of {', '.join(table.columns[table.loc[(d, s)].isna()])}" for d, s in gaps]
    return table.dropna(), left_out


def _index(wanted: pd.DataFrame) -> pd.MultiIndex:
    import pandas as pd

    return pd.MultiIndex.from_frame(wanted)


def _weights(strata: NDArray[np.object_], weigh: Weigh) -> Floats:
    if weigh == "series":
        return np.ones(len(strata))
    _, inverse, counts = np.unique(strata, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[inverse])


def _mean_ranks(table: pd.DataFrame, weights: Floats) -> dict[str, float]:
    """Detector -> weighted mean rank, best first."""
    ranks = np.average(table.rank(axis=1, ascending=False).to_numpy(), axis=0, weights=weights)
    return {str(table.columns[i]): float(ranks[i]) for i in np.argsort(ranks, kind="stable")}


def _pair_tests(table: pd.DataFrame, strata: NDArray[np.object_], alpha: float, weigh: Weigh) -> pd.DataFrame:
    import pandas as pd

    names, x = list(table.columns), table.to_numpy()
    i, j = np.triu_indices(len(names), 1)
    p = np.array([stratified_wilcoxon(x[:, a] - x[:, b], strata, weigh) for a, b in zip(i, j, strict=True)])
    gap = np.average(x[:, i] - x[:, j], axis=0, weights=_weights(strata, weigh))
    adjusted = holm(p)
    columns = {"a": np.array(names)[i], "b": np.array(names)[j], "mean_difference": gap, "p": p, "p_holm": adjusted}
    return pd.DataFrame({**columns, "significant": adjusted <= alpha})


def _groups(names: list[str], pairs: pd.DataFrame) -> list[tuple[str, ...]]:
    """Maximal runs of neighbours by rank without a significant pair; a run of one is no group."""
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


def _method(n_series: int, n_datasets: int, alpha: float, weigh: Weigh) -> str:
    unit = "series" if weigh == "series" else "data set"
    return (
        f"Friedman over {n_series} series; pairs by Wilcoxon's signed-rank test, ranks within each of "
        f"{n_datasets} data sets, each {unit} counting the same, Holm-corrected at {alpha:g}"
    )
