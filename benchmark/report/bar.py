"""Whether a row beats the best trivial baseline of its table, by a paired bootstrap on point scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.report.marks import larger_mean
from benchmark.report.results import Results
from benchmark.report.tables import Row
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
        self._known: dict[tuple[str, str, str, str, str, bool], bool] = {}

    def __call__(self, row: Row, rival: Row, dataset: str) -> bool:
        if not larger_mean(row, rival, dataset):
            return False
        key = (row.label, row.protocol, rival.label, rival.protocol, dataset, row.simulated)
        if key not in self._known:
            self._known[key] = self._test(row, rival, dataset)
        return self._known[key]

    def _test(self, row: Row, rival: Row, dataset: str) -> bool:
        names = sorted(set(row.entries[dataset].per_series) & set(rival.entries[dataset].per_series))
        try:
            pairs = [self._pair(row, rival, dataset, name) for name in names]
            return bool(paired_bootstrap(pairs, n_boot=1000).better)
        except KeyError:
            return True  # scores not at hand: the means, which were compared, have to do

    def _pair(self, row: Row, rival: Row, dataset: str, series: str) -> Pair:
        key, data_hash, window = self._cells[row.label, row.protocol, row.simulated, dataset, series]
        other = self._cells[rival.label, rival.protocol, row.simulated, dataset, series][0]
        (a, scores), (b, theirs) = self._results.scores(key), self._results.scores(other)
        first, last = max(a, b), min(a + len(scores), b + len(theirs))
        labels = self._results.series(data_hash)[1][first:last]
        return Pair(labels, scores[first - a : last - a], theirs[first - b : last - b], max(1, int(window)))
