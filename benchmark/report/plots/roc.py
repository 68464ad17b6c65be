"""Compute ROC curves from stored scores, averaged over series, and draw one panel per detector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from benchmark.metrics import Labels, Undefined, roc_curve
from benchmark.report.cells import Array, Source, lines
from benchmark.report.plots import style
from benchmark.report.plots.style import BLUE, COLOURS, DASHES, FAINT, GREEN, INK, PINK, QUIET, VERMILION
from benchmark.report.tables import Row, Table, text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Cells = dict[tuple[str, ...], dict[str, list[tuple[str, str]]]]  # label, protocol, data set -> series -> cells

GRID: Array = np.linspace(0, 1, 101) ** 2  # denser where ROC curves bend
TICKS = ([0, 0.5, 1], ["0", ".5", "1"])


@dataclass(frozen=True)
class Curve:
    """A detector's ROC curve, averaged over series on :data:`GRID`."""

    label: str
    group: str
    auroc: float  # the figure that the table shows
    n_series: int
    mean: Array  # (101,), mean true-positive rate over series
    spread: Array  # (101,), its standard deviation (zeros for one series)


def roc_curves(source: Source, table: Table, tidy: pd.DataFrame) -> Iterator[tuple[str, list[Curve]]]:
    """Yield for each data set of a table the mean ROC curves of its rows.

    A row's curve is averaged over seeds, then over series, like its figure; rows without scores are omitted.
    """
    tidy = tidy[(tidy["status"] == "ok") & (tidy["simulated"] == table.simulated)]
    cells: Cells = {}
    columns = ["label", "protocol", "dataset", "series", "key", "data_hash"]
    for *place, series, key, data_hash in lines(tidy, columns):
        cells.setdefault(tuple(place), {}).setdefault(series, []).append((key, data_hash))
    for dataset in table.datasets:
        curves = (_curve(source, row, dataset, cells) for row in table.rows)
        yield dataset, [curve for curve in curves if curve is not None]


def _curve(source: Source, row: Row, dataset: str, cells: Cells) -> Curve | None:
    per_series = []
    for of_series in cells.get((row.label, row.protocol, dataset), {}).values():
        by_seed = [rates for cell in of_series if (rates := _rates(source, *cell))]
        if by_seed:
            per_series.append(np.mean(by_seed, axis=0))
    value = row.entries[dataset].value
    if not per_series or value is None:
        return None
    stacked = np.stack(per_series)
    return Curve(row.label, row.group, value, len(stacked), stacked.mean(axis=0), stacked.std(axis=0))


def _rates(source: Source, key: str, data_hash: str) -> list[float]:
    """Return 101 true-positive rates of a cell; none if scores are not available, or labels have one class."""
    try:
        return list(source.from_scores("ROC curve", key, data_hash, [], _on_grid))
    except KeyError:
        return []


def _on_grid(_: int, labels: Labels, scores: Array) -> list[float]:
    try:
        rates: list[float] = np.interp(GRID, *roc_curve(labels, scores)).tolist()
        return rates
    except Undefined:
        return []


@style.context()
def roc_figure(curves: Sequence[Curve], title: str, caption: str = "") -> Figure:
    """Draw a panel per detector, best first, over the curves of the others; trivial baselines share the last panel.

    The title names the data set, and SIMULATED or QUICK if so; the caption names protocol and seeds.
    """
    from matplotlib.figure import Figure

    shown = sorted((c for c in curves if c.group != "one-liner"), key=lambda c: -c.auroc)
    simple = sorted((c for c in curves if c.group == "one-liner"), key=lambda c: -c.auroc)
    n_panels = max(1, len(shown) + 2 * bool(simple))  # the trivial baselines and their legend
    rows = -(-n_panels // 5)
    columns = -(-n_panels // rows)
    width = max(4.2, 1.75 * columns + 0.6)
    small = fill(caption, int(20 * width))
    below = 0.5 + 0.13 * len(small.splitlines())
    height = 1.9 * rows + 0.35 + below
    figure = Figure(figsize=(width, height))
    # a fixed layout: the automatic one draws every panel several times
    figure.subplots_adjust(0.5 / width, below / height, 1 - 0.1 / width, 1 - 0.6 / height, wspace=0.12, hspace=0.24)
    grid = figure.subplots(rows, columns, squeeze=False)
    framed = n_panels - bool(simple)
    for k, axes in enumerate(grid.flat[:framed]):
        _frame(axes, left=k % columns == 0, below=k >= framed - columns)
    for axes, curve in zip(grid.flat, shown, strict=False):
        _roc_panel(axes, curve, shown)
    if simple:
        _one_liner_panel(grid.flat[len(shown)], grid.flat[len(shown) + 1], simple)
    for axes in grid.flat[framed:]:
        axes.set_axis_off()
    style.title(figure, title)
    banded = any(c.n_series > 1 for c in curves)
    across = "false-positive rate" + ("; band: one standard deviation over series" if banded else "")
    figure.supxlabel(across, fontsize=8, y=(below - 0.42) / height, va="bottom")
    figure.text(0.1 / width, 0.06 / height, small, fontsize=7, va="bottom", color=QUIET)
    figure.supylabel("true-positive rate", fontsize=8, x=0.08 / width, ha="left")
    return figure


def _frame(axes: Axes, left: bool, below: bool) -> None:
    """Draw the diagonal, and ticks only where they are labelled, as each takes as long as a curve."""
    axes.plot([0, 1], [0, 1], color=FAINT, lw=0.8, ls=(0, (2, 2)), zorder=0)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_xticks(*TICKS if below else ([],))
    axes.set_yticks(*TICKS if left else ([],))


def _join(curves: Sequence[Curve]) -> tuple[Array, Array]:
    """Join all curves to one line with gaps, which is drawn faster than fifteen lines."""
    x = np.append(GRID[::4], np.nan)
    return np.tile(x, len(curves)), np.concatenate([np.append(curve.mean[::4], np.nan) for curve in curves])


def _roc_panel(axes: Axes, curve: Curve, others: Sequence[Curve]) -> None:
    axes.plot(*_join(others), color=FAINT, lw=0.6, zorder=1)
    colour = COLOURS.get(curve.group, INK)
    if curve.n_series > 1:
        low, high = np.clip(curve.mean - curve.spread, 0, 1), np.clip(curve.mean + curve.spread, 0, 1)
        axes.fill_between(GRID, low, high, color=colour, alpha=0.18, lw=0, zorder=2)
    axes.plot(GRID, curve.mean, color=colour, lw=1.6, zorder=3)
    axes.set_title(curve.label, color=INK, fontweight="bold")
    axes.text(0.97, 0.05, text.figure(curve.auroc), ha="right", color=INK, transform=axes.transAxes)


def _one_liner_panel(axes: Axes, legend: Axes, simple: Sequence[Curve]) -> None:
    colours = [INK, BLUE, VERMILION, GREEN, PINK, QUIET]
    for k, curve in enumerate(simple):
        name = f"{curve.label} {text.figure(curve.auroc)}"
        axes.plot(GRID, curve.mean, color=colours[k % 6], ls=DASHES[k % len(DASHES)], lw=1.1, label=name)
    axes.set_title("Trivial baselines", color=INK, fontweight="bold")
    handles, names = axes.get_legend_handles_labels()
    legend.legend(handles, names, loc="center left", fontsize=7, handlelength=2.4, borderaxespad=0)
