"""Metrics of stored scores, so that a new metric needs no new fit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark import metrics
from benchmark.errors import UserError
from benchmark.grid import protocols, train_rows_in_name
from benchmark.metrics import Labels
from benchmark.store.store import REMEDY, Store
from benchmark.store.store import MetricRow as MetricRow
from benchmark.store.validity import fault_of_metric
from datasets import Series
from detectors import estimate_window

IMMEDIATE = ("auroc", "auprc")  # kept with each cell as it ends
AFTER_TRAIN = "vus_pr_after_train"  # of TSB-AD's leaderboard, see ``vus_pr_after_train``; no metric of a table
TOLERANCE = 1e-9  # libraries of another version sum in another order


def measure(
    key: str,
    names: Sequence[str],
    labels: Labels,
    scores: NDArray[np.float64],
    protocol: str,
    window: int,
) -> list[MetricRow]:
    """Compute metrics of the (m,) labels and scores of one cell; an undefined value is None, with its reason.

    The protocol may round the scores first. ``window`` is a period of the series, the same for every detector: the
    buffer of metrics such as VUS and PATE.
    """
    taken = protocols.get(protocol).scores_for_metric(scores)
    found = metrics.evaluate(labels, taken, window, names)
    return [(key, name, None if value.reason else value.value, value.reason) for name, value in found.items()]


def vus_pr_after_train(series: Series, name: str, first: int, scores: NDArray[np.float64]) -> float | None:
    """Return VUS-PR on the rows after the training rows, whose number is in ``name``; None if they have one class.

    ``scores`` are those of the rows from ``first`` on.
    """
    begin = max(first, train_rows_in_name(name) or 0)
    labels = series.labels[begin:]
    if not labels.any() or labels.all():
        return None
    return float(metrics.METRICS["vus_pr"](labels, scores[begin - first :], estimate_window(series.values)))


def fill(
    store: Store,
    names: Iterable[str] | None = None,
    jobs: int = 1,
    keys: Collection[str] | None = None,
    at_once: int = 64,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> int:
    """Compute the metrics that the store lacks (None: the default ones); return the number of values added.

    ``keys`` are the cells; None for all current ones. They are processed in batches of ``at_once`` cells, to limit
    memory. ``progress`` is called with the number of cells done and the number of all cells.
    """
    from joblib import Parallel, delayed

    todo = list(store.missing_metrics([m.name for m in metrics.select(names)], keys))

    @cache
    def labels_and_period(data_hash: str) -> tuple[Labels, int]:
        values, labels = store.series(data_hash)
        return labels, estimate_window(values)

    added = 0
    with Parallel(n_jobs=jobs if len(todo) > 50 else 1) as parallel:
        for begin in range(0, len(todo), at_once):
            progress(begin, len(todo))
            calls = []
            for row, lacking in todo[begin : begin + at_once]:
                try:
                    labels, period = labels_and_period(row["data_hash"])
                    _, mine, scores = store.scored(row["key"], labels)
                except KeyError as error:
                    where = f"{row['detector']} on {row['dataset']}/{row['series']}"
                    raise UserError(f"{store.path}: scores or series of {where} are not in it: {REMEDY}") from error
                calls.append(delayed(measure)(row["key"], lacking, mine, scores, row["protocol"], period))
            rows = [row for measured in parallel(calls) for row in measured]
            store.put_metrics(rows)
            added += len(rows)
    return added


def differing_metrics(
    store: Store, row: Any, series: Series, scores: NDArray[np.float64], names: Iterable[str] | None = None
) -> list[str]:
    """Describe the stored metrics of a row of the table ``cells`` that differ from those of its scores and labels.

    ``names`` are the metrics to recompute; None for all stored metrics that this version knows.
    """
    kept = store.database.rows("SELECT * FROM metrics WHERE key = ?", row["key"])
    if wrong := [fault for r in kept if (fault := fault_of_metric(r))]:
        return wrong
    stored = {r["metric"]: r["value"] for r in kept}
    wanted = [name for name in stored if name in metrics.METRICS and (names is None or name in names)]
    labels = series.labels[row["first_row"] :]
    measured = measure(row["key"], wanted, labels, scores, row["protocol"], estimate_window(series.values))
    values = {name: (metrics.METRICS[name].title, value) for _, name, value, _ in measured}
    if AFTER_TRAIN in stored and names is None:
        value = vus_pr_after_train(series, row["series"], row["first_row"], scores)
        values[AFTER_TRAIN] = ("VUS-PR after the training rows", value)
    return [
        f"{title} is stored as {_format(stored[name])}, its scores give {_format(value)}"
        for name, (title, value) in values.items()
        if name in stored and not _same(stored[name], value)
    ]


def _same(stored: float | None, value: float | None) -> bool:
    if stored is None or value is None:
        return stored is value
    return abs(stored - value) <= TOLERANCE


def _format(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.6g}"
