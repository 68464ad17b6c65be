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
    """Results of one variant under one protocol: means over seeds, then over the series that the whole detector has."""

    idea: str
    auroc: dict[str, float]  # data set -> mean AUROC
    mean: float  # mean AUROC over data sets, each with equal weight
    vus_pr: float  # the same for VUS-PR
    mean_gain: float  # mean less the whole detector's on the same series
    vus_pr_gain: float
    worse: int  # number of series whose AUROC is lower than the whole detector's by more than .005
    compared: int  # number of series that both have
    seeds: int


def lines(cells: pd.DataFrame, found: dict[str, Row], protocol: str) -> Iterator[Line]:
    """Yield a line per variant that shares series with the whole detector; ``cells`` must be all quick or all full."""
    mine = {idea: _usable(cells, row, protocol) for idea, row in found.items()}
    per_series = {idea: used.groupby(["dataset", "series"])[["auroc", "vus_pr"]].mean() for idea, used in mine.items()}
    whole = per_series[WHOLE]
    for idea, results in per_series.items():
        shared = whole.index.intersection(results.index)
        if len(shared):
            own, reference = results.loc[shared], whole.loc[shared]
            per_dataset, gain = own.groupby("dataset").mean(), (own - reference).groupby("dataset").mean().mean()
            yield Line(
                idea,
                {str(name): float(value) for name, value in per_dataset["auroc"].items()},
                float(per_dataset["auroc"].mean()),
                float(per_dataset["vus_pr"].mean()),
                float(gain["auroc"]),
                float(gain["vus_pr"]),
                int(((own - reference)["auroc"] < -0.005).sum()),
                len(shared),
                int(mine[idea]["seed"].nunique()),
            )


def _usable(cells: pd.DataFrame, row: Row, protocol: str) -> pd.DataFrame:
    """Return the cells of a variant that have an AUROC."""
    own = (cells["detector"] == row.name) & (cells["params"] == params_text(row.params))
    return cells[own & (cells["protocol"] == protocol) & (cells["status"] == "ok") & cells["auroc"].notna()]


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
        cells += [figure(line.mean), "" if same else signed(line.mean_gain)]
        known = not np.isnan(line.vus_pr)
        cells += [figure(line.vus_pr), "" if same else signed(line.vus_pr_gain)] if known else ["", ""]
        cells += ["" if same else f"{line.worse} of {line.compared}"]
        off = found[WHOLE].cls.ablations.get(line.idea, {})
        how = ", ".join(f"`{name}={value}`" for name, value in off.items())
        rows.append([markdown.escape(line.idea), how, *cells])
    heading = f"\n## {protocol}, mean AUROC of {counted(reference.seeds, 'seed')}\n\n"
    return heading + markdown.table(head, rows, left=2) + "\n" + _partial(table)


def _partial(table: list[Line]) -> str:
    """Say on which series rows rest that have fewer of them; empty if all have the same."""
    if all(line.compared == table[0].compared for line in table):
        return ""
    return f"\nA row compared on fewer than {table[0].compared} series has the means and differences of those alone.\n"
