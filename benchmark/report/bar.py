"""Comparison of a figure with the published one, the other rows, and the best trivial baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from benchmark import catalogue
from benchmark.report.derived import Derived
from benchmark.report.results import Results, scored
from benchmark.report.tables import Entry, Row, Versus
from benchmark.report.text import figure, signed
from benchmark.report.verdicts import Verdict, caveats, compare
from benchmark.statistics import Pair, paired_bootstrap

if TYPE_CHECKING:
    import pandas as pd

Against = Callable[[Row, Row, str], Versus]


def compared(row: Row) -> Row:
    """The row with its published figures, and a verdict where the two are comparable."""
    entries = {}
    for dataset, entry in row.entries.items():
        published = catalogue.published().get((row.label, dataset))  # a changed parameter is another row
        if published is None:
            entries[dataset] = entry
            continue
        verdict: Verdict = "not compared"
        cause = ""
        if entry.value is not None and entry.complete and not entry.quick:
            verdict, cause = compare(row.detector, dataset, entry.value, published, entry.interval, row.random)
        entries[dataset] = replace(entry, published=published, verdict=verdict, cause=cause)
    return replace(row, entries=entries)


def marked(rows: list[Row], datasets: tuple[str, ...], against: Against) -> list[Row]:
    """Mark the best row, and the rows that do not beat the best trivial baseline."""
    for dataset in datasets:
        rows = _mark_best(rows, dataset)
        rows = _set_against(rows, dataset, against)
    return rows


def _mark_best(rows: list[Row], dataset: str) -> list[Row]:
    """Mark the best row of each protocol, among those with the most series: other means are not comparable."""
    column = [row.entries[dataset] for row in rows if not row.trivial]
    most = max((entry.n_series for entry in column), default=0)
    tops: dict[str, float] = {}
    for row in rows:
        entry = row.entries[dataset]
        if not row.trivial and entry.value is not None and entry.n_series == most:
            tops[row.protocol] = max(tops.get(row.protocol, 0.0), round(entry.value, 3))
    highest = max((e.published for e in column if e.published is not None), default=None)

    def one(row: Row) -> Row:
        entry = row.entries[dataset]
        if row.trivial:
            return row
        whole = entry.value is not None and entry.n_series == most
        best = whole and round(entry.value or 0.0, 3) == tops[row.protocol]
        entry = replace(entry, best=best, published_best=entry.published is not None and entry.published == highest)
        return replace(row, entries={**row.entries, dataset: entry})

    return [one(row) for row in rows]


def best_one_liner(rows: list[Row] | tuple[Row, ...], dataset: str) -> Row | None:
    """The trivial baseline with the highest mean on a data set."""
    simple = [row for row in rows if row.trivial and row.entries[dataset].value is not None]
    return max(simple, key=lambda row: row.entries[dataset].value or 0.0, default=None)


def _set_against(rows: list[Row], dataset: str, against: Against) -> list[Row]:
    rival = best_one_liner(rows, dataset)
    if rival is None:
        return rows

    def one(row: Row) -> Row:
        entry = row.entries[dataset]
        if row.trivial or entry.value is None:
            return row
        entry = replace(entry, versus=against(row, rival, dataset))
        return replace(row, entries={**row.entries, dataset: entry})

    return [one(row) for row in rows]


def by_means(row: Row, rival: Row, dataset: str) -> Versus:
    """A row against a trivial baseline by their means alone, over the series that both have."""
    ours, theirs = row.entries[dataset].per_series, rival.entries[dataset].per_series
    ahead = sum(ours[name] - theirs[name] for name in set(ours) & set(theirs)) > 0
    return Versus(rival.label, rival.entries[dataset].value or 0.0, ahead)


def notes_of(rows: list[Row], datasets: tuple[str, ...], simulated: bool) -> tuple[str, ...]:
    notes = []
    if simulated:
        notes.append("The series are simulated, not the published data: no figure here compares with the publication.")
    for dataset in datasets:
        if not simulated:
            notes += [f"{dataset}: {text}" for text in caveats().get(dataset, ())]
        rival = best_one_liner(rows, dataset)
        if rival is not None:
            best = f"{dataset}: best trivial baseline {rival.label}, {figure(rival.entries[dataset].value or 0)}."
            notes.append(best + _not_beyond_chance(rows, dataset))
    return tuple(notes)


def _not_beyond_chance(rows: list[Row], dataset: str) -> str:
    """Rows whose mean is above the best trivial baseline, and yet marked, with the interval that says why."""
    found = [f"{row.label} {text}" for row in rows if (text := _interval(row.entries[dataset]))]
    if not found:
        return ""
    return f" Above it, but the 95 % interval of the difference (paired bootstrap) reaches 0: {', '.join(found)}."


def _interval(entry: Entry) -> str:
    versus = entry.versus
    if versus is None or versus.better or versus.low is None or versus.high is None:
        return ""
    return f"[{signed(versus.low)}, {signed(versus.high)}]"


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
            self._known[key] = self._test(row, rival, dataset, means)
        return self._known[key]

    def _test(self, row: Row, rival: Row, dataset: str, means: Versus) -> Versus:
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
