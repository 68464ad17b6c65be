"""Our VUS-PR per file, out of a store, with the published method that each row is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmark import metrics
from benchmark.grid import named_train, tsb_ad_rows
from benchmark.leaderboard.published import published_figures
from benchmark.report import build
from benchmark.store import Store
from detectors import estimate_window

PROTOCOL = "tsb-ad"
AFTER_TRAIN = "vus_pr_after_train"  # of the rows behind those that the file's name gives to training


@dataclass
class Figures:
    """One row of ours."""

    label: str  # as in every table
    detector: str
    method: str = ""  # the published method that it is; empty if none
    exact: bool = False  # whether the published figures can be met to the digit
    seeds: int = 0  # fewest seeds of a file
    # file -> mean over seeds, of all rows and of those behind the training rows
    vus_pr: dict[str, float] = field(default_factory=dict)
    after_train: dict[str, float] = field(default_factory=dict)


def figures(store: Store) -> list[Figures]:
    """Rows of the store that ran under ``tsb-ad`` on files of TSB-AD-U; a writable store keeps what is computed."""
    cells = on_listed_files(store)
    cells = cells[cells["vus_pr"].notna()] if "vus_pr" in cells else cells[:0]
    if len(cells):
        cells = cells.assign(**{AFTER_TRAIN: _after_train(store, cells)})
    return [_row(str(label), part) for label, part in cells.groupby("label")]


def on_listed_files(store: Store) -> pd.DataFrame:
    """Whole cells under ``tsb-ad`` on files of the list that ended well."""
    cells = build.current(store.frame())
    wanted = cells["protocol"].eq(PROTOCOL) & cells["status"].eq("ok") & ~cells["quick"].astype(bool)
    return cells[wanted & cells["series"].isin(next(iter(published_figures().values())))]


def _row(label: str, cells: pd.DataFrame) -> Figures:
    detector, params = str(cells["detector"].iloc[0]), json.loads(cells["params"].iloc[0])
    known = next((r for r in tsb_ad_rows() if r.detector == detector and params == ({} if r.main else r.params)), None)
    means = cells.groupby("series")[["vus_pr", AFTER_TRAIN]].mean()
    after = means[AFTER_TRAIN].dropna()
    return Figures(
        label,
        detector,
        known.method if known else "",
        known.exact if known else False,
        int(cells.groupby("series")["seed"].nunique().min()),
        {str(name): float(value) for name, value in means["vus_pr"].items()},
        {str(name): float(value) for name, value in after.items()},
    )


def _after_train(store: Store, cells: pd.DataFrame) -> list[float]:
    """The figure of each cell on the rows behind the training part; NaN where these are of one class."""
    known = cells[AFTER_TRAIN] if AFTER_TRAIN in cells else [float("nan")] * len(cells)
    values, fresh = [], []
    for key, series, data_hash, had in zip(cells["key"], cells["series"], cells["data_hash"], known, strict=True):
        value = float(had)
        if np.isnan(value):
            value = _measured(store, str(key), str(series), str(data_hash))
            fresh.append((str(key), AFTER_TRAIN, None if np.isnan(value) else value, ""))
        values.append(value)
    if store.writable and fresh:
        store.put_metrics(fresh)
    return values


def _measured(store: Store, key: str, name: str, data_hash: str) -> float:
    series = store.load_series(data_hash)
    first, labels, scores = store.scored(key, series.labels)
    begin = max((named_train(name) or 0) - first, 0)
    labels = labels[begin:]
    if not labels.any() or labels.all():
        return float("nan")
    window = estimate_window(series.values)
    return float(metrics.METRICS["vus_pr"](labels, scores[begin:], window))
