"""The pictures of a report: what each is drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark import statistics
from benchmark.metrics import Undefined, roc_curve
from benchmark.report import cd_diagram, formats, plots
from benchmark.report.plots import Curve, average_roc
from benchmark.report.results import Results
from benchmark.report.tables import Row, Table, current

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Cells = dict[tuple[str, ...], dict[str, list[tuple[str, str]]]]  # label, protocol, data set -> series -> cells


def roc_tables(built: list[Table]) -> Iterator[tuple[str, Table]]:
    """The main tables, or the first of each kind of data when the paper's game was not played, by file suffix."""
    for simulated, suffix in ((False, ""), (True, " simulated")):
        mine = [table for table in built if table.simulated == simulated]
        if mine:
            yield suffix, mine[0]


def roc_curves(results: Results, table: Table, frame: pd.DataFrame) -> Iterator[tuple[str, list[Curve]]]:
    """For each data set of a table, the mean ROC curve of each of its rows.

    A row's curve is averaged over seeds, then over series, like its figure; a row without scores has none.
    """
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
    try:
        first, scores = results.scores(key)
        return roc_curve(results.series(data_hash)[1][first : first + len(scores)], scores)
    except (KeyError, Undefined):
        return None  # no scores at hand, or one class: its metrics say so


def summary_figures(frame: pd.DataFrame, built: list[Table]) -> dict[str, dict[str, Figure]]:
    """Figures over all data sets: section, then caption; those that the cells do not support are left out."""
    ranks = {table.title.partition(" under ")[2]: rank_figure(frame, table) for table in built if not table.main}
    times: dict[str, Figure] = {}
    for suffix, table in roc_tables(built):
        points = time_points(frame, table)
        if points:
            title = ": ".join((*table.marks, "time and quality"))
            times[f"time and quality{suffix}"] = plots.time_figure(points, title)
    return {
        "Glance": {f"table{suffix}": beside(table) for suffix, table in roc_tables(built) if table.main},
        "Ranks": {name: figure for name, figure in ranks.items() if figure is not None},
        "Time": times,
    }


def beside(table: Table) -> Figure:
    """The main table as a picture: one-liners last."""
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
    tidy = current(frame)
    cells = tidy[(tidy["protocol"] == table.protocol) & (tidy["simulated"] == table.simulated)]
    covered = {row.label: sum(entry.n_series for entry in row.entries.values()) for row in table.rows}
    names = [label for label, count in covered.items() if count == max(covered.values())]
    test = statistics.rank_test(cells.assign(detector=cells["label"]), names)
    if test.reason:
        return None
    simple = [row.label for row in table.rows if row.group == "one-liner"]
    return cd_diagram.cd_figure(test, ": ".join((*table.marks, f"mean ranks, {table.protocol}")), simple)


def write_pictures(
    results: Results,
    frame: pd.DataFrame,
    built: list[Table],
    curves: Mapping[str, list[tuple[str, list[Curve]]]],
    figures: Mapping[str, Mapping[str, Figure]],
    out: Path,
) -> None:
    for suffix, table in roc_tables(built):
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
