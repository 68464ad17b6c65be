"""Figures from arrays: ROC curves, training losses, time against quality.

Colours are Okabe and Ito's, safe for colour-blind readers; no figure needs colour alone to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Box = tuple[float, float, float, float]

GRID: Array = np.linspace(0, 1, 101) ** 2  # denser where ROC curves bend
INK, QUIET, FAINT = "#222222", "#767676", "#d5d5d5"
COLOURS = {
    "classical": "#0072B2",
    "neural": "#D55E00",
    "proposed": "#009E73",
    "successor": "#CC79A7",
    "plug-in": "#56B4E9",
    "untrained": "#E69F00",
    "one-liner": QUIET,
}
MARKERS = {
    "classical": "o",
    "neural": "s",
    "proposed": "D",
    "successor": "^",
    "plug-in": "P",
    "untrained": "v",
    "one-liner": "x",
}
DASHES = ("-", "--", ":", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (3, 5)))
RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.edgecolor": QUIET,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "benchmark",  # equal figures are equal files
}


@dataclass(frozen=True)
class Curve:
    """A detector's ROC curve, averaged over series on :data:`GRID`.

    Attributes
    ----------
    mean, spread : (101,) arrays
        Mean true-positive rate and its standard deviation over series (zeros for one series).
    auroc : float
        The figure that the table shows.
    """

    label: str
    group: str
    auroc: float
    n_series: int
    mean: Array
    spread: Array


def average_roc(curves: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Mean and standard deviation over series of the true-positive rate on :data:`GRID`.

    Parameters
    ----------
    curves : sequence of (fpr, tpr)
        Non-decreasing, from (0, 0) to (1, 1).
    """
    rates = np.stack([np.interp(GRID, fpr, tpr) for fpr, tpr in curves])
    return rates.mean(axis=0), rates.std(axis=0)


def roc_figure(curves: Sequence[Curve], title: str) -> Figure:
    """A panel per detector, best first, over the curves of the others; the one-liners share the last.

    Parameters
    ----------
    curves : sequence of Curve
    title : str
        Data set, protocol, and SIMULATED or QUICK where that holds.
    """
    import matplotlib as mpl

    with mpl.rc_context(RC):
        return _roc_figure(curves, title)


def _roc_figure(curves: Sequence[Curve], title: str) -> Figure:
    from matplotlib.figure import Figure

    shown = sorted((c for c in curves if c.group != "one-liner"), key=lambda c: -c.auroc)
    simple = sorted((c for c in curves if c.group == "one-liner"), key=lambda c: -c.auroc)
    n_panels = max(1, len(shown) + 2 * bool(simple))  # the one-liners and their legend
    rows = -(-n_panels // 5)
    columns = -(-n_panels // rows)
    width, height = 1.75 * columns + 0.6, 1.9 * rows + 0.85
    figure = Figure(figsize=(max(4.2, width), height))
    # a fixed layout: the automatic one draws every panel several times
    figure.subplots_adjust(0.5 / width, 0.5 / height, 1 - 0.1 / width, 1 - 0.6 / height, wspace=0.12, hspace=0.24)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, curve in zip(grid.flat, shown, strict=False):
        _roc_panel(axes, curve, shown)
    if simple:
        _one_liner_panel(grid.flat[len(shown)], grid.flat[len(shown) + 1], simple)
    for axes in grid.flat[n_panels - bool(simple) :]:
        axes.set_axis_off()
    for axes in grid[:, 1:].flat:
        axes.tick_params(labelleft=False)
    for axes in grid.flat[: max(0, len(shown) + bool(simple) - columns)]:
        axes.tick_params(labelbottom=False)
    figure.suptitle(title, x=0.1 / width, y=1 - 0.1 / height, ha="left", va="top", fontsize=10, color=INK)
    banded = any(c.n_series > 1 for c in curves)
    across = "false-positive rate" + ("; band: one standard deviation over series" if banded else "")
    figure.supxlabel(across, fontsize=8, y=0.08 / height, va="bottom")
    figure.supylabel("true-positive rate", fontsize=8, x=0.08 / width, ha="left")
    return figure


def _frame(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=FAINT, lw=0.8, ls=(0, (2, 2)), zorder=0)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1], aspect="equal")
    axes.set_xticklabels(["0", ".5", "1"])
    axes.set_yticklabels(["0", ".5", "1"])


