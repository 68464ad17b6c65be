"""Recompute AUROC and AUPRC of a report from scores and labels, instead of trusting the store.

Each is recomputed once and cached with the report. The other metrics take minutes and are shown as stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import datasets
from benchmark.errors import counted
from benchmark.grid import was_cut
from benchmark.metrics import Labels
from benchmark.report.cells.source import Array, Source, lines
from benchmark.store import evaluate

if TYPE_CHECKING:
    import pandas as pd

NAMES = evaluate.IMMEDIATE
PLACE = ["dataset", "series", "data_hash"]


class Checked(NamedTuple):
    """Cells with recomputed figures."""

    cells: pd.DataFrame
    recomputed: int  # number of cells whose figures were recomputed
    unread: int  # number of cells whose scores are not available
    forged: tuple[str, ...]  # descriptions of cells whose stored figures differ from those of their scores
    foreign: tuple[str, ...]  # series with the name of a published one but other content

    def __str__(self) -> str:
        """Describe what was checked."""
        said = [f"AUROC and AUPRC of {counted(self.recomputed, 'cell')} were recomputed from their scores and labels."]
        said += [self.warning] if self.warning else []
        return " ".join([*said, "Other metrics are shown as stored: `results verify` recomputes them."])

    @property
    def warning(self) -> str:
        """A warning about forged, unread or foreign figures, or an empty string."""
        said = []
        if self.forged:
            said.append(
                f"Shown as recomputed, not as stored: {counted(len(self.forged), 'figure')} ({_few(self.forged)})."
            )
        if self.unread:
            said.append(
                f"The scores of {counted(self.unread, 'cell')} are not at hand: what is shown is as stored, unproved."
            )
        if self.foreign:
            said.append(f"Not the series that are published under these names: {_few(self.foreign)}.")
        return " ".join([*said, "See `results verify`."]) if said else ""


def _few(several: tuple[str, ...]) -> str:
    return "; ".join(several[:3]) + ("; ..." if len(several) > 3 else "")


def recompute_figures(source: Source) -> Checked:
    """Recompute AUROC and AUPRC of all cells.

    Raises
    ------
    UserError
        If scores do not fit their series.
    """
    cells = source.store.frame().copy()
    stored = cells[list(NAMES)].to_numpy(dtype=np.float64)
    figures, unread, forged = stored.copy(), 0, []
    columns = ["key", "data_hash", "protocol", "detector", "dataset", "series", "seed", "status"]
    for k, row in enumerate(lines(cells, columns)):
        key, data_hash, protocol, *named, status = row
        if status != "ok":
            figures[k] = np.nan
            continue
        try:
            figures[k] = _figures(source, key, data_hash, protocol)
        except KeyError:
            unread += 1
            continue
        if (np.abs(figures[k] - stored[k]) > evaluate.TOLERANCE).any():
            forged.append(_describe_difference(named, protocol, stored[k, 0], figures[k, 0]))
    cells[list(NAMES)] = figures
    done = int((cells["status"] == "ok").sum()) - unread
    return Checked(cells, done, unread, tuple(forged), tuple(_foreign(source, cells)))


def _foreign(source: Source, cells: pd.DataFrame) -> Iterator[str]:
    cut = was_cut(cells["quick"], cells["n"])
    whole = cells[(cells["source"] != "simulated") & ~cut & cells["dataset"].isin(datasets.names())]
    for *named, data_hash in dict.fromkeys(lines(whole, PLACE)):
        with suppress(KeyError):
            if not source.from_series("published", data_hash, named, partial(datasets.is_published, *named)):
                yield "/".join(named)


def _figures(source: Source, key: str, data_hash: str, protocol: str) -> list[float]:
    def make(_: int, labels: Labels, scores: Array) -> list[float | None]:
        return [value for _, _, value, _ in evaluate.measure(key, NAMES, labels, scores, protocol, window=1)]

    values = source.from_scores("figures", key, data_hash, [protocol], make)
    return [np.nan if value is None else value for value in values]


def _describe_difference(named: list[object], protocol: str, stored: float, true: float) -> str:
    detector, dataset, series, seed = named
    return f"{detector} on {dataset}/{series}, {protocol}, seed {seed}: AUROC {stored:.4f}, by its scores {true:.4f}"
