"""Pictures over all data sets: published and our figures, time and quality."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmark.report.plots import style
from benchmark.report.plots.style import COLOURS, FAINT, INK
from benchmark.report.tables import Row, Table, text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Point(NamedTuple):
    """Median seconds per series, and mean AUROC over data sets, of one row."""

    label: str
    group: str
    protocol: str
    seconds: float
    auroc: float


ROW = 0.2  # height of a row, inches
SHORTEST = 1e-4  # shorter times are drawn as so many seconds


@style.context()
def published_figure(table: Table) -> Figure:
    """Draw the main table, published and our AUROC of each row, with a panel for each data set."""
    from matplotlib.figure import Figure

    shown = [v for row in table.rows for e in row.entries.values() for v in (e.published, e.value) if v is not None]
    low = min([0.27, *shown]) - 0.02  # nothing drawn is cut off
    ticks = [tick for tick in (0, 0.25, 0.5, 0.75, 1) if tick >= low]
    size = (1.4 + 2.1 * len(table.datasets), 0.9 + ROW * len(table.rows))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(table.datasets), sharey=True, squeeze=False)[0]
    _name_rows(panels[0], [row.label for row in table.rows])
    for axes, dataset in zip(panels, table.datasets, strict=True):
        axes.axvline(0.5, color=FAINT, lw=0.8, zorder=0)
        _published(axes, table.rows, dataset)
        axes.set(title=dataset, xlim=(low, 1.02), xticks=ticks)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.tick_params(axis="y", length=0)
    title = ": ".join((*table.marks, "AUROC"))
    key = "a stroke is published, a mark is ours" if table.compared else "a mark is the mean over the series"
    figure.suptitle(f"{title}: {key}", fontsize=9, x=0.01, ha="left")
    style.caption(figure, text.conditions(table))
    return figure


def _name_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Label the rows from top to bottom."""
    axes.set(ylim=(len(labels) - 0.4, -0.6))
    axes.set_yticks(range(len(labels)), labels)


def _published(axes: Axes, rows: Sequence[Row], dataset: str) -> None:
    entries = [row.entries[dataset] for row in rows]
    found = [(e.published, e.value, y) for y, e in enumerate(entries) if e.published is not None]
    both = [(there, ours, y) for there, ours, y in found if ours is not None]
    if both:
        there, ours, at = zip(*both, strict=True)
        axes.hlines(at, there, ours, color=FAINT, lw=2.4, zorder=1)
    axes.plot([e[0] for e in found], [e[2] for e in found], marker="|", ms=11, mew=1.4, color=INK, ls="", zorder=4)
    _marks(
        axes,
        [(row.group, e.value, y) for y, (row, e) in enumerate(zip(rows, entries, strict=True)) if e.value is not None],
    )


def _marks(axes: Axes, marks: Iterable[tuple[str, float, float]]) -> None:
    """Draw a mark for each (group, x, y), all marks of a group at once for speed."""
    by_group: dict[str, list[tuple[float, float]]] = {}
    for group, x, y in marks:
        by_group.setdefault(group, []).append((x, y))
    for group, places in by_group.items():
        axes.plot(*zip(*places, strict=True), zorder=3, **style.mark(group))


def time_points(tidy: pd.DataFrame, table: Table) -> list[Point]:
    """Return the points of the rows with figures on every data set."""
    tidy = tidy[(tidy["status"] == "ok") & (tidy["simulated"] == table.simulated)]
    seconds = (tidy["fit_seconds"] + tidy["score_seconds"]).groupby([tidy["label"], tidy["protocol"]]).median()
    points = []
    for row in table.rows:
        values = [entry.value for entry in row.entries.values()]
        if all(value is not None for value in values) and (row.label, row.protocol) in seconds.index:
            mean = float(np.mean([value for value in values if value is not None]))
            cost = float(seconds[row.label, row.protocol])
            points.append(Point(row.label, row.group, row.protocol, cost, mean))
    return points


@style.context()
def time_figure(points: Sequence[Point], title: str, caption: str = "") -> Figure:
    """Draw mean AUROC and seconds per series, one row per detector, best first, so that labels do not overlap.

    A label is bold if no other row of its protocol is both faster and better. The caption names protocol and seeds.
    """
    from matplotlib.figure import Figure

    ranked = sorted(points, key=lambda point: (-point.auroc, point.seconds, point.label))
    figure = Figure(figsize=(7.4, 1.5 + ROW * len(ranked)), layout="constrained")
    quality, time = figure.subplots(1, 2, sharey=True)
    _name_rows(quality, [point.label for point in ranked])
    _marks(quality, [(point.group, point.auroc, y) for y, point in enumerate(ranked)])
    _marks(time, [(point.group, max(point.seconds, SHORTEST), y) for y, point in enumerate(ranked)])
    quality.set(xlabel="mean AUROC over data sets")
    quality.locator_params(axis="x", nbins=5)
    _decades(time, [point.seconds for point in ranked])
    for axes in (quality, time):
        axes.grid(axis="both", color=FAINT, lw=0.5)
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0)
    for tick, best in zip(quality.get_yticklabels(), undominated(ranked), strict=True):
        tick.set_fontweight("bold" if best else "normal")
    figure.suptitle(
        f"{title}, best first (bold: no other of its protocol is both faster and better)",
        fontsize=9,
        x=0.01,
        ha="left",
    )
    style.caption(figure, caption)
    _group_legend(time, {point.group for point in ranked})
    return figure


def _decades(axes: Axes, seconds: Sequence[float]) -> None:
    """Set a logarithmic axis between two different powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low = np.floor(np.log10(max(SHORTEST, min(seconds))))
    high = max(low + 1, np.ceil(np.log10(max(SHORTEST, *seconds))))
    axes.set(xscale="log", xlim=(0.8 * 10**low, 1.25 * 10**high), xlabel="seconds per series, fit and score")
    axes.xaxis.set_major_locator(LogLocator(numticks=5))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def undominated(points: Sequence[Point]) -> list[bool]:
    """Return for each point whether it is Pareto-optimal in seconds and AUROC among those of its protocol."""

    def dominates(other: Point, point: Point) -> bool:
        no_worse = other.seconds <= point.seconds and other.auroc >= point.auroc
        better = other.seconds < point.seconds or other.auroc > point.auroc
        return other.protocol == point.protocol and no_worse and better

    return [not any(dominates(other, point) for other in points) for point in points]


def _group_legend(axes: Axes, groups: set[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], label=style.group_name(group), **style.mark(group)) for group in COLOURS if group in groups
    ]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1), fontsize=7)
