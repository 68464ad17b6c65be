"""Everything that a run leaves for people: tables, cells, pictures and one HTML page.

All of it is a view of the store and can be deleted and written again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from benchmark.plots import Curve
    from benchmark.statistics import Pair
    from benchmark.store import Store
    from benchmark.tables import Row, Table

Array = NDArray[np.float64]
Cells = dict[tuple[str, ...], dict[str, list[tuple[str, str]]]]  # label, protocol, data set -> series -> cells


class Results(Protocol):
    """What the report reads; :class:`~benchmark.store.Store` has it."""

    def frame(self) -> pd.DataFrame:
        """Tidy cells."""

    def scores(self, key: str) -> tuple[int, Array]:
        """First scored row and (m,) scores of a cell; KeyError when it has none."""

    def series(self, data_hash: str) -> tuple[Array, NDArray[np.uint8]]:
        """(n,) values and (n,) labels; KeyError when they are not at hand."""

    def extra(self, key: str) -> dict[str, Any]:
        """What a cell recorded besides, e.g. ``{"history": {"stage 1": [...]}}``."""

    def runs(self) -> list[dict[str, Any]]:
        """Runs: ``started``, ``command``, ``provenance``."""


class Remembered:
    """Results that unpack each series, and read the cells, once."""

    def __init__(self, results: Results) -> None:
        self.frame = cache(results.frame)
        self.series = cache(results.series)
        self.scores, self.extra, self.runs = results.scores, results.extra, results.runs


def write(store: Store, out: Path, jobs: int = 1) -> None:
    """Compute the metrics that the store lacks, then write the whole report.

    Parameters
    ----------
    store : Store
        Open for writing.
    out : Path
        Folder of the report, made when missing; files of an earlier report are replaced.
    jobs : int
        Processes for the metrics.
    """
    from benchmark import evaluate

    evaluate.fill(store, jobs=jobs)
    write_views(store, out)


def write_views(results: Results, out: Path) -> None:
    """Tables, cells, pictures and page from cells as they are; an empty store gives a page that says so."""
    from benchmark import formats, page, tables

    results = Remembered(results)
    frame = results.frame()
    facts = dataset_facts()
    sizes = {name: len(dataset.series) for name, dataset in facts.items()}
    built = tables.build(frame, sizes, beats=OneLinerTest(results, frame)) if len(frame) else []
    write_text(out / "table.md", formats.to_markdown(built) or "No cell has been computed yet.\n")
    write_text(out / "table.tex", formats.to_latex(built))
    write_text(out / "table.csv", formats.to_csv(built))
    write_text(out / "cells.csv", formats.cells_to_csv(frame))
    curves = {suffix: list(roc_curves(results, table, frame)) for suffix, table in _roc_tables(built)}
    figures = summary_figures(frame, built)
    _write_pictures(results, frame, built, curves, figures, out)
    write_text(out / "index.html", page.render(results, frame, built, curves, facts, figures, sizes))


def write_text(path: Path, text: str) -> None:
    """Replace a file in one step, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    os.replace(part, path)


def dataset_facts() -> dict[str, Any]:
    """Metadata of the data sets that ship with the package, by name."""
    import datasets

    return {name: datasets.get(name) for name in datasets.names()}


