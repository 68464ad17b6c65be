"""Our VUS-PR per file, read from a store, and the published method that each row reproduces."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmark.grid import tsb_ad_rows
from benchmark.leaderboard.published import published_figures
from benchmark.report import current
from benchmark.store import Store, evaluate

PROTOCOL = "tsb-ad"


@dataclass
class Figures:
    """VUS-PR of one row of ours."""

    label: str  # as in all tables
    detector: str
    method: str = ""  # the published method that it reproduces; empty if none
    exact: bool = False  # True if the published figures can be reproduced to the last digit
    by_seed: dict[int, dict[str, float]] = field(default_factory=dict)  # seed -> file -> VUS-PR
    after_train: dict[str, float] = field(default_factory=dict)  # file -> mean over seeds, on the rows after training

    @property
    def vus_pr(self) -> dict[str, float]:
        """The mean over seeds of each file."""
        files = sorted({file for values in self.by_seed.values() for file in values})
        return {f: mean_of(values[f] for values in self.by_seed.values() if f in values) for f in files}

    @property
    def seeds(self) -> int:
        """The smallest number of seeds of a file."""
        return min(sum(file in values for values in self.by_seed.values()) for file in self.vus_pr)

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and highest mean over all files of one seed; NaN if no seed has all files."""
        whole = [mean_of(values.values()) for values in self.by_seed.values() if len(values) == len(self.vus_pr)]
        return (min(whole), max(whole)) if whole else (float("nan"), float("nan"))

    @property
    def as_published(self) -> dict[str, float]:
        """The figures to compare with print: of the published seed 0 if that reproduces print, else the means."""
        return self.vus_pr | self.by_seed.get(0, {}) if self.exact else self.vus_pr


def mean_of(values: Iterable[float]) -> float:
    """Return the mean, or NaN without values."""
    numbers = list(values)
    return float(np.mean(numbers)) if numbers else float("nan")


def figures(store: Store) -> list[Figures]:
    """Return the rows of a store under ``tsb-ad`` on files of TSB-AD-U; a writable store stores new metrics."""
    cells = leaderboard_cells(store)
    cells = cells[cells["vus_pr"].notna()] if "vus_pr" in cells else cells[:0]
    if len(cells):
        cells = cells.assign(**{evaluate.AFTER_TRAIN: _after_train(store, cells)})
    return [_row(str(label), part) for label, part in cells.groupby("label")]


def leaderboard_cells(store: Store) -> pd.DataFrame:
    """Return the cells under ``tsb-ad`` on files of the leaderboard that have status ok and are not quick."""
    cells = current(store.frame())
    wanted = cells["protocol"].eq(PROTOCOL) & cells["status"].eq("ok") & ~cells["quick"].astype(bool)
    return cells[wanted & cells["series"].isin(next(iter(published_figures().values())))]


def _row(label: str, cells: pd.DataFrame) -> Figures:
    detector, params = str(cells["detector"].iloc[0]), json.loads(cells["params"].iloc[0])
    known = next((r for r in tsb_ad_rows() if r.detector == detector and params == ({} if r.main else r.params)), None)
    by_seed = cells.pivot_table(index="series", columns="seed", values="vus_pr")
    after = cells.groupby("series")[evaluate.AFTER_TRAIN].mean().dropna()
    return Figures(
        label,
        detector,
        known.method if known else "",
        known.exact if known else False,
        {int(str(seed)): _values(column.dropna()) for seed, column in by_seed.items()},
        _values(after),
    )


def _values(column: pd.Series[float]) -> dict[str, float]:
    return {str(file): float(value) for file, value in column.items()}


def _after_train(store: Store, cells: pd.DataFrame) -> list[float]:
    """Return the VUS-PR of each cell on the rows after the training rows; NaN if these have one class."""
    known = cells[evaluate.AFTER_TRAIN] if evaluate.AFTER_TRAIN in cells else [float("nan")] * len(cells)
    values, fresh = [], []
    for key, name, data_hash, had in zip(cells["key"], cells["series"], cells["data_hash"], known, strict=True):
        value: float | None = float(had)
        if np.isnan(had):
            series = store.load_series(str(data_hash))
            first, _, scores = store.scored(str(key), series.labels)
            value = evaluate.vus_pr_after_train(series, str(name), first, scores)
            fresh.append((str(key), evaluate.AFTER_TRAIN, value, ""))
        values.append(float("nan") if value is None else value)
    if store.writable and fresh:
        store.put_metrics(fresh)
    return values
