"""The pictures of a report: which there are, and where they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.report import text
from benchmark.report.cd_diagram import rank_figure
from benchmark.report.quality import published_figure, time_figure, time_points
from benchmark.report.results import Results
from benchmark.report.roc import Curve, roc_figure
from benchmark.report.style import save
from benchmark.report.tables import Table
from benchmark.report.training import training_figure, training_histories

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def roc_tables(built: list[Table]) -> Iterator[tuple[str, Table]]:
    """The main tables, or the first of each kind of data when nothing ran under the paper's setting, by file suffix."""
    for simulated, suffix in ((False, ""), (True, " simulated")):
        mine = [table for table in built if table.simulated == simulated]
        if mine:
            yield suffix, mine[0]


def summary_figures(tidy: pd.DataFrame, built: list[Table]) -> dict[str, dict[str, Figure]]:
    """Figures over all data sets: section, then caption; those that the cells do not support are left out."""
    ranks = {
        " ".join((table.protocol, *(["simulated"] if table.simulated else ()))): rank_figure(tidy, table)
        for table in built
        if not table.main
    }
    times: dict[str, Figure] = {}
    for suffix, table in roc_tables(built):
        points = time_points(tidy, table)
        if points:
            title = ": ".join((*table.marks, "time and quality"))
            caption = text.conditions(table, {label for label, *_ in points})
            times[f"time and quality{suffix}"] = time_figure(points, title, caption)
    return {
        "Glance": {f"table{suffix}": published_figure(table) for suffix, table in roc_tables(built) if table.main},
        "Ranks": {name: figure for name, figure in ranks.items() if figure is not None},
        "Time": times,
    }


def write_pictures(
    results: Results,
    tidy: pd.DataFrame,
    built: list[Table],
    curves: Mapping[str, list[tuple[str, list[Curve]]]],
    figures: Mapping[str, Mapping[str, Figure]],
    out: Path,
) -> None:
    """Every picture into its folder: ROC curves, the figures over all data sets, training losses."""
    for suffix, table in roc_tables(built):
        for dataset, drawn in curves[suffix]:
            if drawn:
                title = ": ".join((*table.marks, f"{dataset}, {max(c.n_series for c in drawn)} series"))
                caption = text.conditions(table, {curve.label for curve in drawn})
                save(roc_figure(drawn, title, caption), out / "roc" / text.file_name(dataset + suffix))
    for section, drawings in figures.items():
        for caption, figure in drawings.items():
            save(figure, out / section.lower() / text.file_name(caption.replace(" ", "-")))
    for title, histories in training_histories(results, tidy):
        save(training_figure(histories, title), out / "training" / text.file_name(title), ("png",))
