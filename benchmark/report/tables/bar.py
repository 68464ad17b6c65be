"""Compare figures with the published ones, with other rows, and with the best trivial baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from benchmark import catalogue
from benchmark.report.cells import Source, lines
from benchmark.report.tables.model import Entry, Row, Versus
from benchmark.report.tables.text import figure, signed
from benchmark.report.tables.verdicts import Verdict, caveats, compare
from benchmark.statistics import Pair, paired_bootstrap

if TYPE_CHECKING:
    import pandas as pd

Against = Callable[[Row, Row, str], Versus]


def add_published(row: Row) -> Row:
    """Add the published figures to a row, with verdicts where they are comparable."""
    for dataset, entry in row.entries.items():
        published = catalogue.published().get((row.label, dataset))  # none if a parameter was changed
        if published is None:
            continue
        verdict: Verdict = "not compared"
        cause = ""
        if entry.value is not None and entry.complete and not entry.quick:
            verdict, cause = compare(row.detector, dataset, entry.value, published, entry.interval, row.random)
        row = row.changed(dataset, published=published, verdict=verdict, cause=cause)
    return row


def mark_rows(rows: list[Row], datasets: tuple[str, ...], against: Against) -> list[Row]:
    """Mark the best row, and the rows that do not beat the best trivial baseline."""
    for dataset in datasets:
        rows = _mark_best(rows, dataset)
        rival = best_one_liner(rows, dataset)
        if rival is not None:
            rows = [
                row
                if row.trivial or row.entries[dataset].value is None
                else row.changed(dataset, versus=against(row, rival, dataset))
                for row in rows
            ]
    return rows


def _mark_best(rows: list[Row], dataset: str) -> list[Row]:
    """Mark the best row of each protocol among the rows with the most series; other means are not comparable."""
    column = [row.entries[dataset] for row in rows if not row.trivial]
    most = max((entry.n_series for entry in column), default=0)

    def shown(row: Row) -> float | None:
        entry = row.entries[dataset]
        return None if row.trivial or entry.value is None or entry.n_series < most else round(entry.value, 3)

    tops: dict[str, float] = {}
    highest: dict[str, float] = {}
    for row in rows:
        tops[row.protocol] = max(tops.get(row.protocol, 0.0), shown(row) or 0.0)
        highest[row.protocol] = max(highest.get(row.protocol, 0.0), row.entries[dataset].published or 0.0)

    def one(row: Row) -> Row:
        best, published = shown(row) == tops[row.protocol], row.entries[dataset].published
        return row.changed(
            dataset, best=best, published_best=published is not None and published == highest[row.protocol]
        )

    return [row if row.trivial else one(row) for row in rows]


def best_one_liner(rows: list[Row] | tuple[Row, ...], dataset: str) -> Row | None:
    """Return the trivial baseline with the highest mean on a data set, or None."""
    simple = [row for row in rows if row.trivial and row.entries[dataset].value is not None]
    return max(simple, key=lambda row: row.entries[dataset].value or 0.0, default=None)


def by_means(row: Row, rival: Row, dataset: str) -> Versus:
    """Compare a row with a trivial baseline by their means over the series that both have."""
    ours, theirs = row.entries[dataset].per_series, rival.entries[dataset].per_series
    ahead = sum(ours[name] - theirs[name] for name in set(ours) & set(theirs)) > 0
    return Versus(rival.label, rival.entries[dataset].value or 0.0, ahead)


def make_notes(rows: list[Row], datasets: tuple[str, ...], simulated: bool) -> tuple[str, ...]:
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
    """List the rows marked as not better although their mean is above the best trivial baseline, with the interval."""
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


class _Cell(NamedTuple):
    """Key, data hash and window of the cell with a row's scores on a series."""

    key: str
    data_hash: str
    window: int


class OneLinerTest:
    """Tests by a paired bootstrap over point scores whether a row is better than a trivial baseline on a data set.

    The row is represented by its first seed. A smaller mean needs no bootstrap.
    """

    def __init__(self, source: Source, tidy: pd.DataFrame) -> None:
        self._source = source
        tidy = tidy[tidy["status"] == "ok"].sort_values("seed", ascending=False)
        places = lines(tidy, ["label", "protocol", "simulated", "dataset", "series"])
        cells = lines(tidy.astype({"window": int}), _Cell._fields)
        self._cells = {place: _Cell(*cell) for place, cell in zip(places, cells, strict=True)}

    def __call__(self, row: Row, rival: Row, dataset: str) -> Versus:
        means = by_means(row, rival, dataset)
        if not means.better:
            return means
        names = sorted(set(row.entries[dataset].per_series) & set(rival.entries[dataset].per_series))
        of_both = [[(r.label, r.protocol, row.simulated, dataset, name) for r in (row, rival)] for name in names]
        cells = [[self._cells[place] for place in places] for places in of_both]
        content = self._source.store.content
        try:
            inputs = [[content(mine.key), content(other.key), mine.data_hash, mine.window] for mine, other in cells]
            low, high = self._source.derived.get_json("bootstrap", [inputs, N_BOOT], lambda: self._interval(cells))
        except KeyError:
            return means  # scores are not available
        return means if low != low else replace(means, better=low > 0, low=low, high=high)

    def _interval(self, cells: list[list[_Cell]]) -> tuple[float, float]:
        return paired_bootstrap([self._pair(*both) for both in cells], n_boot=N_BOOT)[1:]

    def _pair(self, mine: _Cell, other: _Cell) -> Pair:
        a, labels, scores = self._source.scored(mine.key, mine.data_hash)
        b, _, theirs = self._source.scored(other.key, mine.data_hash)
        first, last = max(a, b), min(a + len(scores), b + len(theirs))
        ours, rival = slice(first - a, last - a), slice(first - b, last - b)
        return Pair(labels[ours], scores[ours], theirs[rival], max(1, mine.window))
