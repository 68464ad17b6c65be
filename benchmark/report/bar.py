"""Comparison of a row with the best trivial baseline of its table, by a paired bootstrap on point scores."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from benchmark.report.derived import Derived
from benchmark.report.marks import by_means
from benchmark.report.results import Results, scored
from benchmark.report.tables import Row, Versus
from benchmark.statistics import Pair, paired_bootstrap

if TYPE_CHECKING:
    import pandas as pd


N_BOOT = 1000


class Place(NamedTuple):
    """The scores of one series that are compared: their content, and where they are."""

    content: str
    other_content: str
    key: str
    other: str
    data_hash: str
    window: int


class OneLinerTest:
    """Decides by paired bootstrap, on point scores, whether a row is better than a trivial baseline on a data set.

    The first seed that both have stands for the row; a smaller mean needs no bootstrap.
    """

    def __init__(self, results: Results, tidy: pd.DataFrame, derived: Derived | None = None) -> None:
        tidy = tidy[tidy["status"] == "ok"].sort_values("seed", ascending=False)
        places = zip(tidy["label"], tidy["protocol"], tidy["simulated"], tidy["dataset"], tidy["series"], strict=True)
        cells = zip(tidy["key"], tidy["data_hash"], tidy["window"], strict=True)
        self._cells = dict(zip(places, cells, strict=True))
        self._results = results
        self._derived = derived or Derived()
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
            places = [self._place(row, rival, dataset, name) for name in names]
            low, high = self._derived.get_json(
                "bootstrap", [places, N_BOOT], lambda: self._interval([self._pair(place) for place in places])
            )
        except KeyError:
            return means  # scores not at hand
        return means if low != low else replace(means, better=low > 0, low=low, high=high)

    def _place(self, row: Row, rival: Row, dataset: str, series: str) -> Place:
        key, data_hash, window = self._cells[row.label, row.protocol, row.simulated, dataset, series]
        other = self._cells[rival.label, rival.protocol, row.simulated, dataset, series][0]
        return Place(self._results.content(key), self._results.content(other), key, other, data_hash, int(window))

    def _pair(self, place: Place) -> Pair:
        a, labels, scores = scored(self._results, place.key, place.data_hash)
        b, _, theirs = scored(self._results, place.other, place.data_hash)
        first, last = max(a, b), min(a + len(scores), b + len(theirs))
        return Pair(
            labels[first - a : last - a],
            scores[first - a : last - a],
            theirs[first - b : last - b],
            max(1, place.window),
        )

    @staticmethod
    def _interval(pairs: list[Pair]) -> tuple[float, float]:
        found = paired_bootstrap(pairs, n_boot=N_BOOT)
        return found.low, found.high
