"""How a row stands against the best trivial baseline of its table, by a paired bootstrap on point scores."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark.report.marks import by_means
from benchmark.report.results import Results
from benchmark.report.tables import Row, Versus
from benchmark.statistics import Pair, paired_bootstrap

if TYPE_CHECKING:
    import pandas as pd


class OneLinerTest:
    """Decides by paired bootstrap, on point scores, whether a row is better than a trivial baseline on a data set.

    The first seed that both have stands for the row; a smaller mean needs no bootstrap.
    """

    def __init__(self, results: Results, tidy: pd.DataFrame) -> None:
        tidy = tidy[tidy["status"] == "ok"].sort_values("seed", ascending=False)
        places = zip(tidy["label"], tidy["protocol"], tidy["simulated"], tidy["dataset"], tidy["series"], strict=True)
        cells = zip(tidy["key"], tidy["data_hash"], tidy["window"], strict=True)
        self._cells = dict(zip(places, cells, strict=True))
        self._results = results
        self._known: dict[tuple[str, str, str, str, str, bool], Versus] = {}

    def __call__(self, row: Row, rival: Row, dataset: str) -> Versus:
        means = by_means(row, rival, dataset)
        if not means.better:
            return means
        key = (row.label, row.protocol, rival.label, rival.protocol, dataset, row.simulated)
        if key not in self._known:
            self._known[key] = self._test(row, rival, dataset)
        return self._known[key]

    def _test(self, row: Row, rival: Row, dataset: str) -> Versus:
        means = by_means(row, rival, dataset)
        names = sorted(set(row.entries[dataset].per_series) & set(rival.entries[dataset].per_series))
        try:
            pairs = [self._pair(row, rival, dataset, name) for name in names]
        except KeyError:
            return means  # scores not at hand
        found = paired_bootstrap(pairs, n_boot=1000)
        return means if found.reason else replace(means, better=found.better, low=found.low, high=found.high)

    def _pair(self, row: Row, rival: Row, dataset: str, series: str) -> Pair:
        key, data_hash, window = self._cells[row.label, row.protocol, row.simulated, dataset, series]
        other = self._cells[rival.label, rival.protocol, row.simulated, dataset, series][0]
        (a, scores), (b, theirs) = self._results.scores(key), self._results.scores(other)
        first, last = max(a, b), min(a + len(scores), b + len(theirs))
        labels = self._results.series(data_hash)[1][first:last]
        return Pair(labels, scores[first - a : last - a], theirs[first - b : last - b], max(1, int(window)))
