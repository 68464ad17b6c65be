"""From a published figure to ours, one field of the protocol at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.catalogue import published
from benchmark.grid import Cell, Row, Selection, Task, paper_protocol, plan
from benchmark.report import style
from datasets import Series

if TYPE_CHECKING:
    from benchmark.store import Store


@dataclass(frozen=True)
class Step:
    """One change of the rules: what changes, and the protocol after it."""

    what: str
    protocol: str


@dataclass(frozen=True)
class Figure:
    """Mean AUROC over the series after a step; ``low`` and ``high`` over seeds, ``series`` how many stand behind it."""

    step: Step
    value: float
    low: float
    high: float
    series: int


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
    """The chain from the published figure to ours, and side branches that each change one thing of ours."""
    if paper_protocol(row.name, row.cls.group) == "normal-only":
        return SPLIT_STEPS[:1], SPLIT_STEPS[1:]
    window = "align" in row.cls.param_defaults()
    return BASELINE_STEPS, PACKAGE_STEPS + (ALIGN_STEPS if window else ()) + SPLIT_STEPS


def work(row: Row, series: Iterable[Series], seeds: tuple[int, ...]) -> Iterator[tuple[Task, Series]]:
    """The tasks behind all steps."""
    chain, branches = steps(row)
    names = tuple(step.protocol for step in (*chain, *branches))
    return plan(Selection(protocols=names, seeds=seeds), [row], series)


def figures(store: Store, cells: list[Cell], chosen: Iterable[Step]) -> list[Figure]:
    """What the store holds for these steps; a step none of whose cells is ok is left out."""
    frame = store.frame()
    frame = frame[frame["key"].isin([cell.key for cell in cells]) & (frame["status"] == "ok")]
    found = []
    for step in chosen:
        mine = frame[frame["protocol"] == step.protocol]
        if len(mine):
            by_seed = mine.groupby("seed")["auroc"].mean().to_numpy()
            spread = (float(by_seed.min()), float(by_seed.max()))
            found.append(Figure(step, float(np.mean(by_seed)), *spread, mine["series"].nunique()))
    return found


def as_text(detector: str, dataset: str, chain: list[Figure], branches: list[Figure]) -> str:
    """The chain as a table: value after each step and what the step changed."""
    start = published().get((detector, dataset))
    lines = [f"{detector} on {dataset}, mean AUROC", ""]
    lines.append(f"  {'published':<82}{'' if start is None else f'{start:.2f}':>7}")
    before = start
    for figure in chain:
        change = "" if before is None else f"{figure.value - before:+.4f}"
        lines.append(f"  {figure.step.what:<82}{figure.value:>7.4f}  {change:>8}{_spread(figure)}")
        before = figure.value
    if start is not None and chain:
        lines.append(f"  {'difference in all':<82}{'':>7}  {chain[-1].value - start:>+8.4f}")
    if branches and chain:
        lines += ["", "one thing of ours changed:"]
        for figure in branches:
            change = f"{figure.value - chain[-1].value:+.4f}"
            lines.append(f"  {figure.step.what:<82}{figure.value:>7.4f}  {change:>8}{_spread(figure)}")
    if start is not None:
        lines += [
            "",
            "The first change holds what cannot be recomputed: the published run's seed, library versions,",
            "and, where the published table and the authors' file disagree, the run itself.",
        ]
    return "\n".join(lines) + "\n"


def _spread(figure: Figure) -> str:
    return f"  seeds {figure.low:.4f} to {figure.high:.4f}" if figure.high > figure.low else ""


def waterfall(detector: str, dataset: str, chain: list[Figure], path: Path) -> None:
    """The chain as a waterfall picture: bars of change between the published and our figure."""
    from matplotlib.figure import Figure as Canvas

    start = published().get((detector, dataset))
    labels, bottoms, tops = [], [], []
    if start is not None:
        labels, bottoms, tops = ["published"], [0.0], [start]
    before = start
    for figure in chain:
        labels.append(figure.step.what)
        bottoms.append(0.0 if before is None else before)
        tops.append(figure.value)
        before = figure.value
    labels.append("ours")
    bottoms.append(0.0)
    tops.append(chain[-1].value)
    canvas = Canvas(figsize=(8, 0.55 * len(labels) + 1.2), layout="constrained")
    axes = canvas.subplots()
    rows = np.arange(len(labels))
    whole = [bottom == 0.0 for bottom in bottoms]
    signed = [style.GREEN if top >= bottom else style.VERMILION for bottom, top in zip(bottoms, tops, strict=True)]
    colours = [style.QUIET if is_whole else colour for is_whole, colour in zip(whole, signed, strict=True)]
    axes.barh(rows, np.subtract(tops, bottoms), left=bottoms, color=colours, height=0.6)
    low = min(t for t in tops)
    axes.set_xlim(max(0.0, low - 0.1), min(1.0, max(tops) + 0.08))
    for row, (bottom, top, is_whole) in enumerate(zip(bottoms, tops, whole, strict=True)):
        text = f"{top:.3f}" if is_whole else f"{top - bottom:+.3f}"
        axes.annotate(text, (max(top, bottom), row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(rows, labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("AUROC")
    axes.set_title(f"{detector} on {dataset}", loc="left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path, dpi=140)
