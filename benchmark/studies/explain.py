"""The difference between a published figure and ours, explained step by step: one field of the protocol at a time.

All figures of the chain are means over the same series. It starts with the published mean only if these are all series
of the data set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import numpy as np
import pandas as pd

from benchmark.catalogue import published, published_per_series
from benchmark.grid import Cell, Row, Selection, Task, paper_protocol, plan, sets_alignment
from benchmark.report import style
from benchmark.store import Store
from datasets import Series

WIDTH = 82  # characters of a step's description


@dataclass(frozen=True)
class Step:
    """One change of the rules: its description, and the protocol after it."""

    what: str
    protocol: str


@dataclass(frozen=True)
class Figure:
    """Mean AUROC after a step; ``low`` and ``high`` are the extremes over seeds."""

    what: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Explanation:
    """The steps from a published figure to ours."""

    detector: str
    dataset: str
    series: tuple[str, ...]  # the series of all figures in ``published`` and ``chain``
    size: int  # number of series of the data set
    published: tuple[Figure, ...]  # start of the chain: the published mean, and the mean of the authors' file
    chain: tuple[Figure, ...]  # our figures, step by step
    branches: tuple[tuple[Figure, float], ...]  # with one change of ours, and the difference on the common series
    notes: tuple[str, ...]  # what was left out, and why


BASELINE_STEPS = (
    Step("as the authors' per-series file: its windows, first row dropped, rounded scores", "authors-csv"),
    Step("scores not rounded", "authors-csv:decimals=none"),
    Step("first row kept", "authors-csv:decimals=none:first_row=0"),
    Step("plain window rule, fall-back 125: tsb-uad", "tsb-uad"),
)
PACKAGE_STEPS = (Step("window fall-back 100, constant windows as stumpy: today's package", "tsb-uad-package"),)
ALIGN_STEPS = (
    Step("a window's score at its start", "tsb-uad:align=start"),
    Step("at its end", "tsb-uad:align=end"),
    Step("mean over the windows that cover a point", "tsb-uad:align=mean"),
    Step("their maximum", "tsb-uad:align=max"),
)
SPLIT_STEPS = (
    Step("fit sees the normal parts: normal-only", "normal-only"),
    Step("scored by models that did not see them: normal-crossfit", "normal-crossfit"),
    Step("fit sees the first tenth, no label: prefix", "prefix"),
)


def steps(row: Row) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Return the chain of steps from the published figure to ours, and the branches that each change one rule."""
    if paper_protocol(row.name, row.cls.group) == "normal-only":
        return SPLIT_STEPS[:1], SPLIT_STEPS[1:]
    return BASELINE_STEPS, PACKAGE_STEPS + (ALIGN_STEPS if sets_alignment(row.cls) else ()) + SPLIT_STEPS


def work(row: Row, series: Iterable[Series], seeds: tuple[int, ...]) -> Iterator[tuple[Task, Series]]:
    """Yield the tasks of all steps."""
    chain, branches = steps(row)
    names = tuple(step.protocol for step in (*chain, *branches))
    return plan(Selection(protocols=names, seeds=seeds), [row], series)


def explanation(store: Store, row: Row, dataset: str, size: int, cells: list[Cell]) -> Explanation:
    """Read the figures of all steps from a store, for a detector on a data set of ``size`` series.

    ``cells`` are those of :func:`work`, for some or all of the series.
    """
    chain, branches = steps(row)
    found = _tables(store, cells)
    usable = [step for step in chain if step.protocol in found]
    asked = dict.fromkeys(cell.series for cell in cells)
    shared = tuple(name for name in asked if all(name in found[step.protocol].index for step in usable))
    notes = [f"left out, as no cell is ok: {step.what}" for step in (*chain, *branches) if step.protocol not in found]
    if usable and len(shared) < len(asked):
        notes.append(f"{len(shared)} of {len(asked)} series have a figure in every step; the others are left out")
    simulated = any(cell.source == "simulated" for cell in cells)
    starts, more = _published(row.name, dataset, shared, size) if not simulated else ((), [SIMULATED])
    figures = tuple(_figure(step.what, found[step.protocol], shared) for step in usable) if shared else ()
    sides = _branches(found, branches, chain[-1])
    return Explanation(row.name, dataset, shared, size, starts, figures, sides, (*notes, *more))


SIMULATED = "the series are simulated, so there are no published figures for them"


def _tables(store: Store, cells: list[Cell]) -> dict[str, pd.DataFrame]:
    """Return the (series x seed) AUROC of the cells with status ok, by protocol."""
    frame = store.frame()
    frame = frame[frame["key"].isin([cell.key for cell in cells]) & (frame["status"] == "ok") & frame["auroc"].notna()]
    return {
        str(protocol): part.pivot(index="series", columns="seed", values="auroc")
        for protocol, part in frame.groupby("protocol")
    }


def _figure(what: str, table: pd.DataFrame, series: Sequence[str]) -> Figure:
    part = table.loc[list(series)]
    by_seed = part.dropna(axis=1).mean().to_numpy()  # only seeds that every series has
    value = float(part.mean(axis=1).mean())
    low, high = (float(by_seed.min()), float(by_seed.max())) if len(by_seed) else (value, value)
    return Figure(what, value, low, high)