class OneLinerTest:
    """Decides by paired bootstrap, on point scores, whether a row is better than a one-liner on a data set.

    The first seed that both have stands for the row; a smaller mean needs no bootstrap.
    """

    def __init__(self, results: Results, frame: pd.DataFrame) -> None:
        from benchmark.tables import current

        tidy = current(frame) if len(frame) else frame.assign(label=[], simulated=[])
        tidy = tidy[tidy["status"] == "ok"].sort_values("seed", ascending=False)
        places = zip(tidy["label"], tidy["protocol"], tidy["simulated"], tidy["dataset"], tidy["series"], strict=True)
        cells = zip(tidy["key"], tidy["data_hash"], tidy["window"], strict=True)
        self._cells = dict(zip(places, cells, strict=True))
        self._results = results
        self._known: dict[tuple[str, str, str, str, str, bool], bool] = {}

    def __call__(self, row: Row, rival: Row, dataset: str) -> bool:
        from benchmark.tables import larger_mean

        if not larger_mean(row, rival, dataset):
            return False
        key = (row.label, row.protocol, rival.label, rival.protocol, dataset, row.simulated)
        if key not in self._known:
            self._known[key] = self._test(row, rival, dataset)
        return self._known[key]

    def _test(self, row: Row, rival: Row, dataset: str) -> bool:
        from benchmark import statistics

        names = sorted(set(row.entries[dataset].per_series) & set(rival.entries[dataset].per_series))
        try:
            pairs = [self._pair(row, rival, dataset, name) for name in names]
            return bool(statistics.paired_bootstrap(pairs, n_boot=1000).better)
        except KeyError:
            return True  # scores not at hand: the means, which were compared, have to do

    def _pair(self, row: Row, rival: Row, dataset: str, series: str) -> Pair:
        from benchmark.statistics import Pair

        key, data_hash, window = self._cells[row.label, row.protocol, row.simulated, dataset, series]
        other = self._cells[rival.label, rival.protocol, row.simulated, dataset, series][0]
        (a, scores), (b, theirs) = self._results.scores(key), self._results.scores(other)
        first, last = max(a, b), min(a + len(scores), b + len(theirs))
        labels = self._results.series(data_hash)[1][first:last]
        return Pair(labels, scores[first - a : last - a], theirs[first - b : last - b], max(1, int(window)))


# -- pictures ----------------------------------------------------------------------------------


def _roc_tables(built: list[Table]) -> Iterator[tuple[str, Table]]:
    """The main tables, or the first of each kind of data when the paper's game was not played, by file suffix."""
    for simulated, suffix in ((False, ""), (True, " simulated")):
        mine = [table for table in built if table.simulated == simulated]
        if mine:
            yield suffix, mine[0]


def roc_curves(results: Results, table: Table, frame: pd.DataFrame) -> Iterator[tuple[str, list[Curve]]]:
    """For each data set of a table, the mean ROC curve of each of its rows.

    A row's curve is averaged over seeds, then over series, like its figure; a row without scores has none.
    """
    from benchmark.tables import current

    tidy = current(frame)
    tidy = tidy[(tidy["status"] == "ok") & (tidy["simulated"] == table.simulated)]
    cells: Cells = {}
    for *place, series, key, data_hash in tidy[
        ["label", "protocol", "dataset", "series", "key", "data_hash"]
    ].itertuples(index=False):
        cells.setdefault(tuple(place), {}).setdefault(series, []).append((key, data_hash))
    for dataset in table.datasets:
        curves = (_curve(results, row, dataset, cells) for row in table.rows)
        yield dataset, [curve for curve in curves if curve is not None]


def _curve(results: Results, row: Row, dataset: str, cells: Cells) -> Curve | None:
    from benchmark.plots import Curve, average_roc

    per_series = []
    for of_series in cells.get((row.label, row.protocol, dataset), {}).values():
        points = [p for p in (_points(results, key, data_hash) for key, data_hash in of_series) if p is not None]
        if points:
            per_series.append(average_roc(points)[0])
    value = row.entries[dataset].value
    if not per_series or value is None:
        return None
    rates = np.stack(per_series)
    return Curve(row.label, row.group, value, len(rates), rates.mean(axis=0), rates.std(axis=0))


def _points(results: Results, key: str, data_hash: str) -> tuple[Array, Array] | None:
    from benchmark.metrics import Undefined, roc_curve

    try:
        first, scores = results.scores(key)
        return roc_curve(results.series(data_hash)[1][first : first + len(scores)], scores)
    except (KeyError, Undefined):
        return None  # no scores at hand, or one class: its metrics say so


def summary_figures(frame: pd.DataFrame, built: list[Table]) -> dict[str, dict[str, Figure]]:
    """Figures over all data sets: section, then caption; those that the cells do not support are left out."""
    from benchmark import plots

    ranks = {table.title.partition(" under ")[2]: rank_figure(frame, table) for table in built if not table.main}
    times: dict[str, Figure] = {}
    for suffix, table in _roc_tables(built):
        points = time_points(frame, table)
        if points:
            title = ": ".join((*table.marks, "time and quality"))
            times[f"time and quality{suffix}"] = plots.time_figure(points, title)
    return {
        "Glance": {f"table{suffix}": beside(table) for suffix, table in _roc_tables(built) if table.main},
        "Ranks": {name: figure for name, figure in ranks.items() if figure is not None},
        "Time": times,
    }


