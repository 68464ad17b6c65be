"""Figures over all data sets: published against ours, time against quality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.report import style, text
from benchmark.report.style import COLOURS, FAINT, INK
from benchmark.report.tables import Table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Box = tuple[float, float, float, float]


def published_figure(table: Table) -> Figure:
    """The main table as a picture, published and our AUROC of each row: a panel for each data set."""
    from matplotlib.figure import Figure

    at = np.arange(len(table.rows))
    shown = [v for row in table.rows for e in row.entries.values() for v in (e.printed, e.value) if v is not None]
    low = min([0.27, *shown]) - 0.02  # nothing drawn is cut off
    ticks = [tick for tick in (0, 0.25, 0.5, 0.75, 1) if tick >= low]
    with style.context():
        size = (1.4 + 2.1 * len(table.datasets), 0.9 + 0.2 * len(table.rows))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(table.datasets), sharey=True, squeeze=False)[0]
        for axes, dataset in zip(panels, table.datasets, strict=True):
            axes.axvline(0.5, color=FAINT, lw=0.8, zorder=0)
            for y, row in zip(at, table.rows, strict=True):
                entry = row.entries[dataset]
                _published(axes, int(y), row.group, entry.printed, entry.value)
            axes.set(title=dataset, xlim=(low, 1.02), xticks=ticks, ylim=(len(at) - 0.4, -0.6))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.tick_params(axis="y", length=0)
        panels[0].set_yticks(at, [row.label for row in table.rows])
        title = ": ".join((*table.marks, "AUROC"))
        figure.suptitle(f"{title}: a stroke is published, a mark is ours", fontsize=9, x=0.01, ha="left")
        style.caption(figure, text.conditions(table))
    return figure


def _published(axes: Axes, y: int, group: str, printed: float | None, ours: float | None) -> None:
    if printed is not None and ours is not None:
        axes.plot([printed, ours], [y, y], color=FAINT, lw=2.4, solid_capstyle="round", zorder=1)
    if printed is not None:
        axes.plot(printed, y, marker="|", ms=11, mew=1.4, color=INK, ls="", zorder=4)
    if ours is not None:
        axes.plot(ours, y, zorder=3, **style.mark(group))


def time_points(tidy: pd.DataFrame, table: Table) -> list[tuple[str, str, float, float]]:
    """(label, group, median seconds per series, mean over data sets) of the rows that cover every data set."""
    tidy = tidy[(tidy["status"] == "ok") & (tidy["simulated"] == table.simulated)]
    seconds = (tidy["fit_seconds"] + tidy["score_seconds"]).groupby([tidy["label"], tidy["protocol"]]).median()
    points = []
    for row in table.rows:
        values = [entry.value for entry in row.entries.values()]
        if all(value is not None for value in values) and (row.label, row.protocol) in seconds.index:
            mean = float(np.mean([value for value in values if value is not None]))
            points.append((row.label, row.group, float(seconds[row.label, row.protocol]), mean))
    return points


def time_figure(points: Sequence[tuple[str, str, float, float]], title: str, caption: str = "") -> Figure:
    """Mean AUROC against seconds per series, one mark per detector.

    Parameters
    ----------
    points : sequence of (label, group, seconds, auroc)
    title, caption : str
        Above and below; the caption names protocol and seeds.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogFormatter

    with style.context():
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.set(xscale="log", xlabel="seconds per series, fit and score", ylabel="mean AUROC over data sets")
        for _, group, seconds, auroc in points:
            axes.plot(max(seconds, 1e-4), auroc, **style.mark(group))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
        axes.margins(0.12, 0.08)
        style.caption(figure, caption)
        figure.draw_without_rendering()  # the labels need the final scale
        _place_labels(axes, [(label, max(seconds, 1e-4), auroc) for label, _, seconds, auroc in points])
        axes.set_title(title, fontsize=10)
        _group_legend(axes, {group for _, group, _, _ in points})
    return figure


def _place_labels(axes: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Each label on the side of its mark where it hides least of what is already there."""
    centres = {label: axes.transData.transform((x, y)) for label, x, y in points}
    taken = [(cx - 4, cy - 4, cx + 4, cy + 4) for cx, cy in centres.values()]
    per_point = axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    for label, x, y in points:
        width, height = 4.1 * len(label) * per_point, 8 * per_point
        cx, cy = centres[label]
        places = [(6, -3, "left"), (-6, -3, "right"), (0, 6, "center"), (0, -12, "center")]
        boxes = [_box(cx, cy, dx * per_point, dy * per_point, side, width, height) for dx, dy, side in places]
        best = min(range(4), key=lambda k: sum(_overlap(boxes[k], other) for other in taken))
        taken.append(boxes[best])
        dx, dy, side = places[best]
        axes.annotate(label, (x, y), (dx, dy), textcoords="offset points", fontsize=7, color=INK, ha=side)


def _box(cx: float, cy: float, dx: float, dy: float, side: str, width: float, height: float) -> Box:
    left = cx + dx - {"left": 0.0, "right": width, "center": width / 2}[side]
    return left, cy + dy, left + width, cy + dy + height


def _overlap(a: Box, b: Box) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, wide) * max(0.0, high)


def _group_legend(axes: Axes, groups: set[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], label=style.GROUP_NAMES.get(group, group), **style.mark(group))
        for group in COLOURS
        if group in groups
    ]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1), fontsize=7)
