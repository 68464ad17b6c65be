"""Critical-difference diagram: an axis of mean ranks, with bars over detectors that do not differ significantly.

After Demsar (JMLR 7, 2006), with the bars from Holm-corrected signed-rank tests (Benavoli et al., JMLR 17, 2016).
"""

from __future__ import annotations

from collections.abc import Collection
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.report.plots.style import ACCENT, INK, QUIET
from benchmark.report.tables import Table, text
from benchmark.statistics import RankTest, rank_test

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 0.24  # height of a label's row, inches
BAR = 0.13  # height of a bar's row, inches
LINE = 0.135  # height of a caption's line, inches
WIDTH = 8.0
MARGIN = 2.0  # space for labels on both sides, inches
LONGEST = 20  # characters of a name that fit into the margin


def rank_inputs(tidy: pd.DataFrame, table: Table) -> Any:
    """Return all inputs of :func:`rank_figure`, as its key in the cache."""
    cells, names = _ranked(tidy, table)
    shown = cells[["dataset", "series", "detector", "seed", "status", "auroc"]]
    return [
        shown.to_numpy().tolist(),
        names,
        table.marks,
        table.protocol,
        _trivial(table),
        text.conditions(table, names),
    ]


def _trivial(table: Table) -> list[str]:
    return [row.label for row in table.rows if row.trivial]


def _ranked(tidy: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, list[str]]:
    """Return the cells of a table, and the rows with figures for the most series."""
    cells = tidy[(tidy["protocol"] == table.protocol) & (tidy["simulated"] == table.simulated)]
    covered = {row.label: sum(entry.n_series for entry in row.entries.values()) for row in table.rows}
    names = [label for label, count in covered.items() if count == max(covered.values())]
    return cells.assign(detector=cells["label"]), names


def rank_figure(tidy: pd.DataFrame, table: Table) -> Figure | None:
    """Draw the critical-difference diagram of the rows with figures for the most series; None without a test."""
    cells, names = _ranked(tidy, table)
    test = rank_test(cells, names)
    if test.reason:
        return None
    title = ": ".join((*table.marks, f"mean ranks, {table.protocol}"))
    return cd_figure(test, title, _trivial(table), text.conditions(table, names))


def cd_figure(test: RankTest, title: str = "", highlight: Collection[str] = (), behind: str = "") -> Figure:
    """Draw the diagram as a matplotlib figure; detectors in ``highlight``, e.g. trivial baselines, are coloured.

    ``behind`` ends the caption: protocol and seeds of the figures.

    Raises
    ------
    ValueError
        If the test could not be made (``reason``).
    """
    from matplotlib.figure import Figure

    if test.reason:
        raise ValueError(f"no critical-difference diagram: {test.reason}")
    names = list(test.mean_ranks)
    rows = (len(names) + 1) // 2
    levels = _levels([(names.index(g[0]), names.index(g[-1])) for g in test.groups])
    depth = BAR * (max(levels, default=-1) + 1) + 0.22  # the bars hang between the axis and the first label
    caption = fill(f"{_caption(test)} {behind}".strip(), 125)
    above, below = (0.95 if title else 0.6), max(0.65, 0.25 + LINE * (caption.count("\n") + 1))
    height = above + depth + ROW * rows + below
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(-(height - above), above))
    axes.axis("off")
    _draw_axis(axes, len(names))
    _draw_labels(axes, test.mean_ranks, depth, set(highlight))
    _draw_bars(axes, test, levels)
    if title:
        axes.text(WIDTH / 2, above - 0.22, title, ha="center", va="center", fontsize=11, color=INK, weight="bold")
    axes.text(WIDTH / 2, above - height + 0.12, caption, ha="center", va="bottom", fontsize=7.5, color=QUIET)
    return figure


def _caption(test: RankTest) -> str:
    where = ", ".join(f"{dataset} {n}" for dataset, n in test.n_series.items())
    p = f"p = {test.p_value:.2g}" if test.p_value >= 1e-4 else "p < 0.0001"
    name = "Friedman" if len(test.mean_ranks) > 2 else "Wilcoxon"
    return f"A bar joins detectors of which no two differ significantly. {test.method}. {name} {p}. Series: {where}."


def _x(rank: float, n: int) -> float:
    """Return the horizontal position of a mean rank in inches, best (1) at the left."""
    return MARGIN + (rank - 1) / (n - 1) * (WIDTH - 2 * MARGIN)


def _draw_axis(axes: Axes, n: int) -> None:
    axes.plot([_x(1, n), _x(n, n)], [0, 0], color=INK, lw=1)
    step = 1 if n <= 25 else 5  # more numbers would run into each other
    for rank in range(1, n + 1):
        axes.plot([_x(rank, n)] * 2, [0, 0.07], color=INK, lw=1)
        if rank in (1, n) or (rank % step == 0 and rank + step / 2 < n):
            axes.text(_x(rank, n), 0.11, str(rank), ha="center", va="bottom", fontsize=8, color=INK)
    axes.text(_x(1, n), 0.34, "mean rank, 1 = best", ha="left", va="center", fontsize=7.5, color=QUIET)


def _draw_labels(axes: Axes, ranks: dict[str, float], depth: float, highlight: set[str]) -> None:
    """Draw labels, the better half left and the worse half right, outermost on top, so that no lines cross."""
    n, names = len(ranks), list(ranks)
    half = (n + 1) // 2
    for i, name in enumerate(names):
        left = i < half
        y = -depth - ROW * (i if left else n - 1 - i)
        x, edge = _x(ranks[name], n), (MARGIN - 0.2 if left else WIDTH - MARGIN + 0.2)
        colour = ACCENT if name in highlight else INK
        axes.plot([x, x, edge], [0, y, y], color=colour, lw=0.7, solid_joinstyle="miter")
        axes.plot([x], [0], marker="o", ms=3, color=colour)
        short = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
        text = f"{short}  {ranks[name]:.2f}" if left else f"{ranks[name]:.2f}  {short}"
        anchor = edge + (-0.06 if left else 0.06)
        axes.text(anchor, y, text, ha="right" if left else "left", va="center", fontsize=9, color=colour)


def _draw_bars(axes: Axes, test: RankTest, levels: list[int]) -> None:
    n = len(test.mean_ranks)
    for group, level in zip(test.groups, levels, strict=True):
        first, last = test.mean_ranks[group[0]], test.mean_ranks[group[-1]]
        y = -BAR * (level + 1)
        axes.plot([_x(first, n) - 0.04, _x(last, n) + 0.04], [y, y], color=INK, lw=3.2, solid_capstyle="butt", zorder=3)


def _levels(spans: list[tuple[int, int]]) -> list[int]:
    """Assign bars to rows such that bars that share a detector are in different rows."""
    ends: list[int] = []
    levels = []
    for first, last in spans:
        free = np.flatnonzero(np.array(ends, dtype=np.int64) < first)
        level = int(free[0]) if len(free) else len(ends)
        ends[level : level + 1] = [last]
        levels.append(level)
    return levels
