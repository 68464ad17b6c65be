"""Figures over all data sets: published against ours, time against quality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from benchmark.report import style, text
from benchmark.report.style import COLOURS, FAINT, INK
from benchmark.report.tables import Table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Place = tuple[float, float, Literal["left", "center", "right"]]  # points beside a mark, and how the label is aligned
PLACES: tuple[Place, ...] = (
    *((6, -3, "left"), (-6, -3, "right"), (0, 6, "center"), (0, -12, "center")),
    *((5, 5, "left"), (-5, 5, "right"), (5, -11, "left"), (-5, -11, "right")),
)


def published_figure(table: Table) -> Figure:
    """The main table as a picture, published and our AUROC of each row: a panel for each data set."""
    from matplotlib.figure import Figure

    at = np.arange(len(table.rows))
    shown = [v for row in table.rows for e in row.entries.values() for v in (e.published, e.value) if v is not None]
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
                _published(axes, int(y), row.group, entry.published, entry.value)
            axes.set(title=dataset, xlim=(low, 1.02), xticks=ticks, ylim=(len(at) - 0.4, -0.6))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.tick_params(axis="y", length=0)
        panels[0].set_yticks(at, [row.label for row in table.rows])
        title = ": ".join((*table.marks, "AUROC"))
        figure.suptitle(f"{title}: a stroke is published, a mark is ours", fontsize=9, x=0.01, ha="left")
        style.caption(figure, text.conditions(table))
    return figure


def _published(axes: Axes, y: int, group: str, published: float | None, ours: float | None) -> None:
    if published is not None and ours is not None:
        axes.plot([published, ours], [y, y], color=FAINT, lw=2.4, solid_capstyle="round", zorder=1)
    if published is not None:
        axes.plot(published, y, marker="|", ms=11, mew=1.4, color=INK, ls="", zorder=4)
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
        axes.set_title(title, fontsize=10)
        _group_legend(axes, {group for _, group, _, _ in points})
        figure.draw_without_rendering()  # the labels need the final scale, which the legend narrows
        _place_labels(axes, [(label, max(seconds, 1e-4), auroc) for label, _, seconds, auroc in points])
    return figure


def _place_labels(axes: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Each label on the side of its mark where it hides least of what is already there and stays inside."""
    marks = np.array([axes.transData.transform((x, y)) for _, x, y in points])
    notes = [
        axes.annotate(label, (x, y), (0, 0), textcoords="offset points", fontsize=7, color=INK)
        for label, x, y in points
    ]
    sizes = [(box.width, box.height) for box in (note.get_window_extent() for note in notes)]
    inside = np.array(axes.bbox.extents)
    taken = {-1 - k: np.array([*mark - 4, *mark + 4]) for k, mark in enumerate(marks)}
    for k in [*range(len(notes)), *range(len(notes))]:  # twice: the first did not know of the last
        others = np.array([box for other, box in taken.items() if other != k])
        boxes = [_box(marks[k], sizes[k], place, axes.get_figure().dpi / 72) for place in PLACES]  # type: ignore[union-attr]
        hidden = [_area(box) - _shared(box, inside[None]) + _shared(box, others) for box in boxes]
        best = int(np.argmin(hidden))
        taken[k] = boxes[best]
        right, up, side = PLACES[best]
        notes[k].xyann = (right, up)
        notes[k].set_horizontalalignment(side)


def _box(mark: Array, size: tuple[float, float], place: Place, scale: float) -> Array:
    """Pixels (left, bottom, right, top) of a label that is put at a place beside a mark."""
    right, up, side = place
    left = mark[0] + right * scale - {"left": 0.0, "center": 0.5, "right": 1.0}[side] * size[0]
    bottom = mark[1] + up * scale
    return np.array([left, bottom, left + size[0], bottom + size[1]])


def _area(box: Array) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _shared(box: Array, others: Array) -> float:
    """Area that a box shares with others, in all."""
    width = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
    height = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
    return float((width.clip(0) * height.clip(0)).sum())


def _group_legend(axes: Axes, groups: set[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], label=style.group_name(group), **style.mark(group)) for group in COLOURS if group in groups
    ]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1), fontsize=7)
