"""Specification curve: universes sorted by their figure, with marks for their choices below.

After Simonsohn, Simmons and Nelson, "Specification curve analysis", Nature Human Behaviour 4, 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.report.plots.pictures import Drawing
from benchmark.report.plots.style import ACCENT, FAINT, INK, QUIET, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 0.17  # height of a choice's value, inches
NOTE = "The universe furthest right is chosen on test labels: it is no result."


@dataclass(frozen=True)
class Specification:
    """The data of a specification curve."""

    universes: Sequence[dict[str, Any]]  # choice -> value
    values: NDArray[np.float64]  # (k,), AUROC of each universe; NaN is not drawn
    published: float | None  # the published figure, drawn as a line
    chosen: int  # index of the universe with the detector's defaults


def specification_drawing(name: str, one: Specification, title: str) -> Drawing:
    """Draw :func:`specification_figure` on the report's page and into its folder ``multiverse``."""
    return Drawing("Multiverse", name, [one, title], partial(specification_figure, one, title))


def specification_figure(one: Specification, title: str) -> Figure:
    """Draw the curve as a matplotlib figure."""
    from matplotlib.figure import Figure

    order = np.argsort(one.values)[: int(np.isfinite(one.values).sum())]
    marks = _marks(one.universes)
    figure = Figure(figsize=(9, 3.2 + ROW * len(marks)), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, ROW * len(marks)])
    chosen = list(order).index(one.chosen) if one.chosen in order else None
    _curve(above, one.values[order], chosen, one.published)
    _choices(below, [one.universes[k] for k in order], marks)
    if chosen is not None:
        below.axvline(chosen, color=ACCENT, linewidth=0.8, zorder=0)
    above.set_title(title, loc="left", color=INK, weight="bold", fontsize=11)
    below.set_xticks([])
    below.set_xlabel(f"universes by AUROC. {NOTE}", color=QUIET, fontsize=8)
    return figure


def _marks(universes: Sequence[dict[str, Any]]) -> list[tuple[str, Any]]:
    """Return (choice, value) in the order of the rows, without choices that have a single value."""
    values = {name: list(dict.fromkeys(u[name] for u in universes)) for name in universes[0]}
    return [(name, value) for name, several in values.items() if len(several) > 1 for value in several]


def _curve(axes: Axes, values: NDArray[np.float64], chosen: int | None, published: float | None) -> None:
    axes.plot(values, ".", color=QUIET, markersize=3)
    if chosen is not None:
        axes.plot(chosen, values[chosen], "o", color=ACCENT, markersize=7)
        late = chosen > len(values) / 2  # the curve rises: the text fits above it on the left, below it on the right
        axes.annotate(
            f"as it stands {values[chosen]:.3f}", (chosen, values[chosen]), (-6, 6) if late else (6, -12),
            textcoords="offset points", color=ACCENT, fontsize=8, ha="right" if late else "left",
        )  # fmt: skip
    if published is not None:
        axes.axhline(published, color=VERMILION, linewidth=1)
        axes.text(0, published, f"published {published:.2f}", color=VERMILION, fontsize=8, va="bottom")
    axes.set_ylabel("AUROC")
    axes.grid(axis="y", color=FAINT, linewidth=0.6)


def _choices(axes: Axes, universes: Sequence[dict[str, Any]], marks: Sequence[tuple[str, Any]]) -> None:
    for row, (name, value) in enumerate(marks):
        places = [k for k, universe in enumerate(universes) if universe[name] == value]
        axes.plot(places, [row] * len(places), "|", color=INK, markersize=6, markeredgewidth=0.6)
    axes.set_yticks(range(len(marks)), [f"{name} {value}" for name, value in marks], fontsize=7)
    axes.set_ylim(len(marks) - 0.5, -0.5)