def _roc_panel(axes: Axes, curve: Curve, others: Sequence[Curve]) -> None:
    _frame(axes)
    for other in others:
        axes.plot(GRID[::4], other.mean[::4], color=FAINT, lw=0.6, zorder=1)
    colour = COLOURS.get(curve.group, INK)
    if curve.n_series > 1:
        low, high = np.clip(curve.mean - curve.spread, 0, 1), np.clip(curve.mean + curve.spread, 0, 1)
        axes.fill_between(GRID, low, high, color=colour, alpha=0.18, lw=0, zorder=2)
    axes.plot(GRID, curve.mean, color=colour, lw=1.6, zorder=3)
    axes.set_title(curve.label, color=INK, fontweight="bold")
    axes.text(0.97, 0.05, f"{curve.auroc:.3f}".lstrip("0"), ha="right", color=INK, transform=axes.transAxes)


def _one_liner_panel(axes: Axes, beside: Axes, simple: Sequence[Curve]) -> None:
    _frame(axes)
    colours = [INK, "#0072B2", "#D55E00", "#009E73", "#CC79A7", QUIET]
    for k, curve in enumerate(simple):
        name = f"{curve.label} {curve.auroc:.3f}".replace(" 0.", " .")
        axes.plot(GRID, curve.mean, color=colours[k % 6], ls=DASHES[k % len(DASHES)], lw=1.1, label=name)
    axes.set_title("One-liners", color=INK, fontweight="bold")
    handles, names = axes.get_legend_handles_labels()
    beside.legend(handles, names, loc="center left", fontsize=7, handlelength=2.4, borderaxespad=0)


def training_figure(histories: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]], title: str) -> Figure:
    """Loss by epoch: a row per data set, a column per stage, a pair of lines per series.

    Parameters
    ----------
    histories : mapping
        Data set -> series -> part -> losses, one per epoch; a part is ``"train"``, ``"validation"``,
        or one of these behind the name of a stage.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    parts = [_by_stage(of_dataset.values()) for of_dataset in histories.values()]
    stages = list(dict.fromkeys(stage for of_dataset in parts for stage in of_dataset))
    width, height = 3.1 * len(stages) + 0.4, 1.9 * len(parts) + 0.8
    with mpl.rc_context(RC):
        figure = Figure(figsize=(width, height))
        figure.subplots_adjust(0.7 / width, 0.45 / height, 1 - 0.1 / width, 1 - 0.65 / height, 0.3, 0.5)
        grid = figure.subplots(len(parts), len(stages), squeeze=False)
        for panels, dataset, of_dataset in zip(grid, histories, parts, strict=True):
            for axes, stage in zip(panels, stages, strict=True):
                axes.set_title(f"{dataset} {stage}".strip(), color=INK)
                _losses(axes, of_dataset.get(stage, {}))
        for axes in grid[-1]:
            axes.set_xlabel("epoch")
        grid[0, 0].legend(loc="upper right", fontsize=7)
        figure.suptitle(title, x=0.1 / width, y=1 - 0.1 / height, ha="left", va="top", fontsize=10, color=INK)
    return figure


def _by_stage(histories: Iterable[Mapping[str, Sequence[float]]]) -> dict[str, dict[str, list[Array]]]:
    stages: dict[str, dict[str, list[Array]]] = {}
    for history in histories:
        for part, losses in history.items():
            stage, _, kind = part.rpartition(" ")
            stages.setdefault(stage, {}).setdefault(kind, []).append(np.asarray(losses, dtype=float))
    return stages


def _losses(axes: Axes, parts: Mapping[str, list[Array]]) -> None:
    from matplotlib.ticker import MaxNLocator

    for kind, lines in parts.items():
        style: dict[str, Any] = {"color": "#D55E00", "ls": "--"} if kind == "validation" else {"color": "#0072B2"}
        for k, loss in enumerate(lines):
            name = (kind or "train") if k == 0 else None
            alpha = max(0.25, len(lines) ** -0.5)
            axes.plot(np.arange(1, len(loss) + 1), loss, lw=1, alpha=alpha, label=name, **style)
    finite = np.concatenate([loss for lines in parts.values() for loss in lines] or [np.ones(1)])
    finite = finite[np.isfinite(finite)]
    if len(finite) and finite.min() > 0 and finite.max() > 20 * finite.min():
        axes.set_yscale("log")  # a likelihood may be negative, an error spans decades
    elif len(finite) and np.abs(finite).max() > 100 * (usual := max(1.0, float(np.median(np.abs(finite))))):
        axes.set_yscale("symlog", linthresh=10 * usual, linscale=2)  # one bad series must not flatten all others
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_ylabel("loss")


Beside = tuple[str, str, float | None, float | None]


def beside_figure(columns: Mapping[str, Sequence[Beside]], title: str) -> Figure:
    """Published and our AUROC of each row, a panel for each data set.

    Parameters
    ----------
    columns : mapping
        Data set -> rows of (label, group, published or None, ours or None), the same rows in each.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    labels = [label for label, *_ in next(iter(columns.values()))]
    at = np.arange(len(labels))
    shown = [value for rows in columns.values() for row in rows for value in row[2:] if value is not None]
    low = min([0.27, *shown]) - 0.02  # nothing drawn is cut off
    ticks = [tick for tick in (0, 0.25, 0.5, 0.75, 1) if tick >= low]
    with mpl.rc_context(RC):
        figure = Figure(figsize=(1.4 + 2.1 * len(columns), 0.9 + 0.2 * len(labels)), layout="constrained")
        panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for axes, (dataset, rows) in zip(panels, columns.items(), strict=True):
            axes.axvline(0.5, color=FAINT, lw=0.8, zorder=0)
            for y, (_, group, published, ours) in zip(at, rows, strict=True):
                if published is not None and ours is not None:
                    axes.plot([published, ours], [y, y], color=FAINT, lw=2.4, solid_capstyle="round", zorder=1)
                if published is not None:
                    axes.plot(published, y, marker="|", ms=11, mew=1.4, color=INK, ls="", zorder=4)
                if ours is not None:
                    axes.plot(ours, y, zorder=3, **_mark(group))
            axes.set(title=dataset, xlim=(low, 1.02), xticks=ticks, ylim=(len(labels) - 0.4, -0.6))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.tick_params(axis="y", length=0)
        panels[0].set_yticks(at, labels)
        figure.suptitle(f"{title}: a stroke is published, a mark is ours", fontsize=9, x=0.01, ha="left")
    return figure


