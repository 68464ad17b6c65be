"""Ablations: each idea of a detector is switched off in turn, on the same series and seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmark.errors import UserError, counted
from benchmark.grid import Row, Selection, params_text, rows
from benchmark.report import figure, markdown, ordered_datasets, signed

WHOLE = "all ideas on"


def variants(selection: Selection) -> dict[str, Row]:
    """Return the selected detector, and a variant without each of its ``ablations``.

    Parameters given with ``--set`` apply to all variants.

    Raises
    ------
    UserError
        If the detector declares no ablations.
    """
    (whole,) = rows(selection)
    if not whole.cls.ablations:
        raise UserError(
            f"{whole.name} declares no ideas to switch off: give its class `ablations`, "
            "a dictionary of idea -> parameters that switch it off"
        )
    given = selection.params.get(whole.name, {})
    found = {WHOLE: whole}
    for idea, off in whole.cls.ablations.items():
        (found[idea],) = rows(replace(selection, params={whole.name: given | off}))
    return found


@dataclass(frozen=True)
class Line:
    """Results of one variant under one protocol: means over seeds, then over series."""

    idea: str
    auroc: dict[str, float]  # data set -> mean AUROC
    mean: float  # mean AUROC over data sets, each with equal weight
    vus_pr: float  # the same for VUS-PR
    worse: int  # number of series whose AUROC is lower than the whole detector's by more than .005
    compared: int  # number of series that both have
    seeds: int


def lines(cells: pd.DataFrame, found: dict[str, Row], protocol: str) -> Iterator[Line]:
    """Yield a line per variant that has results; ``cells`` must be all quick or all full."""
    whole = None
    for idea, row in found.items():
        mine = cells[
            (cells["detector"] == row.name)
            & (cells["protocol"] == protocol)
            & (cells["params"] == params_text(row.params))
        ]
        mine = mine[(mine["status"] == "ok") & mine["auroc"].notna()]
        if mine.empty:
            continue
        per_series = mine.groupby(["dataset", "series"])[["auroc", "vus_pr"]].mean()
        per_dataset = per_series.groupby("dataset").mean()
        whole = per_series["auroc"] if idea == WHOLE else whole
        shared = None if whole is None else (per_series["auroc"] - whole).dropna()
        yield Line(
            idea,
            {str(name): float(value) for name, value in per_dataset["auroc"].items()},
            float(per_dataset["auroc"].mean()),
            float(per_dataset["vus_pr"].mean()),
            0 if shared is None else int((shared < -0.005).sum()),
            0 if shared is None else len(shared),
            int(mine["seed"].nunique()),
        )


def to_markdown(cells: pd.DataFrame, found: dict[str, Row], protocols: tuple[str, ...]) -> str:
    """Format a table for each protocol with results: one row per idea that is switched off."""
    whole = found[WHOLE]
    parts = [f"# What each idea of {whole.name} is worth\n"]
    for protocol in protocols:
        table = list(lines(cells, found, protocol))
        if table:
            parts.append(_table(protocol, table, found))
    return "\n".join(parts)


def _table(protocol: str, table: list[Line], found: dict[str, Row]) -> str:
    names = {name for line in table for name in line.auroc}
    columns = ordered_datasets(names)
    reference = table[0]
    head = ["idea off", "how", *map(markdown.escape, columns), "mean", "", "VUS-PR", "", "series that lose"]
    rows = []
    for line in table:
        same = line.idea == reference.idea
        cells = [figure(line.auroc[c]) if c in line.auroc else "" for c in columns]
        cells += [figure(line.mean), "" if same else signed(line.mean - reference.mean)]
        known = not np.isnan(line.vus_pr)
        cells += [figure(line.vus_pr), "" if same else signed(line.vus_pr - reference.vus_pr)] if known else ["", ""]
        cells += ["" if same else f"{line.worse} of {line.compared}"]
        off = found[WHOLE].cls.ablations.get(line.idea, {})
        how = ", ".join(f"`{name}={value}`" for name, value in off.items())
        rows.append([markdown.escape(line.idea), how, *cells])
    heading = f"\n## {protocol}, mean AUROC of {counted(reference.seeds, 'seed')}\n\n"
    return heading + markdown.table(head, rows, left=2) + "\n"