def beside(table: Table) -> Figure:
    """The main table as a picture: one-liners last."""
    from benchmark import plots

    columns = {
        dataset: [
            (row.label, "proposed" if row.detector == "Proposed" else row.group, entry.printed, entry.value)
            for row in table.rows
            if (entry := row.entries[dataset])
        ]
        for dataset in table.datasets
    }
    return plots.beside_figure(columns, ": ".join((*table.marks, "AUROC")))


def rank_figure(frame: pd.DataFrame, table: Table) -> Figure | None:
    """Critical-difference diagram of the rows that have a figure for as many series as any row; None without a test."""
    from benchmark import cd_diagram, statistics
    from benchmark.tables import current

    tidy = current(frame)
    cells = tidy[(tidy["protocol"] == table.protocol) & (tidy["simulated"] == table.simulated)]
    covered = {row.label: sum(entry.n_series for entry in row.entries.values()) for row in table.rows}
    names = [label for label, count in covered.items() if count == max(covered.values())]
    test = statistics.rank_test(cells.assign(detector=cells["label"]), names)
    if test.reason:
        return None
    simple = [row.label for row in table.rows if row.group == "one-liner"]
    return cd_diagram.cd_figure(test, ": ".join((*table.marks, f"mean ranks, {table.protocol}")), simple)


def _write_pictures(
    results: Results,
    frame: pd.DataFrame,
    built: list[Table],
    curves: Mapping[str, list[tuple[str, list[Curve]]]],
    figures: Mapping[str, Mapping[str, Figure]],
    out: Path,
) -> None:
    from benchmark import formats, plots

    for suffix, table in _roc_tables(built):
        for dataset, drawn in curves[suffix]:
            if drawn:
                title = ": ".join((*table.marks, f"{dataset}, {max(c.n_series for c in drawn)} series"))
                plots.save(plots.roc_figure(drawn, title), out / "roc" / formats.file_name(dataset + suffix))
    for section, drawings in figures.items():
        for caption, figure in drawings.items():
            plots.save(figure, out / section.lower() / formats.file_name(caption.replace(" ", "-")))
    for title, histories in training_histories(results, frame):
        plots.save(plots.training_figure(histories, title), out / "training" / formats.file_name(title), ("png",))


def time_points(frame: pd.DataFrame, table: Table) -> list[tuple[str, str, float, float]]:
    """(label, group, median seconds per series, mean over data sets) of the rows that cover every data set."""
    from benchmark.tables import current

    tidy = current(frame)
    tidy = tidy[(tidy["status"] == "ok") & (tidy["simulated"] == table.simulated)]
    seconds = (tidy["fit_seconds"] + tidy["score_seconds"]).groupby([tidy["label"], tidy["protocol"]]).median()
    points = []
    for row in table.rows:
        values = [entry.value for entry in row.entries.values()]
        if all(value is not None for value in values) and (row.label, row.protocol) in seconds.index:
            mean = float(np.mean([value for value in values if value is not None]))
            points.append((row.label, row.group, float(seconds[row.label, row.protocol]), mean))
    return points


Histories = dict[str, dict[str, dict[str, list[float]]]]


def training_histories(results: Results, frame: pd.DataFrame) -> Iterator[tuple[str, Histories]]:
    """Losses of the networks: title, then data set -> series -> part -> losses; diverged runs included."""
    from benchmark.tables import current

    tidy = current(frame)
    tidy = tidy[tidy["group"].isin(["neural", "successor", "plug-in"])]
    for (label, protocol, simulated), cells in tidy.groupby(["label", "protocol", "simulated"]):
        histories: Histories = {}
        for key, dataset, series, seed in zip(*(cells[c] for c in ("key", "dataset", "series", "seed")), strict=True):
            history = results.extra(key).get("history")
            if isinstance(history, dict) and history:
                histories.setdefault(dataset, {})[f"{series} seed {seed}"] = history
        if histories:
            yield " ".join([*(["SIMULATED"] if simulated else []), str(label), str(protocol)]), histories