def time_figure(points: Sequence[tuple[str, str, float, float]], title: str) -> Figure:
    """Mean AUROC against seconds per series, one mark per detector.

    Parameters
    ----------
    points : sequence of (label, group, seconds, auroc)
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogFormatter

    with mpl.rc_context(RC):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.set(xscale="log", xlabel="seconds per series, fit and score", ylabel="mean AUROC over data sets")
        for _, group, seconds, auroc in points:
            axes.plot(max(seconds, 1e-4), auroc, **_mark(group))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
        axes.margins(0.12, 0.08)
        figure.draw_without_rendering()  # the labels need the final scale
        _place_labels(axes, [(label, max(seconds, 1e-4), auroc) for label, _, seconds, auroc in points])
        axes.set_title(title, fontsize=10)
        _group_legend(axes, {group for _, group, _, _ in points})
    return figure


def _mark(group: str) -> dict[str, Any]:
    colour = COLOURS.get(group, INK)
    marker = MARKERS.get(group, "x")
    edge = {"mec": colour, "mew": 1.2} if marker == "x" else {"mec": "white", "mew": 0.5}
    return {"marker": marker, "color": colour, "ls": "", "ms": 6, **edge}


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

    handles = [Line2D([], [], label=group, **_mark(group)) for group in COLOURS if group in groups]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1), fontsize=7)


def save(figure: Figure, stem: Path, formats: Sequence[str] = ("png", "svg")) -> None:
    """Write a figure as ``stem.png`` and ``stem.svg``; the folder is made when needed."""
    import matplotlib as mpl

    stem.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(RC):
        for suffix in formats:
            metadata: dict[str, Any] = {"Date": None} if suffix == "svg" else {}
            figure.savefig(stem.with_name(f"{stem.name}.{suffix}"), dpi=160, metadata=metadata)
