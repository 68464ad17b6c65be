"""Everything that a run leaves for people: tables, cells, pictures and one HTML page.

All of it is a view of the store and can be deleted and written again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from benchmark.plots import Curve
    from benchmark.store import Store
    from benchmark.tables import Table

Array = NDArray[np.float64]


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

    frame = results.frame()
    facts = dataset_facts()
    sizes = {name: len(dataset.series) for name, dataset in facts.items()}
    beats = _beats()
    built = tables.build(frame, sizes, beats=beats) if len(frame) else []
    write_text(out / "table.md", formats.to_markdown(built) or "No cell has been computed yet.\n")
    write_text(out / "table.tex", formats.to_latex(built))
    write_text(out / "table.csv", formats.to_csv(built))
    write_text(out / "cells.csv", formats.cells_to_csv(frame))
    curves = {suffix: list(roc_curves(results, table, frame)) for suffix, table in _roc_tables(built)}
    figures = summary_figures(frame, built)
    _write_pictures(results, frame, built, curves, figures, out)
    write_text(out / "index.html", page.render(results, frame, built, curves, facts, figures, sizes, beats))


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


def _beats() -> Any:
    """The paired bootstrap, which decides whether a detector is better than a one-liner."""
    return None


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
    for dataset in table.datasets:
        part = tidy[tidy["dataset"] == dataset]
        curves = (_curve(results, row, dataset, part) for row in table.rows)
        yield dataset, [curve for curve in curves if curve is not None]


def _curve(results: Results, row: Any, dataset: str, cells: pd.DataFrame) -> Curve | None:
    from benchmark.plots import Curve, average_roc

    mine = cells[(cells["label"] == row.label) & (cells["protocol"] == row.protocol)]
    per_series = []
    for _, of_series in mine.groupby("series"):
        points = [p for p in (_points(results, cell) for cell in of_series.itertuples()) if p is not None]
        if points:
            per_series.append(average_roc(points)[0])
    value = row.entries[dataset].value
    if not per_series or value is None:
        return None
    rates = np.stack(per_series)
    return Curve(row.label, row.group, value, len(rates), rates.mean(axis=0), rates.std(axis=0))


def _points(results: Results, cell: Any) -> tuple[Array, Array] | None:
    from benchmark.plots import roc_points

    try:
        first, scores = results.scores(cell.key)
        labels = results.series(cell.data_hash)[1][first : first + len(scores)]
        return roc_points(labels, scores)
    except (KeyError, ValueError):
        return None  # no scores at hand, or one class: its metrics say so


def summary_figures(frame: pd.DataFrame, built: list[Table]) -> dict[str, Figure]:
    """Figures over all data sets, by caption; those that the cells do not support are left out."""
    from benchmark import plots

    figures = {}
    for suffix, table in _roc_tables(built):
        points = time_points(frame, table)
        if points:
            figures[f"Time and quality{suffix}"] = plots.time_figure(
                points, ": ".join((*table.marks, "AUROC and time"))
            )
    return figures


def _write_pictures(
    results: Results,
    frame: pd.DataFrame,
    built: list[Table],
    curves: Mapping[str, list[tuple[str, list[Curve]]]],
    figures: Mapping[str, Figure],
    out: Path,
) -> None:
    from benchmark import formats, plots

    for suffix, table in _roc_tables(built):
        for dataset, drawn in curves[suffix]:
            if drawn:
                title = ": ".join((*table.marks, f"{dataset}, {max(c.n_series for c in drawn)} series"))
                plots.save(plots.roc_figure(drawn, title), out / "roc" / formats.file_name(dataset + suffix))
    for caption, figure in figures.items():
        plots.save(figure, out / formats.file_name(caption.lower().replace(" ", "-")))
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


def training_histories(
    results: Results, frame: pd.DataFrame
) -> Iterator[tuple[str, dict[str, dict[str, list[float]]]]]:
    """Losses of the networks: title, then series -> stage -> losses; diverged runs included."""
    from benchmark.tables import current

    tidy = current(frame)
    tidy = tidy[tidy["group"].isin(["neural", "successor", "plug-in"])]
    for (label, dataset, protocol, simulated), cells in tidy.groupby(["label", "dataset", "protocol", "simulated"]):
        histories = {}
        for key, series, seed in zip(cells["key"], cells["series"], cells["seed"], strict=True):
            history = results.extra(key).get("history")
            if isinstance(history, dict) and history:
                histories[f"{series} seed {seed}"] = history
        if histories:
            yield " ".join([*(["SIMULATED"] if simulated else []), str(label), str(dataset), str(protocol)]), histories