def _branches(found: dict[str, pd.DataFrame], steps: Sequence[Step], ours: Step) -> tuple[tuple[Figure, float], ...]:
    """Return the figure of each branch and its difference from ours, over the series that both have."""
    if ours.protocol not in found:
        return ()
    sides = []
    for step in steps:
        if step.protocol not in found:
            continue
        both = [name for name in found[ours.protocol].index if name in found[step.protocol].index]
        if both:
            few = len(both) < len(found[ours.protocol])
            what = f"{step.what} (on {len(both)} series)" if few else step.what
            figure = _figure(what, found[step.protocol], both)
            sides.append((figure, figure.value - _figure(ours.what, found[ours.protocol], both).value))
    return tuple(sides)


def _published(detector: str, dataset: str, series: Sequence[str], size: int) -> tuple[tuple[Figure, ...], list[str]]:
    """Return the published figures over exactly these series, and notes on figures over other series."""
    found, notes = [], []
    mean = published().get((detector, dataset))
    if mean is not None and len(series) == size:
        found.append(Figure(f"published, mean over {_count(size)}", mean, mean, mean))
    elif mean is not None:
        notes.append(f"the published mean, {mean:.2f}, is over all {size} series: not compared with {len(series)}")
    known = published_per_series()
    each = [known[detector, dataset, name] for name in series if (detector, dataset, name) in known]
    if each and len(each) == len(series):
        value = float(np.mean(each))
        found.append(Figure("the authors' per-series file, mean over the same series", value, value, value))
    elif each:
        notes.append(f"the authors' per-series file has {len(each)} of these {len(series)} series: not compared")
    return tuple(found), notes


def _count(n: int) -> str:
    return "the one series" if n == 1 else f"all {n} series"


def as_text(found: Explanation) -> str:
    """Format the chain as a table: the figure after each step, and the difference that the step makes."""
    over = _count(found.size) if len(found.series) == found.size else f"{len(found.series)} of {found.size} series"
    lines = [f"{found.detector} on {found.dataset}, mean AUROC over {over}", ""]
    before = None
    for figure in (*found.published, *found.chain):
        lines.append(_line(figure, None if before is None else figure.value - before))
        before = figure.value
    if found.published and found.chain:
        whole = found.chain[-1].value - found.published[0].value
        lines.append(f"  {'difference in all':<{WIDTH}}{'':>7}  {whole:>+8.4f}")
    if found.branches:
        lines += ["", "with one rule changed:", *(_line(figure, change) for figure, change in found.branches)]
    lines += ["", *(fill(f"{text[0].upper()}{text[1:]}.", 110) for text in found.notes)] if found.notes else []
    if found.published and found.chain:
        lines += [
            "",
            "The first change to a figure of ours includes what cannot be reproduced: the published run's seed and",
            "library versions. The published means and the authors' file come from two different runs of theirs.",
        ]
    return "\n".join(lines) + "\n"


def _line(figure: Figure, change: float | None) -> str:
    shown = "" if change is None else f"{round(change, 4) + 0.0:+.4f}"  # + 0.0 avoids -0.0000
    spread = f"  seeds {figure.low:.4f} to {figure.high:.4f}" if figure.high > figure.low else ""
    return f"  {figure.what:<{WIDTH}}{figure.value:>7.4f}  {shown:>8}{spread}".rstrip()


def waterfall(found: Explanation, path: Path) -> None:
    """Plot the chain as a waterfall chart: bars of change between the published figure and ours."""
    from matplotlib.figure import Figure as Canvas

    figures = [*found.published, *found.chain]
    values = [figure.value for figure in figures]
    labels = [*(figure.what for figure in figures), "ours"]
    bottoms, tops = [0.0, *values[:-1], 0.0], [*values, values[-1]]
    if not found.published:
        labels, bottoms, tops = labels[1:], bottoms[1:], tops[1:]
    canvas = Canvas(figsize=(8, 0.55 * len(labels) + 1.2), layout="constrained")
    axes = canvas.subplots()
    whole = [bottom == 0.0 for bottom in bottoms]
    signed = [style.GREEN if top >= bottom else style.VERMILION for bottom, top in zip(bottoms, tops, strict=True)]
    colours = [style.QUIET if is_whole else colour for is_whole, colour in zip(whole, signed, strict=True)]
    axes.barh(range(len(labels)), np.subtract(tops, bottoms), left=bottoms, color=colours, height=0.6)
    axes.set_xlim(max(0.0, min(values) - 0.1), min(1.0, max(values) + 0.08))
    for row, (bottom, top, is_whole) in enumerate(zip(bottoms, tops, whole, strict=True)):
        text = f"{top:.3f}" if is_whole else f"{top - bottom:+.3f}"
        axes.annotate(text, (max(top, bottom), row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(labels)), [fill(label, 50) for label in labels], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("AUROC")
    title = f"{found.detector} on {found.dataset}, {len(found.series)} of {found.size} series"
    axes.set_title(title, loc="left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path, dpi=140)
